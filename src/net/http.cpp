#include "net/http.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <stdexcept>

namespace net {

namespace http = boost::beast::http;

namespace {

constexpr std::string_view websocket_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t key_digits = 24;

std::string_view to_view(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// A Sec-WebSocket-Key is the base64 of 16 bytes (RFC 6455, 4.1): 22 digits and the padding. OpenSSL's decoder would
/// take a '=' anywhere.
bool is_valid_key(std::string_view key) {
    constexpr std::string_view padding = "==";
    const auto is_digit = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    };
    if (key.size() != key_digits || !key.ends_with(padding)) return false;
    key.remove_suffix(padding.size());
    return std::all_of(key.begin(), key.end(), is_digit);
}

std::string accept_value(std::string_view key) {
    std::string text(key);
    text += websocket_guid;
    // SHA1() would look the algorithm up each time.
    static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
    if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, sha1, nullptr) != 1)
        throw std::runtime_error("no SHA-1");
    std::array<unsigned char, 29> encoded{};
    EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
    return {reinterpret_cast<const char*>(encoded.data()), encoded.size() - 1};
}

/// IMF-fixdate (RFC 9110, 5.6.7).
std::string date_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 40> text{};
    const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text.data(), size};
}

std::string render(unsigned status, std::string_view content_type, std::string_view body,
                   std::string_view extra_headers, bool keep_alive, bool with_body) {
    const auto reason = to_view(http::obsolete_reason(http::int_to_status(status)));
    std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
    out.append(reason).append("\r\nDate: ").append(date_now());
    if (status != 304) out.append("\r\nContent-Type: ").append(content_type);
    if (status != 304) out.append("\r\nContent-Length: ").append(std::to_string(body.size()));
    out.append("\r\nX-Content-Type-Options: nosniff\r\nConnection: ")
        .append(keep_alive ? "keep-alive" : "close")
        // Whoever names an upgrade says so here, too (RFC 9110, 7.8).
        .append(status == 426 ? ", Upgrade\r\n" : "\r\n");
    out.append(extra_headers).append("\r\n");
    if (with_body) out.append(body);
    return out;
}

/// Whether the request line ends in a version as RFC 9112, 2.3 writes it. What Beast calls a bad one may be no version.
bool names_version(std::string_view received) {
    constexpr std::string_view like = "HTTP/d.d\r";
    const auto line = received.substr(0, received.find('\n'));
    if (line.size() < like.size() || line.size() == received.size()) return false;
    const auto end = line.substr(line.size() - like.size());
    return std::equal(end.begin(), end.end(), like.begin(),
                      [](char c, char wanted) { return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted; });
}

unsigned status_of(const boost::beast::error_code& ec, std::string_view received) {
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow) return 431;
    if (ec == http::error::bad_version && names_version(received)) return 505;
    if (ec == http::error::body_limit) return 413;
    return 400;
}

http_parse refused(unsigned status, std::string_view message) {
    http_parse result;
    result.status = http_status::refused;
    result.response = make_refusal(status, message);
    return result;
}

/// Path and query of an origin-form or absolute-form target (RFC 9112, 3.2).
void split_target(std::string_view target, http_request& into) {
    std::string_view path = target;
    if (const auto scheme = target.find("://"); scheme != std::string_view::npos && target.front() != '/') {
        path.remove_prefix(std::min(target.find_first_of("/?", scheme + 3), target.size()));
    }
    const auto question = path.find('?');
    into.path = question == 0 || path.empty() ? "/" : path.substr(0, question);
    if (question != std::string_view::npos) into.query = path.substr(question + 1);
}

using message_header = http::request<http::empty_body>;

/// Whether a list, which may be spread over several fields of that name, has the token.
template <class Same>
bool has_token(const message_header& message, http::field name, Same same) {
    const auto [first, last] = message.equal_range(name);
    return std::any_of(first, last, [&](const auto& field) {
        const http::token_list tokens(field.value());
        return std::any_of(tokens.begin(), tokens.end(), same);
    });
}

bool has_word(const message_header& message, http::field name, boost::beast::string_view word) {
    return has_token(message, name,
                     [&](boost::beast::string_view token) { return boost::beast::iequals(token, word); });
}

/// The values of all fields of that name, which together are one list (RFC 9110, 5.2).
std::string joined(const message_header& message, boost::beast::string_view name) {
    std::string all;
    const auto [first, last] = message.equal_range(name);
    for (auto field = first; field != last; ++field) {
        if (!all.empty()) all += ',';
        all += to_view(field->value());
    }
    return all;
}

http_request read_request(const message_header& message) {
    http_request request;
    const auto field = [&](http::field name) { return std::string(to_view(message[name])); };
    request.method = to_view(message.method_string());
    request.head = message.method() == http::verb::head;
    request.keep_alive = message.keep_alive();
    split_target(to_view(message.target()), request);
    request.host = field(http::field::host);
    request.origin = joined(message, "Origin");
    request.if_none_match = field(http::field::if_none_match);
    request.x_forwarded_for = joined(message, "X-Forwarded-For");
    request.forwarded = joined(message, "Forwarded");
    request.authorization = joined(message, "Authorization");
    // HTTP/1.0 knows no upgrade (RFC 9110, 7.8).
    request.upgrade = message.version() >= 11 && has_word(message, http::field::connection, "upgrade") &&
        has_word(message, http::field::upgrade, "websocket");
    if (!request.upgrade) return request;
    const auto key = field(http::field::sec_websocket_key);
    if (message.count(http::field::sec_websocket_key) == 1 && is_valid_key(key)) request.websocket_key = key;
    request.websocket_version = field(http::field::sec_websocket_version);
    // Names of subprotocols are case-sensitive: a browser would not take back another spelling.
    request.offers_v1 = has_token(message, http::field::sec_websocket_protocol,
                                  [](boost::beast::string_view token) { return token == "signaller.v1"; });
    return request;
}

}  // namespace

http_parse parse_http(std::string_view received, const http_limits& limits) {
    constexpr std::string_view end_mark = "\r\n\r\n";
    const auto end = received.find(end_mark);
    const auto header_bytes = end == std::string_view::npos ? received.size() : end + end_mark.size();
    // Beast's own limit counts the first line and the fields apart.
    if (header_bytes > limits.header_bytes) return refused(431, "the request header is too large");
    http::request_parser<http::empty_body> parser;
    parser.eager(false);
    // Below, by our own limit: Beast's is a megabyte.
    parser.body_limit(boost::none);
    parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    boost::beast::error_code ec;
    const auto consumed = parser.put(boost::asio::const_buffer(received.data(), received.size()), ec);
    if (ec == http::error::need_more) ec = {};
    if (ec) {
        const auto status = status_of(ec, received);
        return refused(status, status == 431 ? "the request header is too large" : "not an HTTP/1.1 request");
    }
    if (!parser.is_header_done()) return {};
    const auto& message = parser.get();
    if (message.version() >= 11 ? message.count(http::field::host) != 1 : message.count(http::field::host) > 1) {
        return refused(400, "a request names its host, once");
    }
    // Whoever stands in front may read a body of unknown coding where we would read the next request.
    if (!parser.chunked() && message.count(http::field::transfer_encoding) > 0)
        return refused(501, "unknown Transfer-Encoding");
    if (parser.chunked() || (parser.content_length() && *parser.content_length() > limits.body_bytes)) {
        return refused(413, "requests have no body here");
    }
    const std::size_t body_bytes = parser.content_length().value_or(0);
    if (received.size() - header_bytes < body_bytes) return {};
    http_parse result;
    result.status = http_status::complete;
    result.consumed = consumed + body_bytes;
    result.request = read_request(message);
    result.request.body = received.substr(header_bytes, body_bytes);
    return result;
}

std::string make_response(const http_request& request, unsigned status, std::string_view content_type,
                          std::string_view body, std::string_view extra_headers) {
    return render(status, content_type, body, extra_headers, request.keep_alive, !request.head);
}

std::string make_refusal(unsigned status, std::string_view message, std::string_view extra_headers) {
    return render(status, "text/plain; charset=utf-8", std::string(message) + "\n", extra_headers, false, true);
}

bool take_path_prefix(http_request& request, std::string_view prefix) {
    const std::string_view path = request.path;
    if (!path.starts_with(prefix)) return false;
    if (!prefix.empty() && path.size() > prefix.size() && path[prefix.size()] != '/') return false;
    request.path.erase(0, prefix.size());
    return true;
}

std::string make_redirect(const http_request& request, std::string_view path) {
    std::string location = "Location: ";
    location.append(path);
    if (!request.query.empty()) location.append("?").append(request.query);
    return make_response(request, 308, "text/plain; charset=utf-8", "moved\n", location + "\r\n");
}

std::string_view bearer_token(std::string_view authorization) {
    constexpr std::string_view scheme = "Bearer ";
    const auto begins = authorization.substr(0, scheme.size());
    if (!boost::beast::iequals({begins.data(), begins.size()}, {scheme.data(), scheme.size()})) return {};
    return authorization.substr(std::min(authorization.find_first_not_of(' ', scheme.size()), authorization.size()));
}

std::string bearer_token(const http_request& request) {
    constexpr std::string_view parameter = "access_token=";
    const auto in_header = bearer_token(std::string_view(request.authorization));
    if (!in_header.empty()) return std::string(in_header);
    std::string_view rest = request.query;
    while (!rest.empty()) {
        const auto part = rest.substr(0, rest.find('&'));
        // A token has no character that would have to be escaped in a query.
        if (part.starts_with(parameter)) return std::string(part.substr(parameter.size()));
        rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    }
    return {};
}

upgrade_answer answer_upgrade(const http_request& request) {
    const auto refuse = [](unsigned status, std::string_view why, std::string_view headers = {}) {
        return upgrade_answer{false, make_refusal(status, why, headers)};
    };
    if (request.path != "/" && request.path != "/ws") return refuse(404, "WebSockets are at / and /ws");
    if (request.method != "GET") return refuse(405, "a WebSocket upgrade is a GET", "Allow: GET\r\n");
    if (request.websocket_version != "13")
        return refuse(426, "only WebSocket version 13", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    if (request.websocket_key.empty()) return refuse(400, "Sec-WebSocket-Key is missing or not the base64 of 16 bytes");
    std::string out =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
    out += accept_value(request.websocket_key);
    out += request.offers_v1 ? "\r\nSec-WebSocket-Protocol: signaller.v1\r\n\r\n" : "\r\n\r\n";
    return {true, std::move(out)};
}

}  // namespace net
