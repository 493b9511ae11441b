#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

namespace protocol {

namespace {

constexpr std::uint64_t ones = 0x0101010101010101ULL;
constexpr std::uint64_t high_bits = 0x8080808080808080ULL;

std::uint64_t load_word(const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

std::uint8_t byte_at(std::string_view text, std::size_t i) { return static_cast<std::uint8_t>(text[i]); }

/// Where the run of ASCII that begins at `i` ends, or a little before.
std::size_t skip_ascii(std::string_view text, std::size_t i) {
    while (text.size() - i >= sizeof(std::uint64_t) && (load_word(text.data() + i) & high_bits) == 0)
        i += sizeof(std::uint64_t);
    return i;
}

/// 0: goes out as it is; 'u': as \u00XX; else the letter after the backslash.
constexpr std::array<char, 256> escapes = [] {
    std::array<char, 256> table{};
    for (std::size_t i = 0; i < 0x20; ++i) table[i] = 'u';
    table['\b'] = 'b';
    table['\t'] = 't';
    table['\n'] = 'n';
    table['\f'] = 'f';
    table['\r'] = 'r';
    table['"'] = '"';
    table['\\'] = '\\';
    return table;
}();

/// Nonzero if a byte of the word is a control character, a quote or a backslash (the zero-byte test of Hacker's
/// Delight, 6-1).
std::uint64_t needs_escape(std::uint64_t word) {
    const auto quote = word ^ (ones * '"');
    const auto backslash = word ^ (ones * '\\');
    return (((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & high_bits;
}

constexpr std::size_t longest_escape = 6;

char* put_escaped(char* to, std::uint8_t byte) {
    static constexpr char digits[] = "0123456789abcdef";
    const char escape = escapes[byte];
    if (escape == 0) {
        *to++ = static_cast<char>(byte);
        return to;
    }
    *to++ = '\\';
    *to++ = escape;
    if (escape != 'u') return to;
    for (const char c : {'0', '0', digits[byte >> 4], digits[byte & 15]}) *to++ = c;
    return to;
}

/// Writes up to longest_escape bytes for each of `text`, in whole words where it can: session descriptions have an
/// escape every few words. Returns the end.
char* put_escaped(char* to, std::string_view text) {
    static_assert(std::endian::native == std::endian::little, "the first byte of a word is its lowest");
    while (text.size() >= sizeof(std::uint64_t)) {
        const auto word = load_word(text.data());
        std::memcpy(to, &word, sizeof word);
        const auto found = needs_escape(word);
        const auto plain = found == 0 ? sizeof word : static_cast<std::size_t>(std::countr_zero(found)) / 8;
        to += plain;
        text.remove_prefix(plain);
        if (found == 0) continue;
        to = put_escaped(to, byte_at(text, 0));
        text.remove_prefix(1);
    }
    for (const char c : text) to = put_escaped(to, static_cast<std::uint8_t>(c));
    return to;
}

bool is_continuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

}  // namespace

bool utf8_validator::feed(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (needed_ == 0) i = skip_ascii(bytes, i);
        if (i == bytes.size()) break;
        const auto byte = byte_at(bytes, i);
        if (needed_ > 0) {
            if (byte < lower_ || byte > upper_) return false;
            --needed_;
            lower_ = 0x80;
            upper_ = 0xBF;
        } else if (byte < 0x80) {
            continue;
        } else if (byte >= 0xC2 && byte <= 0xDF) {
            needed_ = 1;
        } else if ((byte & 0xF0) == 0xE0) {
            needed_ = 2;
            if (byte == 0xE0) lower_ = 0xA0;  // shorter would be overlong
            if (byte == 0xED) upper_ = 0x9F;  // higher would be a surrogate
        } else if (byte >= 0xF0 && byte <= 0xF4) {
            needed_ = 3;
            if (byte == 0xF0) lower_ = 0x90;
            if (byte == 0xF4) upper_ = 0x8F;  // higher would be above U+10FFFF
        } else {
            return false;
        }
    }
    return true;
}

bool is_valid_utf8(std::string_view text) {
    utf8_validator validator;
    return validator.feed(text) && validator.complete();
}

std::size_t count_code_points(std::string_view text) {
    const auto starts =
        std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(static_cast<std::uint8_t>(c)); });
    return static_cast<std::size_t>(starts);
}

bool has_control_characters(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = byte_at(text, i);
        if (byte < 0x20 || byte == 0x7F) return true;
        // C1, U+0080 to U+009F, is C2 80 to C2 9F.
        if (byte == 0xC2 && i + 1 < text.size() && byte_at(text, i + 1) < 0xA0) return true;
    }
    return false;
}

void append_json_string(std::string& out, std::string_view text) {
    constexpr std::size_t part = 1024;
    char escaped[part * longest_escape];
    out.push_back('"');
    while (!text.empty()) {
        const auto now = text.substr(0, part);
        out.append(escaped, static_cast<std::size_t>(put_escaped(escaped, now) - escaped));
        text.remove_prefix(now.size());
    }
    out.push_back('"');
}

void append_number(std::string& out, std::uint64_t value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
}

std::string_view cut(std::string_view text, std::size_t limit_bytes) {
    if (text.size() <= limit_bytes) return text;
    auto end = limit_bytes;
    while (end > 0 && is_continuation(byte_at(text, end))) --end;
    return text.substr(0, end);
}

}  // namespace protocol
