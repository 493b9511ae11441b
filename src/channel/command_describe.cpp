#include "channel/command_handler.hpp"

#include "channel/link.hpp"
#include "protocol/event.hpp"
#include "protocol/text_frame.hpp"

#include <algorithm>

/// `/descp`: who somebody is (protocol.md, /descp). Who comes back is in command_return.cpp.
namespace channel {

using protocol::failure;
using protocol::numeric;
using protocol::peer_id;
using protocol::event::joined_fields;

task<> command_handler::run(const protocol::descp& c) {
    auto parsed = protocol::parse_description(c.json, config().limits);
    if (const auto* malformed = std::get_if<failure>(&parsed)) {
        fail(*malformed);
        co_return;
    }
    auto& request = std::get<protocol::description_request>(parsed);
    const bool has_token = shard::current().access && (request.token ? !request.token->empty() : access_ && !me());
    if (has_token || (request.session && !me())) {
        const bool looked_at = co_await may_guess();
        if (!looked_at) co_return;
    }
    if (const auto refused = authenticate(request)) {
        fail(*refused);
        co_return;
    }
    if (me()) {
        co_await redescribe(request);
    } else {
        co_await introduce(request);
    }
    if (access_) co_await leave_what_is_not_granted();
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
    if (id == peer_id{}) {
        // As whom the server's administrator speaks.
        refuse_id(request);
        co_return;
    }
    shard& home = shard::current().all().home_of(id);
    if (&home != &shard::current()) co_await link_.move_to(home);
    peer* known = home.find_peer(id);
    const auto proof = token && token->id == id ? std::optional(token->proof) : std::nullopt;
    bool proven = known && proof && known->session().same_as(*proof);
    if (proven && home.shared && !known->half_back() && !known->returning()) {
        // Cut off from the store, a server does not know that its peers have gone elsewhere.
        const auto tenure = known->tenure;
        const auto whose = co_await home.shared->save_peer(id, known->record(), std::nullopt);
        if (whose == ownership::not_known) {
            fail_without_store();
            co_return;
        }
        if (whose == ownership::of_another) co_await home.shared->let_go(id, tenure);
        known = home.find_peer(id);
        proven = known && known->session().same_as(*proof);
    }
    if ((!known || known->half_back()) && home.shared) {
        co_await introduce_to_store(home, id, proof, request);
        co_return;
    }
    if (!known) {
        if (request.session) home.count.note(resume_result::unknown);
        start_new(home, id, secret::make(), request);
        co_return;
    }
    if (known->returning()) {
        fail(failure(numeric::unknown_error, "the session is just being taken back: try again"));
        co_return;
    }
    if (proven) {
        const peer_pin kept(*known);
        co_await take_back(*known, request);
        co_return;
    }
    refuse_id(request);
}

void command_handler::refuse_id(const protocol::description_request& request) {
    if (request.session) guessed_wrong();
    if (request.session) shard::current().count.note(resume_result::refused);
    fail(failure(numeric::nickname_in_use, "the id belongs to another session", request.id_written));
}

void command_handler::start_new(shard& home, const peer_id& id, const secret& session,
                                const protocol::description_request& request) {
    peer& me = home.add_peer(id, session);
    me.name = request.name ? *request.name : id.hex();
    me.description = request.description;
    me.set_resumable(request.resume.value_or(false));
    me.attach(link_);
    me.expect_ice();
    me.send_uncounted(welcome_for(me, false, 0, false, {}));
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
    const bool counted = who.resumable();
    const bool resumable = request.resume.value_or(counted);
    if (store* const shared = shard::current().shared) {
        auto record = who.record();
        record.name = name;
        record.description = request.description;
        record.resumable = resumable;
        std::optional<std::vector<kept_membership>> from_here;
        const bool begins = resumable && !counted;
        if (begins) from_here = who.begin_counting();
        const auto saved = co_await shared->save_peer(mine.id, std::move(record), std::move(from_here));
        if (saved != ownership::ours) {
            if (!counted) who.set_resumable(false);
            fail_without_store();
            co_return;
        }
    }
    who.name = name;
    who.description = request.description;
    const auto welcome = welcome_for(who, false, 0, false, {});
    who.expect_ice();
    // Counting starts, or ends, with this welcome, which does not count itself.
    if (resumable == counted) {
        tell(who, welcome);
    } else if (who.resumable() == counted) {
        who.send_uncounted(welcome);
        who.set_resumable(resumable);
    } else {
        who.welcome_to_counting(welcome);
    }
    if (!changed) co_return;
    std::string event;
    protocol::event::peer(event, who.ref(), who.description);
    co_await announce(std::move(event));
}

std::string command_handler::welcome_for(const peer& me, bool resumed, std::optional<std::uint64_t> missed, bool lost,
                                         std::span<const joined_fields> channels) {
    resumed_ = resumed;
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
