#include "server/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <system_error>

namespace server {
namespace {

constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

struct unit {
    std::string_view suffix;
    std::uint64_t factor;
};

// The largest first: the formatters take the first one that divides.
constexpr std::array duration_units{unit{"h", 3600000}, unit{"m", 60000}, unit{"s", 1000}, unit{"ms", 1}};
constexpr std::array size_units{unit{"GiB", 1ULL << 30U}, unit{"MiB", 1ULL << 20U}, unit{"KiB", 1ULL << 10U}};
constexpr std::array decimal_size_units{unit{"GB", 1000000000}, unit{"G", 1000000000}, unit{"MB", 1000000},
                                        unit{"M", 1000000},     unit{"kB", 1000},      unit{"k", 1000}};

template <class Units>
std::optional<std::uint64_t> factor_of(const Units& units, std::string_view suffix) {
    const auto found = std::ranges::find(units, suffix, &unit::suffix);
    if (found == units.end()) return std::nullopt;
    return found->factor;
}

std::optional<std::uint64_t> multiply(std::uint64_t number, std::uint64_t factor) {
    if (number > most / factor) return std::nullopt;
    return number * factor;
}

std::size_t digits_at(std::string_view text) { return std::min(text.find_first_not_of("0123456789"), text.size()); }

/// What the digits behind the decimal point are worth in parts of `factor`; nothing if that is not a whole number.
std::optional<std::uint64_t> fraction_of(std::string_view digits, std::uint64_t factor) {
    while (digits.ends_with('0')) digits.remove_suffix(1);
    constexpr std::size_t most_digits = 9;  // more never give whole milliseconds, and would overflow
    if (digits.size() > most_digits) return std::nullopt;
    if (digits.empty()) return 0;
    std::uint64_t scale = 1;
    for (std::size_t i = 0; i < digits.size(); ++i) scale *= 10;
    const auto scaled = *parse_count(digits) * factor;
    if (scaled % scale != 0) return std::nullopt;
    return scaled / scale;
}

}  // namespace

std::optional<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, number);
    if (problem != std::errc{} || stop != end || number > most) return std::nullopt;
    return number;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const auto whole_digits = digits_at(text);
    const auto whole = parse_count(text.substr(0, whole_digits));
    if (!whole) return std::nullopt;
    text.remove_prefix(whole_digits);

    std::string_view fraction;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        fraction = text.substr(0, digits_at(text));
        if (fraction.empty()) return std::nullopt;
        text.remove_prefix(fraction.size());
    }

    const auto factor = text.empty() ? std::optional<std::uint64_t>{1000} : factor_of(duration_units, text);
    if (!factor) return std::nullopt;
    const auto large = multiply(*whole, *factor);
    const auto small = fraction_of(fraction, *factor);
    if (!large || !small || *large > most - *small) return std::nullopt;
    return std::chrono::milliseconds{static_cast<std::int64_t>(*large + *small)};
}

std::string format_duration(std::chrono::milliseconds duration) {
    const auto count = static_cast<std::uint64_t>(duration.count());
    if (count == 0) return "0s";
    const auto fits = [count](const unit& candidate) { return count % candidate.factor == 0; };
    const auto found = std::ranges::find_if(duration_units, fits);
    // "60s" reads better than "1m" next to other seconds.
    if (found->factor == 60000 && count < 5 * found->factor) return std::to_string(count / 1000) + "s";
    return std::to_string(count / found->factor) + std::string{found->suffix};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    const auto digits = digits_at(text);
    const auto number = parse_count(text.substr(0, digits));
    if (!number) return std::nullopt;
    const auto suffix = text.substr(digits);
    if (suffix.empty()) return number;
    auto factor = factor_of(size_units, suffix);
    if (!factor) factor = factor_of(decimal_size_units, suffix);
    if (!factor) return std::nullopt;
    return multiply(*number, *factor);
}

std::string format_size(std::uint64_t bytes) {
    const auto fits = [bytes](const unit& candidate) {
        return bytes >= candidate.factor && bytes % candidate.factor == 0;
    };
    const auto found = std::ranges::find_if(size_units, fits);
    if (found == size_units.end()) return std::to_string(bytes);
    return std::to_string(bytes / found->factor) + std::string{found->suffix};
}

}  // namespace server
