#include "logging/escape.hpp"

#include <algorithm>

namespace logging {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";
constexpr std::string_view ellipsis = "\xe2\x80\xa6";

std::uint32_t byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

void append_escape(std::string& to, std::uint32_t code) {
    constexpr std::string_view digits = "0123456789abcdef";
    to += "\\u";
    for (const auto shift : {12U, 8U, 4U, 0U}) to += digits[code >> shift & 0xfU];
}

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
        std::string_view("-_.:/#@+*").find(c) != std::string_view::npos;
}

}  // namespace

character first_of(std::string_view text) {
    const auto lead = byte_at(text, 0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
    std::uint32_t code = lead & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte_at(text, i) & 0xc0U) != 0x80) return {};
        code = code << 6U | (byte_at(text, i) & 0x3fU);
    }
    const bool too_long = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (too_long || surrogate || code > 0x10ffff) return {};
    return {code, size};
}

bool is_harmful(std::uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0x200e || code == 0x200f ||
        (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void append_quoted(std::string& to, std::string_view value) {
    to += '"';
    std::size_t at = 0;
    while (at < value.size()) {
        const auto [code, size] = first_of(value.substr(at));
        if (at + std::max<std::size_t>(size, 1) > value_bytes) break;
        if (size == 0) {
            to += replacement;
        } else if (code == '"' || code == '\\') {
            to += '\\';
            to += static_cast<char>(code);
        } else if (is_harmful(code)) {
            append_escape(to, code);
        } else {
            to += value.substr(at, size);
        }
        at += std::max<std::size_t>(size, 1);
    }
    if (at < value.size()) to += ellipsis;
    to += '"';
}

void append_word(std::string& to, std::string_view value) {
    if (!value.empty() && value.size() <= value_bytes && std::all_of(value.begin(), value.end(), is_plain)) {
        to += value;
    } else {
        append_quoted(to, value);
    }
}

}  // namespace logging
