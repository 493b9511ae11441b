#include "channel/command_handler.hpp"

#include "channel/link.hpp"
#include "protocol/event.hpp"

/// What operators, and members who invite, do to others.
namespace channel {

using protocol::failure;
using protocol::numeric;

task<std::optional<command_handler::operation>> command_handler::prepare(protocol::peer_arg whom,
                                                                         std::optional<protocol::channel_arg> where,
                                                                         bool operators_only) {
    operation what;
    what.by = myself();
    what.whom.id = whom.id;
    what.whom.written = whom.written;
    if (where) {
        what.channel = where->id;
        what.whom.channel_written = where->written;
    } else {
        const auto only = co_await the_one_channel(operators_only);
        if (!only) co_return std::nullopt;
        what.channel = *only;
    }
    auto look_up = [id = whom.id, &target = what.whom](shard& at) {
        const peer* const found = at.find_peer(id);
        target.name = found ? found->name : id.hex();
        target.online = found && found->online();
        return true;
    };
    co_await run_on(shard::current().all().home_of(whom.id), std::move(look_up));
    co_return std::move(what);
}

task<std::optional<protocol::channel_id>> command_handler::the_one_channel(bool operators_only) {
    const auto who = me()->id();
    std::vector<protocol::channel_id> candidates;
    for (const auto id : me()->channel_ids()) {
        auto may_act = [&who, id, operators_only](shard& at) {
            const channel* const in = at.find_channel(id);
            return in && in->has_member(who) && (!operators_only || in->is_operator(who));
        };
        const bool may = co_await run_on(shard::current().all().home_of(id), std::move(may_act));
        if (may) candidates.push_back(id);
    }
    if (candidates.size() == 1) co_return candidates.front();
    std::string message = operators_only ? "name a channel of which you are operator"
                                         : "name a channel of which you are a member";
    message += candidates.empty() ? ": there is none" : ":";
    for (const auto& id : candidates) message += " #" + id.hex();
    fail(failure(numeric::need_more_params, std::move(message)));
    co_return std::nullopt;
}

template <class Rule>
task<bool> command_handler::apply(const operation& what, Rule rule) {
    auto work = [&what, rule = std::move(rule)](shard& at) -> refusal {
        channel* const in = at.find_channel(what.channel);
        if (!in) return failure(numeric::no_such_channel, "no such channel", what.whom.channel_written);
        return rule(*in, what);
    };
    const auto refused = co_await run_on(shard::current().all().home_of(what.channel), std::move(work));
    if (refused) fail(*refused);
    co_return !refused;
}

task<> command_handler::run(const protocol::invite& c) {
    const auto what = co_await prepare(c.peer, c.channel, false);
    if (!what) co_return;
    auto rule = [](channel& in, const operation& o) { return in.invite(o.by, o.whom); };
    const bool done = co_await apply(*what, std::move(rule));
    if (!done) co_return;
    std::string event;
    protocol::event::inviting(event, label_, what->channel, what->whom.ref());
    reply(event);
}

task<> command_handler::run(const protocol::kick& c) {
    const auto what = co_await prepare(c.peer, c.channel, true);
    if (!what) co_return;
    auto rule = [reason = c.reason](channel& in, const operation& o) { return in.kick(o.by, o.whom, reason); };
    const bool done = co_await apply(*what, std::move(rule));
    if (!done) co_return;
    std::string event;
    protocol::event::kick(event, label_, what->channel, what->whom.ref(), what->by.ref(), c.reason);
    reply(event);
}

task<> command_handler::run(const protocol::ban& c) {
    const auto what = co_await prepare(c.peer, c.channel, true);
    if (!what) co_return;
    auto rule = [reason = c.reason](channel& in, const operation& o) { return in.ban(o.by, o.whom, reason); };
    const bool done = co_await apply(*what, std::move(rule));
    if (!done) co_return;
    std::string event;
    protocol::event::ban(event, label_, what->channel, what->whom.ref(), what->by.ref(), c.reason);
    reply(event);
}

task<> command_handler::run(const protocol::unban& c) {
    const auto what = co_await prepare(c.peer, c.channel, true);
    if (!what) co_return;
    auto rule = [](channel& in, const operation& o) { return in.unban(o.by, o.whom); };
    const bool done = co_await apply(*what, std::move(rule));
    if (!done) co_return;
    std::string event;
    protocol::event::unban(event, label_, what->channel, what->whom.ref());
    reply(event);
}

task<> command_handler::run(const protocol::op& c) {
    const auto what = co_await prepare(c.peer, c.channel, true);
    if (!what) co_return;
    auto rule = [](channel& in, const operation& o) { return in.op(o.by, o.whom); };
    const bool done = co_await apply(*what, std::move(rule));
    if (!done) co_return;
    std::string event;
    protocol::event::op(event, label_, what->channel, what->whom.ref(), what->by.ref());
    reply(event);
}

task<> command_handler::run(const protocol::deop& c) {
    const auto what = co_await prepare(c.peer, c.channel, true);
    if (!what) co_return;
    auto rule = [](channel& in, const operation& o) { return in.deop(o.by, o.whom); };
    const bool done = co_await apply(*what, std::move(rule));
    if (!done) co_return;
    std::string event;
    protocol::event::deop(event, label_, what->channel, what->whom.ref(), what->by.ref());
    reply(event);
}

}  // namespace channel
