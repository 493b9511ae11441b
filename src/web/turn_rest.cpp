#include "web/turn_rest.hpp"

#include "channel/ice_servers.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>
#include <utility>

namespace web {

namespace {

constexpr std::int64_t ms_per_second = 1000;
constexpr std::string_view no_store = "Cache-Control: no-store\r\n";

int digit_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? digit_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? digit_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

/// What the query says; empty where it says nothing.
struct turn_query {
    std::string service;
    std::string username;
    std::string key;
};

/// Other parameters are passed over. Nothing if one is doubled or wrongly encoded.
std::optional<turn_query> parse_query(std::string_view query) {
    turn_query found;
    for (std::size_t at = 0; at < query.size();) {
        const auto end = std::min(query.find('&', at), query.size());
        const auto parameter = query.substr(at, end - at);
        at = end + 1;
        const auto equals = std::min(parameter.find('='), parameter.size());
        const auto name = parameter.substr(0, equals);
        std::string* const into = name == "service" ? &found.service
            : name == "username"                    ? &found.username
            : name == "key"                         ? &found.key
                                                    : nullptr;
        if (into == nullptr) continue;
        auto value = percent_decoded(parameter.substr(std::min(equals + 1, parameter.size())));
        if (!value || value->empty() || !into->empty()) return std::nullopt;
        *into = std::move(*value);
    }
    return found;
}

/// Nothing that JSON would escape, and no colon, which separates it from the expiry.
bool is_user_name(std::string_view text) {
    constexpr std::size_t most_characters = 128;
    return text.size() <= most_characters && std::ranges::all_of(text, [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                   std::string_view("._~@+-").find(c) != std::string_view::npos;
           });
}

bool same(std::string_view one, std::string_view other) {
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace

std::string answer_turn(const net::http_request& request, const turn_rest& with, std::int64_t now_ms) {
    const auto refuse = [&](unsigned status, std::string_view why) {
        return net::make_response(request, status, "text/plain; charset=utf-8", why, no_store);
    };
    const auto query = parse_query(request.query);
    if (!query) return refuse(400, "a parameter is empty, doubled or wrongly encoded\n");
    if (!same(query->key, with.key)) return refuse(403, "key is missing or wrong\n");
    if (query->service != "turn") return refuse(400, "service: expected turn\n");
    if (!is_user_name(query->username))
        return refuse(400, "username: expected at most 128 letters, digits and ._~@+-\n");
    const auto expiry = (now_ms + ms_per_second - 1) / ms_per_second + with.ttl.count();
    const auto made = channel::make_turn_credential(with.secret, expiry, query->username);
    std::string body = R"({"username":")" + made.username + R"(","password":")" + made.credential + R"(","ttl":)" +
        std::to_string(with.ttl.count()) + R"(,"uris":[)";
    for (const auto& uri : with.uris) body.append(&uri == &with.uris.front() ? "\"" : ",\"").append(uri).append("\"");
    return net::make_response(request, 200, "application/json", body + "]}\n", no_store);
}

}  // namespace web
