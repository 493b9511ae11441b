#include "server/ice_servers.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace server {
namespace {

namespace json = boost::json;

// It goes into every `welcome`.
constexpr std::size_t most_bytes = 16 * 1024;

std::string_view text_of(const json::value& value) { return {value.get_string().data(), value.get_string().size()}; }

bool starts_turn(std::string_view url) { return url.starts_with("turn:") || url.starts_with("turns:"); }

bool is_port(std::string_view text) {
    constexpr std::size_t most_digits = 5;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.empty() || text.size() > most_digits || !std::ranges::all_of(text, is_digit)) return false;
    const int port = std::stoi(std::string{text});
    return port > 0 && port <= 65535;
}

bool is_host_name(std::string_view text) {
    const auto is_plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
    };
    return !text.empty() && std::ranges::all_of(text, is_plain);
}

bool is_ipv6(std::string_view text) {
    const auto is_plain = [](char c) {
        return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.';
    };
    return text.size() > 1 && std::ranges::count(text, ':') > 1 && std::ranges::all_of(text, is_plain);
}

/// `host [ ":" port ]`
bool is_place(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return false;
        const auto rest = text.substr(end + 1);
        return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
    }
    const auto colon = text.find(':');
    if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return false;
    return is_host_name(text.substr(0, colon));
}

bool is_ice_url(std::string_view url) {
    constexpr std::array<std::string_view, 4> schemes{"stun:", "stuns:", "turn:", "turns:"};
    const auto* const scheme =
        std::ranges::find_if(schemes, [url](std::string_view one) { return url.starts_with(one); });
    if (scheme == schemes.end()) return false;
    const auto rest = url.substr(scheme->size());
    const auto question = rest.find('?');
    if (question != std::string_view::npos) {
        const auto transport = rest.substr(question);
        if (!starts_turn(url) || (transport != "?transport=udp" && transport != "?transport=tcp")) return false;
    }
    return is_place(rest.substr(0, question));
}

bool is_ice_url(const json::value& value) { return value.is_string() && is_ice_url(text_of(value)); }

bool is_text_or_missing(const json::object& server, json::string_view key) {
    const auto* value = server.if_contains(key);
    return value == nullptr || value->is_string();
}

/// `urls` is one or a list.
std::vector<std::string> urls_of(const json::object& server) {
    const auto& urls = server.at("urls");
    std::vector<std::string> all;
    if (urls.is_string()) {
        all.emplace_back(text_of(urls));
    } else {
        for (const auto& url : urls.get_array()) all.emplace_back(text_of(url));
    }
    return all;
}

bool is_ice_server(const json::value& value) {
    if (!value.is_object()) return false;
    const auto& server = value.get_object();
    const auto* urls = server.if_contains("urls");
    if (urls == nullptr) return false;
    const bool good_urls = urls->is_array() ? !urls->get_array().empty() &&
            std::ranges::all_of(urls->get_array(), [](const json::value& url) { return is_ice_url(url); })
                                            : is_ice_url(*urls);
    if (!good_urls || !is_text_or_missing(server, "username") || !is_text_or_missing(server, "credential"))
        return false;
    // One without the other is no credential.
    return server.contains("username") == server.contains("credential");
}

bool is_unsigned_turn_server(const json::value& value) {
    const auto& server = value.get_object();
    return !server.contains("credential") && std::ranges::any_of(urls_of(server), starts_turn);
}

std::vector<std::string_view> split(std::string_view list) {
    std::vector<std::string_view> items;
    for (std::size_t at = 0; at <= list.size();) {
        const auto end = std::min(list.find(',', at), list.size());
        items.push_back(list.substr(at, end - at));
        at = end + 1;
    }
    return items;
}

std::optional<std::string> parse_urls(std::string_view list) {
    json::array plain;
    json::array turn;
    for (const auto url : split(list)) {
        if (!is_ice_url(url)) return std::nullopt;
        (starts_turn(url) ? turn : plain).emplace_back(json::string_view{url.data(), url.size()});
    }
    json::array servers;
    if (!plain.empty()) servers.push_back(json::object{{"urls", std::move(plain)}});
    if (!turn.empty()) servers.push_back(json::object{{"urls", std::move(turn)}});
    return json::serialize(servers);
}

json::array parsed(std::string_view ice_servers_json) {
    return json::parse(json::string_view{ice_servers_json.data(), ice_servers_json.size()}).as_array();
}

}  // namespace

std::optional<std::string> parse_ice_servers(std::string_view text) {
    if (text.size() > most_bytes) return std::nullopt;
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return std::nullopt;
    if (text[first] != '[') return parse_urls(text);
    json::error_code problem;
    const auto servers = json::parse(json::string_view{text.data(), text.size()}, problem);
    if (problem || !servers.is_array()) return std::nullopt;
    if (!std::ranges::all_of(servers.get_array(), is_ice_server)) return std::nullopt;
    return json::serialize(servers);
}

bool are_turn_secrets(std::string_view text) {
    constexpr std::size_t most_characters = 256;
    return std::ranges::all_of(split(text), [](std::string_view secret) {
        const auto is_plain = [](char c) { return c > ' ' && c <= '~' && c != '#'; };
        return !secret.empty() && secret.size() <= most_characters && std::ranges::all_of(secret, is_plain);
    });
}

std::string first_turn_secret(std::string_view secrets) { return std::string{split(secrets).front()}; }

channel::ice_servers make_ice_servers(std::string_view ice_servers_json, std::string_view secrets,
                                      std::chrono::milliseconds ttl) {
    std::vector<std::string> pieces{"["};
    const auto servers = parsed(ice_servers_json);
    for (const auto& one : servers) {
        if (&one != &servers.front()) pieces.back() += ",";
        auto text = json::serialize(one);
        if (secrets.empty() || !is_unsigned_turn_server(one)) {
            pieces.back() += text;
            continue;
        }
        text.back() = ',';
        pieces.back() += text;
        pieces.emplace_back("}");
    }
    pieces.back() += "]";
    return channel::ice_servers(std::move(pieces), first_turn_secret(secrets),
                                std::chrono::ceil<std::chrono::seconds>(ttl));
}

std::vector<std::string> unsigned_turn_urls(std::string_view ice_servers_json) {
    std::vector<std::string> all;
    for (const auto& one : parsed(ice_servers_json)) {
        if (!is_unsigned_turn_server(one)) continue;
        for (auto& url : urls_of(one.get_object())) {
            if (starts_turn(url)) all.push_back(std::move(url));
        }
    }
    return all;
}

}  // namespace server
