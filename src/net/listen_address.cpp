#include "net/listen_address.hpp"

#include "net/client_address.hpp"

#include <algorithm>
#include <charconv>

#include <sys/un.h>

namespace net {

namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

bool parse_port(std::string_view text, listen_address& into) {
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (problem != std::errc{} || end != text.data() + text.size()) return false;
    into.port = port;
    return true;
}

std::optional<listen_address> parse_one(std::string_view text) {
    listen_address made;
    made.is_plain = take_prefix(text, "plain:");
    if (take_prefix(text, "unix:")) {
        made.is_unix = true;
        made.host = text;
        const bool fits = text.starts_with('/') && text.size() < sizeof(sockaddr_un::sun_path);
        // As the configuration file can hold it, where '#' begins a comment.
        const auto is_plain = [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7F' && c != '#'; };
        return fits && std::all_of(text.begin(), text.end(), is_plain) ? std::optional(made) : std::nullopt;
    }
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        auto rest = text.substr(end + 1);
        if (!rest.empty() && (!take_prefix(rest, ":") || !parse_port(rest, made))) return std::nullopt;
        text = text.substr(1, end - 1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        const auto colon = text.find(':');
        if (!parse_port(text.substr(colon + 1), made)) return std::nullopt;
        text = text.substr(0, colon);
    }
    made.host = text;
    return client_address::parse(text) ? std::optional(made) : std::nullopt;
}

}  // namespace

std::optional<std::vector<listen_address>> parse_listen_addresses(std::string_view text) {
    std::vector<listen_address> all;
    for (;;) {
        const auto end = std::min(text.find(','), text.size());
        auto one = text.substr(0, end);
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        auto parsed = parse_one(one);
        if (!parsed) return std::nullopt;
        all.push_back(std::move(*parsed));
        if (end == text.size()) return all;
        text.remove_prefix(end + 1);
    }
}

}  // namespace net
