#pragma once

#include "channel/channel_log.hpp"
#include "channel/message_history.hpp"
#include "channel/secret.hpp"
#include "channel/timer_wheel.hpp"
#include "protocol/event.hpp"
#include "protocol/numeric.hpp"
#include "protocol/object_id.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace channel {

class audience;
class shard;

/// Who does something in a channel, as the channel needs to know it.
struct actor {
    protocol::peer_id id;
    std::string name;
    bool away = false;

    [[nodiscard]] protocol::event::peer_ref ref() const { return {id, name}; }
};

/// Empty: done.
using refusal = std::optional<protocol::failure>;

template <class T>
using result = std::variant<T, protocol::failure>;

/// The rules of one channel (protocol.md, Channels): members, operators, bans, invitations, `seq`. Lives on the shard
/// its id hashes to and is touched by that thread only, so its commands are serial. Every function checks in the
/// protocol's order, changes everything or nothing, and appends what the members see to the log.
class channel final : private timer_node {
public:
    channel(shard& home, protocol::channel_id id);
    ~channel();

    [[nodiscard]] const protocol::channel_id& id() const { return id_; }

    // --- membership

    struct join_outcome {
        protocol::event::joined_fields fields;
        log_position position;  ///< where the new member starts to read
        bool already_member = false;
    };
    /// `returning`: takes back a membership with its session, which needs no token.
    [[nodiscard]] result<join_outcome> join(const actor& who, std::string_view token, bool returning);
    [[nodiscard]] refusal part(const protocol::peer_id& who, std::optional<std::string_view> reason);
    /// Leaves without being asked: the connection or the session ended. Harmless if not a member.
    void quit(const protocol::peer_id& who, std::optional<std::string_view> reason);

    /// What a member is told of the channel.
    [[nodiscard]] protocol::event::joined_fields joined_for(const protocol::peer_id& who, bool created) const;

    [[nodiscard]] bool has_member(const protocol::peer_id& who) const { return members_.contains(who); }
    [[nodiscard]] bool is_operator(const protocol::peer_id& who) const { return operators_.contains(who); }

    // --- messages

    struct published {
        std::uint64_t seq = 0;
        std::int64_t time_ms = 0;
    };
    [[nodiscard]] result<published> publish(const protocol::event::peer_ref& from, std::string_view content);
    [[nodiscard]] const message_history& history() const { return history_; }

    // --- operators' commands; `written` parts go into `error.target`

    struct target {
        protocol::peer_id id;
        std::string name;     ///< the id if nobody knows it
        bool online = false;  ///< tells 401 from 441
        std::string_view written;
        std::string_view channel_written;

        [[nodiscard]] protocol::event::peer_ref ref() const { return {id, name}; }
    };
    [[nodiscard]] refusal kick(const actor& by, const target& whom, std::optional<std::string_view> reason);
    [[nodiscard]] refusal ban(const actor& by, const target& whom, std::optional<std::string_view> reason);
    [[nodiscard]] refusal unban(const actor& by, const target& whom);
    [[nodiscard]] refusal op(const actor& by, const target& whom);
    [[nodiscard]] refusal deop(const actor& by, const target& whom);
    [[nodiscard]] refusal invite(const actor& by, const target& whom);

    struct ban_record {
        protocol::peer_id by;
        std::string by_name;
        std::int64_t time_ms = 0;
        std::optional<std::string> reason;
    };
    [[nodiscard]] const std::map<protocol::peer_id, ban_record>& bans() const { return bans_; }
    [[nodiscard]] refusal check_operator(const protocol::peer_id& who, std::string_view channel_written) const;

    // --- what members learn of each other

    /// A member's name, description or away state changed: those members who are not in `told` yet see `event`, and are
    /// added to it (sorted), so that nobody is told once per shared channel.
    void announce_change(const actor& who, std::string_view event, std::vector<protocol::peer_id>& told);

    [[nodiscard]] std::vector<protocol::event::peers_entry> page_of_members(std::optional<protocol::peer_id> after,
                                                                            std::size_t limit) const;
    [[nodiscard]] std::size_t member_count() const { return members_.size(); }
    [[nodiscard]] bool is_protected() const { return key_.has_value(); }
    [[nodiscard]] std::vector<protocol::peer_id> operator_ids() const { return {operators_.begin(), operators_.end()}; }
    [[nodiscard]] protocol::event::whois_channel_fields describe(std::span<const protocol::peer_id> operators) const;

    /// Sends what has been said since the last time to the other shards with members.
    void feed_replicas();

private:
    struct member {
        std::string name;
        bool away = false;
        const protocol::peer_id* id = nullptr;
        member* older = nullptr;  ///< in the order of joining, for succession
        member* newer = nullptr;
    };
    struct replica {
        std::size_t shard_index = 0;
        std::size_t members = 0;
        std::uint64_t fed = 0;  ///< ordinal of the first entry that it has not got
    };

    [[nodiscard]] refusal refuse_join(const protocol::peer_id& who, std::string_view token, bool returning) const;
    [[nodiscard]] refusal check_member(const protocol::peer_id& who, std::string_view channel_written) const;
    [[nodiscard]] refusal check_rights(const actor& by, const target& whom) const;
    [[nodiscard]] refusal check_rights_over(const actor& by, const target& whom) const;
    [[nodiscard]] refusal check_is_member(const target& whom) const;
    void add_member(const actor& who);
    void remove_member(const protocol::peer_id& who);
    void make_operator(const protocol::peer_id& who);
    void drop_operator(const protocol::peer_id& who);
    void drop_invitation(const protocol::peer_id& who);
    /// Sees to it that somebody is operator; `leaver` is not told any more.
    void succeed(const protocol::peer_id* stepped_down, std::optional<protocol::peer_id> leaver);
    /// Tells somebody who was kicked or banned, and takes it out of its shard's audience.
    void expel(const protocol::peer_id& whom, std::string event);
    void pin(const protocol::peer_id& who);
    void unpin(const protocol::peer_id& who);

    void append(std::string_view event, std::span<const protocol::peer_id> except, std::uint64_t seq = 0);
    [[nodiscard]] bool crowded() const;
    void note_presence();
    void touched();
    void add_replica_member(const protocol::peer_id& who);
    void remove_replica_member(const protocol::peer_id& who);
    void feed(replica& to);
    void expired(steady_time now) override;

    shard& home_;
    protocol::channel_id id_;
    audience& audience_;
    protocol::peer_id owner_{};
    std::int64_t created_at_ms_;
    std::int64_t updated_at_ms_;
    std::optional<token_hash> key_;
    std::map<protocol::peer_id, member> members_;
    member* oldest_ = nullptr;
    member* newest_ = nullptr;
    std::size_t operators_present_ = 0;
    std::set<protocol::peer_id> operators_;
    std::map<protocol::peer_id, ban_record> bans_;
    std::deque<protocol::peer_id> invitations_;
    message_history history_;
    std::uint64_t seq_ = 0;
    std::vector<replica> replicas_;
    bool feed_queued_ = false;
    bool presence_due_ = false;
    steady_time last_presence_{};
};

}  // namespace channel
