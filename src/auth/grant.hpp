#pragma once

#include "protocol/object_id.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace auth {

/// What somebody may do in a channel, as bits.
using rights = std::uint8_t;

enum right : rights {
    join = 1,    ///< come in, where the channel lets it
    send = 2,    ///< /pubmsg
    create = 4,  ///< /join where there is no channel
    op = 8,      ///< is an operator from the moment it comes in
};

/// What an access token says of its bearer, after everything was checked. A plain value.
struct grant {
    using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

    protocol::peer_id id;
    std::optional<std::string> name;  ///< given: the peer's name, whatever it calls itself
    wall_time expires{};
    std::unordered_map<protocol::channel_id, rights, protocol::object_id_hash> channels;
    rights elsewhere = join | send | create;  ///< in channels that are not listed
    bool broadcast = false;
    bool admin = false;  ///< all rights everywhere

    [[nodiscard]] bool allows(const protocol::channel_id& in, right wanted) const {
        if (admin) return true;
        const auto listed = channels.find(in);
        return ((listed == channels.end() ? elsewhere : listed->second) & wanted) != 0;
    }
};

}  // namespace auth
