#include "admin/api.hpp"
#include "channel/link.hpp"
#include "channel/nap.hpp"
#include "channel/shard.hpp"
#include "channel/store.hpp"
#include "protocol/event.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace admin {

using channel::peer;
using channel::shard;
using channel::task;

namespace {

boost::json::object describe(const peer& who, std::size_t shard_index) {
    boost::json::array channels;
    for (const auto& id : who.channel_ids()) channels.emplace_back("#" + id.hex());
    boost::json::object about{{"id", who.id().hex()},
                              {"name", who.name},
                              {"connected", who.connected()},
                              {"resumable", who.resumable()},
                              {"away", who.away.has_value()},
                              {"connectedAt", who.connected_at_ms},
                              {"channels", std::move(channels)},
                              {"shard", shard_index}};
    const auto* const link = who.connection();
    about["queueBytes"] = link ? const_cast<channel::link*>(link)->box().waiting_bytes() : 0;
    return about;
}

reply disconnected(const protocol::peer_id& id) { return {200, {{"disconnected", id.hex()}}}; }
reply sent(bool queued) { return {200, {{"queued", queued}}}; }
reply sent_to_all() { return {200, {{"sent", true}}}; }

reply no_such_peer() { return error(404, "no_such_peer", "no such peer at this server"); }

}  // namespace

task<reply> api::list_peers(paging page) const {
    // Each shard offers the first ones behind `after`; of these the first make the page.
    std::vector<std::pair<peer_id, boost::json::object>> found;
    shard& back = shard::current();
    for (const auto& host : hosts_) {
        shard& here = host->shard();
        co_await here.enter();
        std::vector<const peer*> some;
        here.for_each_peer([&](const peer& who) {
            if (who.online() && (!page.after || who.id() > peer_id(*page.after))) some.push_back(&who);
        });
        const auto by_id = [](const peer* one, const peer* other) { return one->id() < other->id(); };
        const auto count = std::min(some.size(), page.limit + 1);
        std::partial_sort(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count), some.end(), by_id);
        for (std::size_t i = 0; i < count; ++i) found.emplace_back(some[i]->id(), describe(*some[i], here.index()));
    }
    co_await back.enter();
    std::sort(found.begin(), found.end(), [](const auto& one, const auto& other) { return one.first < other.first; });
    auto answer = page_of("peers", found, page.limit);
    co_return std::move(answer);
}

task<reply> api::show_peer(peer_id id) const {
    shard& back = shard::current();
    shard& home = back.all().home_of(id);
    co_await home.enter();
    const peer* const who = home.find_peer(id);
    reply answer;
    if (who) {
        answer.body = describe(*who, home.index());
    } else {
        answer = no_such_peer();
    }
    co_await back.enter();
    co_return std::move(answer);
}

task<reply> api::disconnect(peer_id id, std::string reason) const {
    shard& back = shard::current();
    shard& home = back.all().home_of(id);
    co_await home.enter();
    // What it is just doing is done first: it is not to be gone in the middle of that.
    for (int attempt = 0; attempt < 100; ++attempt) {
        const peer* const busy = home.find_peer(id);
        if (!busy || !busy->busy()) break;
        channel::nap moment(home, std::chrono::milliseconds(20));
        co_await moment;
    }
    peer* const who = home.find_peer(id);
    auto answer = disconnected(id);
    if (!who || !who->online()) {
        answer = no_such_peer();
    } else if (who->busy() || who->returning()) {
        answer = error(409, "busy", "the peer is changing hands just now: try again");
    } else {
        channel::link* const link = who->connection();
        who->end();
        if (link) link->close_saying(protocol::close_code::removed, std::move(reason));
    }
    co_await back.enter();
    co_return std::move(answer);
}

task<reply> api::send_to_peer(peer_id id, std::string content) const {
    std::string event;
    protocol::event::privmsg(event, server().ref(), id, content, shard::now_ms());
    shard& back = shard::current();
    shard& home = back.all().home_of(id);
    co_await home.enter();
    peer* const who = home.find_peer(id);
    bool online = who && who->online();
    bool queued = false;
    bool answered = true;
    if (online) {
        queued = who->connection() == nullptr;
        who->send(event);
    } else if (home.shared) {
        const auto done = co_await home.shared->relay(id, event);
        answered = done.answered;
        online = done.online;
        queued = done.queued;
    }
    co_await back.enter();
    if (!answered) co_return error(503, "store_away", "the store, or the peer's server, does not answer");
    if (!online) co_return error(404, "no_such_peer", "no such peer is online");
    co_return sent(queued);
}

task<reply> api::broadcast(std::string content) const {
    std::string event;
    protocol::event::broadcast(event, server().ref(), content, shard::now_ms());
    if (channel::store* const shared = shard::current().shared) {
        const bool told = co_await shared->broadcast({}, event);
        if (!told) co_return error(503, "store_away", "the store does not answer");
    }
    for (const auto& host : hosts_) {
        host->shard().tell([event](shard& at) { at.broadcast(event, {}); });
    }
    co_return sent_to_all();
}

}  // namespace admin
