#include "channel/channel.hpp"

#include "channel/audience.hpp"
#include "channel/shard.hpp"
#include "protocol/text_frame.hpp"

#include <algorithm>
#include <array>

namespace channel {

using protocol::failure;
using protocol::numeric;
using protocol::peer_id;

namespace {

/// What a node of a tree costs beside what is in it.
constexpr std::size_t tree_node_bytes = 48;

}  // namespace

channel::channel(shard& home, protocol::channel_id id)
    : home_(home),
      id_(id),
      audience_(home.find_or_add_audience(id, {})),
      time_ms_(shard::now_ms()),
      history_(home.config().limits.history, home.config().history_bytes, &home.count.history_bytes),
      held_(&home.count.state_bytes) {
    account();
}

channel::~channel() { home_.forget_channel(*this); }

// --- changes

outcome channel::apply(const change& c, std::int64_t time_ms) {
    time_ms_ = time_ms;
    if (is_over(time_ms)) begin_anew();
    outcome done;
    done.refused = check(c, time_ms);
    if (done.refused) return done;
    switch (c.what) {
        case change::kind::join: join(c, done); break;
        case change::kind::attach: attach(c, done); break;
        case change::kind::part: part(c.by.id, c.text); break;
        case change::kind::lose: lose(c); break;
        case change::kind::kick: kick(c); break;
        case change::kind::ban: ban(c, done); break;
        case change::kind::unban: unban(c); break;
        case change::kind::op: op(c); break;
        case change::kind::deop: deop(c, done); break;
        case change::kind::invite: invite(c, done); break;
        case change::kind::publish: say(c.by, *c.text, time_ms, done); break;
        case change::kind::announce: announce(c, done); break;
        case change::kind::bury: bury(c); break;
    }
    account();
    return done;
}

refusal channel::check(const change& c, std::int64_t time_ms) const {
    if (c.what == change::kind::join) return check_join(c, time_ms);
    if (!exists() || is_over(time_ms))
        return failure(numeric::no_such_channel, "no such channel", c.whom.channel_written);
    switch (c.what) {
        case change::kind::attach:
        case change::kind::part: return check_looked_after(c);
        case change::kind::publish: return c.by_server ? std::nullopt : check_member(c.by.id, c.whom.channel_written);
        case change::kind::kick:
            if (auto refused = check_rights_over(c)) return refused;
            return check_is_member(c.whom);
        case change::kind::ban: return check_ban(c);
        case change::kind::unban: return c.by_server ? std::nullopt : check_operator(c.by.id, c.whom.channel_written);
        case change::kind::op: return check_op(c);
        case change::kind::deop: return check_deop(c);
        case change::kind::invite: return check_invite(c);
        // Whoever was kicked meanwhile is gone already.
        case change::kind::join:
        case change::kind::lose:
        case change::kind::announce:
        case change::kind::bury: return std::nullopt;
    }
    return std::nullopt;
}

bool channel::is_over(std::int64_t time_ms) const {
    return exists() && members_.empty() && time_ms >= emptied_at_ms_ + home_.config().retention.count();
}

void channel::account() {
    constexpr std::size_t empty_bytes = sizeof(channel) + sizeof(audience) + sizeof(channel_log) + 3 * tree_node_bytes;
    constexpr std::size_t member_bytes = sizeof(decltype(members_)::value_type) + tree_node_bytes;
    constexpr std::size_t operator_bytes = sizeof(peer_id) + tree_node_bytes;
    constexpr std::size_t ban_bytes = sizeof(decltype(bans_)::value_type) + tree_node_bytes;
    held_.set(empty_bytes + text_bytes_ + members_.size() * member_bytes + operators_.size() * operator_bytes +
              bans_.size() * ban_bytes + invitations_.size() * sizeof(peer_id) +
              departures_.size() * sizeof(channel_state::departure));
}

void channel::begin_anew() {
    for (const auto& who : operators_) unpin(who);
    for (const auto& who : invitations_) unpin(who);
    unpin(owner_);
    owner_ = {};
    created_at_ms_ = updated_at_ms_ = 0;
    emptied_at_ms_ = 0;
    seq_ = 0;
    audience_.count_from(0);
    key_.reset();
    operators_.clear();
    for (const auto& [id, ban] : bans_) text_bytes_ -= ban.text_bytes();
    bans_.clear();
    invitations_.clear();
    departures_.clear();
    history_ = message_history(home_.config().limits.history, home_.config().history_bytes, &home_.count.history_bytes);
}

void channel::touched() { updated_at_ms_ = std::max(updated_at_ms_, time_ms_); }

// --- messages

outcome channel::publish(const actor& from, std::string_view content, std::int64_t time_ms) {
    outcome done;
    if (!members_.contains(from.id)) {
        done.refused = failure(numeric::not_on_channel, "you are not in that channel: /join it first", "#" + id_.hex());
        return done;
    }
    say(from, content, time_ms, done);
    return done;
}

void channel::say(const actor& from, std::string_view content, std::int64_t time_ms, outcome& done) {
    done.seq = ++seq_;
    done.time_ms = time_ms;
    thread_local std::string event;
    event.clear();
    protocol::event::pubmsg(event, id_, from.ref(), content, time_ms, done.seq);
    append(event, std::array{from.id}, done.seq);
    history_.add(done.seq, event);
}

void channel::append(std::string_view event, std::span<const peer_id> except, std::uint64_t seq) {
    thread_local std::string frame;
    frame.clear();
    protocol::append_text_frame(frame, event);
    // Not only at the end of the turn if much is said in it: to make room for this, what is not fed yet may be trimmed.
    if (audience_.log().bytes() + frame.size() > home_.config().channel_log_bytes) feed_replicas();
    audience_.append(frame, seq, except);
    if (replicas_.empty() || feed_queued_) return;
    feed_queued_ = true;
    home_.feed_at_end_of_turn(*this);
}

// --- other shards

void channel::add_replica_member(const peer_id& who, node_id node) {
    if (node != home_.all().node) return;
    ++members_here_;
    const auto index = home_.all().home_of(who).index();
    if (index == home_.index()) return;
    const auto at =
        std::find_if(replicas_.begin(), replicas_.end(), [&](const replica& r) { return r.shard_index == index; });
    if (at == replicas_.end()) {
        replicas_.push_back({index, 1, audience_.log().head().ordinal});
    } else {
        ++at->members;
    }
}

void channel::remove_replica_member(const peer_id& who, node_id node) {
    if (node != home_.all().node) return;
    --members_here_;
    const auto index = home_.all().home_of(who).index();
    const auto at =
        std::find_if(replicas_.begin(), replicas_.end(), [&](const replica& r) { return r.shard_index == index; });
    if (at == replicas_.end()) return;
    // What was said up to here is still for the one who leaves.
    feed(*at);
    if (--at->members == 0) replicas_.erase(at);
}

void channel::feed_replicas() {
    feed_queued_ = false;
    for (auto& to : replicas_) feed(to);
}

void channel::feed(replica& to) {
    const auto& log = audience_.log();
    const auto head = log.head().ordinal;
    if (to.fed == head) return;
    log_block block{id_, log.position_of(to.fed), log.head(), {}, {}};
    const auto frames = log.read(to.fed, head);
    block.bytes.reserve(frames.size());
    block.bytes.append(frames.front).append(frames.back);
    for (auto ordinal = to.fed; ordinal < head; ++ordinal) {
        block.entries.push_back(
            {log.read(ordinal, ordinal + 1).size(), log.seq_of(ordinal), log.exceptions_of(ordinal)});
    }
    to.fed = head;
    home_.all().at(to.shard_index).tell([block = std::move(block)](shard& at) { at.apply(block); });
}

}  // namespace channel
