#include "store/redis_store.hpp"

#include "channel/link.hpp"
#include "channel/nap.hpp"
#include "logging/log.hpp"
#include "protocol/text_frame.hpp"
#include "store/codec.hpp"
#include "store/report.hpp"

#include <boost/json.hpp>

#include <algorithm>

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

std::string text_of(const json::object& from, std::string_view key) {
    const auto* const found = from.if_contains(key);
    return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

bool flag_of(const json::object& from, std::string_view key) {
    const auto* const found = from.if_contains(key);
    return found && found->is_bool() && found->get_bool();
}

std::optional<peer_id> peer_of(const json::object& from) {
    const auto parsed = protocol::parse_object_id(text_of(from, "peer"));
    return parsed ? std::optional(peer_id(*parsed)) : std::nullopt;
}

std::string away_event_of(const peer_id& id, const channel::peer_record& record) {
    std::string event;
    if (!record.away) return event;
    const auto message = record.away->empty() ? protocol::event::optional_text() : *record.away;
    protocol::event::away(event, {}, {id, record.name}, true, message);
    return event;
}

}  // namespace

redis_store::redis_store(shard& at, const redis_address& where, const redis_connection::settings& how)
    : shard_(at),
      bus_(at, where, how, *this),
      servers_(bus_, at.all().node, [this](json::object request) { on_request(std::move(request)); }),
      ledger_(bus_, at.all().node),
      book_(bus_, servers_) {
    servers_.bury_with([this](channel::node_id dead, std::int64_t died_at_ms) {
        channel::spawn("burial", bury(dead, died_at_ms), report);
    });
    ledger_.on_own_burial([this](const channel_id& id) { come_back_to(id); });
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

void redis_store::on_bus_up() {
    up_ = true;
    servers_.on_up();
    ledger_.on_up();
    std::vector<peer_id> ours;
    shard_.for_each_peer([&](const peer& who) { ours.push_back(who.id()); });
    channel::spawn("peers after a break", look_after(std::move(ours), ++times_up_), report);
}

task<> redis_store::look_after(std::vector<peer_id> ours, std::uint64_t time) {
    for (const auto& id : ours) {
        const peer* const who = shard_.find_peer(id);
        if (!who || !who->online() || who->returning()) continue;
        // The store may have come back empty, or as it was some time ago; or others have taken over meanwhile.
        const auto whose = co_await book_.restore(*who);
        if (!up_ || time != times_up_) co_return;
        if (whose == channel::ownership::of_another) channel::spawn("release", give_over(id, {}), report);
    }
}

void redis_store::on_bus_down() { up_ = false; }

void redis_store::expired(channel::steady_time now) {
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
    std::vector<std::string> question{"SMEMBERS", channels_key(dead)};
    const auto channels = co_await bus_.command(std::move(question));
    if (channels.failed()) co_return;
    logging::line(logging::event::server_buried)
        .with("server", node_text(dead))
        .with("channels", channels.elements.size());
    const auto window = std::chrono::milliseconds(shard_.config().limits.resume_window).count();
    change wanted;
    wanted.what = change::kind::bury;
    wanted.by.node = dead;
    wanted.time_ms = died_at_ms + window;
    for (const auto& one : channels.elements) {
        const auto parsed = protocol::parse_object_id(one.text);
        if (!parsed) continue;
        const channel_id id(*parsed);
        shard& home = shard_.all().home_of(id);
        co_await home.enter();
        const auto done = co_await home.shared->commit(id, wanted);
        co_await shard_.enter();
        // Not answered: the next one who tries goes on.
        if (done.refused && done.refused->code == protocol::numeric::unknown_error) co_return;
    }
    bus_.post(std::vector<std::string>{"DEL", channels_key(dead)});
    servers_.buried(dead);
}

void redis_store::come_back_to(const channel_id& id) {
    // We were taken for dead, and our members were taken out; they are still here.
    for (const auto& who : ledger_.take_buried(id)) channel::spawn("coming back", bring_back(id, who), report);
}

task<> redis_store::bring_back(channel_id id, peer_id who) {
    shard& home = shard_.all().home_of(who);
    change wanted;
    wanted.what = change::kind::join;
    wanted.returning = true;
    wanted.by.id = who;
    wanted.by.node = shard_.all().node;
    for (;;) {
        co_await home.enter();
        const peer* const here = home.find_peer(who);
        const bool online = here && here->online();
        if (online) wanted.by.name = here->name;
        if (online) wanted.by.away = here->away.has_value();
        if (online) wanted.by.tenure = here->tenure;
        co_await shard_.enter();
        if (!online) co_return;
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

task<bool> redis_store::release_elsewhere(peer_id id, channel::node_id before) {
    json::object request{{"k", "release"}, {"peer", id.hex()}};
    const auto answer = co_await servers_.ask(before, std::move(request));
    co_return answer.has_value();
}

task<channel::ownership> redis_store::save_peer(peer_id id, channel::peer_record record,
                                                std::optional<std::vector<channel::kept_membership>> count_from) {
    return book_.save(id, std::move(record), std::move(count_from));
}

task<> redis_store::let_go(peer_id id) { return give_over(id, {}); }

void redis_store::peer_back(peer_id id, channel::peer_record record) { book_.back(id, record); }

task<bool> redis_store::note_membership(peer_id id, channel_id in) { return book_.note_membership(id, in); }

void redis_store::forget_membership(peer_id id, channel_id in) { book_.forget_membership(id, in); }

void redis_store::peer_left(peer_id id, bool resumable, bool quit) { book_.left(id, resumable, quit); }

void redis_store::pin(peer_id id) { book_.pin(id); }

void redis_store::peer_gone(peer_id id) { book_.forget(id); }

task<bool> redis_store::keep_events(peer_id id, std::uint64_t last, std::uint32_t count, std::string frames,
                                    std::vector<channel::kept_membership> reached) {
    return book_.keep_events(id, last, count, std::move(frames), std::move(reached));
}

void redis_store::confirm_events(peer_id id, std::uint64_t last) { book_.confirm_events(id, last); }

void redis_store::drop_events(peer_id id) { book_.drop_events(id); }

task<channel::kept_events> redis_store::take_events(peer_id id) { return book_.take_events(id); }

// --- peers elsewhere

task<channel::peer_sight> redis_store::look_for(peer_id id) {
    const auto seen = co_await book_.look_up(id);
    channel::peer_sight sight;
    sight.answered = seen.answered;
    sight.name = seen.found ? seen.found->record.name : id.hex();
    sight.online = seen.found && book_.is_online(*seen.found);
    co_return std::move(sight);
}

task<channel::relay_outcome> redis_store::relay(peer_id to, std::string event) {
    channel::relay_outcome done;
    // Whoever is about to change servers may be found at neither for a moment.
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto seen = co_await book_.look_up(to);
        done.answered = seen.answered;
        done.online = seen.found && book_.is_online(*seen.found);
        if (!done.online) co_return std::move(done);
        if (!servers_.is_alive(seen.found->node)) {
            std::string frame;
            protocol::append_text_frame(frame, event);
            done.queued = co_await book_.leave_mail(to, std::move(frame));
            done.online = done.queued;
            done.away_event = away_event_of(to, seen.found->record);
            co_return std::move(done);
        }
        json::object request{{"k", "relay"}, {"peer", to.hex()}, {"event", event}};
        const auto answer = co_await servers_.ask(seen.found->node, std::move(request));
        done.answered = answer.has_value();
        if (!answer) co_return std::move(done);
        done.online = flag_of(*answer, "online");
        done.queued = flag_of(*answer, "queued");
        done.away_event = text_of(*answer, "away");
        if (done.online) co_return std::move(done);
        nap moment(shard_, std::chrono::milliseconds(20));
        co_await moment;
    }
    co_return std::move(done);
}

task<std::optional<std::string>> redis_store::whois(peer_id who, std::string label, std::vector<channel_id> shared,
                                                    bool& answered) {
    std::optional<std::string> event;
    const auto seen = co_await book_.look_up(who);
    answered = seen.answered;
    if (!seen.found || !book_.is_online(*seen.found)) co_return std::move(event);
    if (!servers_.is_alive(seen.found->node)) {
        const auto& record = seen.found->record;
        protocol::event::whois_peer_fields fields;
        fields.peer = {who, record.name};
        fields.description = record.description;
        if (record.away) fields.away = *record.away;
        fields.connected = false;
        fields.connected_at_ms = record.connected_at_ms;
        protocol::event::whois(event.emplace(), label, fields);
        co_return std::move(event);
    }
    json::array channels;
    for (const auto& id : shared) channels.emplace_back(id.hex());
    json::object request{{"k", "whois"}, {"peer", who.hex()}, {"label", label}, {"channels", std::move(channels)}};
    const auto answer = co_await servers_.ask(seen.found->node, std::move(request));
    answered = answer.has_value();
    if (answer && flag_of(*answer, "online")) event = text_of(*answer, "event");
    co_return std::move(event);
}

void redis_store::notify(peer_id id, std::string event) {
    channel::spawn("notice", pass_on(id, std::move(event)), report);
}

task<> redis_store::pass_on(peer_id id, std::string event) {
    const auto done = co_await relay(id, std::move(event));
    if (!done.answered) logging::line(logging::event::notice_lost).with("peer", id.hex());
}

void redis_store::broadcast(peer_id from, std::string event) {
    servers_.tell_all(
        {{"k", "broadcast"}, {"peer", from.hex()}, {"event", std::move(event)}, {"n", node_text(servers_.self())}});
}

// --- what other servers ask for

void redis_store::on_request(json::object request) {
    const auto about = peer_of(request);
    if (!about) return;
    if (text_of(request, "k") == "broadcast") {
        if (text_of(request, "n") == node_text(servers_.self())) return;
        const auto event = text_of(request, "event");
        for (std::size_t index = 0; index < shard_.all().size(); ++index)
            shard_.all().at(index).tell([event](shard& at) { at.broadcast(event, {}); });
        return;
    }
    shard_.all().home_of(*about).tell([about = *about, request = std::move(request)](shard& at) mutable {
        static_cast<redis_store&>(*at.shared).on_peer_request(about, std::move(request));
    });
}

void redis_store::on_peer_request(peer_id about, json::object request) {
    const auto kind = text_of(request, "k");
    if (kind == "relay") {
        answer_relay(about, request);
    } else if (kind == "whois") {
        answer_whois(about, request);
    } else if (kind == "release") {
        channel::spawn("release", give_over(about, std::move(request)), report);
    }
}

void redis_store::answer_relay(peer_id to, const json::object& request) {
    peer* const who = shard_.find_peer(to);
    if (who && who->half_back()) {
        channel::spawn("letter", leave_letter(to, request), report);
        return;
    }
    json::object answer;
    if (who && who->online()) {
        who->send(text_of(request, "event"));
        answer["online"] = true;
        answer["queued"] = who->connection() == nullptr;
        std::string event;
        if (who->away) protocol::event::away(event, {}, who->ref(), true, who->away_message());
        if (!event.empty()) answer["away"] = event;
    }
    servers_.answer(request, std::move(answer));
}

task<> redis_store::leave_letter(peer_id to, json::object request) {
    std::string frame;
    protocol::append_text_frame(frame, text_of(request, "event"));
    const bool left = co_await book_.leave_mail(to, std::move(frame));
    servers_.answer(request, {{"online", left}, {"queued", left}});
}

void redis_store::answer_whois(peer_id who, const json::object& request) {
    const peer* const found = shard_.find_peer(who);
    json::object answer;
    if (found && found->online()) {
        std::vector<channel_id> asked;
        const auto* const list = request.if_contains("channels");
        for (const auto& one : list && list->is_array() ? list->get_array() : json::array()) {
            const auto parsed = one.is_string() ? protocol::parse_object_id(one.get_string()) : std::nullopt;
            if (parsed) asked.emplace_back(*parsed);
        }
        std::sort(asked.begin(), asked.end());
        std::string event;
        found->describe(event, text_of(request, "label"), asked);
        answer["online"] = true;
        answer["event"] = event;
    }
    servers_.answer(request, std::move(answer));
}

task<> redis_store::give_over(peer_id id, json::object request) {
    // Its memberships were moved before this was asked; that may still be on its way here.
    const auto deadline = shard::now() + bus_.timeout() / 2;
    for (;;) {
        peer* const who = shard_.find_peer(id);
        if (!who) break;
        who->change_hands();
        const bool settled = who->memberships().empty() && who->all_kept();
        if (!who->busy() && (settled || stopped_ || shard::now() > deadline)) {
            who->hand_over();
            break;
        }
        nap moment(shard_, std::chrono::milliseconds(10));
        co_await moment;
    }
    book_.forget(id);
    if (!request.empty()) servers_.answer(request, {});
}

}  // namespace store
