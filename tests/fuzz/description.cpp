#include "protocol/description.hpp"

#include "fuzz/require.hpp"
#include "protocol/canonical_json.hpp"
#include "protocol/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

using fuzz::require;
using namespace protocol;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::optional<boost::json::value> strict(std::string_view json) {
    boost::json::error_code ec;
    auto value = boost::json::parse({json.data(), json.size()}, ec);
    if (ec) return std::nullopt;
    return value;
}

std::size_t count_keys(const boost::json::value& value) {
    std::size_t count = 0;
    if (const auto* const object = value.if_object()) {
        for (const auto& member : *object) count += 1 + count_keys(member.value());
    } else if (const auto* const array = value.if_array()) {
        for (const auto& element : *array) count += count_keys(element);
    }
    return count;
}

std::size_t count_colons_outside_strings(std::string_view json) {
    std::size_t count = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        if (in_string && json[i] == '\\') {
            ++i;
        } else if (json[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && json[i] == ':') {
            ++count;
        }
    }
    return count;
}

/// The object that Boost.JSON reads, without the keys that are not part of a description.
boost::json::value without_known_keys(boost::json::value value) {
    for (const auto* const key : {"id", "name", "session", "token", "resume", "seen"}) value.as_object().erase(key);
    return value;
}

/// Boost.JSON rounds a long number differently with what stands behind it, and reads 0e999 as not a number.
bool nearly(double a, double b) {
    constexpr double huge = 1e300;
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    if (std::signbit(a) != std::signbit(b)) return false;
    const auto less = std::min(std::abs(a), std::abs(b));
    const auto more = std::max(std::abs(a), std::abs(b));
    if (less > huge || more < 1 / huge) return true;
    return more - less <= more * 1e-12;
}

/// Equality but for the last digits of numbers, of which has_same_tokens() knows better.
bool same(const boost::json::value& a, const boost::json::value& b) {
    if (a.is_object() && b.is_object()) {
        const auto& members = a.get_object();
        const auto& others = b.get_object();
        return members.size() == others.size() && std::all_of(members.begin(), members.end(), [&](const auto& member) {
                   const auto* const other = others.if_contains(member.key());
                   return other != nullptr && same(member.value(), *other);
               });
    }
    if (a.is_array() && b.is_array()) {
        const auto& elements = a.get_array();
        const auto& others = b.get_array();
        return std::equal(elements.begin(), elements.end(), others.begin(), others.end(), same);
    }
    if (a.is_double() && b.is_double()) return nearly(a.get_double(), b.get_double());
    return a == b;
}

std::string without_space_outside_strings(std::string_view json) {
    std::string out;
    bool in_string = false;
    for (const char c : json) {
        if (c == '"') in_string = !in_string;
        if (in_string || std::string_view(" \t\r\n").find(c) == std::string_view::npos) out += c;
    }
    return out;
}

/// Where nothing is left out and no string is written differently, only keys are quoted and white space is dropped.
bool has_same_tokens(std::string_view quoted, const boost::json::value& read, std::string_view canonical) {
    if (quoted.find('\\') != std::string_view::npos) return true;
    const auto compact = without_space_outside_strings(quoted);
    const bool all_left = count_keys(without_known_keys(read)) == count_colons_outside_strings(compact);
    return !all_left || compact == canonical;
}

void check_accepted(const description_request& request, std::string_view json, const limits& limits) {
    const auto wrapped = "{" + request.description + "}";
    const auto value = strict(wrapped);
    require(value && value->is_object(), "the description is a strict JSON object");
    require(is_valid_utf8(request.description), "the description is valid UTF-8");
    // Boost.JSON drops doubled keys, so that a difference would be one that was left.
    require(count_keys(*value) == count_colons_outside_strings(wrapped), "keys are unique at every depth");
    const auto quoted = quote_keys(json);
    const auto read = strict(quoted);
    require(read && read->is_object(), "with its keys quoted, what was accepted is strict JSON");
    require(same(without_known_keys(*read), *value), "the description says what was written");
    require(has_same_tokens(quoted, *read, wrapped), "numbers and strings are as they were written");

    auto again = parse_description(wrapped, limits);
    require(std::holds_alternative<description_request>(again), "a description is accepted again");
    require(std::get<description_request>(again).description == request.description,
            "the canonical form is a fixed point");
    require(without_keys(request.description, {}) == request.description, "nothing removed, nothing changed");
    if (request.name) {
        const auto length = count_code_points(*request.name);
        require(length >= 1 && length <= limits.name_code_points && !has_control_characters(*request.name),
                "a name is a name");
    }
    if (request.token) require(request.token->size() <= limits.access_token, "a token is within its limit");
    require(request.description.size() <= limits.description, "a description is within its limit");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const limits defaults;
    const std::string_view json(reinterpret_cast<const char*>(data), size);
    const auto plain = strict(json);
    if (plain) require(quote_keys(json) == json, "strict JSON has no key to quote");

    const auto result = parse_description(json, defaults);
    if (const auto* const request = std::get_if<description_request>(&result)) {
        check_accepted(*request, json, defaults);
        return 0;
    }
    const auto& wrong = std::get<failure>(result);
    require(wrong.code == numeric::need_more_params || wrong.code == numeric::input_too_long, "461 or 417");
    require(!wrong.message.empty() && wrong.message.size() < 300 && wrong.target.size() <= 128, "an error is brief");
    const auto members = canonical_members(json);
    const auto strict_object = plain && plain->is_object();
    require(!strict_object || std::holds_alternative<std::string>(members), "a strict JSON object is well-formed");
    if (const auto* const error = std::get_if<json_error>(&members))
        require(error->offset <= json.size(), "offsets are inside");
    return 0;
}
