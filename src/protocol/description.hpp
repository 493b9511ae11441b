#pragma once

#include "protocol/limits.hpp"
#include "protocol/numeric.hpp"
#include "protocol/object_id.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace protocol {

/// What a `/descp` asks for (protocol.md, /descp). Owns its strings.
struct description_request {
    std::optional<peer_id> id;
    std::string id_written;
    std::optional<std::string> name;
    std::optional<std::string> session;
    std::optional<std::string> token;
    std::optional<bool> resume;
    std::optional<std::uint64_t> seen;

    /// The further keys as canonical JSON members without braces, ready to be spliced into an object:
    /// `"a":1,"b":{"c":2}`;
    /// "" if there are none. Keys quoted, duplicates removed (the last one wins, at any depth), white space between
    /// tokens dropped, numbers as they were written.
    std::string description;
};

/// Parses the JSON object of a `/descp` in linear time: strict JSON but for unquoted keys at any depth. Errors: 461
/// with what was expected and where (a byte offset); 417 for a name of more than limits.name code points or a
/// description over limits.description bytes (the canonical form counts). `id` must be 24 hexadecimal digits, `name` a
/// string of 1 to 64 code points without control characters, `session` and `token` strings (token over
/// limits.access_token: 417), `resume` a boolean, `seen` an integer of 0 or more. null is not accepted for these.
[[nodiscard]] std::variant<description_request, failure> parse_description(std::string_view json, const limits& limits);

/// Removes the members with these keys from a canonical description (the server's fields win in `whois`).
/// `members` is a description_request::description.
[[nodiscard]] std::string without_keys(std::string_view members, std::initializer_list<std::string_view> keys);

}  // namespace protocol
