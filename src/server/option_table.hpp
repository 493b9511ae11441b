#pragma once

#include "server/config.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace server {

/// One row drives the command line, the environment, the configuration file, `--help` and `--print-config`.
struct option {
    std::string_view group;
    std::string_view name;  ///< as on the command line and in the file; SIGNALLER_ and upper case with underscores in
                            ///< the environment
    std::string_view help;
    std::string_view placeholder;                           ///< stands for the value in `--help`
    std::string range;                                      ///< what `--help` says about the values, may be empty
    std::string expected;                                   ///< completes "expected …" in the error message
    std::function<bool(config&, std::string_view)> assign;  ///< false: not as expected, and nothing was changed
    std::function<std::string(const config&)> show;
    bool repeatable = false;  ///< given several times in one source, its values are one list with commas
    bool secret = false;      ///< its value, or a part of it, is not to be seen in messages
};

/// Grouped, in the order in which they are shown.
[[nodiscard]] const std::vector<option>& option_table();

/// Null if there is none of that name.
[[nodiscard]] const option* find_option(std::string_view name);

/// "max-name" → "SIGNALLER_MAX_NAME"
[[nodiscard]] std::string environment_name(const option& named);

}  // namespace server
