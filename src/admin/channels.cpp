#include "admin/api.hpp"
#include "channel/command_handler.hpp"
#include "channel/shard.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace admin {

using channel::shard;
using channel::task;

namespace {

boost::json::object in_short(const channel::channel& of) {
    return {{"id", "#" + of.id().hex()},
            {"members", of.member_count()},
            {"protected", of.is_protected()},
            {"seq", of.joined_for({}, false).seq}};
}

boost::json::object in_full(const channel::channel& of, const paging& page) {
    auto about = in_short(of);
    const auto operators = of.operator_ids();
    const auto fields = of.describe(operators);
    about["owner"] = fields.owner.hex();
    about["createdAt"] = fields.created_at_ms;
    about["updatedAt"] = fields.updated_at_ms;
    boost::json::array list;
    const auto after = page.after ? std::optional(protocol::peer_id(*page.after)) : std::nullopt;
    const auto members = of.page_of_members(after, page.limit);
    for (const auto& entry : members) {
        list.push_back({{"id", entry.peer.id.hex()},
                        {"name", entry.peer.name},
                        {"operator", entry.is_operator},
                        {"away", entry.away}});
    }
    about["peers"] = std::move(list);
    const bool more = !members.empty() && !of.page_of_members(members.back().peer.id, 1).empty();
    about["next"] = nullptr;
    if (more) about["next"] = members.back().peer.id.hex();
    boost::json::array bans;
    for (const auto& [who, ban] : of.bans()) {
        boost::json::object one{{"id", who.hex()}, {"by", ban.by.hex()}, {"time", ban.time_ms}, {"reason", nullptr}};
        if (ban.reason) one["reason"] = *ban.reason;
        bans.push_back(std::move(one));
    }
    about["bans"] = std::move(bans);
    return about;
}

reply done_in(const protocol::channel_id& id, const channel::change& wanted, const channel::outcome& done) {
    reply answer{200, {{"channel", "#" + id.hex()}}};
    if (wanted.what == channel::change::kind::publish) {
        answer.body["seq"] = done.seq;
    } else {
        answer.body["peer"] = wanted.whom.id.hex();
    }
    return answer;
}

}  // namespace

task<reply> api::list_channels(paging page) const {
    std::vector<std::pair<channel_id, boost::json::object>> found;
    shard& back = shard::current();
    for (const auto& host : hosts_) {
        shard& here = host->shard();
        co_await here.enter();
        std::vector<const channel::channel*> some;
        here.for_each_channel([&](const channel::channel& one) {
            if (one.exists_at(here.channel_time_ms()) && (!page.after || one.id() > channel_id(*page.after)))
                some.push_back(&one);
        });
        const auto by_id = [](const auto* one, const auto* other) { return one->id() < other->id(); };
        const auto count = std::min(some.size(), page.limit + 1);
        std::partial_sort(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count), some.end(), by_id);
        for (std::size_t i = 0; i < count; ++i) found.emplace_back(some[i]->id(), in_short(*some[i]));
    }
    co_await back.enter();
    std::sort(found.begin(), found.end(), [](const auto& one, const auto& other) { return one.first < other.first; });
    auto answer = page_of("channels", found, page.limit);
    co_return std::move(answer);
}

task<reply> api::show_channel(channel_id id, paging page) const {
    auto work = [id, page](shard& at) -> reply {
        const channel::channel* const of = at.find_channel(id);
        if (!of || !of->exists_at(at.channel_time_ms())) return error(404, "no_such_channel", "no such channel");
        return {200, in_full(*of, page)};
    };
    auto answer = co_await channel::on_channel(id, std::move(work));
    if (!answer) co_return error(503, "store_away", "the store does not answer");
    co_return std::move(*answer);
}

task<reply> api::change_channel(channel_id id, channel::change wanted) const {
    shard& back = shard::current();
    shard& home = back.all().home_of(id);
    // Who is to be kicked may be here, or be known as somebody with a name.
    shard& theirs = back.all().home_of(wanted.whom.id);
    co_await theirs.enter();
    if (const channel::peer* const known = theirs.find_peer(wanted.whom.id)) {
        wanted.whom.name = known->name;
        wanted.whom.online = known->online();
    }
    co_await home.enter();
    channel::outcome done;
    if (home.shared) {
        done = co_await home.shared->commit(id, wanted);
    } else {
        done = home.carry_out(id, wanted);
    }
    co_await back.enter();
    if (done.refused) co_return refused(*done.refused);
    co_return done_in(id, wanted, done);
}

}  // namespace admin
