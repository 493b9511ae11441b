#pragma once

#include <chrono>
#include <string>

namespace ctl {

struct http_answer {
    unsigned status = 0;
    std::string body;
};

/// One request to `base` (`http://HOST:PORT` or `unix:/PATH`), within `patience` from name to answer. Throws
/// std::runtime_error with the reason.
[[nodiscard]] http_answer ask(const std::string& base, const std::string& token, const std::string& method,
                              const std::string& target, const std::string& body,
                              std::chrono::seconds patience = std::chrono::seconds(30));

}  // namespace ctl
