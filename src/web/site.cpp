#include "web/site.hpp"

#include "channel/shard.hpp"
#include "web/embedded_files.hpp"

#include <openssl/sha.h>

#include <array>
#include <utility>

namespace web {

namespace {

/// No inline code, nothing from elsewhere; WebSockets may go anywhere, so that the page can be pointed at another
/// server.
constexpr std::string_view security_headers = "Content-Security-Policy: default-src 'self'; connect-src 'self' ws: "
                                              "wss:; img-src 'self' data: blob:; media-src 'self' blob:; "
                                              "object-src 'none'; base-uri 'none'; frame-ancestors 'none'\r\n"
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

}  // namespace

site::site(turn_rest turn) : turn_(std::move(turn)) {
    for (const auto& file : embedded_files()) {
        std::string headers = "Cache-Control: no-cache\r\nETag: " + etag_of(file.content) + "\r\n";
        headers += security_headers;
        // The client module may be imported by pages from elsewhere.
        headers += "Access-Control-Allow-Origin: *\r\n";
        entries_.emplace(file.path, entry{file.content, content_type_of(file.path), std::move(headers)});
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
    const bool unchanged = !request.if_none_match.empty() &&
        file.headers.find("ETag: " + request.if_none_match + "\r\n") != std::string::npos;
    return net::make_response(request, unchanged ? 304 : 200, file.content_type,
                              unchanged ? std::string_view() : file.content, file.headers);
}

}  // namespace web
