#include "net/client_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace net {

namespace {

constexpr std::size_t v4_offset = 12;
constexpr unsigned v4_prefix_bits = 96;
constexpr std::size_t counted_prefix_bytes = 8;
constexpr client_address::bytes v4_mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0};

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool same_word(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
}

/// What X-Forwarded-For and the `for` of Forwarded name a node by: an address, perhaps with a port.
std::optional<client_address> parse_node(std::string_view node) {
    if (node.starts_with('[')) {
        const auto end = node.find(']');
        return end == std::string_view::npos ? std::nullopt : client_address::parse(node.substr(1, end - 1));
    }
    const auto colon = node.find(':');
    const bool has_port = colon != std::string_view::npos && node.find(':', colon + 1) == std::string_view::npos;
    return client_address::parse(has_port ? node.substr(0, colon) : node);
}

/// Where the next `mark` is that stands in no quoted string (RFC 9110, 5.6.4), else the end.
std::size_t find_unquoted(std::string_view text, char mark) {
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == mark && !quoted) return at;
        if (text[at] == '"') quoted = !quoted;
        if (text[at] == '\\' && quoted) ++at;
    }
    return text.size();
}

std::string unquoted(std::string_view value) {
    if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
    value = value.substr(1, value.size() - 2);
    std::string bare;
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (value[at] == '\\' && at + 1 < value.size()) ++at;
        bare += value[at];
    }
    return bare;
}

/// Of one element of Forwarded (RFC 7239, 4), `by=…;for="[2001:db8::1]:4711"`.
std::optional<client_address> parse_forwarded(std::string_view element) {
    while (!element.empty()) {
        const auto end = find_unquoted(element, ';');
        const auto pair = trimmed(element.substr(0, end));
        element.remove_prefix(std::min(end + 1, element.size()));
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || !same_word(pair.substr(0, equals), "for")) continue;
        return parse_node(unquoted(pair.substr(equals + 1)));
    }
    return std::nullopt;
}

bool is_escaped(std::string_view text, std::size_t at) {
    const auto before = text.substr(0, at);
    const auto last_other = before.find_last_not_of('\\');
    const auto backslashes = last_other == std::string_view::npos ? at : at - last_other - 1;
    return backslashes % 2 == 1;
}

/// Where the last element of Forwarded begins. Told from the right: that element is the proxy's own, and whole, while
/// its client may have left a quoted string open before it. A host that the client chose may hold commas in quotes.
std::size_t last_forwarded(std::string_view list) {
    bool quoted = false;
    for (auto at = list.size(); at > 0; --at) {
        const char c = list[at - 1];
        if (c == ',' && !quoted) return at;
        if (c == '"' && !is_escaped(list, at - 1)) quoted = !quoted;
    }
    return 0;
}

std::size_t last_element(std::string_view list, forwarding_header kind) {
    if (kind == forwarding_header::forwarded) return last_forwarded(list);
    const auto comma = list.rfind(',');
    return comma == std::string_view::npos ? 0 : comma + 1;
}

}  // namespace

client_address client_address::from_v4(std::uint32_t host_order) {
    bytes made = v4_mapped;
    for (std::size_t i = 0; i < 4; ++i) made[v4_offset + i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
    return client_address(made);
}

client_address client_address::from_socket(const sockaddr_storage& from) {
    if (from.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &from, sizeof v4);
        return from_v4(ntohl(v4.sin_addr.s_addr));
    }
    bytes made{};
    if (from.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &from, sizeof v6);
        std::memcpy(made.data(), &v6.sin6_addr, byte_count);
    }
    return client_address(made);
}

std::optional<client_address> client_address::parse(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> ended{};
    if (text.size() >= ended.size()) return std::nullopt;
    std::copy(text.begin(), text.end(), ended.begin());
    in_addr v4{};
    if (inet_pton(AF_INET, ended.data(), &v4) == 1) return from_v4(ntohl(v4.s_addr));
    bytes made{};
    if (inet_pton(AF_INET6, ended.data(), made.data()) == 1) return client_address(made);
    return std::nullopt;
}

bool client_address::is_v4() const { return std::equal(bytes_.begin(), bytes_.begin() + v4_offset, v4_mapped.begin()); }

bool client_address::is_loopback() const {
    constexpr std::uint8_t loopback_network = 127;
    if (is_v4()) return bytes_[v4_offset] == loopback_network;
    bytes one{};
    one.back() = 1;
    return bytes_ == one;
}

client_address client_address::counted_as() const {
    if (is_v4()) return *this;
    bytes prefix = bytes_;
    std::fill(prefix.begin() + counted_prefix_bytes, prefix.end(), std::uint8_t{0});
    return client_address(prefix);
}

std::string client_address::to_string() const {
    if (is_local_socket()) return "unix";
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool v4 = is_v4();
    inet_ntop(v4 ? AF_INET : AF_INET6, bytes_.data() + (v4 ? v4_offset : 0), text.data(), text.size());
    return text.data();
}

std::optional<network_list::network> network_list::parse_one(std::string_view text) {
    constexpr unsigned all_bits = 128;
    if (text == "unix") return network{client_address::bytes{}, all_bits};
    const auto slash = text.find('/');
    const auto address = client_address::parse(text.substr(0, slash));
    if (!address || address->is_local_socket()) {
        // "::/0" is everything of IPv6; "::" alone is nobody's address.
        if (!address || slash == std::string_view::npos) return std::nullopt;
    }
    network made{address->data(), all_bits};
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        unsigned bits = 0;
        const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        const unsigned offset = address->is_v4() ? v4_prefix_bits : 0;
        if (problem != std::errc{} || end != digits.data() + digits.size() || bits > all_bits - offset)
            return std::nullopt;
        made.bits = bits + offset;
    }
    return made;
}

std::optional<network_list> network_list::parse(std::string_view text) {
    network_list made;
    while (!trimmed(text).empty()) {
        const auto end = std::min(text.find(','), text.size());
        const auto one = parse_one(trimmed(text.substr(0, end)));
        if (!one) return std::nullopt;
        made.networks_.push_back(*one);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return made;
}

bool network_list::contains(const client_address& who) const {
    return std::any_of(networks_.begin(), networks_.end(), [&](const network& one) {
        if (who.is_local_socket() && one.bits != 8 * client_address::byte_count) return false;
        // IPv4 lies in `::/0` only by how an address is kept here.
        if (who.is_v4() && one.bits < v4_prefix_bits) return false;
        const auto whole = one.bits / 8;
        const auto rest = one.bits % 8;
        if (!std::equal(one.prefix.begin(), one.prefix.begin() + whole, who.data().begin())) return false;
        return rest == 0 || (one.prefix[whole] ^ who.data()[whole]) >> (8 - rest) == 0;
    });
}

client_address client_behind(const client_address& nearest, std::string_view value, forwarding_header kind,
                             const network_list& trusted) {
    auto client = nearest;
    while (!value.empty() && trusted.contains(client)) {
        const auto begin = last_element(value, kind);
        const auto element = trimmed(value.substr(begin));
        value = value.substr(0, begin == 0 ? 0 : begin - 1);
        const auto before = kind == forwarding_header::forwarded ? parse_forwarded(element) : parse_node(element);
        if (!before || before->is_local_socket()) break;
        client = *before;
    }
    return client;
}

}  // namespace net
