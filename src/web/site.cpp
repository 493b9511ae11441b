#include "web/site.hpp"

#include "channel/shard.hpp"
#include "web/embedded_files.hpp"

#include <openssl/sha.h>

#include <array>
#include <utility>

namespace web {

namespace {

/// No inline code, and nothing from elsewhere. WebSockets may go to the same machine, too: who tries the protocol in
/// the page's console writes 127.0.0.1 on a page of localhost.
constexpr std::string_view security_headers =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self' ws://127.0.0.1:* ws://localhost:*; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'\r\n"
    "Permissions-Policy: camera=(self), microphone=(self), display-capture=(self)\r\n"
    "Referrer-Policy: no-referrer\r\n";

struct type_of_ending {
    std::string_view ending;
    std::string_view type;
};

constexpr std::array<type_of_ending, 8> content_types{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".json", "application/json"},
    {".ts", "text/plain; charset=utf-8"},
    {".png", "image/png"},
    {".webmanifest", "application/manifest+json"},
}};

std::string_view content_type_of(std::string_view path) {
    for (const auto& [ending, type] : content_types) {
        if (path.ends_with(ending)) return type;
    }
    return "application/octet-stream";
}

std::string etag_of(std::string_view content) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data());
    std::string tag = "\"";
    for (std::size_t i = 0; i < 12; ++i) {
        tag += digits[digest[i] >> 4U];
        tag += digits[digest[i] & 15U];
    }
    return tag + "\"";
}

/// RFC 9110, 13.1.2: a list of tags, or `*`. They are compared weakly, as a proxy that compresses makes them weak.
bool lists(std::string_view if_none_match, std::string_view etag) {
    return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

}  // namespace

site::site(turn_rest turn) : turn_(std::move(turn)) {
    for (const auto& file : embedded_files()) {
        std::string etag = etag_of(file.content);
        std::string headers = "Cache-Control: no-cache\r\nETag: " + etag + "\r\n";
        headers += security_headers;
        // The client module may be imported by pages from elsewhere.
        headers += "Access-Control-Allow-Origin: *\r\n";
        entries_.emplace(file.path,
                         entry{file.content, content_type_of(file.path), std::move(etag), std::move(headers)});
    }
    const auto index = entries_.find("/index.html");
    if (index == entries_.end()) return;
    // The page tells by its address whether it is for calls or for live streams.
    const entry& page = index->second;
    for (const std::string_view path : {"/", "/live"}) entries_.emplace(path, page);
}

std::string site::answer(const net::http_request& request) const {
    constexpr std::string_view text = "text/plain; charset=utf-8";
    if (request.path == "/turn" && !turn_.key.empty()) return answer_turn(request, turn_, channel::shard::now_ms());
    if (request.path == "/ws") {
        return net::make_response(request, 426, text, "this is a WebSocket: new WebSocket(\"ws://...\")\n",
                                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    }
    const auto found = entries_.find(request.path);
    if (found == entries_.end()) return net::make_response(request, 404, text, "not found\n");
    const auto& file = found->second;
    const bool unchanged = lists(request.if_none_match, file.etag);
    return net::make_response(request, unchanged ? 304 : 200, file.content_type,
                              unchanged ? std::string_view() : file.content, file.headers);
}

}  // namespace web
