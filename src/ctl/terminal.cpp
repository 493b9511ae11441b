#include "ctl/terminal.hpp"

#include "logging/escape.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace ctl {

namespace {

struct range {
    std::uint32_t first;
    std::uint32_t last;
};

/// Of Unicode's East_Asian_Width the large blocks that are wide, unassigned characters in them included.
constexpr std::array wide{range{0x1100, 0x115f},   range{0x2e80, 0x303e},   range{0x3041, 0xa4cf},
                          range{0xa960, 0xa97c},   range{0xac00, 0xd7a3},   range{0xf900, 0xfaff},
                          range{0xfe30, 0xfe6f},   range{0xff00, 0xff60},   range{0xffe0, 0xffe6},
                          range{0x1f300, 0x1f64f}, range{0x1f680, 0x1f6ff}, range{0x1f900, 0x1f9ff},
                          range{0x20000, 0x3fffd}};

/// The marks of most scripts, joiners and variation selectors.
constexpr std::array zero_width{range{0x300, 0x36f},   range{0x200b, 0x200d}, range{0x20d0, 0x20ff},
                                range{0xfe00, 0xfe0f}, range{0xfe20, 0xfe2f}, range{0xe0100, 0xe01ef}};

template <class Ranges>
bool is_in(const Ranges& ranges, std::uint32_t code) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [=](const range& one) { return code >= one.first && code <= one.last; });
}

/// Takes the first character off.
std::string_view take_character(std::string_view& text) {
    const auto one = text.substr(0, std::max<std::size_t>(1, logging::first_of(text).size));
    text.remove_prefix(one.size());
    return one;
}

std::size_t width_of_character(std::string_view one) {
    const auto code = logging::first_of(one).code;
    if (is_in(zero_width, code)) return 0;
    return is_in(wide, code) ? 2 : 1;
}

}  // namespace

std::string shown(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto one = take_character(text);
        out += logging::is_harmful(logging::first_of(one).code) ? std::string_view("?") : one;
    }
    return out;
}

std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) width += width_of_character(take_character(text));
    return width;
}

std::string cut(std::string_view text, std::size_t columns) {
    if (width_of(text) <= columns) return std::string(text);
    std::string out;
    std::size_t width = 1;
    while (!text.empty()) {
        const auto one = take_character(text);
        width += width_of_character(one);
        if (width > columns) break;
        out += one;
    }
    return out + "…";
}

}  // namespace ctl
