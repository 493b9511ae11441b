#pragma once

#include "net/client_address.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace net {

/// The header that a proxy sends ahead of a connection's own bytes (HAProxy's PROXY protocol, versions 1 and 2). Says
/// how much may be read next, so that nothing of what follows is taken.
class proxy_header_reader {
public:
    enum class state : std::uint8_t { need_more, complete, failed };

    /// Bytes to read next, at most; 0 if it has ended.
    [[nodiscard]] std::size_t wanted() const;
    /// No more than `wanted()` bytes.
    state feed(std::string_view bytes);

    /// Whom the proxy speaks for; nothing if it speaks for itself (LOCAL, UNKNOWN, or another kind of address).
    [[nodiscard]] std::optional<client_address> source() const { return source_; }

private:
    [[nodiscard]] state decide();
    [[nodiscard]] state decide_text();
    [[nodiscard]] state decide_binary();

    std::string received_;
    std::optional<client_address> source_;
    state state_ = state::need_more;
};

}  // namespace net
