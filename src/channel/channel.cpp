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

/// Of one channel; whoever left before that many others needs the token again.
constexpr std::size_t max_departures = 10000;

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
    key_.reset();
    operators_.clear();
    for (const auto& [id, ban] : bans_) text_bytes_ -= ban.text_bytes();
    bans_.clear();
    invitations_.clear();
    departures_.clear();
    history_ = message_history(home_.config().limits.history, home_.config().history_bytes, &home_.count.history_bytes);
}

// --- membership

refusal channel::check_looked_after(const change& c) const {
    if (auto refused = check_member(c.by.id, c.whom.channel_written)) return refused;
    if (c.by.tenure >= members_.at(c.by.id).tenure) return std::nullopt;
    return failure(numeric::not_on_channel, "another server looks after you by now", c.whom.channel_written);
}

refusal channel::check_join(const change& c, std::int64_t time_ms) const {
    const auto& who = c.by.id;
    const std::string written = "#" + id_.hex();
    if (c.only_existing && (!exists() || is_over(time_ms)))
        return failure(numeric::no_such_channel, "no such channel, and your access token does not let you create it",
                       written);
    if (!exists() || is_over(time_ms)) return std::nullopt;
    if (members_.contains(who)) return check_looked_after(c);
    const auto& limits = home_.config().limits;
    const bool invited = std::find(invitations_.begin(), invitations_.end(), who) != invitations_.end();
    const bool returning = c.returning && may_return(who, time_ms);
    if (c.returning && !returning) return failure(numeric::not_on_channel, "not in that channel any more", written);
    if (bans_.contains(who)) return failure(numeric::banned_from_chan, "you are banned from this channel", written);
    if (key_ && !returning && !invited) {
        if (!c.key)
            return failure(numeric::bad_channel_key, "this channel needs a token: /join #channel token", written);
        if (!key_->same_as(*c.key)) return failure(numeric::bad_channel_key, "wrong channel token", written);
    }
    if (members_.size() >= limits.members) {
        return failure(numeric::channel_is_full,
                       "the channel has " + std::to_string(limits.members) + " members, which is the limit", written);
    }
    return std::nullopt;
}

void channel::join(const change& c, outcome& done) {
    const auto& who = c.by.id;
    done.already_member = members_.contains(who);
    const bool created = !exists();
    if (created) {
        created_at_ms_ = time_ms_;
        owner_ = who;
        pin(owner_);
        make_operator(who);
        key_ = c.key;
    }
    if (!done.already_member) {
        drop_invitation(who);
        add_member(c.by);
        if (operators_present_ == 0 && members_.size() == 1) make_operator(who);
        touched();
        if (crowded()) {
            note_presence();
        } else {
            std::string event;
            protocol::event::join(event, id_, c.by.ref());
            append(event, std::array{who});
        }
        add_replica_member(who, c.by.node);
    } else {
        move_to_node(c.by);
    }
    if (c.as_operator && !operators_.contains(who)) {
        make_operator(who);
        touched();
        std::string event;
        protocol::event::op(event, {}, id_, c.by.ref(), std::nullopt);
        append(event, std::array{who});
    }
    done.joined = joined_for(who, created);
    done.position = audience_.log().head();
}

void channel::attach(const change& c, outcome& done) {
    move_to_node(c.by);
    done.joined = joined_for(c.by.id, false);
    done.position = audience_.log().head();
}

void channel::move_to_node(const actor& to) {
    member& who = members_.at(to.id);
    who.tenure = to.tenure;
    if (who.node == to.node) return;
    // Whoever looks after its old connection gets all that was said up to here.
    if (who.node == home_.all().node) expel(to.id, {});
    remove_replica_member(to.id, who.node);
    who.node = to.node;
    add_replica_member(to.id, who.node);
}

void channel::part(const peer_id& who, std::optional<std::string_view> reason) {
    std::string event;
    protocol::event::quit(event, {}, id_, {who, members_.at(who).name}, reason);
    remove_member(who);
    // The one who leaves may still be in its shard's audience.
    if (crowded()) {
        note_presence();
    } else {
        append(event, std::array{who});
    }
    succeed(nullptr, who);
}

void channel::lose(const change& c) {
    const auto at = members_.find(c.by.id);
    // Kicked meanwhile, or back already by way of another node.
    if (at == members_.end() || at->second.node != c.by.node || at->second.tenure > c.by.tenure) return;
    remember_departure(c.by.id);
    part(c.by.id, c.text);
}

void channel::bury(const change& c) {
    const auto dead = members_of(c.by.node);
    for (const auto& who : dead) {
        remember_departure(who);
        part(who, "connection lost");
        // Of ours, if it is we who were taken for dead.
        expel(who, {});
    }
    // The retention time counts from when they were really gone.
    if (members_.empty() && !dead.empty()) emptied_at_ms_ = c.time_ms;
}

bool channel::may_return(const peer_id& who, std::int64_t time_ms) const {
    // Where there is no store, the peer itself knows what it left.
    if (!home_.all().has_store()) return true;
    const auto since = time_ms - home_.config().retention.count();
    return std::any_of(departures_.begin(), departures_.end(),
                       [&](const auto& left) { return left.id == who && left.time_ms >= since; });
}

void channel::remember_departure(const peer_id& who) {
    if (!home_.all().has_store()) return;
    const auto since = time_ms_ - home_.config().retention.count();
    std::erase_if(departures_, [&](const auto& left) { return left.id == who || left.time_ms < since; });
    if (departures_.size() >= max_departures) departures_.erase(departures_.begin());
    departures_.push_back({who, time_ms_});
}

std::vector<peer_id> channel::members_of(node_id node) const {
    std::vector<peer_id> ids;
    for (const member* at = oldest_; at; at = at->newer) {
        if (at->node == node) ids.push_back(*at->id);
    }
    return ids;
}

protocol::event::joined_fields channel::joined_for(const peer_id& who, bool created) const {
    return {id_, created, owner_, operators_.contains(who), members_.size(), seq_};
}

void channel::add_member(const actor& who) {
    // The retention time is over; in a channel with members the timer is that of `presence`.
    if (members_.empty()) cancel();
    const auto [at, added] =
        members_.emplace(who.id, member{who.name, who.away, who.node, who.tenure, nullptr, newest_, nullptr});
    member& joined = at->second;
    joined.id = &at->first;
    text_bytes_ += joined.name.size();
    (newest_ ? newest_->newer : oldest_) = &joined;
    newest_ = &joined;
    if (operators_.contains(who.id)) ++operators_present_;
}

void channel::remove_member(const peer_id& who) {
    const auto at = members_.find(who);
    const member& left = at->second;
    remove_replica_member(who, left.node);
    (left.older ? left.older->newer : oldest_) = left.newer;
    (left.newer ? left.newer->older : newest_) = left.older;
    if (operators_.contains(who)) --operators_present_;
    text_bytes_ -= left.name.size();
    members_.erase(at);
    touched();
    if (!members_.empty()) return;
    presence_due_ = false;
    emptied_at_ms_ = time_ms_;
    home_.schedule(*this, shard::now() + home_.config().retention);
}

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
    audience_.append(frame, seq, except);
    if (replicas_.empty()) return;
    // Not only at the end of the turn if much is said in it: what is not fed must not be trimmed.
    if (audience_.log().bytes() > home_.config().channel_log_bytes) feed_replicas();
    if (feed_queued_) return;
    feed_queued_ = true;
    home_.feed_at_end_of_turn(*this);
}

// --- what members learn of each other

bool channel::crowded() const { return members_.size() > home_.config().limits.presence_threshold_members; }

void channel::note_presence() {
    if (presence_due_) return;
    presence_due_ = true;
    const auto next = last_presence_ + home_.config().presence_interval;
    // Never within the command that caused it, so that who joins is counted once and not told before its `joined`.
    home_.schedule(*this, std::max(next, shard::now()));
}

void channel::expired(steady_time now) {
    // Where there is a store it says when the channel ends, by its own clock.
    if (members_.empty() && home_.all().has_store()) return;
    if (members_.empty()) {
        begin_anew();
        home_.erase_channel(id_);
        return;
    }
    if (!presence_due_) return;
    presence_due_ = false;
    last_presence_ = now;
    std::string event;
    protocol::event::presence(event, id_, members_.size());
    append(event, {});
}

void channel::announce(const change& c, outcome& done) {
    const auto at = members_.find(c.by.id);
    if (at == members_.end()) return;
    text_bytes_ += c.by.name.size() - at->second.name.size();
    at->second.name = c.by.name;
    at->second.away = c.by.away;
    if (crowded()) {
        note_presence();
        return;
    }
    std::vector<peer_id> except;
    for (const auto& [id, other] : members_) {
        const bool knows = id == c.by.id || std::binary_search(c.told.begin(), c.told.end(), id);
        (knows ? except : done.told).push_back(id);
    }
    if (!done.told.empty()) append(*c.text, except);
}

std::vector<protocol::event::peers_entry> channel::page_of_members(std::optional<peer_id> after,
                                                                   std::size_t limit) const {
    std::vector<protocol::event::peers_entry> page;
    for (auto at = after ? members_.upper_bound(*after) : members_.begin(); at != members_.end() && page.size() < limit;
         ++at) {
        page.push_back({{at->first, at->second.name}, operators_.contains(at->first), at->second.away});
    }
    return page;
}

protocol::event::whois_channel_fields channel::describe(std::span<const peer_id> operators) const {
    return {id_, owner_, operators, members_.size(), is_protected(), created_at_ms_, updated_at_ms_};
}

void channel::touched() { updated_at_ms_ = std::max(updated_at_ms_, time_ms_); }

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
    log_block block{id_, log.position_of(to.fed), {}, {}};
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
