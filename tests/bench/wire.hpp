#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {

/// The run cannot go on, or its figures would mean nothing.
class failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

enum class opcode : std::uint8_t { text = 1, close = 8, ping = 9, pong = 10 };

/// A client's frame. The key is a constant: a server cannot know, and unmasking with it costs what any key costs.
inline void append_client_frame(std::string& out, opcode op, std::string_view payload) {
    constexpr std::uint64_t key = 0x9C35'A6D1'9C35'A6D1;
    const std::uint64_t size = payload.size();
    out.push_back(static_cast<char>(0x80U | static_cast<unsigned>(op)));
    if (size < 126) {
        out.push_back(static_cast<char>(0x80U | size));
    } else {
        const bool is_long = size > 0xFFFF;
        out.push_back(static_cast<char>(0x80U | (is_long ? 127U : 126U)));
        for (unsigned shift = is_long ? 64 : 16; shift > 0; shift -= 8)
            out.push_back(static_cast<char>(size >> (shift - 8)));
    }
    char bytes[8];
    std::memcpy(bytes, &key, sizeof bytes);
    out.append(bytes, 4);
    const std::size_t start = out.size();
    out.append(payload);
    std::size_t i = start;
    for (; i + 8 <= out.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, &out[i], 8);
        word ^= key;
        std::memcpy(&out[i], &word, 8);
    }
    for (; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ bytes[(i - start) % 4]);
}

struct server_frame {
    opcode op = opcode::text;
    std::string_view payload;
    std::size_t size = 0;  ///< of the whole frame; 0 if it is not complete yet
};

/// The frame at the beginning of `bytes`. A server that fragments would only make the generator dearer, so that is
/// refused.
inline server_frame parse_server_frame(std::string_view bytes) {
    if (bytes.size() < 2) return {};
    const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    const unsigned op = octet(0) & 0x0FU;
    if ((octet(0) & 0xF0U) != 0x80U || (octet(1) & 0x80U) != 0 || (op != 1 && (op < 8 || op > 10))) {
        throw failure("the server sent a frame that is fragmented, masked, or of an unknown kind");
    }
    std::size_t header = 2;
    std::uint64_t length = octet(1);
    if (length >= 126) {
        const std::size_t count = length == 126 ? 2 : 8;
        header += count;
        if (bytes.size() < header) return {};
        length = 0;
        for (std::size_t i = 0; i < count; ++i) length = length << 8 | octet(2 + i);
    }
    if (length > bytes.size() - header) return {};
    return {static_cast<opcode>(op), bytes.substr(header, length), header + length};
}

/// Events begin with their type, `{"type":"`.
[[nodiscard]] inline bool is_event(std::string_view text, std::string_view type) {
    constexpr std::string_view begin = "{\"type\":\"";
    return text.size() > begin.size() + type.size() && text.substr(0, begin.size()) == begin &&
        text.substr(begin.size(), type.size()) == type && text[begin.size() + type.size()] == '"';
}

/// The number behind `"key":`, which has to be the last of the event: what every delivery needs is found without a
/// search.
[[nodiscard]] inline std::uint64_t last_number(std::string_view text, std::string_view quoted_key_and_colon) {
    std::size_t at = text.size() - 1;
    std::uint64_t value = 0;
    std::uint64_t power = 1;
    for (; at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9'; --at, power *= 10) {
        value += static_cast<std::uint64_t>(text[at - 1] - '0') * power;
    }
    if (!text.substr(0, at).ends_with(quoted_key_and_colon)) {
        throw failure("no " + std::string(quoted_key_and_colon) + " at the end of " + std::string(text.substr(0, 300)));
    }
    return value;
}

}  // namespace bench
