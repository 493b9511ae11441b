#include "channel/command_handler.hpp"

#include "channel/link.hpp"
#include "protocol/event.hpp"

/// Commands about a channel and who is in it.
namespace channel {

using protocol::failure;
using protocol::numeric;

namespace {

failure no_such_channel(std::string_view written) {
    return failure(numeric::no_such_channel, "no such channel", written);
}

failure not_a_member(std::string_view written) {
    return failure(numeric::not_on_channel, "you are not in that channel: /join it first", written);
}

/// Before it begins, so that it can be found again.
task<bool> note_membership(protocol::peer_id who, protocol::channel_id in) {
    shard& here = shard::current();
    if (!here.shared) co_return true;
    // The end of one before is not to end this one.
    if (const peer* const of = here.find_peer(who)) {
        const auto ends = of->ends_kept();
        co_await ends;
    }
    const bool noted = co_await here.shared->note_membership(who, in);
    co_return noted;
}

}  // namespace

task<> command_handler::run(const protocol::join& c) {
    const auto id = c.channel.id;
    const actor who = myself();
    if (const auto refused = check_right(auth::join, c.channel)) {
        fail(*refused);
        co_return;
    }
    const bool was_member = me()->is_member_of(id);
    if (!was_member && me()->memberships().size() >= config().limits.channels) {
        fail(failure(numeric::too_many_channels,
                     "you are in " + std::to_string(config().limits.channels) + " channels, which is the limit",
                     c.channel.written));
        co_return;
    }
    if (!c.token.empty()) {
        const bool looked_at = co_await may_guess();
        if (!looked_at) co_return;
    }
    const bool noted = co_await note_membership(who.id, id);
    if (!noted) {
        fail_without_store();
        co_return;
    }
    change wanted;
    wanted.what = change::kind::join;
    wanted.by = who;
    if (!c.token.empty()) wanted.key.emplace(id, c.token);
    apply_rights(wanted, id);
    const auto done = co_await carry_out(id, wanted);
    if (done.refused) {
        if (done.refused->code == numeric::bad_channel_key && !c.token.empty()) guessed_wrong();
        store* const shared = shard::current().shared;
        if (shared && !was_member) shared->forget_membership(who.id, id);
        refuse(failure(done.refused->code, done.refused->message, c.channel.written));
        co_return;
    }
    // It ended under way, and what was noted with it.
    if (was_member && !done.already_member) co_await note_membership(who.id, id);
    // By id: a newer connection may have taken the session over on the way, and the membership is the peer's.
    peer* const member = shard::current().find_peer(who.id);
    if (!member) co_return;
    if (!member->is_member_of(id)) {
        if (done.already_member) {
            fail(not_a_member(c.channel.written));
            co_return;
        }
        shard::current().find_or_add_audience(id, done.position).add(*member);
    }
    std::string event;
    protocol::event::joined(event, label_, done.joined);
    member->note_reached(id, done.joined.seq);
    tell(*member, event);
}

task<> command_handler::run(const protocol::quit& c) {
    if (c.channel) {
        co_await quit_channel(c);
        co_return;
    }
    peer& who = *me();
    std::string event;
    protocol::event::quit(event, label_, std::nullopt, who.ref(), std::nullopt);
    who.send(event);
    // It may be forgotten at once.
    end_command();
    who.end();
    link_.close(protocol::close_code::normal, "quit");
}

task<> command_handler::quit_channel(const protocol::quit& c) {
    const auto id = c.channel->id;
    const actor who = myself();
    change wanted;
    wanted.what = change::kind::part;
    wanted.by = who;
    wanted.whom.channel_written = c.channel->written;
    if (c.reason) wanted.text.emplace(*c.reason);
    const auto done = co_await carry_out(id, wanted);
    if (done.refused) {
        fail(*done.refused);
        co_return;
    }
    peer* const leaver = shard::current().find_peer(who.id);
    if (!leaver) co_return;
    if (store* const shared = shard::current().shared) shared->forget_membership(who.id, id);
    if (shard::current().end_membership(*leaver, id)) leaver->note_end(id);
    std::string event;
    protocol::event::quit(event, label_, id, who.ref(), c.reason);
    tell(*leaver, event);
}

task<> command_handler::run(const protocol::peers& c) {
    const auto id = c.channel.id;
    const auto asker = me()->id();
    // Encoded where the channel lives: the names belong to it.
    auto work = [&c, asker, id, label = label_](shard& at) -> result<std::string> {
        const channel* const in = at.find_channel(id);
        if (!in || !in->exists_at(at.channel_time_ms())) return no_such_channel(c.channel.written);
        if (in->is_protected() && !in->has_member(asker)) return not_a_member(c.channel.written);
        const auto page = in->page_of_members(c.after, at.config().limits.page);
        const bool more = !page.empty() && !in->page_of_members(page.back().peer.id, 1).empty();
        std::string event;
        protocol::event::peers(event, label, id, page, in->member_count(),
                               more ? std::optional(page.back().peer.id) : std::nullopt);
        return event;
    };
    const auto found = co_await on_channel(id, std::move(work));
    answer(found);
}

task<> command_handler::run(const protocol::history& c) {
    const auto id = c.channel.id;
    const auto asker = me()->id();
    auto work = [&c, asker, id, label = label_](shard& at) -> result<std::string> {
        const channel* const in = at.find_channel(id);
        if (!in || !in->exists_at(at.channel_time_ms())) return no_such_channel(c.channel.written);
        if (!in->has_member(asker)) return not_a_member(c.channel.written);
        const auto page = in->history().last(c.count, c.before_seq);
        std::string event;
        protocol::event::history(event, label, id, page.messages, page.more);
        return event;
    };
    const auto found = co_await on_channel(id, std::move(work));
    answer(found);
}

task<> command_handler::run(const protocol::bans& c) {
    const auto id = c.channel.id;
    const auto asker = me()->id();
    auto work = [&c, asker, id, label = label_](shard& at) -> result<std::string> {
        const channel* const in = at.find_channel(id);
        if (!in || !in->exists_at(at.channel_time_ms())) return no_such_channel(c.channel.written);
        if (auto refused = in->check_operator(asker, c.channel.written)) return std::move(*refused);
        std::vector<protocol::event::bans_entry> entries;
        for (const auto& [banned, record] : in->bans()) {
            entries.push_back({banned, {record.by, record.by_name}, record.time_ms, record.reason});
        }
        std::string event;
        protocol::event::bans(event, label, id, entries);
        return event;
    };
    const auto found = co_await on_channel(id, std::move(work));
    answer(found);
}

}  // namespace channel
