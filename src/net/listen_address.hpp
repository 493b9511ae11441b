#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace net {

/// One place to listen at.
struct listen_address {
    std::string host;  ///< an IP address, or the path of a unix socket
    std::optional<std::uint16_t> port;
    bool is_unix = false;
    bool is_plain = false;  ///< without TLS even where there is a certificate
};

/// `127.0.0.1`, `::1`, `[::]:443`, `0.0.0.0:80`, `unix:/run/signaller.sock`, each perhaps with `plain:` in front, with
/// commas between. Nothing if one of them is malformed, or there is none.
[[nodiscard]] std::optional<std::vector<listen_address>> parse_listen_addresses(std::string_view text);

}  // namespace net
