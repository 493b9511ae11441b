#pragma once

#include "server/option_table.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// The command line, the environment and the configuration file, as text: nothing is looked up or checked here but
/// names.
namespace server {

/// Its text becomes the one line on stderr.
class bad_option : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One option as one of the sources gives it.
struct setting {
    const option* chosen;
    std::string value;
    std::string source;  ///< for messages: "on the command line", "in signaller.conf:3", …
};

/// On one line, however hostile.
[[nodiscard]] std::string one_line(std::string_view value);
/// `--port "x" (on the command line)`; without the value if that is a secret.
[[nodiscard]] std::string described(const setting& given);

struct command_line {
    std::vector<setting> settings;
    std::optional<std::string> file;
    bool help = false;
    bool version = false;
    bool print_config = false;
};

/// This and the next two throw bad_option; on the command line also boost::program_options::error.
[[nodiscard]] command_line read_command_line(int argc, const char* const* argv);

struct environment_settings {
    std::vector<setting> settings;
    std::optional<std::string> file;
};

[[nodiscard]] environment_settings read_environment(const char* const* environment);

/// `named_by`: who names the file, for messages.
[[nodiscard]] std::vector<setting> read_file(const std::string& path, std::string_view named_by);

}  // namespace server
