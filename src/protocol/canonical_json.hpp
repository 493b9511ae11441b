#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace protocol {

/// Where a text is not JSON, and why.
struct json_error {
    std::size_t offset;
    std::string message;
};

constexpr std::size_t json_depth_limit = 32;

/// The members of a JSON object, without its braces, in the form that description_request::description promises. Strict
/// JSON but for unquoted keys; at most json_depth_limit levels, the outermost among them; a number whose exponent does
/// not fit 32 bits is refused. Time n log n at worst, whatever the input; recursion is bounded by the depth limit.
[[nodiscard]] std::variant<std::string, json_error> canonical_members(std::string_view json);

/// The same text with the unquoted keys quoted; what is no JSON otherwise stays so.
[[nodiscard]] std::string quote_keys(std::string_view json);

/// Takes canonical members apart, one at a time from the left.
class member_walk {
public:
    explicit member_walk(std::string_view members) : rest_(members) {}

    /// Moves on to the next member; false at the end.
    bool next();

    [[nodiscard]] std::string_view key() const { return key_; }      ///< with its quotes
    [[nodiscard]] std::string_view value() const { return value_; }  ///< canonical JSON
    [[nodiscard]] std::string_view member() const { return member_; }

private:
    std::string_view rest_;
    std::string_view member_;
    std::string_view key_;
    std::string_view value_;
};

}  // namespace protocol
