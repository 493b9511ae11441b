#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace logging {

/// Of what strangers say (names, paths, origins), no more is logged.
inline constexpr std::size_t value_bytes = 200;

struct character {
    std::uint32_t code = 0;
    std::size_t size = 0;  ///< in bytes; 0: what is there is not UTF-8
};

/// The first character of a text that is not empty (RFC 3629, 4).
[[nodiscard]] character first_of(std::string_view text);

/// Whether a terminal may obey it: C0, DEL and C1, line separators, and what changes the writing direction.
[[nodiscard]] bool is_harmful(std::uint32_t code);

/// Appends `value` as a JSON string (RFC 8259, 7), quotes included, that is valid and harmless whatever the bytes: what
/// is not UTF-8 becomes U+FFFD, control characters and those that turn the writing direction are escaped, so that no
/// terminal obeys them. Cut after value_bytes of input, between characters; then it ends in "…".
void append_quoted(std::string& to, std::string_view value);

/// The same without quotes where the value is a plain word, as `key=value` lines have it.
void append_word(std::string& to, std::string_view value);

}  // namespace logging
