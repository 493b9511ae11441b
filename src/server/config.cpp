#include "server/config.hpp"

#include "net/tls_context.hpp"
#include "server/ice_servers.hpp"
#include "server/option_table.hpp"
#include "server/quantity.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace server {
namespace {

namespace po = boost::program_options;

constexpr std::string_view environment_prefix = "SIGNALLER_";

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

std::string in_quotes(std::string_view value) { return '"' + one_line(value) + '"'; }

std::string described(const setting& given) {
    return "--" + std::string{given.chosen->name} + " " + in_quotes(given.value) + " (" + given.source + ")";
}

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

struct command_line {
    std::vector<setting> settings;
    std::optional<std::string> file;
    bool help = false;
    bool version = false;
    bool print_config = false;
};

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

struct environment_settings {
    std::vector<setting> settings;
    std::optional<std::string> file;
};

/// Read by the tests around the server, which inherits it, or by signaller ctl.
bool is_for_others(std::string_view variable) {
    return variable == "SIGNALLER_BINARY" || variable.starts_with("SIGNALLER_TEST_") ||
        variable.starts_with("SIGNALLER_CTL_");
}

environment_settings read_environment(const char* const* environment) {
    environment_settings result;
    for (; environment != nullptr && *environment != nullptr; ++environment) {
        const std::string_view variable{*environment};
        if (!variable.starts_with(environment_prefix)) continue;
        const auto end_of_name = std::min(variable.find('='), variable.size());
        const auto name = variable.substr(0, end_of_name);
        const std::string value{variable.substr(std::min(end_of_name + 1, variable.size()))};
        if (is_for_others(name)) continue;
        if (name == "SIGNALLER_CONFIG") {
            result.file = value;
            continue;
        }
        const auto& table = option_table();
        const auto found = std::ranges::find(table, name, environment_name);
        if (found == table.end()) {
            throw bad_option{one_line(name) + "=" + in_quotes(value) +
                             " (in the environment): unknown, expected one of the options of --help"};
        }
        add_once(result.settings, {&*found, value, "in the environment as " + std::string{name}});
    }
    return result;
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
        throw bad_option{in_quotes(line) + " (" + source + "): expected key = value"};
    }
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

/// What no option can check alone. A default gives way to what was chosen; two choices that contradict each other are
/// refused.
class consistency {
public:
    explicit consistency(const std::vector<setting>& chosen) : chosen_(chosen) {}

    void at_most(std::string_view name, std::size_t& value, std::size_t bound, std::string_view bound_name) const {
        if (value > bound) settle(name, value, bound, "at most --" + std::string{bound_name});
    }
    void at_least(std::string_view name, std::size_t& value, std::size_t bound, std::string_view bound_name) const {
        if (value < bound) settle(name, value, bound, "at least --" + std::string{bound_name});
    }

    void needs(bool applies, std::string_view name, bool is_given, std::string_view other) const {
        if (applies && !is_given)
            throw bad_option{"--" + std::string{name} + ": expected --" + std::string{other} + " with it"};
    }

private:
    void settle(std::string_view name, std::size_t& value, std::size_t bound, const std::string& expected) const {
        const auto chosen = std::ranges::find_if(chosen_ | std::views::reverse,
                                                 [=](const setting& one) { return one.chosen->name == name; });
        if (chosen != chosen_.rend())
            throw bad_option{described(*chosen) + ": expected " + expected + " (" + format_size(bound) + ")"};
        value = bound;
    }

    const std::vector<setting>& chosen_;
};

void make_consistent(config& made, const std::vector<setting>& chosen) {
    const consistency check{chosen};
    auto& limits = made.limits;
    check.at_most("max-content", limits.content, limits.message, "max-message");
    check.at_most("max-description", limits.description, limits.message, "max-message");
    check.at_most("max-reason", limits.reason, limits.message, "max-message");
    check.at_most("max-token", limits.token, limits.message, "max-message");
    check.needs(made.proxy == proxy_protocol::on, "proxy-protocol", !made.trusted_proxies.empty(), "trusted-proxy");
    check.needs(!made.tls_certificate.empty(), "tls-certificate", !made.tls_key.empty(), "tls-key");
    check.needs(!made.tls_key.empty(), "tls-key", !made.tls_certificate.empty(), "tls-certificate");
    std::string problem;
    if (!made.tls_certificate.empty() && !net::tls_context::load(made.tls_certificate, made.tls_key, problem))
        throw bad_option{"--" + one_line(problem)};
    const bool has_tokens = made.auth == authentication::jwt;
    check.needs(has_tokens, "auth jwt", !made.auth_keys.empty(), "auth-key");
    check.needs(!made.auth_keys.empty(), "auth-key", has_tokens, "auth jwt");
    check.needs(made.broadcast == broadcast_policy::token, "broadcast token", has_tokens, "auth jwt");
    check.at_most("max-access-token", limits.access_token, limits.message, "max-message");
    const bool has_secret = !made.turn_secrets.empty();
    const bool wants_secret = !unsigned_turn_urls(made.ice_servers_json).empty();
    check.needs(has_secret, "turn-secret", wants_secret, "ice-servers of a turn: url, without credential,");
    check.needs(wants_secret, "ice-servers of a turn: url", has_secret, "turn-secret, or a credential,");
    check.needs(!made.turn_rest_key.empty(), "turn-rest-key", has_secret, "turn-secret");
    // Less, and a message of the size allowed could never be delivered.
    check.at_least("queue", made.queue_bytes, limits.content, "max-content");
    check.at_least("channel-log", made.channel_log_bytes, limits.content, "max-content");
}

config make_config(const command_line& arguments, const char* const* environment) {
    const auto from_environment = read_environment(environment);
    std::vector<setting> in_order;
    if (arguments.file) {
        in_order = read_file(*arguments.file, "on the command line");
    } else if (from_environment.file) {
        in_order = read_file(*from_environment.file, "in the environment as SIGNALLER_CONFIG");
    }
    std::ranges::copy(from_environment.settings, std::back_inserter(in_order));
    std::ranges::copy(arguments.settings, std::back_inserter(in_order));

    config made;
    for (const auto& given : in_order) {
        if (!given.chosen->assign(made, given.value))
            throw bad_option{described(given) + ": expected " + given.chosen->expected};
    }
    make_consistent(made, in_order);
    return made;
}

exit_request refuse(std::string_view problem) {
    return {.code = 2, .text = "signaller: " + std::string{problem} + "\n", .to_stderr = true};
}

}  // namespace

std::string_view version() { return SIGNALLER_VERSION; }

channel::settings channel_settings(const config& from) {
    channel::settings to;
    to.limits = from.limits;
    to.heartbeat = from.heartbeat;
    to.retention = from.retention;
    to.presence_interval = from.presence_interval;
    to.history_bytes = from.history_bytes;
    to.channel_log_bytes = from.channel_log_bytes;
    to.queue_bytes = from.queue_bytes;
    to.broadcasts_per_minute = from.broadcasts_per_minute;
    to.max_bans = from.max_bans;
    to.max_invitations = from.max_invitations;
    to.max_remembered = from.max_remembered;
    to.broadcast = from.broadcast;
    to.ice = make_ice_servers(from.ice_servers_json, from.turn_secrets, from.turn_ttl);
    to.server_name = from.server_name;
    return to;
}

std::shared_ptr<const auth::verifier> access_verifier(const config& from) {
    if (from.auth == authentication::none) return nullptr;
    auth::claim_policy policy{from.auth_issuer, from.auth_audience, from.auth_leeway, from.limits.name_code_points};
    return std::make_shared<auth::verifier>(auth::key_ring::load(from.auth_keys), std::move(policy),
                                            from.limits.access_token);
}

web::turn_rest turn_rest_settings(const config& from) {
    web::turn_rest to;
    to.key = from.turn_rest_key;
    to.secret = first_turn_secret(from.turn_secrets);
    to.ttl = std::chrono::ceil<std::chrono::seconds>(from.turn_ttl);
    to.uris = unsigned_turn_urls(from.ice_servers_json);
    return to;
}

std::variant<config, exit_request> parse_config(int argc, const char* const* argv, const char* const* environment) {
    try {
        const auto arguments = read_command_line(argc, argv);
        if (arguments.help) return exit_request{.text = help_text()};
        if (arguments.version) return exit_request{.text = "signaller " + std::string{version()} + "\n"};
        auto made = make_config(arguments, environment);
        if (arguments.print_config) return exit_request{.text = print_config(made)};
        return made;
    } catch (const po::error& problem) {
        return refuse(one_line(problem.what()) + " (on the command line), see --help");
    } catch (const bad_option& problem) {
        return refuse(problem.what());
    }
}

std::string print_config(const config& from) {
    std::string out;
    std::string_view group;
    for (const auto& row : option_table()) {
        if (row.group != group) {
            group = row.group;
            out.append(out.empty() ? "# " : "\n# ").append(group).append("\n");
        }
        out.append(row.name).append(" = ").append(row.show(from)).append("\n");
    }
    return out;
}

std::string help_text() {
    std::string out =
        "Usage: signaller [options]\n"
        "A WebRTC signalling server.\n"
        "\n"
        "Every option can also be set in the environment (--resume-window as SIGNALLER_RESUME_WINDOW) and in the file\n"
        "that --config or SIGNALLER_CONFIG names (resume-window = 2m). The command line goes before the environment, "
        "and\n"
        "that before the file. TIME is in seconds, or with ms, s, m or h (1.5, 250ms); SIZE is in bytes, or with KiB, "
        "MiB,\n"
        "GiB (powers of 1024), k, kB, M, MB, G or GB (powers of 1000).\n"
        "\n"
        "  --config FILE             lines of key = value; '#' begins a comment\n"
        "  --print-config            print the configuration as such a file, and exit\n"
        "  --help, -h                print this, and exit\n"
        "  --version                 print the version, and exit\n";
    const config defaults;
    std::string_view group;
    for (const auto& row : option_table()) {
        if (row.group != group) {
            group = row.group;
            out.append("\n").append(group).append(":\n");
        }
        std::string name = "  --" + std::string{row.name} + " " + std::string{row.placeholder};
        constexpr std::size_t column = 28;
        name.resize(std::max(name.size() + 1, column), ' ');
        out.append(name)
            .append(row.help)
            .append(" (")
            .append(row.range)
            .append(row.range.empty() ? "" : "; ")
            .append("default ")
            .append(row.show(defaults))
            .append(")\n");
    }
    return out;
}

}  // namespace server
