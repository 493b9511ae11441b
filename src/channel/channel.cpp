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

channel::channel(shard& home, protocol::channel_id id)
    : home_(home),
      id_(id),
      audience_(home.find_or_add_audience(id, {})),
      created_at_ms_(shard::now_ms()),
      updated_at_ms_(created_at_ms_),
      history_(home.config().limits.history, home.config().history_bytes) {}

channel::~channel() { home_.forget_channel(*this); }

// --- membership

refusal channel::refuse_join(const peer_id& who, std::string_view token, bool returning) const {
    const auto& limits = home_.config().limits;
    const std::string written = "#" + id_.hex();
    const bool invited = std::find(invitations_.begin(), invitations_.end(), who) != invitations_.end();
    if (bans_.contains(who)) return failure(numeric::banned_from_chan, "you are banned from this channel", written);
    if (key_ && !returning && !invited) {
        if (token.empty())
            return failure(numeric::bad_channel_key, "this channel needs a token: /join #channel token", written);
        if (!key_->same_as(token_hash(token))) return failure(numeric::bad_channel_key, "wrong channel token", written);
    }
    if (members_.size() >= limits.members) {
        return failure(numeric::channel_is_full,
                       "the channel has " + std::to_string(limits.members) + " members, which is the limit", written);
    }
    return std::nullopt;
}

result<channel::join_outcome> channel::join(const actor& who, std::string_view token, bool returning) {
    if (members_.contains(who.id)) return join_outcome{joined_for(who.id, false), audience_.log().head(), true};
    const bool created = owner_ == peer_id{};
    if (!created) {
        if (auto refused = refuse_join(who.id, token, returning)) return std::move(*refused);
    } else {
        owner_ = who.id;
        pin(owner_);
        make_operator(who.id);
        if (!token.empty()) key_.emplace(token);
    }
    drop_invitation(who.id);
    add_member(who);
    if (operators_present_ == 0 && members_.size() == 1) make_operator(who.id);
    touched();
    if (crowded()) {
        note_presence();
    } else {
        std::string event;
        protocol::event::join(event, id_, who.ref());
        append(event, std::array{who.id});
    }
    add_replica_member(who.id);
    return join_outcome{joined_for(who.id, created), audience_.log().head(), false};
}

refusal channel::part(const peer_id& who, std::optional<std::string_view> reason) {
    if (auto refused = check_member(who, "#" + id_.hex())) return refused;
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
    return std::nullopt;
}

void channel::quit(const peer_id& who, std::optional<std::string_view> reason) {
    // Whoever was kicked meanwhile is gone already.
    if (members_.contains(who)) static_cast<void>(part(who, reason));
}

protocol::event::joined_fields channel::joined_for(const peer_id& who, bool created) const {
    return {id_, created, owner_, operators_.contains(who), members_.size(), seq_};
}

void channel::add_member(const actor& who) {
    // The retention time is over; in a channel with members the timer is that of `presence`.
    if (members_.empty()) cancel();
    const auto [at, added] = members_.emplace(who.id, member{who.name, who.away, nullptr, newest_, nullptr});
    member& joined = at->second;
    joined.id = &at->first;
    (newest_ ? newest_->newer : oldest_) = &joined;
    newest_ = &joined;
    if (operators_.contains(who.id)) ++operators_present_;
}

void channel::remove_member(const peer_id& who) {
    remove_replica_member(who);
    const auto at = members_.find(who);
    const member& left = at->second;
    (left.older ? left.older->newer : oldest_) = left.newer;
    (left.newer ? left.newer->older : newest_) = left.older;
    if (operators_.contains(who)) --operators_present_;
    members_.erase(at);
    touched();
    if (!members_.empty()) return;
    presence_due_ = false;
    home_.schedule(*this, shard::now() + home_.config().retention);
}

// --- messages

result<channel::published> channel::publish(const protocol::event::peer_ref& from, std::string_view content) {
    if (!members_.contains(from.id))
        return failure(numeric::not_on_channel, "you are not in that channel: /join it first", "#" + id_.hex());
    const published done{++seq_, shard::now_ms()};
    thread_local std::string event;
    event.clear();
    protocol::event::pubmsg(event, id_, from, content, done.time_ms, done.seq);
    append(event, std::array{from.id}, done.seq);
    history_.add(done.seq, event);
    return done;
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
    if (members_.empty()) {
        for (const auto& who : operators_) unpin(who);
        for (const auto& who : invitations_) unpin(who);
        unpin(owner_);
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

void channel::announce_change(const actor& who, std::string_view event, std::vector<peer_id>& told) {
    const auto at = members_.find(who.id);
    if (at == members_.end()) return;
    at->second.name = who.name;
    at->second.away = who.away;
    if (crowded()) {
        note_presence();
        return;
    }
    std::vector<peer_id> except;
    std::vector<peer_id> reached;
    for (const auto& [id, other] : members_) {
        const bool knows = id == who.id || std::binary_search(told.begin(), told.end(), id);
        (knows ? except : reached).push_back(id);
    }
    if (reached.empty()) return;
    append(event, except);
    const auto middle = told.insert(told.end(), reached.begin(), reached.end());
    std::inplace_merge(told.begin(), middle, told.end());
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

void channel::touched() { updated_at_ms_ = std::max(updated_at_ms_, shard::now_ms()); }

// --- other shards

void channel::add_replica_member(const peer_id& who) {
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

void channel::remove_replica_member(const peer_id& who) {
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
