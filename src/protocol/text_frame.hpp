#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace protocol {

/// Appends a complete unmasked final text frame around the payload (RFC 6455, 5.2), as it goes to every receiver.
inline void append_text_frame(std::string& out, std::string_view payload) {
    out.push_back(static_cast<char>(0x81));
    const auto size = payload.size();
    const auto byte = [&](unsigned shift) {
        out.push_back(static_cast<char>(static_cast<std::uint64_t>(size) >> shift));
    };
    if (size < 126) {
        byte(0);
    } else if (size < 65536) {
        out.push_back(126);
        byte(8);
        byte(0);
    } else {
        out.push_back(127);
        for (unsigned shift = 64; shift > 0; shift -= 8) byte(shift - 8);
    }
    out.append(payload);
}

}  // namespace protocol
