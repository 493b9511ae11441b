#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Durations and sizes as an operator writes them. The formatters give the shortest exact form, which the parsers read
/// back.
namespace server {

/// Seconds, or a number with ms, s, m or h; fractions are allowed as long as whole milliseconds come out ("0.5",
/// "1.5m", "250ms").
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

/// Bytes, or a whole number with KiB, MiB, GiB (powers of 1024) or k, kB, M, MB, G, GB (powers of 1000).
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
[[nodiscard]] std::string format_size(std::uint64_t bytes);

/// A plain decimal number without sign.
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text);

}  // namespace server
