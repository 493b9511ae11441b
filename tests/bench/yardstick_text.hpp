#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// What the yardstick reads and writes. Its own, so that the server is measured against nothing of itself.
namespace bench {

using text = std::string_view;

inline void append_number(std::string& out, std::uint64_t value) {
    std::array<char, 20> digits{};
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

inline constexpr auto needs_escape = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0; c < 32; ++c) table[c] = true;
    table['"'] = table['\\'] = true;
    return table;
}();

inline void append_escaped(std::string& out, text value) {
    std::size_t copied = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const auto c = static_cast<unsigned char>(value[i]);
        if (!needs_escape[c]) continue;
        out.append(value, copied, i - copied);
        copied = i + 1;
        constexpr text short_from = "\"\\\n\r\t\b\f";
        constexpr text short_to = "\"\\nrtbf";
        const auto at = short_from.find(value[i]);
        if (at != text::npos) {
            out.append({'\\', short_to[at]});
        } else {
            constexpr text hex = "0123456789abcdef";
            out.append("\\u00").append({hex[c >> 4U], hex[c & 15U]});
        }
    }
    out.append(value, copied);
}

inline void append_frame(std::string& out, unsigned first_octet, text payload) {
    const auto octet = [&](std::size_t value) { out.push_back(static_cast<char>(value & 0xFFU)); };
    octet(first_octet);
    if (payload.size() < 126) {
        octet(payload.size());
    } else if (payload.size() < 65536) {
        octet(126);
        octet(payload.size() >> 8U);
        octet(payload.size());
    } else {
        octet(127);
        for (unsigned shift = 64; shift > 0; shift -= 8) octet(payload.size() >> (shift - 8));
    }
    out.append(payload);
}

inline void unmask(char* bytes, std::size_t size, std::uint32_t key) {
    const std::uint64_t wide = static_cast<std::uint64_t>(key) << 32U | key;
    std::size_t i = 0;
    for (std::uint64_t word = 0; i + 8 <= size; i += 8) {
        std::memcpy(&word, bytes + i, 8);
        word ^= wide;
        std::memcpy(bytes + i, &word, 8);
    }
    for (; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ static_cast<char>(key >> (i % 4 * 8)));
}

inline text take_word(text& from) {
    const auto end = std::min(from.find(' '), from.size());
    const auto word = from.substr(0, end);
    from.remove_prefix(std::min(end + 1, from.size()));
    return word;
}

/// The string after `"key":"`; the benchmark's descriptions have nothing escaped in them.
inline text string_field(text json, text quoted_key) {
    const auto at = json.find(quoted_key);
    if (at == text::npos) return {};
    const auto begin = at + quoted_key.size();
    return json.substr(begin, json.find('"', begin) - begin);
}

}  // namespace bench
