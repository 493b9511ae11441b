#pragma once

#include "protocol/command.hpp"

namespace protocol {

/// One row of protocol.md, Commands: how its parameters are written and read.
struct command_form {
    /// Fills `value` and returns nothing, or says what is wrong with the parameters.
    using parser = std::optional<failure> (*)(std::string_view parameters, const limits& limits,
                                              std::optional<command>& value);

    std::string_view verb;
    std::string_view parameters;  ///< for the usage line of an error
    parser parse;
};

/// The form of a verb in lower case, or null.
[[nodiscard]] const command_form* find_command_form(std::string_view verb);

/// How much of a hostile parameter an error echoes.
constexpr std::size_t echo_limit_bytes = 128;

}  // namespace protocol
