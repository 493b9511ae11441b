#pragma once

#include "protocol/object_id.hpp"

#include <array>
#include <cstdint>

namespace ids {

template <class Id>
Id numbered(std::uint16_t number) {
    std::array<std::uint8_t, 12> bytes{};
    bytes[10] = static_cast<std::uint8_t>(number >> 8U);
    bytes[11] = static_cast<std::uint8_t>(number & 0xFFU);
    return Id(bytes);
}

inline protocol::peer_id peer(std::uint16_t number) { return numbered<protocol::peer_id>(number); }
inline protocol::channel_id channel(std::uint16_t number) { return numbered<protocol::channel_id>(number); }

}  // namespace ids
