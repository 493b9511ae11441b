#include "server/option_table.hpp"

#include "auth/key_ring.hpp"
#include "net/listen_address.hpp"
#include "net/origin_list.hpp"
#include "server/ice_servers.hpp"
#include "server/quantity.hpp"
#include "store/redis_address.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace server {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::uint64_t kibibyte = 1024;
constexpr std::uint64_t mebibyte = 1024 * kibibyte;
constexpr std::uint64_t gibibyte = 1024 * mebibyte;

constexpr auto value_end = std::string_view::npos;

struct row {
    std::string_view group;
    std::string_view name;
    std::string_view help;
};

/// `field` gives the member of a config that the option sets, as a reference.
template <class Field>
option duration(row text, milliseconds least, milliseconds most, Field field) {
    const auto range = format_duration(least) + " to " + format_duration(most);
    const auto expected = "a duration from " + range + ", in seconds or with ms, s, m or h";
    const auto assign = [=](config& to, std::string_view value) {
        const auto parsed = parse_duration(value);
        if (!parsed || *parsed < least || *parsed > most) return false;
        field(to) = *parsed;
        return true;
    };
    const auto show = [=](const config& from) { return format_duration(field(from)); };
    return {text.group, text.name, text.help, "TIME", range, expected, assign, show};
}

template <class Number, class Field>
bool assign_number(config& to, std::optional<std::uint64_t> parsed, std::uint64_t least, std::uint64_t most,
                   Field field) {
    if (!parsed || *parsed < least || *parsed > most) return false;
    field(to) = static_cast<Number>(*parsed);
    return true;
}

template <class Field>
using number_of = std::remove_cvref_t<decltype(std::declval<Field>()(std::declval<config&>()))>;

template <class Field>
option size(row text, std::uint64_t least, std::uint64_t most, Field field) {
    const auto range = format_size(least) + " to " + format_size(most);
    const auto expected = "a size from " + range + ", in bytes or with KiB, MiB, kB or MB";
    const auto assign = [=](config& to, std::string_view value) {
        return assign_number<number_of<Field>>(to, parse_size(value), least, most, field);
    };
    const auto show = [=](const config& from) { return format_size(field(from)); };
    return {text.group, text.name, text.help, "SIZE", range, expected, assign, show};
}

template <class Field>
option count(row text, std::uint64_t least, std::uint64_t most, Field field) {
    const auto range = std::to_string(least) + " to " + std::to_string(most);
    const auto assign = [=](config& to, std::string_view value) {
        return assign_number<number_of<Field>>(to, parse_count(value), least, most, field);
    };
    const auto show = [=](const config& from) { return std::to_string(field(from)); };
    return {text.group, text.name, text.help, "N", range, "a number from " + range, assign, show};
}

/// One of `names`, which stand in the order of the enumerators.
template <class Field>
option choice(row text, std::vector<std::string_view> names, Field field) {
    std::string range;
    for (const auto name : names) range.append(range.empty() ? "" : ", ").append(name);
    using enumeration = number_of<Field>;
    const auto assign = [=](config& to, std::string_view value) {
        const auto found = std::ranges::find(names, value);
        if (found == names.end()) return false;
        field(to) = static_cast<enumeration>(found - names.begin());
        return true;
    };
    const auto show = [=](const config& from) { return std::string{names[static_cast<std::size_t>(field(from))]}; };
    return {text.group, text.name, text.help, "WORD", range, "one of " + range, assign, show};
}

bool assign_address(config& to, std::string_view value) {
    if (!net::parse_listen_addresses(value)) return false;
    to.address = value;
    return true;
}

bool assign_trusted_proxies(config& to, std::string_view value) {
    if (value.empty() || (value != "none" && !net::network_list::parse(value))) return false;
    to.trusted_proxies = value == "none" ? "" : value;
    return true;
}

bool assign_allowed_origins(config& to, std::string_view value) {
    if (value.empty() || (value != "any" && !net::origin_list::parse(value))) return false;
    to.allowed_origins = value == "any" ? "" : value;
    return true;
}

/// Kept without the slash at the end; "/" is none.
bool assign_path_prefix(config& to, std::string_view value) {
    constexpr std::size_t most_bytes = 256;
    const auto is_plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("/-._~").find(c) != value_end;
    };
    if (value.empty()) return false;
    while (value.ends_with('/')) value.remove_suffix(1);
    if (value.size() > most_bytes || !std::ranges::all_of(value, is_plain)) return false;
    if (!value.empty() && (value.front() != '/' || value.find("//") != value_end)) return false;
    to.path_prefix = value;
    return true;
}

/// A file's name, as the configuration file can hold it; "none" for none.
bool assign_path(std::string& to, std::string_view value) {
    constexpr std::size_t most_bytes = 4096;
    const auto is_plain = [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7F' && c != '#'; };
    if (value.empty() || value.size() > most_bytes || value.front() == ' ' || value.back() == ' ') return false;
    if (!std::ranges::all_of(value, is_plain)) return false;
    to = value == "none" ? "" : value;
    return true;
}

/// The option of a file that need not be.
template <class Field>
option file(row text, Field field) {
    return {text.group,
            text.name,
            text.help,
            "FILE",
            "",
            "none, or the path of a file, without '#'",
            [=](config& to, std::string_view value) { return assign_path(field(to), value); },
            [=](const config& from) { return field(from).empty() ? std::string("none") : field(from); }};
}

bool assign_server_name(config& to, std::string_view value) {
    constexpr std::size_t most_bytes = 128;
    // '#' begins a comment in the configuration file, which also drops spaces around a value.
    const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '#'; };
    if (value.empty() || value.size() > most_bytes || value.front() == ' ' || value.back() == ' ') return false;
    if (!std::ranges::all_of(value, is_plain)) return false;
    to.server_name = value;
    return true;
}

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

void add_listening(std::vector<option>& table) {
    constexpr std::string_view group = "Listening";
    table.push_back({group, "address",
                     "where to listen: IP, IP:PORT, [IPv6]:PORT or unix:/PATH, several with commas; 0.0.0.0 or :: for "
                     "all interfaces; plain: in front of one: without TLS",
                     "LIST", "",
                     "IP addresses, each with or without a port, or unix:/path, plain: in front or not, with commas "
                     "between",
                     assign_address, [](const config& from) { return from.address; }});
    table.push_back(count(
        {group, "port", "TCP port where the address has none; 0 picks a free one, which is printed"}, 0, 65535,
        [](auto& c) -> auto& { return c.port; }));
    table.push_back(count(
        {group, "threads", "event loops, each on a thread of its own"}, 1, 64,
        [](auto& c) -> auto& { return c.threads; }));
    table.push_back(count(
        {group, "max-connections", "connections at once in all, or as many as its descriptors allow; more get 503"}, 1,
        10000000, [](auto& c) -> auto& { return c.max_connections; }));
    table.push_back(count(
        {group, "max-connections-per-address", "of them from one address (IPv6: one /64); more get 429; 0: no limit"},
        0, 10000000, [](auto& c) -> auto& { return c.admission.connections_per_address; }));
    table.push_back(count(
        {group, "connection-rate", "new connections a second in all; more get 503; 0: no limit"}, 0, 10000000,
        [](auto& c) -> auto& { return c.admission.connections_per_second; }));
    table.push_back(count(
        {group, "connection-rate-per-address", "of them from one address, four times as many at once; 0: no limit"}, 0,
        10000000, [](auto& c) -> auto& { return c.admission.connections_per_second_and_address; }));
    table.push_back(count(
        {group, "max-handshake-failures", "a minute from one address, before it gets 429; 0: no limit"}, 0, 10000000,
        [](auto& c) -> auto& { return c.admission.failures_per_minute_and_address; }));
    table.push_back(count(
        {group, "max-wrong-guesses",
         "tokens and sessions a minute from one address; from a quarter of that on they take longer, then comes 263; "
         "0: no limit"},
        0, 10000, [](auto& c) -> auto& { return c.admission.wrong_guesses_per_minute; }));
    table.push_back(size(
        {group, "max-header", "header of an HTTP request; more gets 431"}, kibibyte, mebibyte,
        [](auto& c) -> auto& { return c.header_bytes; }));
    table.push_back({group, "allowed-origin",
                     "whose pages may connect, such as https://*.example.org; others get 403; may be repeated", "LIST",
                     "", "any, or origins such as https://example.org, https://*.example.org or http://localhost:*",
                     assign_allowed_origins,
                     [](const config& from) { return from.allowed_origins.empty() ? "any" : from.allowed_origins; },
                     /*repeatable=*/true});
    table.push_back({group, "server-name", "what welcome calls the server", "TEXT", "",
                     "1 to 128 printable ASCII characters without '#', no space at either end", assign_server_name,
                     [](const config& from) { return from.server_name; }});
}

void add_tls(std::vector<option>& table) {
    constexpr std::string_view group = "TLS";
    table.push_back(file(
        {group, "tls-certificate",
         "PEM file with the certificate and its chain: wss:// on every address but unix: and plain:; read again at "
         "SIGHUP"},
        [](auto& c) -> auto& { return c.tls_certificate; }));
    table.push_back(file(
        {group, "tls-key", "PEM file with its private key, without a pass phrase"},
        [](auto& c) -> auto& { return c.tls_key; }));
}

void add_proxies(std::vector<option>& table) {
    constexpr std::string_view group = "Behind a proxy";
    table.push_back({group, "path-prefix", "where the proxy shows the server, such as /signalling; the rest is 404",
                     "PATH", "", "a path of letters, digits and -._~/ that begins with /", assign_path_prefix,
                     [](const config& from) { return from.path_prefix.empty() ? "/" : from.path_prefix; }});
    table.push_back({group, "trusted-proxy", "networks whose word for the client's address is taken; unix: the socket",
                     "LIST", "", "none, or networks such as 10.0.0.0/8, 2001:db8::/32 or unix, with commas between",
                     assign_trusted_proxies,
                     [](const config& from) { return from.trusted_proxies.empty() ? "none" : from.trusted_proxies; }});
    table.push_back(choice(
        {group, "forwarded-by", "the header in which trusted proxies name the client"},
        {"x-forwarded-for", "forwarded"}, [](auto& c) -> auto& { return c.forwarded_by; }));
    table.push_back(choice(
        {group, "proxy-protocol", "every connection begins with a PROXY header (v1 or v2), from trusted proxies only"},
        {"off", "on"}, [](auto& c) -> auto& { return c.proxy; }));
}

void add_times(std::vector<option>& table) {
    constexpr std::string_view group = "Times";
    table.push_back(duration(
        {group, "heartbeat", "silence before a ping; after as much again the connection is given up"}, 100ms, 1h,
        [](auto& c) -> auto& { return c.heartbeat; }));
    table.push_back(duration(
        {group, "handshake-timeout", "for a whole HTTP request, or the upgrade"}, 10ms, 10min,
        [](auto& c) -> auto& { return c.handshake_timeout; }));
    table.push_back(duration(
        {group, "describe-timeout", "from the upgrade to the first /descp"}, 10ms, 10min,
        [](auto& c) -> auto& { return c.describe_timeout; }));
    table.push_back(duration(
        {group, "close-timeout", "for the client's side after a close frame"}, 10ms, 10min,
        [](auto& c) -> auto& { return c.close_timeout; }));
    table.push_back(duration(
        {group, "shutdown-timeout", "for all connections to end after SIGTERM or SIGINT"}, 0ms, 10min,
        [](auto& c) -> auto& { return c.shutdown_timeout; }));
    table.push_back(duration(
        {group, "retry-after", "least retryAfter that clients are told at shutdown"}, 0ms, 1h,
        [](auto& c) -> auto& { return c.retry_after; }));
    table.push_back(duration(
        {group, "retry-spread", "how far retryAfter is spread over the clients"}, 0ms, 1h,
        [](auto& c) -> auto& { return c.retry_spread; }));
    table.push_back(duration(
        {group, "retention", "how long ended peers and empty channels are remembered"}, 0ms, 24h,
        [](auto& c) -> auto& { return c.retention; }));
    table.push_back(count(
        {group, "max-remembered", "peers remembered for the retention time"}, 0, 100000000,
        [](auto& c) -> auto& { return c.max_remembered; }));
}

void add_resuming(std::vector<option>& table) {
    constexpr std::string_view group = "Resuming and history";
    table.push_back(duration(
        {group, "resume-window", "how long a resumable session is kept without a connection"}, 0ms, 24h,
        [](auto& c) -> auto& { return c.limits.resume_window; }));
    table.push_back(count(
        {group, "resume-events", "events kept for it"}, 1, 1000000,
        [](auto& c) -> auto& { return c.limits.resume_events; }));
    table.push_back(size(
        {group, "resume-bytes", "bytes of events kept for it"}, kibibyte, gibibyte,
        [](auto& c) -> auto& { return c.limits.resume_bytes; }));
    table.push_back(count(
        {group, "history", "public messages kept for /history per channel; 0: none"}, 0, 1000000,
        [](auto& c) -> auto& { return c.limits.history; }));
    table.push_back(size(
        {group, "history-bytes", "bytes of them per channel"}, 0, gibibyte,
        [](auto& c) -> auto& { return c.history_bytes; }));
}

void add_commands(std::vector<option>& table) {
    constexpr std::string_view group = "What a client may send";
    table.push_back(count(
        {group, "rate", "commands a second from one client; 0: no limit"}, 0, 1000000,
        [](auto& c) -> auto& { return c.limits.rate; }));
    table.push_back(count(
        {group, "burst", "commands at once after a pause"}, 1, 1000000,
        [](auto& c) -> auto& { return c.limits.burst; }));
    table.push_back(count(
        {group, "broadcast-rate", "broadcasts a minute from one client, as many at once; more get 263; 0: no limit"}, 0,
        100000, [](auto& c) -> auto& { return c.broadcasts_per_minute; }));
    table.push_back(size(
        {group, "byte-rate",
         "bytes a second that are read from one client, as many more at once; the rest waits in its socket; 0: no "
         "limit"},
        0, gibibyte, [](auto& c) -> auto& { return c.bytes_per_second; }));
    table.push_back(size(
        {group, "max-message", "a whole message; more closes with 1009"}, kibibyte, 16 * mebibyte,
        [](auto& c) -> auto& { return c.limits.message; }));
    table.push_back(size(
        {group, "max-content", "content of one message"}, 1, 16 * mebibyte,
        [](auto& c) -> auto& { return c.limits.content; }));
    table.push_back(count(
        {group, "max-name", "code points of a peer's name"}, 1, 1024,
        [](auto& c) -> auto& { return c.limits.name_code_points; }));
    table.push_back(size(
        {group, "max-description", "keys of a peer's own in /descp, in all"}, 2, mebibyte,
        [](auto& c) -> auto& { return c.limits.description; }));
    table.push_back(size(
        {group, "max-label", "the label of a command"}, 1, kibibyte, [](auto& c) -> auto& { return c.limits.label; }));
    table.push_back(size(
        {group, "max-token", "a channel's token"}, 1, 64 * kibibyte, [](auto& c) -> auto& { return c.limits.token; }));
    table.push_back(size(
        {group, "max-reason", "a reason or an away message"}, 1, 64 * kibibyte,
        [](auto& c) -> auto& { return c.limits.reason; }));
    table.push_back(choice(
        {group, "broadcast", "who may use /broadcast; token: who has an access token that allows it"},
        {"everyone", "token", "nobody"}, [](auto& c) -> auto& { return c.broadcast; }));
}

void add_channels(std::vector<option>& table) {
    constexpr std::string_view group = "Channels and delivery";
    table.push_back(count(
        {group, "max-channels", "channels one peer may be in"}, 1, 100000,
        [](auto& c) -> auto& { return c.limits.channels; }));
    table.push_back(count(
        {group, "max-members", "members of one channel"}, 1, 10000000,
        [](auto& c) -> auto& { return c.limits.members; }));
    table.push_back(count(
        {group, "max-bans", "bans of one channel"}, 0, 1000000, [](auto& c) -> auto& { return c.max_bans; }));
    table.push_back(count(
        {group, "max-invitations", "open invitations of one channel; more drop the oldest"}, 1, 1000000,
        [](auto& c) -> auto& { return c.max_invitations; }));
    table.push_back(count(
        {group, "page", "members in one peers event"}, 1, 10000, [](auto& c) -> auto& { return c.limits.page; }));
    table.push_back(count(
        {group, "presence-threshold", "members above which single presence events are summed up"}, 1, 10000000,
        [](auto& c) -> auto& { return c.limits.presence_threshold_members; }));
    table.push_back(duration(
        {group, "presence-interval", "least time between two sums"}, 10ms, 1h,
        [](auto& c) -> auto& { return c.presence_interval; }));
    table.push_back(size(
        {group, "channel-log", "how far a slow member may fall behind before it gets lost"}, 4 * kibibyte, gibibyte,
        [](auto& c) -> auto& { return c.channel_log_bytes; }));
    table.push_back(size(
        {group, "queue", "bytes waiting for one slow connection; more closes with 4001"}, 4 * kibibyte, gibibyte,
        [](auto& c) -> auto& { return c.queue_bytes; }));
    table.push_back(size(
        {group, "max-memory",
         "of peers, channels, logs, queues, histories and journals in all; beyond it those that can shrink to a "
         "sixteenth, "
         "and new channels, bans, invitations and connections wait; 0: half of what the machine or the container has"},
        0, 1ULL << 50U, [](auto& c) -> auto& { return c.max_memory_bytes; }));
}

void add_ice(std::vector<option>& table) {
    constexpr std::string_view group = "ICE servers and TURN";
    table.push_back({group, "ice-servers",
                     "what clients are told: urls such as stun:stun.example.org:3478, or a JSON array of RTCIceServer; "
                     "may be repeated",
                     "LIST", "",
                     "urls (stun:, stuns:, turn: or turns:) with commas between, or a JSON array of RTCIceServer "
                     "dictionaries with such urls",
                     assign_ice_servers, show_ice_servers, /*repeatable=*/true});
    table.push_back({group, "turn-secret",
                     "shared with the TURN servers (coturn's static-auth-secret), signs credentials for those without "
                     "one; may be repeated: the first signs",
                     "LIST", "", "none, or secrets of 1 to 256 printable ASCII characters without '#', ',' and space",
                     assign_turn_secrets,
                     [](const config& from) { return from.turn_secrets.empty() ? "none" : from.turn_secrets; },
                     /*repeatable=*/true});
    table.push_back(duration(
        {group, "turn-ttl", "how long such credentials are good for; fresh ones are sent at 80 % of it"}, 1s, 720h,
        [](auto& c) -> auto& { return c.turn_ttl; }));
    table.push_back({group, "turn-rest-key", "with it, application servers get credentials by GET /turn?service=turn",
                     "TEXT", "", "none, or 16 to 256 printable ASCII characters without '#', ',' and space",
                     assign_turn_rest_key,
                     [](const config& from) { return from.turn_rest_key.empty() ? "none" : from.turn_rest_key; }});
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
         assign_store, [](const config& from) { return from.store; }});
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
         /*repeatable=*/true});
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

std::vector<option> make_table() {
    std::vector<option> table;
    add_listening(table);
    add_tls(table);
    add_proxies(table);
    add_times(table);
    add_resuming(table);
    add_commands(table);
    add_channels(table);
    add_access(table);
    add_ice(table);
    add_store(table);
    add_administration(table);
    add_logging(table);
    return table;
}

}  // namespace

const std::vector<option>& option_table() {
    static const auto table = make_table();
    return table;
}

const option* find_option(std::string_view name) {
    const auto& table = option_table();
    const auto found = std::ranges::find(table, name, &option::name);
    return found == table.end() ? nullptr : &*found;
}

std::string environment_name(const option& named) {
    std::string name{"SIGNALLER_"};
    for (const char c : named.name)
        name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

}  // namespace server
