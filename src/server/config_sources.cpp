#include "server/config_sources.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <utility>

namespace server {

namespace po = boost::program_options;

namespace {

constexpr std::string_view environment_prefix = "SIGNALLER_";

std::string in_quotes(std::string_view value) { return '"' + one_line(value) + '"'; }

void add_once(std::vector<setting>& to, setting added) {
    const auto earlier = std::ranges::find(to, added.chosen, &setting::chosen);
    if (earlier != to.end() && added.chosen->repeatable) {
        earlier->value.append(",").append(added.value);
        return;
    }
    if (earlier != to.end()) {
        throw bad_option{described(added) + ": given twice, expected once"};
    }
    to.push_back(std::move(added));
}

po::options_description table_for_parser() {
    po::options_description description;
    for (const auto& row : option_table())
        description.add_options()(std::string{row.name}.c_str(), po::value<std::string>());
    return description;
}

/// Read by the tests around the server, which inherits it, or by signaller ctl.
bool is_for_others(std::string_view variable) {
    return variable == "SIGNALLER_BINARY" || variable.starts_with("SIGNALLER_TEST_") ||
        variable.starts_with("SIGNALLER_CTL_");
}

/// Kubernetes tells every container where each service is: one that is called "signaller" in variables like ours.
bool is_of_kubernetes(std::string_view variable, std::string_view value) {
    return variable.starts_with("SIGNALLER_SERVICE_") || variable.starts_with("SIGNALLER_PORT_") ||
        (variable == "SIGNALLER_PORT" && value.starts_with("tcp://"));
}

/// The settings of one line, at most one. Taken line by line, so that messages can say where.
std::vector<setting> read_file_line(const std::string& line, const std::string& source) {
    static const auto nothing_known = po::options_description{};
    // A section would only put a prefix before the keys, and every such key is unknown.
    const auto text = line.find_first_not_of(" \t\r");
    if (text != std::string::npos && line[text] == '[')
        throw bad_option{in_quotes(line) + " (" + source + "): a section, expected key = value"};
    try {
        std::istringstream one_line{line};
        const auto parsed = po::parse_config_file(one_line, nothing_known, /*allow_unregistered=*/true);
        std::vector<setting> settings;
        for (const auto& given : parsed.options) {
            const auto* chosen = find_option(given.string_key);
            if (chosen == nullptr)
                throw bad_option{in_quotes(given.string_key) + " (" + source +
                                 "): unknown, expected one of the options of --help"};
            settings.push_back({chosen, given.value.empty() ? std::string{} : given.value.front(), source});
        }
        return settings;
    } catch (const po::error&) {
        // Without the line, which may be a secret without its key.
        throw bad_option{source + ": expected key = value"};
    }
}

}  // namespace

std::string one_line(std::string_view value) {
    constexpr std::size_t most_bytes = 200;
    std::string out;
    for (const char c : value.substr(0, most_bytes)) {
        const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
        out += control ? '?' : c;
    }
    if (value.size() > most_bytes) out += "…";
    return out;
}

std::string described(const setting& given) {
    const auto value = given.chosen->secret ? std::string{} : " " + in_quotes(given.value);
    return "--" + std::string{given.chosen->name} + value + " (" + given.source + ")";
}

command_line read_command_line(int argc, const char* const* argv) {
    auto description = table_for_parser();
    description.add_options()("config", po::value<std::string>())("help,h", "")("version", "")("print-config", "");
    // An abbreviation would change its meaning with the next option that is added.
    const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    const auto parsed = po::command_line_parser(argc, argv).options(description).style(style).run();

    command_line result;
    for (const auto& given : parsed.options) {
        const auto& name = given.string_key;
        if (given.position_key >= 0 || name.empty()) {
            throw bad_option{"argument " + in_quotes(given.value.empty() ? "" : given.value.front()) +
                             " (on the command line): expected options only, see --help"};
        }
        if (name == "help") {
            result.help = true;
        } else if (name == "version") {
            result.version = true;
        } else if (name == "print-config") {
            result.print_config = true;
        } else if (name == "config") {
            if (result.file)
                throw bad_option{"--config " + in_quotes(given.value.at(0)) +
                                 " (on the command line): given twice, expected once"};
            result.file = given.value.at(0);
        } else {
            add_once(result.settings, {find_option(name), given.value.at(0), "on the command line"});
        }
    }
    return result;
}

environment_settings read_environment(const char* const* environment) {
    environment_settings result;
    for (; environment != nullptr && *environment != nullptr; ++environment) {
        const std::string_view variable{*environment};
        if (!variable.starts_with(environment_prefix)) continue;
        const auto end_of_name = std::min(variable.find('='), variable.size());
        const auto name = variable.substr(0, end_of_name);
        const std::string value{variable.substr(std::min(end_of_name + 1, variable.size()))};
        if (is_for_others(name) || is_of_kubernetes(name, value)) continue;
        if (name == "SIGNALLER_CONFIG") {
            result.file = value;
            continue;
        }
        const auto& table = option_table();
        const auto found = std::ranges::find(table, name, environment_name);
        if (found == table.end()) {
            throw bad_option{one_line(name) + " (in the environment): unknown, expected one of the options of --help"};
        }
        add_once(result.settings, {&*found, value, "in the environment as " + std::string{name}});
    }
    return result;
}

std::vector<setting> read_file(const std::string& path, std::string_view named_by) {
    std::ifstream file{path};
    const auto unreadable = [&] {
        return bad_option{"--config " + in_quotes(path) + " (" + std::string{named_by} +
                          "): cannot be read, expected a file"};
    };
    if (!file) throw unreadable();
    std::vector<setting> settings;
    std::string line;
    for (std::size_t number = 1; std::getline(file, line); ++number) {
        for (auto& given : read_file_line(line, "in " + path + ":" + std::to_string(number)))
            add_once(settings, std::move(given));
    }
    if (file.bad()) throw unreadable();
    return settings;
}

}  // namespace server
