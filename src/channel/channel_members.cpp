#include "channel/channel.hpp"

#include "channel/audience.hpp"
#include "channel/shard.hpp"

#include <algorithm>
#include <array>

/// The part of channel's rules that is about who is in it, and what members learn of each other.
namespace channel {

using protocol::failure;
using protocol::numeric;
using protocol::peer_id;

namespace {

/// Of one channel; whoever left before that many others needs the token again.
constexpr std::size_t max_departures = 10000;

}  // namespace

// --- coming and going

refusal channel::check_looked_after(const change& c) const {
    if (auto refused = check_member(c.by.id, c.whom.channel_written)) return refused;
    if (c.by.tenure >= members_.at(c.by.id).tenure) return std::nullopt;
    return failure(numeric::not_on_channel, "another server looks after you by now", c.whom.channel_written);
}

refusal channel::check_join(const change& c, std::int64_t time_ms) const {
    const auto& who = c.by.id;
    const auto written = [this] { return "#" + id_.hex(); };
    if (c.only_existing && (!exists() || is_over(time_ms)))
        return failure(numeric::no_such_channel, "no such channel, and your access token does not let you create it",
                       written());
    const auto gone = [&] { return failure(numeric::not_on_channel, "not in that channel any more", written()); };
    if (!exists() || is_over(time_ms)) {
        // Nobody has a place in it, and none is made for who did not ask for that.
        if (c.returning && home_.all().has_store()) return gone();
        return std::nullopt;
    }
    if (members_.contains(who)) return check_looked_after(c);
    const auto& limits = home_.config().limits;
    const bool invited = std::find(invitations_.begin(), invitations_.end(), who) != invitations_.end();
    const bool returning = c.returning && may_return(who, time_ms);
    if (c.returning && !returning) return gone();
    if (bans_.contains(who)) return failure(numeric::banned_from_chan, "you are banned from this channel", written());
    if (key_ && !returning && !invited) {
        if (!c.key)
            return failure(numeric::bad_channel_key, "this channel needs a token: /join #channel token", written());
        if (!key_->same_as(*c.key)) return failure(numeric::bad_channel_key, "wrong channel token", written());
    }
    if (members_.size() >= limits.members) {
        return failure(numeric::channel_is_full,
                       "the channel has " + std::to_string(limits.members) + " members, which is the limit", written());
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
    if (who.node == home_.all().node) home_.expel(to.id, id_, {});
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
        home_.expel(who, id_, {});
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

}  // namespace channel
