#include "channel/command_handler.hpp"

#include "channel/link.hpp"
#include "protocol/event.hpp"
#include "protocol/text_frame.hpp"

#include <algorithm>

/// `/descp`: who somebody is, new or coming back (protocol.md, /descp and Resuming).
namespace channel {

using protocol::failure;
using protocol::numeric;
using protocol::peer_id;
using protocol::event::joined_fields;

task<> command_handler::run(const protocol::descp& c) {
    const auto parsed = protocol::parse_description(c.json, config().limits);
    if (const auto* malformed = std::get_if<failure>(&parsed)) {
        fail(*malformed);
        co_return;
    }
    const auto& request = std::get<protocol::description_request>(parsed);
    if (me()) {
        co_await redescribe(request);
    } else {
        co_await introduce(request);
    }
}

namespace {

/// An id whose home is this shard, so that the connection can stay where it is.
peer_id make_local_id() {
    shard& here = shard::current();
    auto id = peer_id::make();
    while (&here.all().home_of(id) != &here) id = peer_id::make();
    return id;
}

/// Keeps a peer while somebody is on the way to it, also if another is there first and ends it.
class peer_pin {
public:
    explicit peer_pin(peer& kept) : kept_(kept) { kept_.pin(); }
    ~peer_pin() { kept_.unpin(); }
    peer_pin(const peer_pin&) = delete;
    peer_pin& operator=(const peer_pin&) = delete;

private:
    peer& kept_;
};

}  // namespace

task<> command_handler::introduce(const protocol::description_request& request) {
    const auto token = request.session ? session_token::parse(*request.session) : std::nullopt;
    const auto id = request.id ? *request.id : token ? token->id : make_local_id();
    shard& home = shard::current().all().home_of(id);
    if (&home != &shard::current()) co_await link_.move_to(home);
    peer* const known = home.find_peer(id);
    if (!known) {
        start_new(home, id, request);
        co_return;
    }
    if (token && token->id == id && known->session().same_as(token->proof)) {
        const peer_pin kept(*known);
        co_await take_back(*known, request);
        co_return;
    }
    fail(failure(numeric::nickname_in_use, "the id belongs to another session", request.id_written));
}

void command_handler::start_new(shard& home, const peer_id& id, const protocol::description_request& request) {
    peer& me = home.add_peer(id, secret::make());
    me.name = request.name ? *request.name : id.hex();
    me.description = request.description;
    me.set_resumable(request.resume.value_or(false));
    me.attach(link_);
    me.expect_ice();
    me.send_uncounted(welcome_for(me, false, 0, false, {}));
}

task<> command_handler::take_back(peer& known, const protocol::description_request& request) {
    known.claim(link_);
    known.change_hands();
    co_await known.idle();
    if (known.claimant() != &link_) co_return;
    std::vector<joined_fields> channels;
    const bool renamed = request.name && *request.name != known.name;
    const bool changed = renamed || (!request.description.empty() && request.description != known.description);
    if (renamed) known.name = *request.name;
    if (!request.description.empty()) known.description = request.description;
    const bool still_mine = co_await rejoin(known, channels);
    if (!still_mine) co_return;
    co_await describe_memberships(known, channels);
    if (known.claimant() != &link_) co_return;
    known.end_claim();

    const bool counts = known.resumable();
    const auto seen = request.seen.value_or(counts ? known.confirmed() : 0);
    const auto missed = counts ? known.count_missed(seen) : 0;
    // Whoever has counted in a session that counts no longer (its window is over, or it was quit) must start again,
    // too.
    const bool lost = !missed || (!counts && seen > 0);
    set_positions(known, channels);
    known.attach(link_);
    known.expect_ice();
    std::string frame;
    protocol::append_text_frame(frame, welcome_for(known, true, missed, lost, channels));
    link_.send(frame);
    if (counts && missed) known.replay_missed(seen);
    known.set_resumable(request.resume.value_or(counts));
    // What channels have said meanwhile follows by itself.
    link_.flush_soon();
    if (!changed) co_return;
    std::string event;
    protocol::event::peer(event, known.ref(), known.description);
    co_await announce(std::move(event));
}

/// What follows the `welcome` goes on where it says, whatever happened while the channels were asked.
void command_handler::set_positions(peer& known, std::vector<joined_fields>& taken_back) const {
    std::erase_if(taken_back, [&](const joined_fields& f) { return !known.is_member_of(f.channel); });
    for (auto& fields : taken_back) {
        const audience& in = *shard::current().find_audience(fields.channel);
        fields.seq = in.position_of(known).seq;
    }
}

task<bool> command_handler::rejoin(peer& known, std::vector<joined_fields>& taken_back) {
    auto left = known.take_left_channels();
    change wanted;
    wanted.what = change::kind::join;
    wanted.by = {known.id(), known.name, known.away.has_value()};
    wanted.returning = true;
    while (!left.empty()) {
        const auto id = left.back();
        left.pop_back();
        const auto done = co_await carry_out(id, wanted);
        // Banned meanwhile, or full: that membership does not come back.
        if (!done.refused) {
            if (!known.is_member_of(id)) shard::current().find_or_add_audience(id, done.position).add(known);
            taken_back.push_back(done.joined);
        }
        if (known.claimant() == &link_) continue;
        known.keep_left_channels(std::move(left));
        co_return false;
    }
    co_return true;
}

task<> command_handler::describe_memberships(peer& known, std::vector<joined_fields>& taken_back) {
    const auto who = known.id();
    for (const auto id : known.channel_ids()) {
        const bool listed =
            std::any_of(taken_back.begin(), taken_back.end(), [&](const joined_fields& f) { return f.channel == id; });
        if (listed) continue;
        auto work = [&who, id](shard& at) -> std::optional<joined_fields> {
            const channel* const in = at.find_channel(id);
            return in ? std::optional(in->joined_for(who, false)) : std::nullopt;
        };
        const auto fields = co_await run_on(shard::current().all().home_of(id), std::move(work));
        if (fields) taken_back.push_back(*fields);
    }
}

task<> command_handler::redescribe(const protocol::description_request& request) {
    peer& who = *me();
    const session_token mine{who.id(), who.session()};
    if (request.id && *request.id != who.id()) {
        fail(failure(numeric::already_registered, "id cannot be changed", request.id_written));
        co_return;
    }
    if (request.session && *request.session != mine.text()) {
        fail(failure(numeric::already_registered, "session cannot be changed"));
        co_return;
    }
    const auto name = request.name.value_or(who.name);
    const bool changed = name != who.name || request.description != who.description;
    who.name = name;
    who.description = request.description;
    const bool resumable = request.resume.value_or(who.resumable());
    const auto welcome = welcome_for(who, false, 0, false, {});
    who.expect_ice();
    if (resumable == who.resumable()) {
        who.send(welcome);
    } else {
        // Counting starts, or ends, with this welcome, which does not count itself.
        who.send_uncounted(welcome);
        who.set_resumable(resumable);
    }
    if (!changed) co_return;
    std::string event;
    protocol::event::peer(event, who.ref(), who.description);
    co_await announce(std::move(event));
}

std::string command_handler::welcome_for(const peer& me, bool resumed, std::optional<std::uint64_t> missed, bool lost,
                                         std::span<const joined_fields> channels) const {
    const auto session = session_token{me.id(), me.session()}.text();
    protocol::event::welcome_fields fields;
    fields.id = me.id();
    fields.name = me.name;
    fields.session = session;
    fields.resumed = resumed;
    fields.missed = missed.value_or(0);
    fields.lost = lost;
    fields.channels = channels;
    const auto servers = config().ice.json_for(me.id(), shard::now_ms());
    fields.ice_servers_json = servers;
    fields.heartbeat_seconds =
        static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(config().heartbeat).count());
    fields.server = config().server_name;
    std::string event;
    protocol::event::welcome(event, label_, fields, config().limits);
    return event;
}

task<> command_handler::announce(std::string event) {
    if (!me()) co_return;
    change wanted;
    wanted.what = change::kind::announce;
    wanted.by = myself();
    wanted.text = std::move(event);
    for (const auto id : me()->channel_ids()) {
        const auto done = co_await carry_out(id, wanted);
        // Nobody is told once per shared channel.
        const auto middle = wanted.told.insert(wanted.told.end(), done.told.begin(), done.told.end());
        std::inplace_merge(wanted.told.begin(), middle, wanted.told.end());
    }
}

}  // namespace channel
