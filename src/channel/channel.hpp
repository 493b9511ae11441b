#pragma once

#include "channel/accounted_bytes.hpp"
#include "channel/change.hpp"
#include "channel/channel_log.hpp"
#include "channel/channel_state.hpp"
#include "channel/message_history.hpp"
#include "channel/secret.hpp"
#include "channel/timer_wheel.hpp"
#include "protocol/event.hpp"
#include "protocol/numeric.hpp"
#include "protocol/object_id.hpp"

#include <cstdint>
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

template <class T>
using result = std::variant<T, protocol::failure>;

/// The rules of one channel (protocol.md, Channels): members, operators, bans, invitations, `seq`. Lives on the shard
/// its id hashes to and is touched by that thread only, so its commands are serial. Every change is checked in the
/// protocol's order, does everything or nothing, and appends what the members see to the log. The same changes in the
/// same order, with the same times, give the same channel: so several servers can each have it.
class channel final : private timer_node {
public:
    channel(shard& home, protocol::channel_id id);
    ~channel();

    [[nodiscard]] const protocol::channel_id& id() const { return id_; }

    /// Carries a change out. `time_ms` is when it was made, never earlier than that of the change before.
    outcome apply(const change& c, std::int64_t time_ms);

    /// What apply() would refuse it for, without doing it; for kinds other than announce.
    [[nodiscard]] refusal check(const change& c, std::int64_t time_ms) const;

    /// The same as a change of kind publish, without making one.
    [[nodiscard]] outcome publish(const actor& from, std::string_view content, std::int64_t time_ms);

    /// What was said after message `from` up to message `to`, as frames, for `listener`, a member whom nobody looked
    /// after since `unattended_ms` (0: somebody did). `lost` stands for what is not kept, and for who came and went
    /// meanwhile.
    [[nodiscard]] std::vector<std::string> said_since(const protocol::peer_id& listener, std::uint64_t from,
                                                      std::uint64_t to, std::int64_t unattended_ms) const;

    [[nodiscard]] channel_state state() const;
    /// Takes the place of whatever was here. Members on this server, who missed what happened in between, are told.
    void restore(const channel_state& from);

    /// Nobody ever joined, or it has ended.
    [[nodiscard]] bool exists() const { return created_at_ms_ != 0; }
    /// For who only looks: with a store it is not taken away when its retention time is over, but when it is next used.
    [[nodiscard]] bool exists_at(std::int64_t time_ms) const { return exists() && !is_over(time_ms); }

    /// What a member is told of the channel.
    [[nodiscard]] protocol::event::joined_fields joined_for(const protocol::peer_id& who, bool created) const;

    [[nodiscard]] bool has_member(const protocol::peer_id& who) const { return members_.contains(who); }
    /// Whether members are connected to this server.
    [[nodiscard]] bool has_members_here() const { return members_here_ > 0; }
    /// Those of a server, in the order in which they came.
    [[nodiscard]] std::vector<protocol::peer_id> members_of(node_id node) const;
    [[nodiscard]] bool is_operator(const protocol::peer_id& who) const { return operators_.contains(who); }
    [[nodiscard]] const message_history& history() const { return history_; }
    void shrink_history_to(std::size_t bytes) { history_.shrink_to(bytes); }

    struct ban_record {
        protocol::peer_id by;
        std::string by_name;
        std::int64_t time_ms = 0;
        std::optional<std::string> reason;

        [[nodiscard]] std::size_t text_bytes() const { return by_name.size() + (reason ? reason->size() : 0); }
    };
    [[nodiscard]] const std::map<protocol::peer_id, ban_record>& bans() const { return bans_; }
    [[nodiscard]] refusal check_operator(const protocol::peer_id& who, std::string_view channel_written) const;

    // --- what members learn of each other

    [[nodiscard]] std::vector<protocol::event::peers_entry> page_of_members(std::optional<protocol::peer_id> after,
                                                                            std::size_t limit) const;
    [[nodiscard]] std::size_t member_count() const { return members_.size(); }
    [[nodiscard]] bool is_protected() const { return key_.has_value(); }
    [[nodiscard]] std::vector<protocol::peer_id> operator_ids() const { return {operators_.begin(), operators_.end()}; }
    [[nodiscard]] protocol::event::whois_channel_fields describe(std::span<const protocol::peer_id> operators) const;

    /// The peers whose ids must not go to somebody else: owner, operators, invited ones.
    [[nodiscard]] std::vector<protocol::peer_id> named() const;

    /// Sends what has been said since the last time to the other shards with members.
    void feed_replicas();

private:
    struct member {
        std::string name;
        bool away = false;
        node_id node = 0;
        std::uint64_t tenure = 0;
        const protocol::peer_id* id = nullptr;
        member* older = nullptr;  ///< in the order of joining, for succession
        member* newer = nullptr;
    };
    struct replica {
        std::size_t shard_index = 0;
        std::size_t members = 0;
        std::uint64_t fed = 0;  ///< ordinal of the first entry that it has not got
    };

    // --- whether a change may be made; in the protocol's order
    [[nodiscard]] refusal check_join(const change& c, std::int64_t time_ms) const;
    [[nodiscard]] refusal check_member(const protocol::peer_id& who, std::string_view channel_written) const;
    /// And says it by the server that has it now.
    [[nodiscard]] refusal check_looked_after(const change& c) const;
    [[nodiscard]] refusal check_rights_over(const change& c) const;
    [[nodiscard]] refusal check_is_member(const target& whom) const;
    [[nodiscard]] refusal check_ban(const change& c) const;
    [[nodiscard]] refusal check_op(const change& c) const;
    [[nodiscard]] refusal check_deop(const change& c) const;
    [[nodiscard]] refusal check_invite(const change& c) const;

    // --- changes, once they may be made
    void join(const change& c, outcome& done);
    void attach(const change& c, outcome& done);
    void say(const actor& from, std::string_view content, std::int64_t time_ms, outcome& done);
    void move_to_node(const actor& to);
    void part(const protocol::peer_id& who, std::optional<std::string_view> reason);
    void lose(const change& c);
    void bury(const change& c);
    void kick(const change& c);
    void ban(const change& c, outcome& done);
    void unban(const change& c);
    void op(const change& c);
    void deop(const change& c, outcome& done);
    void invite(const change& c, outcome& done);
    void announce(const change& c, outcome& done);

    [[nodiscard]] bool is_over(std::int64_t time_ms) const;
    void account();
    void begin_anew();
    void tell_of_gap(const std::vector<protocol::peer_id>& ours, std::uint64_t seen);
    [[nodiscard]] bool may_return(const protocol::peer_id& who, std::int64_t time_ms) const;
    void remember_departure(const protocol::peer_id& who);
    void add_member(const actor& who);
    void remove_member(const protocol::peer_id& who);
    void make_operator(const protocol::peer_id& who);
    void drop_operator(const protocol::peer_id& who);
    void drop_invitation(const protocol::peer_id& who);
    /// Sees to it that somebody is operator; all are told but `except`. Returns what they were told, empty: nothing.
    std::string succeed(const protocol::peer_id* stepped_down, const protocol::peer_id& except);
    void pin(const protocol::peer_id& who);
    void unpin(const protocol::peer_id& who);

    void append(std::string_view event, std::span<const protocol::peer_id> except, std::uint64_t seq = 0);
    [[nodiscard]] bool crowded() const;
    void note_presence();
    void touched();
    void add_replica_member(const protocol::peer_id& who, node_id node);
    void remove_replica_member(const protocol::peer_id& who, node_id node);
    void feed(replica& to);
    void expired(steady_time now) override;

    shard& home_;
    protocol::channel_id id_;
    audience& audience_;
    protocol::peer_id owner_{};
    std::int64_t time_ms_;            ///< of the change under way
    std::int64_t created_at_ms_ = 0;  ///< 0: the channel does not exist. Its owner may have any id, that of zeros too.
    std::int64_t updated_at_ms_ = 0;
    std::int64_t emptied_at_ms_ = 0;
    std::optional<token_hash> key_;
    std::map<protocol::peer_id, member> members_;
    member* oldest_ = nullptr;
    member* newest_ = nullptr;
    std::size_t operators_present_ = 0;
    std::size_t members_here_ = 0;
    std::set<protocol::peer_id> operators_;
    std::map<protocol::peer_id, ban_record> bans_;
    // No deques, which take half a kilobyte each when they are empty.
    std::vector<protocol::peer_id> invitations_;
    std::vector<channel_state::departure> departures_;  ///< only where a store needs to know
    message_history history_;
    std::uint64_t text_bytes_ = 0;  ///< of members' names and of bans
    accounted_bytes held_;
    std::uint64_t seq_ = 0;
    std::vector<replica> replicas_;
    bool feed_queued_ = false;
    bool presence_due_ = false;
    steady_time last_presence_{};
};

}  // namespace channel
