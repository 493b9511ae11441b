#pragma once

#include <optional>
#include <string>

struct redisContext;

namespace store {

/// Whether hiredis was built with TLS (`rediss://`): that of Debian 12 is not.
[[nodiscard]] bool has_redis_tls();

/// Begins TLS on a connection that is being made; the handshake goes on by itself. The server's certificate has to be
/// for `name`, a host's name or address, by an authority of `authorities` (a PEM file) or, if that is empty, of the
/// system's. Returns what went wrong, nothing if all is well; a certificate that is no good is logged, and is a
/// break later.
[[nodiscard]] std::optional<std::string> begin_redis_tls(redisContext& on, const std::string& name,
                                                         const std::string& authorities);

}  // namespace store
