#include "net/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace net {

namespace {

constexpr std::string_view text_start = "PROXY ";
constexpr std::string_view binary_start{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t binary_fixed_bytes = 16;
constexpr std::size_t most_text_bytes = 107;
/// Addresses and what else a proxy may add; the protocol would allow 64 KiB.
constexpr std::size_t most_binary_bytes = 2048;

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, port);
    return problem == std::errc{} && stop == end;
}

/// An address that nobody has stands for a client that the proxy does not know.
std::optional<client_address> known(client_address from) {
    return from == client_address() ? std::nullopt : std::optional(from);
}

std::size_t binary_length(std::string_view fixed) { return byte_at(fixed, 14) << 8U | byte_at(fixed, 15); }

}  // namespace

std::size_t proxy_header_reader::wanted() const {
    if (state_ != state::need_more) return 0;
    const auto have = received_.size();
    if (have < text_start.size()) return text_start.size() - have;
    if (received_.front() == 'P') return 1;
    if (have < binary_fixed_bytes) return binary_fixed_bytes - have;
    return binary_fixed_bytes + binary_length(received_) - have;
}

proxy_header_reader::state proxy_header_reader::feed(std::string_view bytes) {
    received_.append(bytes);
    if (state_ == state::need_more) state_ = decide();
    if (state_ != state::need_more) received_ = {};
    return state_;
}

proxy_header_reader::state proxy_header_reader::decide() {
    const std::string_view received = received_;
    const auto begins = [&](std::string_view start) {
        const auto common = std::min(start.size(), received.size());
        return received.substr(0, common) == start.substr(0, common);
    };
    if (begins(text_start)) return decide_text();
    return begins(binary_start) ? decide_binary() : state::failed;
}

/// `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n`
proxy_header_reader::state proxy_header_reader::decide_text() {
    const std::string_view received = received_;
    if (!received.ends_with("\r\n")) return received.size() < most_text_bytes ? state::need_more : state::failed;
    auto words = received.substr(0, received.size() - 2);
    words.remove_prefix(text_start.size());
    const auto next = [&] {
        const auto end = std::min(words.find(' '), words.size());
        const auto word = words.substr(0, end);
        words.remove_prefix(std::min(end + 1, words.size()));
        return word;
    };
    const auto family = next();
    if (family == "UNKNOWN") return state::complete;
    if (family != "TCP4" && family != "TCP6") return state::failed;
    // An IPv4 client of an IPv6 server is TCP6, and mapped.
    const auto next_address = [&] {
        const auto word = next();
        const bool is_v6 = word.find(':') != std::string_view::npos;
        return is_v6 == (family == "TCP6") ? client_address::parse(word) : std::nullopt;
    };
    const auto from = next_address();
    const auto to = next_address();
    const bool has_ports = is_port(next()) && is_port(next());
    if (!from || !to || !has_ports || !words.empty()) return state::failed;
    source_ = known(*from);
    return state::complete;
}

proxy_header_reader::state proxy_header_reader::decide_binary() {
    constexpr unsigned version_2_local = 0x20;
    constexpr unsigned version_2_proxy = 0x21;
    constexpr unsigned tcp_over_v4 = 0x11;
    constexpr unsigned tcp_over_v6 = 0x21;
    constexpr std::size_t v4_addresses_bytes = 12;
    constexpr std::size_t v6_addresses_bytes = 36;

    const std::string_view received = received_;
    if (received.size() < binary_fixed_bytes) return state::need_more;
    const auto command = byte_at(received, 12);
    const auto family = byte_at(received, 13);
    const auto length = binary_length(received);
    if ((command != version_2_local && command != version_2_proxy) || length > most_binary_bytes) return state::failed;
    if (command == version_2_proxy &&
        ((family == tcp_over_v4 && length < v4_addresses_bytes) ||
         (family == tcp_over_v6 && length < v6_addresses_bytes)))
        return state::failed;
    if (received.size() < binary_fixed_bytes + length) return state::need_more;
    if (command == version_2_local) return state::complete;
    if (family == tcp_over_v4) {
        std::uint32_t address = 0;
        for (std::size_t i = 0; i < 4; ++i) address = address << 8U | byte_at(received, binary_fixed_bytes + i);
        source_ = known(client_address::from_v4(address));
    } else if (family == tcp_over_v6) {
        client_address::bytes address{};
        std::copy_n(received.begin() + binary_fixed_bytes, address.size(), address.begin());
        source_ = known(client_address(address));
    }
    return state::complete;
}

}  // namespace net
