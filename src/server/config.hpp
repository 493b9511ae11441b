#pragma once

#include "auth/verifier.hpp"
#include "channel/settings.hpp"
#include "logging/log.hpp"
#include "net/admission.hpp"
#include "net/client_address.hpp"
#include "net/tls_context.hpp"
#include "protocol/limits.hpp"
#include "web/turn_rest.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace server {

enum class proxy_protocol : std::uint8_t { off, on };

using channel::broadcast_policy;

enum class authentication : std::uint8_t { none, jwt };

/// "1.0.0"
[[nodiscard]] std::string_view version();

/// Everything the operator can choose, with its default. The option that sets a member, its range and its meaning are
/// in the table of option_table.cpp. Constant while the server runs.
struct config {
    std::string address = "127.0.0.1";  ///< one or more, as parse_listen_addresses reads them
    std::uint16_t port = 3012;
    std::size_t threads = 1;
    std::size_t max_connections = 100000;
    net::admission_limits admission;
    std::string allowed_origins;  ///< as origin_list reads them; empty: any
    std::string tls_certificate;  ///< paths of PEM files; both or none
    std::string tls_key;
    std::string path_prefix;
    std::string trusted_proxies;  ///< as network_list reads them
    net::forwarding_header forwarded_by = net::forwarding_header::x_forwarded_for;
    proxy_protocol proxy = proxy_protocol::off;

    std::chrono::milliseconds heartbeat{25000};
    std::chrono::milliseconds handshake_timeout{10000};
    std::chrono::milliseconds describe_timeout{10000};
    std::chrono::milliseconds close_timeout{2000};
    std::chrono::milliseconds shutdown_timeout{5000};
    /// At shutdown each client gets a `retryAfter` between `retry_after` and `retry_after + retry_spread`.
    std::chrono::milliseconds retry_after{1000};
    std::chrono::milliseconds retry_spread{10000};
    std::chrono::milliseconds retention{60000};
    std::chrono::milliseconds presence_interval{1000};

    protocol::limits limits;
    std::size_t header_bytes = 16 * 1024;
    std::size_t history_bytes = 1024 * 1024;
    std::size_t channel_log_bytes = 1024 * 1024;
    std::size_t queue_bytes = 1024 * 1024;
    std::uint32_t broadcasts_per_minute = 300;
    std::size_t bytes_per_second = 8 * 1024 * 1024;
    std::uint64_t max_memory_bytes = 0;  ///< 0: half of what the machine or the container has
    std::size_t max_bans = 1000;
    std::size_t max_invitations = 1000;
    std::size_t max_remembered = 1000000;

    std::string store = "memory";
    std::chrono::milliseconds store_timeout{1000};

    authentication auth = authentication::none;
    std::string auth_keys;  ///< as auth::key_ring::load takes them; empty: none
    std::string auth_issuer;
    std::string auth_audience;
    std::chrono::milliseconds auth_leeway{5000};
    broadcast_policy broadcast = broadcast_policy::everyone;
    std::string ice_servers_json = "[]";  ///< compact, valid
    std::string turn_secrets;             ///< as are_turn_secrets takes them; empty: none
    std::chrono::milliseconds turn_ttl{std::chrono::hours{24}};
    std::string turn_rest_key;     ///< empty: `GET /turn` is not served
    std::string admin_token_file;  ///< empty: no administration
    std::string admin_address;     ///< as parse_listen_addresses reads them; empty: none
    logging::settings log;
    std::string server_name = "signaller/" + std::string{version()};
};

/// The part that the domain has to know.
[[nodiscard]] channel::settings channel_settings(const config& from);
/// Who judges access tokens; null: nobody needs one. Reads the key files: not for the hot path. Throws
/// std::runtime_error with one line, which never holds a secret, if a key is no good.
[[nodiscard]] std::shared_ptr<const auth::verifier> access_verifier(const config& from);
/// Of the TCP addresses; null: they are plain. Reads the files, and throws, as access_verifier does.
[[nodiscard]] std::shared_ptr<const net::tls_context> certificate(const config& from);
/// What administration asks for: the first line of its file; empty: no file is named. Throws as access_verifier does.
[[nodiscard]] std::string admin_token(const config& from);
/// What `GET /turn` has to know.
[[nodiscard]] web::turn_rest turn_rest_settings(const config& from);

/// The program has nothing more to do than to say `text` (which ends in a newline) and to exit.
struct exit_request {
    int code = 0;
    std::string text;
    bool to_stderr = false;
};

/// Command line over environment (`SIGNALLER_…`) over the file that `--config` names. What is wrong is one line, and
/// code 2. `environment` is like `environ`: "NAME=value" strings up to a null pointer.
[[nodiscard]] std::variant<config, exit_request> parse_config(int argc, const char* const* argv,
                                                              const char* const* environment);

/// All options in the format of the configuration file, so that it can be used as one.
[[nodiscard]] std::string print_config(const config& from);

/// What `--help` says: every option in its group, with its range and its default.
[[nodiscard]] std::string help_text();

}  // namespace server
