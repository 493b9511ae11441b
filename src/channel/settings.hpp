#pragma once

#include "channel/ice_servers.hpp"
#include "protocol/limits.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace channel {

/// Who may use `/broadcast`; `token`: whoever has an access token that says so.
enum class broadcast_policy : std::uint8_t { everyone, token, nobody };

/// What the operator chose that the domain has to know; the same for all shards, constant while the server runs.
struct settings {
    protocol::limits limits;
    std::chrono::milliseconds heartbeat{25000};
    std::chrono::milliseconds retention{60000};
    std::chrono::milliseconds presence_interval{1000};
    std::size_t history_bytes = 1024 * 1024;
    std::size_t channel_log_bytes = 1024 * 1024;  ///< how far a slow member may fall behind before it is told `lost`
    std::size_t queue_bytes = 1024 * 1024;        ///< replies and private messages that may wait for one connection
    std::size_t max_bans = 1000;
    std::size_t max_invitations = 1000;
    std::size_t max_remembered = 1000000;       ///< peers of all shards that are remembered without a connection
    std::uint32_t broadcasts_per_minute = 300;  ///< of one connection; 0: no limit
    broadcast_policy broadcast = broadcast_policy::everyone;
    ice_servers ice;
    std::string server_name = "signaller";
};

}  // namespace channel
