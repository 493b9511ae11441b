#pragma once

#include "net/http.hpp"
#include "web/turn_rest.hpp"

#include <string>
#include <string_view>
#include <unordered_map>

namespace web {

/// A file of src/web, compiled into the program.
struct embedded_file {
    std::string_view path;  ///< as in the URL: "/signaller.js"
    std::string_view content;
};

/// Answers GET and HEAD: the page and the client module at their paths, and `/turn` where that is configured.
/// Everything may be cached but is asked for again (ETag), so that a new server is a new page. Used by all shards at
/// once.
class site {
public:
    explicit site(turn_rest turn = {});

    [[nodiscard]] std::string answer(const net::http_request& request) const;

private:
    struct entry {
        std::string_view content;
        std::string_view content_type;
        std::string etag;
        std::string headers;
    };
    std::unordered_map<std::string_view, entry> entries_;
    turn_rest turn_;
};

}  // namespace web
