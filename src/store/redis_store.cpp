#include "store/redis_store.hpp"

#include "channel/nap.hpp"
#include "logging/failure.hpp"
#include "logging/log.hpp"
#include "store/codec.hpp"

#include <boost/json.hpp>

#include <array>

namespace store {

namespace json = boost::json;

using channel::change;
using channel::nap;
using channel::outcome;
using channel::peer;
using channel::shard;
using channel::task;
using protocol::channel_id;
using protocol::peer_id;

namespace {

constexpr std::chrono::milliseconds tick{250};
constexpr std::chrono::minutes renewal_interval{4};
constexpr std::size_t renewed_per_tick = 1000;
constexpr std::size_t buried_at_once = 100;       ///< channels of a dead server
constexpr std::size_t looked_after_at_once = 64;  ///< peers, after a break: nobody is to take the ids of the last ones

}  // namespace

redis_store::redis_store(shard& at, const redis_address& where, const redis_connection::settings& how)
    : shard_(at),
      bus_(at, where, how, *this),
      servers_(
          bus_, at.all().node, [this](json::object request) { on_request(std::move(request)); },
          [this](bool taken) { on_beat(taken); }),
      ledger_(bus_, at.all().node),
      book_(bus_, servers_) {
    servers_.bury_with([this](channel::node_id dead, std::int64_t died_at_ms) {
        channel::spawn("burial", bury(dead, died_at_ms), logging::task_failed);
    });
    ledger_.on_burial([this](const channel_id& id, channel::node_id whose, std::int64_t time_ms) {
        if (whose == servers_.self())
            come_back_to(id);
        else
            servers_.note_burial(whose, time_ms);
    });
}

void redis_store::start() {
    bus_.start();
    servers_.start();
    ledger_.start();
    next_renewal_ = shard::now() + renewal_interval;
    shard_.schedule(*this, shard::now() + tick);
}

void redis_store::stop() {
    stopped_ = true;
    cancel();
    servers_.stop();
    ledger_.stop();
    bus_.stop();
}

void redis_store::on_bus_up() { servers_.on_up(); }

void redis_store::on_bus_down() { up_ = false; }

void redis_store::on_beat(bool taken) {
    // A Redis that loads, or takes no changes, is connected and of no use.
    const bool back = taken && bus_.up() && !up_;
    up_ = taken && bus_.up();
    const bool doubted = up_ && servers_.take_doubt();
    const bool emptied = up_ && servers_.take_emptied();
    if (!back && !doubted && !emptied) return;
    if (emptied) ledger_.on_forgotten();
    ledger_.on_up();
    ++times_up_;
    std::array<std::vector<peer_id>, looked_after_at_once> ours;
    std::size_t next = 0;
    shard_.for_each_peer([&](const peer& who) { ours[next++ % ours.size()].push_back(who.id()); });
    for (auto& some : ours) {
        if (!some.empty())
            channel::spawn("peers after a break", look_after(std::move(some), times_up_), logging::task_failed);
    }
}

task<> redis_store::look_after(std::vector<peer_id> ours, std::uint64_t time) {
    while (!ours.empty()) {
        const auto id = ours.back();
        ours.pop_back();
        const peer* const who = shard_.find_peer(id);
        if (!who || !who->online() || who->returning()) continue;
        // The store may have come back empty, or as it was some time ago; or others have taken over meanwhile.
        const auto tenure = who->tenure;
        const auto found = co_await book_.restore(*who);
        if (!up_ || time != times_up_) co_return;
        if (found.whose == channel::ownership::not_known) {
            // Slow, but not away.
            ours.push_back(id);
            nap moment(shard_, pause_before_next_attempt);
            co_await moment;
            continue;
        }
        if (found.whose == channel::ownership::of_another)
            channel::spawn("release", let_go(id, tenure), logging::task_failed);
        if (found.has_letters) letter_came(id);
        // It went while nobody could be told.
        const peer* const still = shard_.find_peer(id);
        if (still && still->resuming() && !still->returning()) book_.left(id, tenure, channel::parting::waited_for);
    }
}

void redis_store::look_after_one(const peer_id& id) {
    // If the store is away all are looked after when it is back.
    std::vector<peer_id> only{id};
    if (up_) channel::spawn("peer in doubt", look_after(std::move(only), times_up_), logging::task_failed);
}

void redis_store::expired(channel::steady_time now) {
    if (up_) book_.say_again();
    if (now >= next_renewal_ && to_renew_.empty()) {
        next_renewal_ = now + renewal_interval;
        shard_.for_each_peer([&](const peer& who) { to_renew_.push_back(who.id()); });
    }
    for (std::size_t i = 0; i < renewed_per_tick && !to_renew_.empty(); ++i) {
        if (shard_.find_peer(to_renew_.back())) book_.keep_alive(to_renew_.back());
        to_renew_.pop_back();
    }
    shard_.schedule(*this, now + tick);
}

// --- channels

task<bool> redis_store::open(channel_id id) { return ledger_.open(id); }

task<outcome> redis_store::commit(channel_id id, const change& c) { return ledger_.commit(id, c); }

void redis_store::commit_surely(channel_id id, change c) { ledger_.commit_surely(id, std::move(c)); }

task<> redis_store::bury(channel::node_id dead, std::int64_t died_at_ms) {
    const auto window = std::chrono::milliseconds(shard_.config().limits.resume_window).count();
    change wanted;
    wanted.what = change::kind::bury;
    wanted.by.node = dead;
    wanted.time_ms = died_at_ms + window;
    std::size_t count = 0;
    for (;;) {
        std::vector<std::string> question{"SRANDMEMBER", channels_key(dead), std::to_string(buried_at_once)};
        const auto channels = co_await bus_.command(std::move(question));
        if (channels.failed()) co_return;
        if (channels.elements.empty()) break;
        for (const auto& one : channels.elements) {
            const bool done = co_await bury_in(one.text, wanted);
            // Not answered: the next one who tries goes on.
            if (!done) co_return;
            bus_.post(std::vector<std::string>{"SREM", channels_key(dead), one.text});
            ++count;
        }
    }
    if (count > 0) logging::line(logging::event::server_buried).with("server", node_text(dead)).with("channels", count);
    servers_.buried(dead);
}

task<bool> redis_store::bury_in(std::string hex, change wanted) {
    const auto id = protocol::parse_object_id(hex);
    if (!id) co_return true;
    const channel_id in(*id);
    shard& home = shard_.all().home_of(in);
    co_await home.enter();
    const auto done = co_await home.shared->commit(in, wanted);
    co_await shard_.enter();
    co_return !done.refused || done.refused->code != protocol::numeric::unknown_error;
}

void redis_store::come_back_to(const channel_id& id) {
    // We were taken for dead, and our members were taken out; they are still here.
    for (const auto& who : ledger_.take_buried(id))
        channel::spawn("coming back", bring_back(id, who), logging::task_failed);
}

task<> redis_store::bring_back(channel_id id, peer_id who) {
    shard& home = shard_.all().home_of(who);
    change wanted;
    wanted.what = change::kind::join;
    for (;;) {
        co_await home.enter();
        const peer* const here = home.find_peer(who);
        const bool online = here && here->online();
        if (online) wanted.by = here->as_actor();
        co_await shard_.enter();
        if (!online) co_return;
        // Into one that is over by now it comes as the first.
        const channel::channel* const in = shard_.find_channel(id);
        wanted.returning = in && in->exists_at(ledger_.now_ms());
        const auto done = co_await ledger_.commit(id, wanted);
        if (!done.refused) {
            std::string event;
            protocol::event::joined(event, {}, done.joined);
            home.tell([who, id, position = done.position, event = std::move(event)](shard& at) {
                peer* const back = at.find_peer(who);
                if (!back) return;
                if (!back->is_member_of(id)) at.find_or_add_audience(id, position).add(*back);
                back->send(event);
            });
            co_return;
        }
        if (done.refused->code != protocol::numeric::unknown_error || stopped_) co_return;
        // The way to the store is not whole yet.
        nap moment(shard_, tick);
        co_await moment;
    }
}

// --- peers of ours

task<channel::claim> redis_store::claim_peer(peer_id id, channel::secret fresh, std::optional<channel::secret> proof,
                                             channel::peer_record record) {
    return book_.claim(id, fresh, proof, std::move(record));
}

task<channel::ownership> redis_store::save_peer(peer_id id, channel::peer_record record,
                                                std::optional<std::vector<channel::kept_membership>> count_from) {
    const peer* const who = shard_.find_peer(id);
    const auto tenure = who ? who->tenure : 0;
    const auto whose = co_await book_.save(id, std::move(record), std::move(count_from));
    // It went without our being told.
    if (whose == channel::ownership::of_another && tenure != 0)
        channel::spawn("release", let_go(id, tenure), logging::task_failed);
    co_return whose;
}

task<> redis_store::let_go(peer_id id, std::uint64_t tenure) {
    [[maybe_unused]] const bool whole = co_await give_over(id, tenure);
}

void redis_store::peer_back(peer_id id, channel::peer_record record) { book_.back(id, record); }

task<bool> redis_store::note_membership(peer_id id, channel_id in) { return book_.note_membership(id, in); }

void redis_store::forget_membership(peer_id id, channel_id in) { book_.forget_membership(id, in); }

void redis_store::peer_left(peer_id id, std::uint64_t tenure, channel::parting how) { book_.left(id, tenure, how); }

void redis_store::pin(peer_id id) { book_.pin(id); }

void redis_store::peer_gone(peer_id id) { book_.forget(id); }

task<bool> redis_store::keep_events(peer_id id, channel::fresh_events events) {
    return book_.keep_events(id, std::move(events));
}

void redis_store::confirm_events(peer_id id, std::uint64_t last) { book_.confirm_events(id, last); }

void redis_store::drop_events(peer_id id) { book_.drop_events(id); }

task<channel::kept_events> redis_store::take_events(peer_id id) { return book_.take_events(id); }

task<std::optional<std::vector<std::string>>> redis_store::letters_for(peer_id id) {
    auto letters = co_await book_.letters_for(id);
    if (!letters) channel::spawn("letters", look_for_letters_again(id), logging::task_failed);
    co_return std::move(letters);
}

task<> redis_store::look_for_letters_again(peer_id id) {
    nap moment(shard_, pause_before_next_attempt);
    co_await moment;
    // When the store is back all are looked after.
    if (up_ && !stopped_) letter_came(id);
}

}  // namespace store
