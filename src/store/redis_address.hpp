#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace store {

/// Where Redis is, as `--store` says it:
///
///     redis://[user:password@]host[:port][/database]
///     redis://[user:password@]sentinel:port,sentinel:port,…[/database][?master=name]
///     unix:/path/to/socket[?database=n]
///
/// Several addresses are sentinels, which know where the master is (its name is `mymaster` if not given). `rediss://`
/// is TLS with all of them, where has_redis_tls(); `ca=path` behind the `?` names a PEM file of authorities instead of
/// the system's. What is behind the `?` is separated by `&`.
struct redis_address {
    struct endpoint {
        std::string host;  ///< a path if `port` is 0
        std::uint16_t port = 6379;
    };

    std::vector<endpoint> endpoints;
    std::string user;
    std::string password;
    unsigned database = 0;
    std::string master = "mymaster";
    bool tls = false;
    std::string authorities;  ///< a PEM file; empty: the system's

    [[nodiscard]] bool has_sentinels() const { return endpoints.size() > 1; }

    /// Without the password, for logs and `--print-config`'s reader.
    [[nodiscard]] std::string shown() const;

    /// Nothing if it is malformed; `problem` says in a few words what was expected.
    [[nodiscard]] static std::optional<redis_address> parse(std::string_view text, std::string& problem);
};

}  // namespace store
