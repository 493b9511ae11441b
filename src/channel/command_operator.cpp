#include "channel/command_handler.hpp"

#include "channel/link.hpp"
#include "protocol/event.hpp"

/// What operators, and members who invite, do to others.
namespace channel {

using protocol::failure;
using protocol::numeric;

task<std::optional<command_handler::operation>> command_handler::prepare(change::kind kind, protocol::peer_arg whom,
                                                                         std::optional<protocol::channel_arg> where,
                                                                         std::optional<std::string_view> reason) {
    operation what;
    what.wanted.what = kind;
    what.wanted.by = myself();
    if (reason) what.wanted.text.emplace(*reason);
    target& about = what.wanted.whom;
    about.id = whom.id;
    about.written = whom.written;
    if (where) {
        what.channel = where->id;
        about.channel_written = where->written;
    } else {
        const auto only = co_await the_one_channel(kind != change::kind::invite);
        if (!only) co_return std::nullopt;
        what.channel = *only;
    }
    auto look_up = [id = whom.id, &about](shard& at) {
        const peer* const found = at.find_peer(id);
        about.name = found ? found->name : id.hex();
        about.online = found && found->online();
        return found != nullptr;
    };
    const bool is_here = co_await run_on(shard::current().all().home_of(whom.id), std::move(look_up));
    if (store* const shared = shard::current().shared; shared && !is_here) {
        auto sight = co_await shared->look_for(whom.id);
        if (!sight.answered) {
            fail_without_store();
            co_return std::nullopt;
        }
        about.name = std::move(sight.name);
        about.online = sight.online;
    }
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
        const auto may = co_await on_channel(id, std::move(may_act));
        if (may.value_or(false)) candidates.push_back(id);
    }
    if (candidates.size() == 1) co_return candidates.front();
    std::string message = operators_only ? "name a channel of which you are operator"
                                         : "name a channel of which you are a member";
    message += candidates.empty() ? ": there is none" : ":";
    for (const auto& id : candidates) message += " #" + id.hex();
    fail(failure(numeric::need_more_params, std::move(message)));
    co_return std::nullopt;
}

task<bool> command_handler::apply(const operation& what) {
    const auto done = co_await carry_out(what.channel, what.wanted);
    if (done.refused) refuse(*done.refused);
    const auto& about = what.wanted;
    const bool out = about.what == change::kind::kick || about.what == change::kind::ban;
    store* const shared = shard::current().shared;
    // Who does that to itself is told by the reply.
    if (shared && out && !done.refused && about.whom.id == about.by.id)
        shared->forget_membership(about.by.id, what.channel);
    co_return !done.refused;
}

task<> command_handler::run(const protocol::invite& c) {
    const auto what = co_await prepare(change::kind::invite, c.peer, c.channel);
    if (!what) co_return;
    const bool done = co_await apply(*what);
    if (!done) co_return;
    std::string event;
    protocol::event::inviting(event, label_, what->channel, what->wanted.whom.ref());
    reply(event);
}

task<> command_handler::run(const protocol::kick& c) {
    const auto what = co_await prepare(change::kind::kick, c.peer, c.channel, c.reason);
    if (!what) co_return;
    const bool done = co_await apply(*what);
    if (!done) co_return;
    std::string event;
    protocol::event::kick(event, label_, what->channel, what->wanted.whom.ref(), what->wanted.by.ref(), c.reason);
    reply(event);
}

task<> command_handler::run(const protocol::ban& c) {
    const auto what = co_await prepare(change::kind::ban, c.peer, c.channel, c.reason);
    if (!what) co_return;
    const bool done = co_await apply(*what);
    if (!done) co_return;
    std::string event;
    protocol::event::ban(event, label_, what->channel, what->wanted.whom.ref(), what->wanted.by.ref(), c.reason);
    reply(event);
}

task<> command_handler::run(const protocol::unban& c) {
    const auto what = co_await prepare(change::kind::unban, c.peer, c.channel);
    if (!what) co_return;
    const bool done = co_await apply(*what);
    if (!done) co_return;
    std::string event;
    protocol::event::unban(event, label_, what->channel, what->wanted.whom.ref());
    reply(event);
}

task<> command_handler::run(const protocol::op& c) {
    const auto what = co_await prepare(change::kind::op, c.peer, c.channel);
    if (!what) co_return;
    const bool done = co_await apply(*what);
    if (!done) co_return;
    std::string event;
    protocol::event::op(event, label_, what->channel, what->wanted.whom.ref(), what->wanted.by.ref());
    reply(event);
}

task<> command_handler::run(const protocol::deop& c) {
    const auto what = co_await prepare(change::kind::deop, c.peer, c.channel);
    if (!what) co_return;
    const auto done = co_await carry_out(what->channel, what->wanted);
    if (done.refused) {
        fail(*done.refused);
        co_return;
    }
    std::string event;
    protocol::event::deop(event, label_, what->channel, what->wanted.whom.ref(), what->wanted.by.ref());
    reply(event);
    // In this order: who is alone is operator again, and must not believe otherwise.
    if (!done.succession.empty()) reply(done.succession);
}

}  // namespace channel
