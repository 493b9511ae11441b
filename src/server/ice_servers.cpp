#include "server/ice_servers.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace server {
namespace {

namespace json = boost::json;

bool is_ice_url(const json::value& value) {
    if (!value.is_string()) return false;
    const std::string_view url{value.get_string().data(), value.get_string().size()};
    constexpr std::array<std::string_view, 4> schemes{"stun:", "stuns:", "turn:", "turns:"};
    return std::ranges::any_of(
        schemes, [url](std::string_view scheme) { return url.starts_with(scheme) && url.size() > scheme.size(); });
}

bool is_text_or_missing(const json::object& server, json::string_view key) {
    const auto* value = server.if_contains(key);
    return value == nullptr || value->is_string();
}

bool is_ice_server(const json::value& value) {
    if (!value.is_object()) return false;
    const auto& server = value.get_object();
    const auto* urls = server.if_contains("urls");
    if (urls == nullptr) return false;
    const bool good_urls = urls->is_array()
        ? !urls->get_array().empty() && std::ranges::all_of(urls->get_array(), is_ice_url)
        : is_ice_url(*urls);
    return good_urls && is_text_or_missing(server, "username") && is_text_or_missing(server, "credential");
}

}  // namespace

std::optional<std::string> parse_ice_servers(std::string_view text) {
    // It goes into every `welcome`.
    constexpr std::size_t most_bytes = 16 * 1024;
    if (text.size() > most_bytes) return std::nullopt;
    json::error_code problem;
    const auto parsed = json::parse(json::string_view{text.data(), text.size()}, problem);
    if (problem || !parsed.is_array()) return std::nullopt;
    if (!std::ranges::all_of(parsed.get_array(), is_ice_server)) return std::nullopt;
    return json::serialize(parsed);
}

}  // namespace server
