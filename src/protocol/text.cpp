#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace protocol {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080ULL;

std::uint64_t load_word(const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

std::uint8_t byte_at(std::string_view text, std::size_t i) { return static_cast<std::uint8_t>(text[i]); }

/// Where the run of ASCII that begins at `i` ends, or a little before.
std::size_t skip_ascii(std::string_view text, std::size_t i) {
    constexpr std::size_t word = sizeof(std::uint64_t);
    const auto words_at = [&](const char* at) {
        return load_word(at) | load_word(at + word) | load_word(at + 2 * word) | load_word(at + 3 * word);
    };
    while (text.size() - i >= 4 * word && (words_at(text.data() + i) & high_bits) == 0) i += 4 * word;
    while (text.size() - i >= word && (load_word(text.data() + i) & high_bits) == 0) i += word;
    return i;
}

/// What goes out for a byte; of length 0 if that is the byte itself.
struct escape {
    char text[7]{};
    std::uint8_t length = 0;
};
constexpr std::size_t longest_escape = 6;

constexpr std::array<escape, 256> escapes = [] {
    std::array<escape, 256> table{};
    constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t i = 0; i < 0x20; ++i) table[i] = {{'\\', 'u', '0', '0', digits[i >> 4U], digits[i & 15U]}, 6};
    constexpr std::string_view letters = "\bb\tt\nn\ff\rr\"\"\\\\";
    for (std::size_t i = 0; i < letters.size(); i += 2)
        table[static_cast<std::uint8_t>(letters[i])] = {{'\\', letters[i + 1]}, 2};
    return table;
}();

#ifdef __SSE2__
using block_mask = unsigned;
constexpr std::size_t block_bytes = sizeof(__m128i);
constexpr int bits_a_byte = 1;

/// The bytes of a block that need an escape (control characters, quotes, backslashes), lowest first; at least the first
/// of them is told right.
block_mask to_escape(const char* block) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
    const auto control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
    const auto quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const auto backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return static_cast<block_mask>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
}
#else
using block_mask = std::uint64_t;
constexpr std::size_t block_bytes = sizeof(std::uint64_t);
constexpr int bits_a_byte = 8;

/// The same by the zero-byte test of Hacker's Delight, 6-1.
block_mask to_escape(const char* block) {
    static_assert(std::endian::native == std::endian::little, "the first byte of a word is its lowest");
    constexpr std::uint64_t ones = 0x0101010101010101ULL;
    const auto word = load_word(block);
    const auto quote = word ^ (ones * '"');
    const auto backslash = word ^ (ones * '\\');
    return (((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & high_bits;
}
#endif

/// Writes up to longest_escape bytes for each of `text`, and may touch a block behind them. Returns the end.
char* put_escaped(char* to, std::string_view text) {
    const char* at = text.data();
    const char* const end = at + text.size();
    const auto put_escapes = [&] {
        for (; at != end && escapes[static_cast<std::uint8_t>(*at)].length > 0; ++at) {
            const escape& with = escapes[static_cast<std::uint8_t>(*at)];
            std::memcpy(to, with.text, sizeof with.text);
            to += with.length;
        }
    };
    while (end - at >= static_cast<std::ptrdiff_t>(block_bytes)) {
        std::memcpy(to, at, block_bytes);
        const auto found = to_escape(at);
        if (found == 0) {
            // A branch, so that the next block does not have to wait for this one's count.
            to += block_bytes;
            at += block_bytes;
            continue;
        }
        const auto plain = std::countr_zero(found) / bits_a_byte;
        to += plain;
        at += plain;
        put_escapes();
    }
    for (put_escapes(); at != end; put_escapes()) *to++ = *at++;
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
    char escaped[part * longest_escape + block_bytes];
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
