#include "channel/link.hpp"
#include "channel/nap.hpp"
#include "logging/failure.hpp"
#include "logging/log.hpp"
#include "protocol/text_frame.hpp"
#include "store/codec.hpp"
#include "store/redis_store.hpp"

#include <boost/json.hpp>

#include <algorithm>

/// The part of redis_store that is about peers elsewhere: what is asked of other servers, and what they ask.
namespace store {

namespace json = boost::json;

using channel::change;
using channel::nap;
using channel::peer;
using channel::shard;
using channel::task;
using protocol::channel_id;
using protocol::peer_id;

namespace {

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
            const auto left = co_await book_.leave_letter(to, seen.found->node, std::move(frame));
            if (left == peer_book::delivery::moved) continue;
            done.answered = left == peer_book::delivery::left;
            done.queued = done.answered;
            done.away_event = away_event_of(to, seen.found->record);
            // It may live after all, or be just back: whoever listens looks for letters.
            if (done.queued) servers_.tell(seen.found->node, {{"k", "letter"}, {"peer", to.hex()}});
            co_return std::move(done);
        }
        json::object request{{"k", "relay"}, {"peer", to.hex()}, {"event", event}};
        const auto reply = co_await servers_.ask(seen.found->node, std::move(request));
        const auto& answer = reply.said;
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
    const auto reply = co_await servers_.ask(seen.found->node, std::move(request));
    const auto& answer = reply.said;
    answered = answer.has_value();
    if (answer && flag_of(*answer, "online")) event = text_of(*answer, "event");
    co_return std::move(event);
}

task<bool> redis_store::release_elsewhere(peer_id id, channel::node_id before, channel::node_id keeper,
                                          std::uint64_t tenure) {
    bool whole = co_await ask_to_release(id, before, tenure, keeper != 0);
    if (keeper != 0 && keeper != before) {
        const bool all_kept = co_await ask_to_release(id, keeper, tenure, true);
        whole = whole && all_kept;
    }
    co_return whole;
}

task<bool> redis_store::ask_to_release(peer_id id, channel::node_id from, std::uint64_t tenure, bool may_be_gone) {
    json::object request{{"k", "release"}, {"peer", id.hex()}, {"tenure", tenure}};
    const auto answer = co_await servers_.ask(from, std::move(request));
    // Whoever is dead has nothing more to keep.
    if (!answer.listens) co_return true;
    if (!answer.said) co_return false;
    co_return flag_of(*answer.said, "whole") || (may_be_gone && flag_of(*answer.said, "gone"));
}

void redis_store::notify(peer_id id, std::string event) {
    channel::spawn("notice", pass_on(id, std::move(event)), logging::task_failed);
}

task<> redis_store::pass_on(peer_id id, std::string event) {
    const auto done = co_await relay(id, std::move(event));
    if (!done.answered) logging::line(logging::event::notice_lost).with("peer", id.hex());
}

task<bool> redis_store::broadcast(peer_id from, std::string event) {
    json::object message{
        {"k", "broadcast"}, {"peer", from.hex()}, {"event", std::move(event)}, {"n", node_text(servers_.self())}};
    const bool told = co_await servers_.tell_all(std::move(message));
    co_return told;
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
    } else if (kind == "letter") {
        letter_came(about);
    } else if (kind == "check" || (kind == "release" && flag_of(request, "late"))) {
        look_after_one(about);
    } else if (kind == "release") {
        channel::spawn("release", release(about, std::move(request)), logging::task_failed);
    }
}

void redis_store::answer_relay(peer_id to, const json::object& request) {
    peer* const who = shard_.find_peer(to);
    if (who && who->half_back()) {
        channel::spawn("letter", leave_letter(to, request), logging::task_failed);
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
    if (who && who->online() && !who->all_kept()) {
        channel::spawn("relay", answer_when_kept(to, request, std::move(answer)), logging::task_failed);
        return;
    }
    servers_.answer(request, std::move(answer));
}

task<> redis_store::answer_when_kept(peer_id to, json::object request, json::object answer) {
    // Whoever sent it is told that it has arrived: no crash of this server may make that wrong.
    if (const peer* const who = shard_.find_peer(to)) {
        const auto kept = who->kept();
        co_await kept;
    }
    servers_.answer(request, std::move(answer));
}

task<> redis_store::leave_letter(peer_id to, json::object request) {
    std::string frame;
    protocol::append_text_frame(frame, text_of(request, "event"));
    const auto outcome = co_await book_.leave_letter(to, servers_.self(), std::move(frame));
    const bool left = outcome == peer_book::delivery::left;
    if (left) letter_came(to);
    servers_.answer(request, {{"online", left}, {"queued", left}});
}

void redis_store::letter_came(const peer_id& id) {
    if (peer* const who = shard_.find_peer(id)) who->letter_came();
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

task<> redis_store::release(peer_id id, json::object request) {
    const auto* const tenure = request.if_contains("tenure");
    boost::system::error_code ec;
    const auto until = tenure ? tenure->to_number<std::uint64_t>(ec) : 0;
    if (!tenure || ec) co_return;
    const bool gone = shard_.find_peer(id) == nullptr;
    const bool whole = co_await give_over(id, until);
    servers_.answer(request, {{"whole", whole}, {"gone", gone}});
}

task<bool> redis_store::give_over(peer_id id, std::uint64_t tenure) {
    // Its memberships were moved before this was asked; that may still be on its way here.
    const auto deadline = shard::now() + bus_.timeout() / 2;
    bool whole = false;
    for (;;) {
        peer* const who = shard_.find_peer(id);
        if (!who) break;
        // Back again meanwhile: it is not this one that went.
        if (who->tenure > tenure) co_return false;
        who->change_hands();
        // Whoever takes it back here refers to it for as long as Redis takes to answer, and finds it gone then.
        const bool is_taken_back = who->claimant() && !who->returning();
        if (is_taken_back) who->claimant()->close(protocol::close_code::taken_over, peer::taken_over_reason);
        const bool busy = who->busy() || is_taken_back;
        const bool settled = who->memberships().empty() && who->all_kept();
        if (!busy && (settled || stopped_ || shard::now() > deadline)) {
            whole = who->all_kept() && book_.has_kept_all(id);
            leave_behind(*who);
            who->hand_over();
            break;
        }
        nap moment(shard_, std::chrono::milliseconds(10));
        co_await moment;
    }
    book_.forget(id);
    co_return whole;
}

void redis_store::leave_behind(const peer& who) {
    // Mostly they are the other server's already, and it has yet to be heard of here. But who joined while it went may
    // be a member for nobody.
    for (const auto& in : who.channel_ids()) {
        change wanted;
        wanted.what = change::kind::lose;
        wanted.by = who.as_actor();
        wanted.text = "connection lost";
        channel::spawn("membership left behind", give_up_membership(in, std::move(wanted)), logging::task_failed);
    }
}

task<> redis_store::give_up_membership(channel_id in, change wanted) {
    // For the other server to take it.
    nap moment(shard_, 3 * bus_.timeout());
    co_await moment;
    shard_.all().home_of(in).tell([in, wanted = std::move(wanted)](shard& at) mutable {
        if (at.shared) at.shared->commit_surely(in, std::move(wanted));
    });
}

}  // namespace store
