#pragma once

#include "protocol/object_id.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace channel {

/// What a TURN server with a secret in common takes for a while: coturn's `use-auth-secret`, after
/// draft-uberti-behave-turn-rest-00, 2.2.
struct turn_credential {
    std::string
        username;  ///< when it expires (seconds since 1970), and behind a ":" who it is for, unless that is empty
    std::string credential;  ///< base64 of HMAC-SHA1 over the username; 28 characters
};

[[nodiscard]] turn_credential make_turn_credential(std::string_view secret, std::int64_t expiry_seconds,
                                                   std::string_view who);

/// The ICE servers that clients are told of, with credentials made for each client where a TURN server wants them.
/// Constant while the server runs, used by all shards at once.
class ice_servers {
public:
    /// How long static ones are good for: they do not expire, but a client that asks again once a day does no harm.
    static constexpr std::chrono::seconds static_ttl{86400};

    /// None.
    ice_servers() : pieces_{"[]"} {}

    /// `pieces`: a JSON array of RTCIceServer dictionaries, cut where the members `username` and `credential` of a
    /// server belong, which are which bring no commas and braces of their own. `secret` signs; it is not used if
    /// there is one piece only.
    ice_servers(std::vector<std::string> pieces, std::string secret, std::chrono::seconds ttl)
        : pieces_(std::move(pieces)),
          secret_(std::move(secret)),
          ttl_(ttl) {}

    /// The value of `iceServers`. A HMAC, if anything is signed: for `welcome` and `ice`, not for every message.
    [[nodiscard]] std::string json_for(const protocol::peer_id& who, std::int64_t now_ms) const;

    /// Whether what json_for() gives expires.
    [[nodiscard]] bool expire() const { return pieces_.size() > 1; }
    [[nodiscard]] std::chrono::seconds ttl() const { return expire() ? ttl_ : static_ttl; }
    /// When fresh ones are pushed (protocol.md, Events, `ice`).
    [[nodiscard]] std::chrono::milliseconds push_after() const { return std::chrono::milliseconds(ttl_) * 4 / 5; }

private:
    std::vector<std::string> pieces_;
    std::string secret_;
    std::chrono::seconds ttl_ = static_ttl;
};

}  // namespace channel
