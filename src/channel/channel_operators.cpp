#include "channel/channel.hpp"

#include "channel/shard.hpp"
#include "channel/store.hpp"

#include <algorithm>
#include <array>

/// The part of channel's rules that is about who may do what to whom.
namespace channel {

using protocol::failure;
using protocol::numeric;
using protocol::peer_id;

// --- checks, in the protocol's order: 442, 482, 401, 441/443

refusal channel::check_member(const peer_id& who, std::string_view channel_written) const {
    if (members_.contains(who)) return std::nullopt;
    return failure(numeric::not_on_channel, "you are not in that channel: /join it first", channel_written);
}

refusal channel::check_operator(const peer_id& who, std::string_view channel_written) const {
    if (auto refused = check_member(who, channel_written)) return refused;
    if (operators_.contains(who)) return std::nullopt;
    return failure(numeric::chanop_privs_needed, "only operators of the channel may do this", channel_written);
}

refusal channel::check_rights_over(const change& c) const {
    if (c.by_server) return std::nullopt;
    if (auto refused = check_operator(c.by.id, c.whom.channel_written)) return refused;
    if (c.whom.id != owner_) return std::nullopt;
    return failure(numeric::chanop_privs_needed, "the channel's owner cannot be kicked, banned or deopped",
                   c.whom.written);
}

refusal channel::check_is_member(const target& whom) const {
    if (members_.contains(whom.id)) return std::nullopt;
    if (!whom.online) return failure(numeric::no_such_nick, "no such peer online", whom.written);
    return failure(numeric::user_not_in_channel, "that peer is not in the channel", whom.written);
}

refusal channel::check_ban(const change& c) const {
    if (auto refused = check_rights_over(c)) return refused;
    if (bans_.contains(c.whom.id) || bans_.size() < home_.config().max_bans) return std::nullopt;
    return failure(numeric::unknown_error,
                   "the channel has " + std::to_string(bans_.size()) +
                       " bans, which is the limit: /unban somebody first",
                   c.whom.channel_written);
}

refusal channel::check_op(const change& c) const {
    if (auto refused = check_operator(c.by.id, c.whom.channel_written)) return refused;
    if (operators_.contains(c.whom.id)) return std::nullopt;
    return check_is_member(c.whom);
}

refusal channel::check_deop(const change& c) const {
    if (auto refused = check_rights_over(c)) return refused;
    if (operators_.contains(c.whom.id)) return std::nullopt;
    return check_is_member(c.whom);
}

refusal channel::check_invite(const change& c) const {
    if (auto refused = check_member(c.by.id, c.whom.channel_written)) return refused;
    if (!c.whom.online) return failure(numeric::no_such_nick, "no such peer online", c.whom.written);
    if (!members_.contains(c.whom.id)) return std::nullopt;
    return failure(numeric::user_on_channel, "that peer is in the channel already", c.whom.written);
}

// --- commands

void channel::kick(const change& c) {
    const auto& whom = c.whom.id;
    std::string event;
    protocol::event::kick(event, {}, id_, c.whom.ref(), c.by.ref(), c.text);
    // Nor does it take back the place it had when it lost its connection before.
    std::erase_if(departures_, [&](const auto& left) { return left.id == whom; });
    remove_member(whom);
    drop_operator(whom);
    append(event, std::array{c.by.id, whom});
    // Who kicks itself gets the reply, and no event beside it.
    home_.expel(whom, id_, whom == c.by.id ? std::string() : std::move(event));
    succeed(nullptr, whom);
}

void channel::ban(const change& c, outcome& done) {
    const auto& whom = c.whom.id;
    if (bans_.contains(whom)) return;
    std::erase_if(departures_, [&](const auto& left) { return left.id == whom; });
    text_bytes_ += bans_.emplace(whom, ban_record{c.by.id, c.by.name, time_ms_, c.text}).first->second.text_bytes();
    std::string event;
    protocol::event::ban(event, {}, id_, c.whom.ref(), c.by.ref(), c.text);
    drop_invitation(whom);
    const bool was_member = members_.contains(whom);
    if (was_member) remove_member(whom);
    drop_operator(whom);
    touched();
    append(event, std::array{c.by.id, whom});
    if (was_member) {
        home_.expel(whom, id_, whom == c.by.id ? std::string() : std::move(event));
        succeed(nullptr, whom);
    } else {
        done.notice = std::move(event);
    }
}

void channel::unban(const change& c) {
    const auto at = bans_.find(c.whom.id);
    if (at == bans_.end()) return;
    text_bytes_ -= at->second.text_bytes();
    bans_.erase(at);
    touched();
}

void channel::op(const change& c) {
    if (operators_.contains(c.whom.id)) return;
    make_operator(c.whom.id);
    touched();
    std::string event;
    protocol::event::op(event, {}, id_, c.whom.ref(), c.by.ref());
    append(event, std::array{c.by.id});
}

void channel::deop(const change& c, outcome& done) {
    if (!operators_.contains(c.whom.id)) return;
    drop_operator(c.whom.id);
    touched();
    std::string event;
    protocol::event::deop(event, {}, id_, c.whom.ref(), c.by.ref());
    append(event, std::array{c.by.id});
    // There is a successor only where the last operator deops itself.
    done.succession = succeed(&c.whom.id, c.by.id);
}

void channel::invite(const change& c, outcome& done) {
    const auto& whom = c.whom.id;
    if (!bans_.contains(whom) && std::find(invitations_.begin(), invitations_.end(), whom) == invitations_.end()) {
        if (invitations_.size() >= home_.config().max_invitations) {
            const auto oldest = invitations_.front();
            drop_invitation(oldest);
        }
        invitations_.push_back(whom);
        pin(whom);
    }
    protocol::event::invite(done.notice, id_, c.by.ref());
}

// --- rights

void channel::make_operator(const peer_id& who) {
    if (!operators_.insert(who).second) return;
    pin(who);
    if (members_.contains(who)) ++operators_present_;
}

void channel::drop_operator(const peer_id& who) {
    if (operators_.erase(who) == 0) return;
    if (members_.contains(who)) --operators_present_;
    unpin(who);
}

void channel::drop_invitation(const peer_id& who) {
    const auto at = std::find(invitations_.begin(), invitations_.end(), who);
    if (at == invitations_.end()) return;
    invitations_.erase(at);
    unpin(who);
}

std::string channel::succeed(const peer_id* stepped_down, const peer_id& except) {
    if (operators_present_ > 0 || members_.empty()) return {};
    const member* heir = oldest_;
    if (stepped_down && *heir->id == *stepped_down && heir->newer) heir = heir->newer;
    make_operator(*heir->id);
    touched();
    std::string event;
    protocol::event::op(event, {}, id_, {*heir->id, heir->name}, std::nullopt);
    append(event, std::array{except});
    return event;
}

void channel::pin(const peer_id& who) {
    if (home_.shared) {
        home_.shared->pin(who);
        return;
    }
    home_.all().home_of(who).tell([who](shard& at) {
        if (peer* const pinned = at.find_peer(who)) pinned->pin();
    });
}

void channel::unpin(const peer_id& who) {
    // Who is not named any more in a store is forgotten there by and by.
    if (home_.shared) return;
    home_.all().home_of(who).tell([who](shard& at) {
        if (peer* const pinned = at.find_peer(who)) pinned->unpin();
    });
}

}  // namespace channel
