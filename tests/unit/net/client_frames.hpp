#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Frames as a client writes them (RFC 6455, 5.2), wrong ones too: nothing here is checked.
namespace client_frames {

enum opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close_frame = 8, ping = 9, pong = 10 };

constexpr std::array<char, 4> default_mask{'\x37', '\xfa', '\x21', '\x3d'};

struct shape {
    bool final = true;
    std::uint8_t reserved = 0;  ///< the three RSV bits
    bool masked = true;
    int length_bytes = 0;       ///< 0: the shortest form, else 1, 2 or 8
    std::uint64_t claimed = 0;  ///< length in the header if `claims`, whatever the payload has
    bool claims = false;
    std::array<char, 4> mask = default_mask;
};

inline std::string whole(std::uint8_t code, std::string_view payload, const shape& how = {}) {
    const std::uint64_t length = how.claims ? how.claimed : payload.size();
    const int shortest = length < 126 ? 1 : length < 65536 ? 2 : 8;
    const int bytes = how.length_bytes == 0 ? shortest : how.length_bytes;
    std::string out;
    out.push_back(static_cast<char>((how.final ? 0x80U : 0U) | static_cast<unsigned>(how.reserved << 4U) | code));
    const unsigned masked = how.masked ? 0x80U : 0U;
    out.push_back(static_cast<char>(masked | (bytes == 1 ? static_cast<unsigned>(length) : bytes == 2 ? 126U : 127U)));
    if (bytes > 1) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
            out.push_back(static_cast<char>(length >> shift & 255U));
    }
    if (how.masked) out.append(how.mask.data(), how.mask.size());
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out.push_back(how.masked ? static_cast<char>(payload[i] ^ how.mask[i & 3U]) : payload[i]);
    }
    return out;
}

inline std::string part(std::uint8_t code, std::string_view payload) {
    shape how;
    how.final = false;
    return whole(code, payload, how);
}

inline std::string close_payload(unsigned code, std::string_view reason = {}) {
    std::string payload{static_cast<char>(code >> 8U), static_cast<char>(code & 255U)};
    return payload.append(reason);
}

}  // namespace client_frames
