#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// What strangers wrote (UTF-8), on a terminal.
namespace ctl {

/// Without what a terminal obeys, or what turns the writing direction: `?` stands for it.
[[nodiscard]] std::string shown(std::string_view text);

/// How many columns it takes: East Asian ideographs and most pictures take two, marks that are put upon another
/// character none.
[[nodiscard]] std::size_t width_of(std::string_view text);

/// No wider than that; what is cut off shows as "…".
[[nodiscard]] std::string cut(std::string_view text, std::size_t columns);

}  // namespace ctl
