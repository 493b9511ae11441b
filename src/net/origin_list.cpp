#include "net/origin_list.hpp"

#include <algorithm>

namespace net {

namespace {

constexpr std::size_t most_port_digits = 5;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || is_digit(c); }
bool is_hex_or_colon(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.'; }

std::string lower(std::string_view text) {
    std::string made(text);
    for (char& c : made)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return made;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_scheme(std::string_view text) {
    return !text.empty() && !is_digit(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
        return is_letter_or_digit(c) || c == '+' || c == '-' || c == '.';
    });
}

bool is_host(std::string_view text) {
    if (text.starts_with('[')) {
        if (text.size() < 4 || !text.ends_with(']')) return false;
        text = text.substr(1, text.size() - 2);
        return std::all_of(text.begin(), text.end(), is_hex_or_colon);
    }
    return !text.empty() && text.front() != '.' && text.find("..") == std::string_view::npos &&
        std::all_of(text.begin(), text.end(),
                    [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_'; });
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= most_port_digits && std::all_of(text.begin(), text.end(), is_digit);
}

std::string_view own_port(std::string_view scheme) {
    if (scheme == "https") return "443";
    return scheme == "http" ? "80" : "";
}

}  // namespace

std::optional<origin_list::pattern> origin_list::parse_one(std::string_view text, bool with_wildcards) {
    if (text == "null") return pattern{"null", {}, {}};
    const std::string all = lower(text);
    const auto scheme_end = all.find("://");
    if (scheme_end == std::string::npos) return std::nullopt;
    pattern made{all.substr(0, scheme_end), all.substr(scheme_end + 3), {}};
    const auto colon = made.host.rfind(':');
    if (colon != std::string::npos && made.host.find(']', colon) == std::string::npos) {
        made.port = made.host.substr(colon + 1);
        made.host.resize(colon);
        if (!is_port(made.port) && !(with_wildcards && made.port == "*")) return std::nullopt;
    }
    if (made.port == own_port(made.scheme)) made.port.clear();
    const bool below = with_wildcards && made.host.starts_with("*.");
    if (below) made.host.erase(0, 1);
    if (!is_scheme(made.scheme) || !is_host(std::string_view(made.host).substr(below ? 1 : 0))) return std::nullopt;
    return made;
}

std::optional<origin_list> origin_list::parse(std::string_view text) {
    origin_list made;
    if (trimmed(text).empty()) return made;
    while (true) {
        const auto comma = text.find(',');
        auto one = parse_one(trimmed(text.substr(0, comma)), /*with_wildcards=*/true);
        if (!one || made.patterns_.size() == most_patterns) return std::nullopt;
        made.patterns_.push_back(std::move(*one));
        if (comma == std::string_view::npos) return made;
        text.remove_prefix(comma + 1);
    }
}

bool origin_list::pattern::matches(const pattern& origin) const {
    if (scheme != origin.scheme || (port != "*" && port != origin.port)) return false;
    if (!host.starts_with('.')) return host == origin.host;
    return origin.host.size() > host.size() && origin.host.ends_with(host);
}

bool origin_list::admits(std::string_view origin) const {
    if (patterns_.empty() || origin.empty()) return true;
    const auto given = parse_one(origin, /*with_wildcards=*/false);
    return given &&
        std::any_of(patterns_.begin(), patterns_.end(), [&](const pattern& one) { return one.matches(*given); });
}

}  // namespace net
