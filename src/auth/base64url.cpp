#include "auth/base64url.hpp"

#include <cstdint>

namespace auth {

namespace {

constexpr unsigned bits_a_digit = 6;
constexpr unsigned bits_a_byte = 8;

std::optional<std::uint32_t> value_of(char digit) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const auto at = digits.find(digit);
    return at == std::string_view::npos ? std::nullopt : std::optional(static_cast<std::uint32_t>(at));
}

}  // namespace

std::optional<std::string> decode_base64url(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() * bits_a_digit / bits_a_byte);
    std::uint32_t pending = 0;
    unsigned bits = 0;
    for (const char digit : text) {
        const auto value = value_of(digit);
        if (!value) return std::nullopt;
        pending = pending << bits_a_digit | *value;
        bits += bits_a_digit;
        if (bits < bits_a_byte) continue;
        bits -= bits_a_byte;
        bytes.push_back(static_cast<char>(static_cast<unsigned char>(pending >> bits)));
        pending &= (1U << bits) - 1;
    }
    if (bits >= bits_a_digit || pending != 0) return std::nullopt;
    return bytes;
}

}  // namespace auth
