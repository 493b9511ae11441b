#include "channel/command_handler.hpp"

#include "channel/link.hpp"
#include "channel/nap.hpp"
#include "protocol/event.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

/// What an access token has to do with commands (protocol.md, /descp; README, Access tokens).
namespace channel {

using protocol::failure;
using protocol::numeric;

namespace {

/// Longer than any connection, and still a time that the steady clock can tell: "never" is often written as the year
/// 9999.
constexpr std::chrono::hours longest_access{24 * 365 * 100};

auth::grant::wall_time wall_now() {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

failure bad_token(std::string_view why) { return {numeric::password_mismatch, "the access token " + std::string(why)}; }

}  // namespace

void command_handler::offer_token(std::string token) {
    if (!shard::current().access || token.empty()) return;
    access_ = std::make_unique<access>();
    access_->offered = std::move(token);
}

refusal command_handler::authenticate(protocol::description_request& request) {
    if (!shard::current().access) return std::nullopt;
    if (!request.token && access_ && !me()) request.token = access_->offered;
    if (!request.token || request.token->empty()) {
        if (!me())
            return failure(numeric::password_mismatch,
                           "this server asks for an access token: /descp {\"token\": \"...\"}");
        // Until it expires, the one from before goes on.
        if (access_->granted.name) request.name = access_->granted.name;
        return std::nullopt;
    }
    const auto now = wall_now();
    auto verdict = shard::current().access->verify(*request.token, now);
    if (const auto* const objection = std::get_if<auth::objection>(&verdict)) {
        if (objection->is_guess) guessed_wrong();
        return bad_token(objection->why);
    }
    auto& granted = std::get<auth::grant>(verdict);
    if (me() && me()->id() != granted.id) return bad_token("is for another id");
    if (!me() && request.id && *request.id != granted.id) return bad_token("is for another id: leave id out");
    if (!me()) request.id = granted.id;
    if (granted.name) request.name = granted.name;
    access_ = std::make_unique<access>();
    access_->ends = shard::now() + std::min<std::chrono::milliseconds>(granted.expires - now, longest_access);
    access_->granted = std::move(granted);
    access_->renewed = true;
    return std::nullopt;
}

task<bool> command_handler::may_guess() {
    auto verdict = link_.judge_guess();
    if (verdict.delay.count() > 0) {
        nap before(shard::current(), verdict.delay);
        co_await before;
        // Others from there may have guessed meanwhile.
        verdict = link_.judge_guess();
    }
    if (verdict.refused_for.count() == 0) {
        link_.count_guess();
        guess_under_way_ = true;
        co_return true;
    }
    fail(failure(numeric::try_again, "too many wrong tokens or sessions came from your address: not looked at"),
         verdict.refused_for);
    co_return false;
}

bool command_handler::take_renewal() { return access_ && std::exchange(access_->renewed, false); }

refusal command_handler::check_right(auth::right wanted, const protocol::channel_arg& in) const {
    if (!access_ || access_->granted.allows(in.id, wanted)) return std::nullopt;
    if (wanted == auth::send)
        return failure(numeric::cannot_send_to_chan, "your access token does not let you send there", in.written);
    return failure(numeric::no_privileges, "your access token does not let you join this channel", in.written);
}

void command_handler::apply_rights(change& wanted, const protocol::channel_id& in) const {
    wanted.only_existing = access_ && !access_->granted.allows(in, auth::create);
    wanted.as_operator = access_ && access_->granted.allows(in, auth::op);
}

refusal command_handler::check_broadcast() const {
    const auto who = config().broadcast;
    const bool granted = access_ && (access_->granted.broadcast || access_->granted.admin);
    if (who == broadcast_policy::everyone || (who == broadcast_policy::token && granted)) return std::nullopt;
    return failure(numeric::no_privileges,
                   who == broadcast_policy::nobody ? "this server does not allow /broadcast"
                                                   : "/broadcast needs an access token that allows it");
}

task<> command_handler::leave_what_is_not_granted() {
    if (!me()) co_return;
    const actor who = myself();
    change wanted;
    wanted.what = change::kind::part;
    wanted.by = who;
    wanted.text.emplace("access token");
    const auto joined = me()->channel_ids();
    for (const auto id : joined) {
        if (!me()) co_return;
        if (access_->granted.allows(id, auth::join)) continue;
        const auto done = co_await carry_out(id, wanted);
        peer* const leaver = shard::current().find_peer(who.id);
        if (!leaver) co_return;
        if (done.refused) continue;
        if (store* const shared = shard::current().shared) shared->forget_membership(who.id, id);
        if (shard::current().end_membership(*leaver, id)) leaver->note_end(id);
        std::string event;
        protocol::event::quit(event, {}, id, who.ref(), wanted.text);
        tell(*leaver, event);
    }
}

}  // namespace channel
