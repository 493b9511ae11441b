#pragma once

#include "channel/channel_log.hpp"
#include "channel/secret.hpp"
#include "protocol/event.hpp"
#include "protocol/numeric.hpp"
#include "protocol/object_id.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace channel {

/// Names a server process among those that share a store: random, new at each start. 0 where state is in memory.
using node_id = std::uint64_t;

/// Who does something in a channel, as the channel needs to know it.
struct actor {
    protocol::peer_id id;
    std::string name;
    bool away = false;
    node_id node = 0;          ///< where its connection is, or was
    std::uint64_t tenure = 0;  ///< grows each time a server takes the id: late words of an earlier one are refused

    [[nodiscard]] protocol::event::peer_ref ref() const { return {id, name}; }
};

/// Whom an operator's command is about. The `written` parts go into `error.target`.
struct target {
    protocol::peer_id id;
    std::string name;     ///< the id if nobody knows it
    bool online = false;  ///< tells 401 from 441
    std::string written;
    std::string channel_written;

    [[nodiscard]] protocol::event::peer_ref ref() const { return {id, name}; }
};

/// One command about a channel as a value, with everything that its rules need: it can be carried out wherever the
/// channel is known, with the same result, and it can be written down (protocol.md, Channels).
struct change {
    enum class kind : std::uint8_t {
        join,    ///< `by` comes in; `key` is the hash of the token it gave; `returning`: takes its place back
        attach,  ///< `by`, a member, is now on another node
        part,    ///< `by` leaves, with `text` as reason
        lose,    ///< the connection of `by` is lost: like part, but it may take its place back
        kick,    ///< `by` removes `whom`, with `text` as reason
        ban,     ///< and keeps it out
        unban,
        op,
        deop,
        invite,
        publish,   ///< `by` says `text` to all others
        announce,  ///< `by` has another name or away state: `text` is the event, for those not in `told` (sorted)
        bury,      ///< all members of the node `by.node` left at `time_ms`: it is dead
    };

    kind what = kind::join;
    actor by;
    target whom;
    std::optional<std::string> text;
    std::optional<token_hash> key;
    std::vector<protocol::peer_id> told;
    std::int64_t time_ms = 0;
    bool returning = false;
    bool only_existing = false;  ///< join: makes no new channel
    bool as_operator = false;    ///< join: `by` becomes an operator, by right of its access token
    bool by_server = false;      ///< publish, kick, ban, unban: its administrator does it, who needs no rights there
};

/// Empty: done.
using refusal = std::optional<protocol::failure>;

/// What a change came to.
struct outcome {
    refusal refused;
    protocol::event::joined_fields joined;  ///< join, attach
    log_position position;                  ///< join, attach: where the member starts to read
    bool already_member = false;            ///< join
    std::uint64_t seq = 0;                  ///< publish
    std::int64_t time_ms = 0;               ///< publish
    std::vector<protocol::peer_id> told;    ///< announce: who knows now
    std::string notice;                     ///< an event for `whom`, who is no member
    std::string succession;                 ///< deop of oneself: an event for `by`, which comes after the reply
};

}  // namespace channel
