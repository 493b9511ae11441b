#include "channel/command_handler.hpp"

#include "channel/link.hpp"
#include "protocol/event.hpp"

#include <algorithm>
#include <chrono>

/// Messages, and what one may ask about others.
namespace channel {

using protocol::failure;
using protocol::numeric;

namespace {

failure no_such_peer(const protocol::peer_arg& whom) {
    return failure(numeric::no_such_nick, "no such peer online", whom.written);
}

}  // namespace

task<> command_handler::run(const protocol::privmsg& c) {
    struct relayed {
        bool online = false;
        bool queued = false;
        std::string away_event;
    };
    const actor from = myself();
    const auto now_ms = shard::now_ms();
    auto work = [&c, &from, now_ms](shard& at) {
        relayed done;
        peer* const to = at.find_peer(c.peer.id);
        if (!to || !to->online()) return done;
        thread_local std::string event;
        event.clear();
        protocol::event::privmsg(event, from.ref(), to->id(), c.content, now_ms);
        to->send(event);
        done.online = true;
        done.queued = to->connection() == nullptr;
        if (to->away) protocol::event::away(done.away_event, {}, to->ref(), true, to->away_message());
        return done;
    };
    const auto done = co_await run_on(shard::current().all().home_of(c.peer.id), std::move(work));
    if (!done.online) {
        fail(no_such_peer(c.peer));
        co_return;
    }
    if (!label_.empty()) {
        std::string event;
        protocol::event::ack_privmsg(event, label_, now_ms, done.queued);
        reply(event);
    }
    if (!done.away_event.empty()) reply(done.away_event);
}

task<> command_handler::run(const protocol::pubmsg& c) {
    const auto id = c.channel.id;
    const actor from = myself();
    shard& here = shard::current();
    shard& home = here.all().home_of(id);
    co_await home.enter();
    channel* const in = home.find_channel(id);
    outcome done;
    if (in) {
        done = in->publish(from, c.content, shard::now_ms());
    } else {
        done.refused.emplace(numeric::no_such_channel, "no such channel");
    }
    // Whoever sends faster than members can be served waits here, and reads no more commands meanwhile.
    if (audience* const members = home.find_audience(id)) co_await members->room();
    co_await here.enter();
    if (done.refused) {
        fail(failure(done.refused->code, done.refused->message, c.channel.written));
        co_return;
    }
    if (!label_.empty()) {
        std::string event;
        protocol::event::ack_pubmsg(event, label_, done.time_ms, id, done.seq);
        reply(event);
    }
    if (audience* const members = here.find_audience(id)) co_await members->room();
}

task<> command_handler::run(const protocol::broadcast& c) {
    if (!config().broadcast_allowed) {
        fail(failure(numeric::no_privileges, "this server does not allow /broadcast"));
        co_return;
    }
    const auto now_ms = shard::now_ms();
    const auto sender = me()->id();
    std::string event;
    protocol::event::broadcast(event, me()->ref(), c.content, now_ms);
    const cluster& all = shard::current().all();
    for (std::size_t index = 0; index < all.size(); ++index) {
        all.at(index).tell([sender, event](shard& at) {
            at.for_each_peer([&](peer& to) {
                if (to.connection() && to.id() != sender) to.send(event);
            });
        });
    }
    if (label_.empty()) co_return;
    std::string ack;
    protocol::event::ack_broadcast(ack, label_, now_ms);
    reply(ack);
}

task<> command_handler::run(const protocol::whois& c) {
    if (const auto* whom = std::get_if<protocol::peer_arg>(&c.target)) {
        co_await whois_peer(*whom);
    } else {
        co_await whois_channel(std::get<protocol::channel_arg>(c.target));
    }
}

task<> command_handler::whois_peer(const protocol::peer_arg& whom) {
    auto mine = me()->channel_ids();
    std::sort(mine.begin(), mine.end());
    auto work = [&whom, &mine, label = label_](shard& at) -> result<std::string> {
        const peer* const who = at.find_peer(whom.id);
        if (!who || !who->online()) return no_such_peer(whom);
        auto shared = who->channel_ids();
        std::erase_if(
            shared, [&](const protocol::channel_id& id) { return !std::binary_search(mine.begin(), mine.end(), id); });
        std::sort(shared.begin(), shared.end());
        protocol::event::whois_peer_fields fields;
        fields.peer = who->ref();
        fields.description = who->description;
        if (who->away) fields.away = *who->away;
        fields.channels = shared;
        fields.connected = who->connected();
        fields.connected_at_ms = who->connected_at_ms;
        fields.idle_seconds = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(shard::now() - who->last_command).count());
        std::string event;
        protocol::event::whois(event, label, fields);
        return event;
    };
    const auto found = co_await run_on(shard::current().all().home_of(whom.id), std::move(work));
    answer(found);
}

task<> command_handler::whois_channel(const protocol::channel_arg& which) {
    const auto asker = me()->id();
    auto work = [&which, asker, label = label_](shard& at) -> result<std::string> {
        const channel* const in = at.find_channel(which.id);
        if (!in) return failure(numeric::no_such_channel, "no such channel", which.written);
        std::string event;
        if (in->is_protected() && !in->has_member(asker)) {
            protocol::event::whois_protected(event, label, which.id);
        } else {
            const auto operators = in->operator_ids();
            protocol::event::whois(event, label, in->describe(operators));
        }
        return event;
    };
    const auto found = co_await run_on(shard::current().all().home_of(which.id), std::move(work));
    answer(found);
}

task<> command_handler::run(const protocol::away& c) {
    peer& who = *me();
    const auto before = who.away;
    if (c.message) {
        who.away.emplace(*c.message);
    } else if (who.away) {
        who.away.reset();
    } else {
        who.away.emplace();
    }
    std::string event;
    protocol::event::away(event, label_, who.ref(), who.away.has_value(), who.away_message());
    reply(event);
    if (who.away == before) co_return;
    event.clear();
    protocol::event::away(event, {}, who.ref(), who.away.has_value(), who.away_message());
    co_await announce(std::move(event));
}

void command_handler::ice() { me()->send_ice(label_); }

void command_handler::ping(const protocol::ping& c) {
    std::string event;
    protocol::event::pong(event, label_, c.content);
    reply_uncounted(event);
}

void command_handler::ack(const protocol::ack& c) {
    if (me()->confirm(c.count)) return;
    fail(failure(numeric::need_more_params, "n is larger than the number of events that were sent", c.written));
}

}  // namespace channel
