#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// HTTP/1.1 of the signalling port, parsed and written by Boost.Beast, which stays behind this plain header because it
/// takes so long to compile. No I/O here: the session reads and writes.
namespace net {

struct http_limits {
    std::size_t header_bytes = 16 * 1024;
    std::size_t body_bytes = 0;  ///< a larger one, or one without Content-Length, is refused (413)
};

enum class http_status : std::uint8_t {
    need_more,  ///< the header is not complete yet and within its limit
    complete,   ///< `request` is valid
    refused,    ///< `response` says why (400, 408, 413, 431, 501, 505 …); close after it
};

/// Owns its strings, so that the receive buffer can be reused.
struct http_request {
    std::string method;
    std::string path;   ///< without the query string, as sent
    std::string query;  ///< after the first '?', may hold secrets: never logged
    std::string host;
    std::string origin;  ///< all fields of that name, joined
    std::string if_none_match;
    std::string x_forwarded_for;  ///< all fields of that name, joined
    std::string forwarded;        ///< all fields of that name, joined
    std::string authorization;    ///< a secret: never logged
    std::string body;             ///< where http_limits allows one
    bool keep_alive = false;
    bool head = false;

    bool upgrade = false;       ///< asks for a WebSocket (Connection: upgrade and Upgrade: websocket), valid or not
    std::string websocket_key;  ///< valid base64 of 16 bytes, else empty
    std::string websocket_version;
    bool offers_v1 = false;  ///< `signaller.v1` is among the offered subprotocols
};

struct http_parse {
    http_status status = http_status::need_more;
    std::size_t consumed = 0;
    http_request request;
    std::string response;
};

/// Looks at all bytes received so far. Linear in their number; a session that gets a header in many pieces calls it
/// once a piece, at most `header_bytes` in all.
[[nodiscard]] http_parse parse_http(std::string_view received, const http_limits& limits);

/// A complete response with Date, Content-Length, X-Content-Type-Options and Connection. `extra_headers` are complete
/// lines with CRLF. For HEAD the body is left out and its length kept.
[[nodiscard]] std::string make_response(const http_request& request, unsigned status, std::string_view content_type,
                                        std::string_view body, std::string_view extra_headers = {});

/// The refusal of something that was never a whole request: 400, 408 (header took too long), 431, 503; says
/// `Connection: close`.
[[nodiscard]] std::string make_refusal(unsigned status, std::string_view message, std::string_view extra_headers = {});

/// Takes the prefix off the path; false if the path is not below it. The prefix alone, without a slash behind it, gives
/// an empty path.
[[nodiscard]] bool take_path_prefix(http_request& request, std::string_view prefix);

/// 308 to another path on the same server.
[[nodiscard]] std::string make_redirect(const http_request& request, std::string_view path);

/// Of `Authorization: Bearer …` (RFC 6750, 2.1); empty if that is something else.
[[nodiscard]] std::string_view bearer_token(std::string_view authorization);

/// The same, else `?access_token=…` (2.3), which is for browsers, since they cannot
/// set a header here; empty if there is neither.
[[nodiscard]] std::string bearer_token(const http_request& request);

/// What an upgrade request gets: 101 (with Sec-WebSocket-Accept, and Sec-WebSocket-Protocol if signaller.v1 was
/// offered), or a refusal (404 for a path other than / and /ws, 426 with Sec-WebSocket-Version: 13 for another version,
/// 405 for another method than GET, 400 for a missing key).
struct upgrade_answer {
    bool accepted = false;
    std::string response;
};
[[nodiscard]] upgrade_answer answer_upgrade(const http_request& request);

}  // namespace net
