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

/// A minute's broadcasts may come in one go.
constexpr std::chrono::minutes broadcasts_at_once{1};

failure no_such_peer(const protocol::peer_arg& whom) {
    return failure(numeric::no_such_nick, "no such peer online", whom.written);
}

}  // namespace

task<> command_handler::run(const protocol::privmsg& c) {
    const actor from = myself();
    const auto now_ms = shard::now_ms();
    auto work = [&c, &from, now_ms](shard& at) {
        relay_outcome done;
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
    shard& home = shard::current().all().home_of(c.peer.id);
    relay_outcome done;
    // Most of what this server does: nothing on the way that is not needed.
    if (&home == &shard::current()) {
        done = work(home);
    } else {
        done = co_await run_on(home, std::move(work));
    }
    if (store* const shared = shard::current().shared; shared && !done.online) {
        std::string event;
        protocol::event::privmsg(event, from.ref(), c.peer.id, c.content, now_ms);
        done = co_await shared->relay(c.peer.id, std::move(event));
        if (!done.answered) {
            fail(failure(numeric::unknown_error, "the peer's server does not answer", c.peer.written));
            co_return;
        }
    }
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
    if (const auto refused = check_right(auth::send, c.channel)) {
        fail(*refused);
        co_return;
    }
    const auto id = c.channel.id;
    const actor from = myself();
    shard& here = shard::current();
    shard& home = here.all().home_of(id);
    co_await home.enter();
    outcome done;
    if (home.shared) {
        change wanted;
        wanted.what = change::kind::publish;
        wanted.by = from;
        wanted.text.emplace(c.content);
        done = co_await home.shared->commit(id, wanted);
    } else if (channel* const in = home.find_channel(id)) {
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
    ++here.count.published;
    if (!label_.empty()) {
        std::string event;
        protocol::event::ack_pubmsg(event, label_, done.time_ms, id, done.seq);
        reply(event);
    }
    if (audience* const members = here.find_audience(id)) co_await members->room();
}

task<> command_handler::run(const protocol::broadcast& c) {
    if (const auto refused = check_broadcast()) {
        fail(*refused);
        co_return;
    }
    if (const auto count = config().broadcasts_per_minute; count > 0) {
        const auto each = allowance::duration(broadcasts_at_once) / count;
        const auto now = shard::now();
        const auto wait = broadcasts_.wait_for(each, broadcasts_at_once, now);
        if (wait > allowance::duration::zero()) {
            fail(failure(numeric::try_again, "too many broadcasts, this one was dropped"),
                 std::chrono::ceil<std::chrono::milliseconds>(wait));
            co_return;
        }
        broadcasts_.use(each, now);
    }
    const auto now_ms = shard::now_ms();
    const auto sender = me()->id();
    std::string event;
    protocol::event::broadcast(event, me()->ref(), c.content, now_ms);
    if (store* const shared = shard::current().shared) {
        const bool told = co_await shared->broadcast(sender, event);
        if (!told) {
            fail_without_store();
            co_return;
        }
    }
    const cluster& all = shard::current().all();
    for (std::size_t index = 0; index < all.size(); ++index) {
        all.at(index).tell([sender, event](shard& at) { at.broadcast(event, sender); });
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
        std::string event;
        who->describe(event, label, mine);
        return event;
    };
    const auto found = co_await run_on(shard::current().all().home_of(whom.id), std::move(work));
    store* const shared = shard::current().shared;
    if (!shared || std::holds_alternative<std::string>(found)) {
        answer(found);
        co_return;
    }
    bool answered = false;
    const auto event = co_await shared->whois(whom.id, std::string(label_), mine, answered);
    if (event) {
        reply(*event);
    } else if (answered) {
        fail(no_such_peer(whom));
    } else {
        fail_without_store();
    }
}

task<> command_handler::whois_channel(const protocol::channel_arg& which) {
    const auto asker = me()->id();
    auto work = [&which, asker, label = label_](shard& at) -> result<std::string> {
        const channel* const in = at.find_channel(which.id);
        if (!in || !in->exists_at(at.channel_time_ms()))
            return failure(numeric::no_such_channel, "no such channel", which.written);
        std::string event;
        if (in->is_protected() && !in->has_member(asker)) {
            protocol::event::whois_protected(event, label, which.id);
        } else {
            const auto operators = in->operator_ids();
            protocol::event::whois(event, label, in->describe(operators));
        }
        return event;
    };
    const auto found = co_await on_channel(which.id, std::move(work));
    answer(found);
}

task<> command_handler::run(const protocol::away& c) {
    const auto id = me()->id();
    const auto before = me()->away;
    auto after = std::optional<std::string>();
    if (c.message) {
        after.emplace(*c.message);
    } else if (!before) {
        after.emplace();
    }
    if (store* const shared = shard::current().shared) {
        auto record = me()->record();
        record.away = after;
        const auto saved = co_await shared->save_peer(id, std::move(record), std::nullopt);
        if (saved != ownership::ours) {
            fail_without_store();
            co_return;
        }
    }
    peer& who = *me();
    who.away = after;
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
