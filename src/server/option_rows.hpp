#pragma once

#include "server/option_table.hpp"
#include "server/quantity.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// What the rows of the option table are made of, and its parts.
namespace server::rows {

using std::chrono::milliseconds;

constexpr std::uint64_t kibibyte = 1024;
constexpr std::uint64_t mebibyte = 1024 * kibibyte;
constexpr std::uint64_t gibibyte = 1024 * mebibyte;

struct row {
    std::string_view group;
    std::string_view name;
    std::string_view help;
};

/// `field` gives the member of a config that the option sets, as a reference.
template <class Field>
option duration(row text, milliseconds least, milliseconds most, Field field) {
    const auto range = format_duration(least) + " to " + format_duration(most);
    const auto expected = "a duration from " + range + ", in seconds or with ms, s, m or h";
    const auto assign = [=](config& to, std::string_view value) {
        const auto parsed = parse_duration(value);
        if (!parsed || *parsed < least || *parsed > most) return false;
        field(to) = *parsed;
        return true;
    };
    const auto show = [=](const config& from) { return format_duration(field(from)); };
    return {text.group, text.name, text.help, "TIME", range, expected, assign, show};
}

template <class Number, class Field>
bool assign_number(config& to, std::optional<std::uint64_t> parsed, std::uint64_t least, std::uint64_t most,
                   Field field) {
    if (!parsed || *parsed < least || *parsed > most) return false;
    field(to) = static_cast<Number>(*parsed);
    return true;
}

template <class Field>
using number_of = std::remove_cvref_t<decltype(std::declval<Field>()(std::declval<config&>()))>;

template <class Field>
option size(row text, std::uint64_t least, std::uint64_t most, Field field) {
    const auto range = format_size(least) + " to " + format_size(most);
    const auto expected = "a size from " + range + ", in bytes or with KiB, MiB, kB or MB";
    const auto assign = [=](config& to, std::string_view value) {
        return assign_number<number_of<Field>>(to, parse_size(value), least, most, field);
    };
    const auto show = [=](const config& from) { return format_size(field(from)); };
    return {text.group, text.name, text.help, "SIZE", range, expected, assign, show};
}

template <class Field>
option count(row text, std::uint64_t least, std::uint64_t most, Field field) {
    const auto range = std::to_string(least) + " to " + std::to_string(most);
    const auto assign = [=](config& to, std::string_view value) {
        return assign_number<number_of<Field>>(to, parse_count(value), least, most, field);
    };
    const auto show = [=](const config& from) { return std::to_string(field(from)); };
    return {text.group, text.name, text.help, "N", range, "a number from " + range, assign, show};
}

/// One of `names`, which stand in the order of the enumerators.
template <class Field>
option choice(row text, std::vector<std::string_view> names, Field field) {
    std::string range;
    for (const auto name : names) range.append(range.empty() ? "" : ", ").append(name);
    using enumeration = number_of<Field>;
    const auto assign = [=](config& to, std::string_view value) {
        const auto found = std::ranges::find(names, value);
        if (found == names.end()) return false;
        field(to) = static_cast<enumeration>(found - names.begin());
        return true;
    };
    const auto show = [=](const config& from) { return std::string{names[static_cast<std::size_t>(field(from))]}; };
    return {text.group, text.name, text.help, "WORD", range, "one of " + range, assign, show};
}

/// A file's name, as the configuration file can hold it; "none" for none.
bool assign_path(std::string& to, std::string_view value);

/// The option of a file that need not be.
template <class Field>
option file(row text, Field field) {
    return {text.group,
            text.name,
            text.help,
            "FILE",
            "",
            "none, or the path of a file, without '#'",
            [=](config& to, std::string_view value) { return assign_path(field(to), value); },
            [=](const config& from) { return field(from).empty() ? std::string("none") : field(from); }};
}

// --- the groups, in the order in which they are shown

/// Listening, TLS, proxies.
void add_network(std::vector<option>& table);
/// Times, resuming, what a client may send, channels.
void add_limits(std::vector<option>& table);
/// Access tokens, ICE servers, the store, administration, logging.
void add_services(std::vector<option>& table);

}  // namespace server::rows
