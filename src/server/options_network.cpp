#include "net/client_address.hpp"
#include "net/listen_address.hpp"
#include "net/origin_list.hpp"
#include "server/option_rows.hpp"

#include <cctype>

namespace server::rows {

namespace {

constexpr auto value_end = std::string_view::npos;

/// As a list it would be empty, which stands for any origin, or for no proxy.
bool is_blank(std::string_view value) { return value.find_first_not_of(" \t") == value_end; }

bool assign_address(config& to, std::string_view value) {
    if (!net::parse_listen_addresses(value)) return false;
    to.address = value;
    return true;
}

bool assign_trusted_proxies(config& to, std::string_view value) {
    if (is_blank(value) || (value != "none" && !net::network_list::parse(value))) return false;
    to.trusted_proxies = value == "none" ? "" : value;
    return true;
}

bool assign_allowed_origins(config& to, std::string_view value) {
    if (is_blank(value) || (value != "any" && !net::origin_list::parse(value))) return false;
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

bool assign_server_name(config& to, std::string_view value) {
    constexpr std::size_t most_bytes = 128;
    // '#' begins a comment in the configuration file, which also drops spaces around a value.
    const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '#'; };
    if (value.empty() || value.size() > most_bytes || value.front() == ' ' || value.back() == ' ') return false;
    if (!std::ranges::all_of(value, is_plain)) return false;
    to.server_name = value;
    return true;
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

}  // namespace

void add_network(std::vector<option>& table) {
    add_listening(table);
    add_tls(table);
    add_proxies(table);
}

}  // namespace server::rows
