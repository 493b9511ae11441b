#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

namespace net {

/// Where a client is: an IPv6 address, or an IPv4 one mapped into IPv6 (RFC 4291, 2.5.5.2), without port. A plain value
/// of 16 bytes; all zero for a client of a unix socket.
class client_address {
public:
    static constexpr std::size_t byte_count = 16;
    using bytes = std::array<std::uint8_t, byte_count>;

    client_address() = default;
    explicit client_address(const bytes& from) : bytes_(from) {}
    [[nodiscard]] static client_address from_v4(std::uint32_t host_order);
    /// Of an accepted connection.
    [[nodiscard]] static client_address from_socket(const sockaddr_storage& from);
    /// "192.0.2.1", "2001:db8::1"; nothing around it.
    [[nodiscard]] static std::optional<client_address> parse(std::string_view text);

    [[nodiscard]] bool is_local_socket() const { return bytes_ == bytes{}; }
    [[nodiscard]] bool is_v4() const;
    [[nodiscard]] bool is_loopback() const;
    /// What limits count by: an IPv4 address, or the /64 that one IPv6 customer has at least.
    [[nodiscard]] client_address counted_as() const;
    [[nodiscard]] const bytes& data() const { return bytes_; }
    /// IPv4 as such; "unix" for a unix socket.
    [[nodiscard]] std::string to_string() const;

    bool operator==(const client_address&) const = default;

private:
    bytes bytes_{};
};

/// The networks of `--trusted-proxy`.
class network_list {
public:
    /// "10.0.0.0/8, 2001:db8::/32, 192.0.2.1, unix"; empty text is an empty list.
    [[nodiscard]] static std::optional<network_list> parse(std::string_view text);
    [[nodiscard]] bool contains(const client_address& who) const;
    [[nodiscard]] bool empty() const { return networks_.empty(); }

private:
    struct network {
        client_address::bytes prefix{};
        unsigned bits = 0;
    };
    [[nodiscard]] static std::optional<network> parse_one(std::string_view text);

    std::vector<network> networks_;
};

/// The header in which proxies say whom they speak for. One of them only: a proxy passes on the other as its client
/// wrote it.
enum class forwarding_header : std::uint8_t { x_forwarded_for, forwarded };

/// The client behind `nearest`, a trusted proxy, by the value of the header (several fields joined by commas, in
/// order). Goes from right to left as long as who wrote an element is trusted, so that what the client itself wrote
/// there is not believed. An element without an address (RFC 7239: unknown, obfuscated) ends the walk.
[[nodiscard]] client_address client_behind(const client_address& nearest, std::string_view value,
                                           forwarding_header kind, const network_list& trusted);

}  // namespace net
