#include "server/config.hpp"

#include "server/config_sources.hpp"
#include "server/ice_servers.hpp"
#include "server/option_table.hpp"
#include "server/quantity.hpp"

#include <boost/program_options/errors.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <ranges>
#include <stdexcept>
#include <utility>

namespace server {
namespace {

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
    const bool has_tokens = made.auth == authentication::jwt;
    check.needs(has_tokens, "auth jwt", !made.auth_keys.empty(), "auth-key");
    check.needs(!made.auth_keys.empty(), "auth-key", has_tokens, "auth jwt");
    check.needs(made.broadcast == broadcast_policy::token, "broadcast token", has_tokens, "auth jwt");
    check.needs(!made.admin_token_file.empty(), "admin-token-file", !made.admin_address.empty(), "admin-address");
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

/// Whether the files that are named serve their purpose.
void check_files(const config& made) {
    try {
        static_cast<void>(certificate(made));
        static_cast<void>(access_verifier(made));
        static_cast<void>(admin_token(made));
    } catch (const std::runtime_error& problem) {
        throw bad_option{"--" + one_line(problem.what())};
    }
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
    check_files(made);
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

std::shared_ptr<const net::tls_context> certificate(const config& from) {
    if (from.tls_certificate.empty()) return nullptr;
    std::string problem;
    auto made = net::tls_context::load(from.tls_certificate, from.tls_key, problem);
    if (!made) throw std::runtime_error(problem);
    return made;
}

std::string admin_token(const config& from) {
    constexpr std::size_t least_bytes = 16;
    const auto& path = from.admin_token_file;
    std::string token;
    if (path.empty()) return token;
    std::ifstream file(path);
    if (!file || !std::getline(file, token)) throw std::runtime_error("admin-token-file " + path + ": cannot be read");
    // A header cannot say it with spaces around it.
    const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    while (!token.empty() && is_space(token.back())) token.pop_back();
    token.erase(token.begin(), std::ranges::find_if_not(token, is_space));
    if (token.size() < least_bytes)
        throw std::runtime_error("admin-token-file " + path + ": its first line has to be 16 characters or more");
    return token;
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
    } catch (const boost::program_options::error& problem) {
        return refuse(one_line(problem.what()) + " (on the command line), see --help");
    } catch (const bad_option& problem) {
        return refuse(problem.what());
    }
}

}  // namespace server
