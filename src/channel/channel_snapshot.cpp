#include "channel/audience.hpp"
#include "channel/channel.hpp"
#include "channel/shard.hpp"

/// The part of channel that takes it out of the process and back.
namespace channel {

channel_state channel::state() const {
    channel_state to;
    to.owner = owner_;
    to.created_at_ms = created_at_ms_;
    to.updated_at_ms = updated_at_ms_;
    to.emptied_at_ms = emptied_at_ms_;
    to.seq = seq_;
    to.key = key_;
    to.members.reserve(members_.size());
    for (const member* at = oldest_; at; at = at->newer) to.members.push_back({*at->id, at->name, at->away, at->node});
    to.operators.assign(operators_.begin(), operators_.end());
    for (const auto& [id, ban] : bans_) to.bans.push_back({id, ban.by, ban.by_name, ban.time_ms, ban.reason});
    to.invitations.assign(invitations_.begin(), invitations_.end());
    to.departures.assign(departures_.begin(), departures_.end());
    history_.for_each([&](std::uint64_t seq, std::string_view event) {
        to.history.push_back({seq, std::string(event)});
    });
    return to;
}

void channel::restore(const channel_state& from) {
    owner_ = from.owner;
    created_at_ms_ = from.created_at_ms;
    updated_at_ms_ = from.updated_at_ms;
    emptied_at_ms_ = from.emptied_at_ms;
    seq_ = from.seq;
    key_ = from.key;
    operators_.insert(from.operators.begin(), from.operators.end());
    for (const auto& m : from.members) add_member({m.id, m.name, m.away, m.node});
    for (const auto& b : from.bans) bans_.emplace(b.id, ban_record{b.by, b.by_name, b.time_ms, b.reason});
    invitations_.assign(from.invitations.begin(), from.invitations.end());
    departures_.assign(from.departures.begin(), from.departures.end());
    for (const auto& m : from.history) history_.add(m.seq, m.event);
}

}  // namespace channel
