#include "auth/key_ring.hpp"
#include "net/listen_address.hpp"
#include "server/ice_servers.hpp"
#include "server/option_rows.hpp"
#include "store/redis_address.hpp"

namespace server::rows {

using namespace std::chrono_literals;

namespace {

constexpr auto value_end = std::string_view::npos;

bool assign_ice_servers(config& to, std::string_view value) {
    auto compact = parse_ice_servers(value);
    if (!compact) return false;
    to.ice_servers_json = std::move(*compact);
    return true;
}

bool assign_turn_secrets(config& to, std::string_view value) {
    if (!are_turn_secrets(value)) return false;
    to.turn_secrets = value == "none" ? "" : value;
    return true;
}

/// Long enough that nobody finds it by trying.
bool assign_turn_rest_key(config& to, std::string_view value) {
    constexpr std::size_t least_characters = 16;
    const bool one = are_turn_secrets(value) && value.find(',') == value_end;
    if (value != "none" && (!one || value.size() < least_characters)) return false;
    to.turn_rest_key = value == "none" ? "" : value;
    return true;
}

std::string show_ice_servers(const config& from) {
    std::string shown;
    for (const char c : from.ice_servers_json) {
        if (c == '#') {
            shown += "\\u0023";  // a plain one would begin a comment in the configuration file
        } else {
            shown += c;
        }
    }
    return shown;
}

void add_ice(std::vector<option>& table) {
    constexpr std::string_view group = "ICE servers and TURN";
    table.push_back({group, "ice-servers",
                     "what clients are told: urls such as stun:stun.example.org:3478, or a JSON array of RTCIceServer; "
                     "may be repeated",
                     "LIST", "",
                     "urls (stun:, stuns:, turn: or turns:) with commas between, or a JSON array of RTCIceServer "
                     "dictionaries with such urls",
                     assign_ice_servers, show_ice_servers, /*repeatable=*/true, /*secret=*/true});
    table.push_back({group, "turn-secret",
                     "shared with the TURN servers (coturn's static-auth-secret), signs credentials for those without "
                     "one; may be repeated: the first signs",
                     "LIST", "", "none, or secrets of 1 to 256 printable ASCII characters without '#', ',' and space",
                     assign_turn_secrets,
                     [](const config& from) { return from.turn_secrets.empty() ? "none" : from.turn_secrets; },
                     /*repeatable=*/true, /*secret=*/true});
    table.push_back(duration(
        {group, "turn-ttl", "how long such credentials are good for; fresh ones are sent at 80 % of it"}, 1s, 720h,
        [](auto& c) -> auto& { return c.turn_ttl; }));
    table.push_back({group, "turn-rest-key", "with it, application servers get credentials by GET /turn?service=turn",
                     "TEXT", "", "none, or 16 to 256 printable ASCII characters without '#', ',' and space",
                     assign_turn_rest_key,
                     [](const config& from) { return from.turn_rest_key.empty() ? "none" : from.turn_rest_key; },
                     /*repeatable=*/false, /*secret=*/true});
}

bool assign_store(config& to, std::string_view value) {
    std::string problem;
    // '#' begins a comment in the configuration file; in a password it is written %23.
    const bool is_plain = value.find_first_of("# \t\r\n") == std::string_view::npos;
    if (value != "memory" && (!is_plain || !store::redis_address::parse(value, problem))) return false;
    to.store = value;
    return true;
}

void add_store(std::vector<option>& table) {
    constexpr std::string_view group = "Store";
    table.push_back(
        {group, "store", "where peers and channels live: in memory, or in a Redis that servers share", "URL",
         "memory, redis://[user:password@]host:port/database (several host:port: sentinels; ?master=name), "
         "rediss:// for TLS (?ca=/path) or unix:/path",
         "memory, redis://[user:password@]host[:port][,sentinel…][/database][?master=name], rediss:// (?ca=/path) with "
         "a Redis client that has TLS, or unix:/path[?database=n]",
         assign_store, [](const config& from) { return from.store; }, /*repeatable=*/false, /*secret=*/true});
    table.push_back(duration(
        {group, "store-timeout", "for an answer of the store; then a command gets 400"}, 50ms, 1min,
        [](auto& c) -> auto& { return c.store_timeout; }));
}

bool assign_auth_keys(config& to, std::string_view value) {
    if (value != "none" && !auth::key_ring::is_well_formed(value)) return false;
    to.auth_keys = value == "none" ? "" : value;
    return true;
}

/// What a token must say, as text; `nothing` is kept as "".
template <class Field>
option expectation(row text, std::string_view nothing, Field field) {
    const auto assign = [=](config& to, std::string_view value) {
        constexpr std::size_t most_bytes = 256;
        const bool plain = std::ranges::all_of(value, [](char c) { return c > ' ' && c <= '~' && c != '#'; });
        if (value.empty() || value.size() > most_bytes || !plain) return false;
        field(to) = value == nothing ? "" : value;
        return true;
    };
    const auto show = [=](const config& from) { return field(from).empty() ? std::string(nothing) : field(from); };
    const auto expected = std::string(nothing) + ", or 1 to 256 printable ASCII characters without '#' and space";
    return {text.group, text.name, text.help, "TEXT", "", expected, assign, show};
}

void add_access(std::vector<option>& table) {
    constexpr std::string_view group = "Access tokens";
    table.push_back(choice(
        {group, "auth", "what /descp asks for: nothing, or a JSON Web Token"}, {"none", "jwt"},
        [](auto& c) -> auto& { return c.auth; }));
    table.push_back(
        {group, "auth-key",
         "who may sign them: [KID=]ALG:file:PATH or [KID=]ALG:inline:KEY, ALG being HS256, RS256, ES256 or "
         "EdDSA, or jwks:file:PATH; may be repeated",
         "LIST", "",
         "none, or [KID=]ALG:file:PATH, [KID=]ALG:inline:KEY (HS256, RS256, ES256, EdDSA) or jwks:file:PATH, "
         "with commas between",
         assign_auth_keys, [](const config& from) { return from.auth_keys.empty() ? "none" : from.auth_keys; },
         /*repeatable=*/true, /*secret=*/true});
    table.push_back(expectation(
        {group, "auth-issuer", "the iss that they must have"}, "any", [](auto& c) -> auto& { return c.auth_issuer; }));
    table.push_back(expectation(
        {group, "auth-audience", "the aud that must be among theirs; none: they have none"}, "none",
        [](auto& c) -> auto& { return c.auth_audience; }));
    table.push_back(duration(
        {group, "auth-leeway", "by how much clocks may differ"}, 0ms, 10min,
        [](auto& c) -> auto& { return c.auth_leeway; }));
    table.push_back(size(
        {group, "max-access-token", "an access token"}, kibibyte, 64 * kibibyte,
        [](auto& c) -> auto& { return c.limits.access_token; }));
}

/// Each with a port of its own, or a unix socket.
bool assign_admin_address(config& to, std::string_view value) {
    if (value == "none") {
        to.admin_address.clear();
        return true;
    }
    const auto places = net::parse_listen_addresses(value);
    const auto is_whole = [](const net::listen_address& one) { return !one.is_plain && (one.is_unix || one.port); };
    if (!places || !std::ranges::all_of(*places, is_whole)) return false;
    to.admin_address = value;
    return true;
}

void add_administration(std::vector<option>& table) {
    constexpr std::string_view group = "Administration";
    table.push_back({group, "admin-address",
                     "where metrics and administration are, by plain HTTP: IP:PORT, [IPv6]:PORT or unix:/PATH; then "
                     "metrics are only there",
                     "LIST", "", "none, or IP:PORT, [IPv6]:PORT or unix:/path, with commas between",
                     assign_admin_address,
                     [](const config& from) { return from.admin_address.empty() ? "none" : from.admin_address; }});
    table.push_back(
        {group, "admin-token-file",
         "its first line is what administration by --admin-address asks for; none: there is none", "PATH", "",
         "none, or the path of a file",
         [](config& to, std::string_view value) { return assign_path(to.admin_token_file, value); },
         [](const config& from) { return from.admin_token_file.empty() ? "none" : from.admin_token_file; }});
}

void add_logging(std::vector<option>& table) {
    constexpr std::string_view group = "Logging";
    table.push_back(choice(
        {group, "log-level", "least severity that is logged"},
        {"trace", "debug", "info", "warning", "error", "critical", "off"},
        [](auto& c) -> auto& { return c.log.from; }));
    table.push_back(choice(
        {group, "log-format", "key=value, or a JSON object, a line"}, {"text", "json"},
        [](auto& c) -> auto& { return c.log.as; }));
    table.push_back(count(
        {group, "log-rate", "lines of one kind of event a second; the others are counted; 0: no bound"}, 0, 1000000,
        [](auto& c) -> auto& { return c.log.lines_per_second; }));
}

}  // namespace

void add_services(std::vector<option>& table) {
    add_access(table);
    add_ice(table);
    add_store(table);
    add_administration(table);
    add_logging(table);
}

}  // namespace server::rows
