#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace logging {

/// Of what strangers say (names, paths, origins), no more is logged.
inline constexpr std::size_t value_bytes = 200;

/// Appends `value` as a JSON string (RFC 8259, 7), quotes included, that is valid and harmless whatever the bytes: what
/// is not UTF-8 becomes U+FFFD, control characters and those that turn the writing direction are escaped, so that no
/// terminal obeys them. Cut after value_bytes of input, between characters; then it ends in "…".
void append_quoted(std::string& to, std::string_view value);

/// The same without quotes where the value is a plain word, as `key=value` lines have it.
void append_word(std::string& to, std::string_view value);

}  // namespace logging
