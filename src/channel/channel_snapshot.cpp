#include "channel/audience.hpp"
#include "channel/channel.hpp"
#include "channel/shard.hpp"
#include "protocol/text_frame.hpp"

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
    for (const member* at = oldest_; at; at = at->newer)
        to.members.push_back({*at->id, at->name, at->away, at->node, at->tenure});
    to.operators.assign(operators_.begin(), operators_.end());
    for (const auto& [id, ban] : bans_) to.bans.push_back({id, ban.by, ban.by_name, ban.time_ms, ban.reason});
    to.invitations.assign(invitations_.begin(), invitations_.end());
    to.departures.assign(departures_.begin(), departures_.end());
    history_.for_each([&](std::uint64_t seq, std::string_view event) {
        to.history.push_back({seq, std::string(event)});
    });
    return to;
}

std::vector<std::string> channel::said_since(const protocol::peer_id& listener, std::uint64_t from, std::uint64_t to,
                                             std::int64_t unattended_ms) const {
    const auto own = R"("from":{"id":")" + listener.hex() + '"';
    std::vector<std::string> frames;
    const auto add = [&](std::string_view event) { protocol::append_text_frame(frames.emplace_back(), event); };
    const auto lost = [&](std::uint64_t first, std::uint64_t last) {
        std::string event;
        protocol::event::lost(event, id_, first, last);
        add(event);
    };
    bool told = false;
    auto next = from + 1;
    history_.for_each([&](std::uint64_t seq, std::string_view event) {
        if (seq < next || seq > to) return;
        if (seq > next) lost(next, seq - 1);
        told = told || seq > next;
        // What it said itself it is not told.
        if (event.find(own) == std::string_view::npos) add(event);
        next = seq + 1;
    });
    if (next <= to) lost(next, to);
    told = told || next <= to;
    // Who came and went is not in the history: an empty range says that something else was missed.
    if (!told && unattended_ms != 0 && updated_at_ms_ > unattended_ms) lost(to + 1, to);
    return frames;
}

std::vector<protocol::peer_id> channel::named() const {
    std::vector<protocol::peer_id> ids(operators_.begin(), operators_.end());
    ids.insert(ids.end(), invitations_.begin(), invitations_.end());
    if (exists()) ids.push_back(owner_);
    return ids;
}

void channel::restore(const channel_state& from) {
    const auto ours = members_of(home_.all().node);
    const auto seen = seq_;
    while (oldest_) {
        const auto id = *oldest_->id;
        remove_member(id);
    }
    begin_anew();
    owner_ = from.owner;
    created_at_ms_ = from.created_at_ms;
    updated_at_ms_ = from.updated_at_ms;
    seq_ = from.seq;
    audience_.count_from(seq_);
    key_ = from.key;
    operators_.insert(from.operators.begin(), from.operators.end());
    for (const auto& m : from.members) {
        add_member({m.id, m.name, m.away, m.node, m.tenure});
        add_replica_member(m.id, m.node);
    }
    emptied_at_ms_ = from.emptied_at_ms;
    for (const auto& b : from.bans) {
        const auto [at, added] = bans_.emplace(b.id, ban_record{b.by, b.by_name, b.time_ms, b.reason});
        if (added) text_bytes_ += at->second.text_bytes();
    }
    invitations_.assign(from.invitations.begin(), from.invitations.end());
    departures_.assign(from.departures.begin(), from.departures.end());
    for (const auto& m : from.history) history_.add(m.seq, m.event);
    account();
    tell_of_gap(ours, seen);
}

void channel::tell_of_gap(const std::vector<protocol::peer_id>& ours, std::uint64_t seen) {
    for (const auto& who : ours) {
        if (members_.contains(who)) continue;
        std::string event;
        protocol::event::quit(event, {}, id_, {who, who.hex()}, "the store was away for too long");
        home_.expel(who, id_, std::move(event));
    }
    if (ours.empty() || seq_ <= seen) return;
    std::string event;
    protocol::event::lost(event, id_, seen + 1, seq_);
    append(event, {});
}

}  // namespace channel
