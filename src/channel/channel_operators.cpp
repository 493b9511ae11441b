#include "channel/channel.hpp"

#include "channel/audience.hpp"
#include "channel/shard.hpp"

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

refusal channel::check_rights(const actor& by, const target& whom) const {
    return check_operator(by.id, whom.channel_written);
}

refusal channel::check_rights_over(const actor& by, const target& whom) const {
    if (auto refused = check_rights(by, whom)) return refused;
    if (whom.id != owner_) return std::nullopt;
    return failure(numeric::chanop_privs_needed, "the channel's owner cannot be kicked, banned or deopped",
                   whom.written);
}

refusal channel::check_is_member(const target& whom) const {
    if (members_.contains(whom.id)) return std::nullopt;
    if (!whom.online) return failure(numeric::no_such_nick, "no such peer online", whom.written);
    return failure(numeric::user_not_in_channel, "that peer is not in the channel", whom.written);
}

// --- commands

refusal channel::kick(const actor& by, const target& whom, std::optional<std::string_view> reason) {
    if (auto refused = check_rights_over(by, whom)) return refused;
    if (auto refused = check_is_member(whom)) return refused;
    std::string event;
    protocol::event::kick(event, {}, id_, whom.ref(), by.ref(), reason);
    remove_member(whom.id);
    drop_operator(whom.id);
    append(event, std::array{by.id, whom.id});
    // Who kicks itself gets the reply, and no event beside it.
    expel(whom.id, whom.id == by.id ? std::string() : std::move(event));
    succeed(nullptr, whom.id);
    return std::nullopt;
}

refusal channel::ban(const actor& by, const target& whom, std::optional<std::string_view> reason) {
    if (auto refused = check_rights_over(by, whom)) return refused;
    if (bans_.contains(whom.id)) return std::nullopt;
    if (bans_.size() >= home_.config().max_bans) {
        return failure(numeric::unknown_error,
                       "the channel has " + std::to_string(bans_.size()) +
                           " bans, which is the limit: /unban somebody first",
                       whom.channel_written);
    }
    ban_record record{by.id, by.name, shard::now_ms(), std::nullopt};
    if (reason) record.reason.emplace(*reason);
    bans_.emplace(whom.id, std::move(record));
    std::string event;
    protocol::event::ban(event, {}, id_, whom.ref(), by.ref(), reason);
    drop_invitation(whom.id);
    if (members_.contains(whom.id)) remove_member(whom.id);
    drop_operator(whom.id);
    touched();
    append(event, std::array{by.id, whom.id});
    expel(whom.id, whom.id == by.id ? std::string() : std::move(event));
    succeed(nullptr, whom.id);
    return std::nullopt;
}

refusal channel::unban(const actor& by, const target& whom) {
    if (auto refused = check_rights(by, whom)) return refused;
    if (bans_.erase(whom.id) > 0) touched();
    return std::nullopt;
}

refusal channel::op(const actor& by, const target& whom) {
    if (auto refused = check_rights(by, whom)) return refused;
    if (operators_.contains(whom.id)) return std::nullopt;
    if (auto refused = check_is_member(whom)) return refused;
    make_operator(whom.id);
    touched();
    std::string event;
    protocol::event::op(event, {}, id_, whom.ref(), by.ref());
    append(event, std::array{by.id});
    return std::nullopt;
}

refusal channel::deop(const actor& by, const target& whom) {
    if (auto refused = check_rights_over(by, whom)) return refused;
    if (!operators_.contains(whom.id)) return check_is_member(whom);
    drop_operator(whom.id);
    touched();
    std::string event;
    protocol::event::deop(event, {}, id_, whom.ref(), by.ref());
    append(event, std::array{by.id});
    succeed(&whom.id, std::nullopt);
    return std::nullopt;
}

refusal channel::invite(const actor& by, const target& whom) {
    if (auto refused = check_member(by.id, whom.channel_written)) return refused;
    if (!whom.online) return failure(numeric::no_such_nick, "no such peer online", whom.written);
    if (members_.contains(whom.id))
        return failure(numeric::user_on_channel, "that peer is in the channel already", whom.written);
    if (!bans_.contains(whom.id) &&
        std::find(invitations_.begin(), invitations_.end(), whom.id) == invitations_.end()) {
        if (invitations_.size() >= home_.config().max_invitations) {
            const auto oldest = invitations_.front();
            drop_invitation(oldest);
        }
        invitations_.push_back(whom.id);
        pin(whom.id);
    }
    std::string event;
    protocol::event::invite(event, id_, by.ref());
    home_.all().home_of(whom.id).tell([id = whom.id, event = std::move(event)](shard& at) {
        if (peer* const invited = at.find_peer(id)) invited->send(event);
    });
    return std::nullopt;
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

void channel::succeed(const peer_id* stepped_down, std::optional<peer_id> leaver) {
    if (operators_present_ > 0 || members_.empty()) return;
    const member* heir = oldest_;
    if (stepped_down && *heir->id == *stepped_down && heir->newer) heir = heir->newer;
    make_operator(*heir->id);
    touched();
    std::string event;
    protocol::event::op(event, {}, id_, {*heir->id, heir->name}, std::nullopt);
    append(event, leaver ? std::span<const peer_id>(&*leaver, 1) : std::span<const peer_id>());
}

void channel::expel(const peer_id& whom, std::string event) {
    home_.all().home_of(whom).tell([channel_id = id_, id = whom, event = std::move(event)](shard& at) {
        peer* const expelled = at.find_peer(id);
        if (!expelled) return;
        if (audience* const in = at.find_audience(channel_id); in && expelled->is_member_of(channel_id)) {
            in->remove(*expelled);
            at.erase_audience_if_empty(channel_id);
        }
        if (expelled->online() && !event.empty()) expelled->send(event);
    });
}

void channel::pin(const peer_id& who) {
    home_.all().home_of(who).tell([who](shard& at) {
        if (peer* const pinned = at.find_peer(who)) pinned->pin();
    });
}

void channel::unpin(const peer_id& who) {
    home_.all().home_of(who).tell([who](shard& at) {
        if (peer* const pinned = at.find_peer(who)) pinned->unpin();
    });
}

}  // namespace channel
