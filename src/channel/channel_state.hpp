#pragma once

#include "channel/change.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace channel {

/// Everything that a channel is, between two changes: what is kept of it elsewhere, and made into it again.
struct channel_state {
    struct member {
        protocol::peer_id id;
        std::string name;
        bool away = false;
        node_id node = 0;
        std::uint64_t tenure = 0;
    };
    struct ban {
        protocol::peer_id id;
        protocol::peer_id by;
        std::string by_name;
        std::int64_t time_ms = 0;
        std::optional<std::string> reason;
    };
    struct departure {
        protocol::peer_id id;
        std::int64_t time_ms = 0;
    };
    struct message {
        std::uint64_t seq = 0;
        std::string event;  ///< the whole `pubmsg`
    };

    protocol::peer_id owner{};
    std::int64_t created_at_ms = 0;  ///< 0: the channel does not exist
    std::int64_t updated_at_ms = 0;
    std::int64_t emptied_at_ms = 0;  ///< when the last member left
    std::uint64_t seq = 0;
    std::optional<token_hash> key;
    std::vector<member> members;  ///< in the order in which they came
    std::vector<protocol::peer_id> operators;
    std::vector<ban> bans;
    std::vector<protocol::peer_id> invitations;  ///< oldest first
    std::vector<departure> departures;           ///< who lost its connection and may take its place back
    std::vector<message> history;                ///< oldest first
};

}  // namespace channel
