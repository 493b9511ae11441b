#pragma once

#include "net/http.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace web {

/// Who may ask for TURN credentials by HTTP, and what they are made of. Constant while the server runs.
struct turn_rest {
    std::string key;     ///< that callers show; empty: nobody may ask
    std::string secret;  ///< shared with the TURN servers
    std::chrono::seconds ttl{86400};
    std::vector<std::string> uris;  ///< of the TURN servers that take the credentials
};

/// `GET /turn?service=turn&key=…[&username=…]` (draft-uberti-behave-turn-rest-00, 2): for application servers that keep
/// the key, not for pages. 403 without the key, which is compared in constant time, 400 for anything else that is
/// missing or malformed. `now_ms`: since 1970.
[[nodiscard]] std::string answer_turn(const net::http_request& request, const turn_rest& with, std::int64_t now_ms);

}  // namespace web
