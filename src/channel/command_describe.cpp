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
    co_await leave_what_is_not_granted();
}

namespace {

/// An id whose home is this shard, so that the connection can stay where it is.
peer_id make_local_id() {
    shard& here = shard::current();
    auto id = peer_id::make();
    while (&here.all().home_of(id) != &here) id = peer_id::make();
    return id;
}

resume_result result_of(bool counts, bool all_there) {
    if (!counts) return resume_result::taken_back;
    return all_there ? resume_result::complete : resume_result::lost;
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
    const bool proven = known && proof && known->session().same_as(*proof);
    if (proven && home.shared && !known->half_back() && !known->returning()) {
        // Cut off from the store, a server does not know that its peers have gone elsewhere.
        const auto whose = co_await home.shared->save_peer(id, known->record(), std::nullopt);
        if (whose == ownership::not_known) {
            fail_without_store();
            co_return;
        }
        if (whose == ownership::of_another) co_await home.shared->let_go(id);
        known = home.find_peer(id);
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

// --- where servers share a store, it knows who has an id

task<> command_handler::introduce_to_store(shard& home, peer_id id, std::optional<secret> proof,
                                           const protocol::description_request& request) {
    const auto fresh = secret::make();
    peer_record record{request.name ? *request.name : id.hex(), request.description, std::nullopt, shard::now_ms(),
                       request.resume.value_or(false)};
    auto found = co_await home.shared->claim_peer(id, fresh, proof, std::move(record));
    switch (found.what) {
        case claim::kind::no_answer: fail_without_store(); co_return;
        case claim::kind::in_use: refuse_id(request); co_return;
        case claim::kind::new_start:
            if (request.session) home.count.note(resume_result::unknown);
            start_new(home, id, fresh, request);
            home.find_peer(id)->tenure = found.tenure;
            co_return;
        case claim::kind::taken_back: break;
    }
    if (const peer* const first = home.find_peer(id); first && !first->half_back()) {
        // By way of another connection, meanwhile.
        home.count.note(resume_result::refused);
        fail(failure(numeric::unknown_error, "the session is just being taken back: try again"));
        co_return;
    }
    // What it had got to hear here is with the store.
    home.erase_peer(id);
    co_await come_back(home, id, *proof, std::move(found), request);
}

task<> command_handler::come_back(shard& home, peer_id id, secret proof, claim found,
                                  const protocol::description_request& request) {
    peer& arriving = home.add_peer(id, proof);
    const bool renamed = request.name && *request.name != found.record.name;
    const bool redescribed = !request.description.empty() && request.description != found.record.description;
    arriving.name = renamed ? *request.name : found.record.name;
    arriving.description = redescribed ? request.description : found.record.description;
    arriving.away = found.record.away;
    arriving.tenure = found.tenure;
    arriving.claim(link_);
    arriving.begin_return();
    std::vector<joined_fields> channels;
    bool mine = co_await take_memberships(home, id, found.channels, channels);
    // The server that had it lets go only now: what it still heard is counted there, what comes next here.
    if (mine && found.before != 0) co_await home.shared->release_elsewhere(id, found.before);
    const bool counts = found.record.resumable;
    kept_events kept;
    if (mine && counts) kept = co_await home.shared->take_events(id);
    const auto seen = request.seen.value_or(kept.before_first);
    // More than was kept: the store was away when it was sent, and nobody knows any more what it was.
    if (seen < kept.before_first || seen > kept.before_first + kept.frames.size()) kept.complete = false;
    const bool whole = counts && kept.complete;
    const auto meanwhile = co_await hear_what_was_said(id, kept, channels, found.unattended_ms);
    peer* const known = home.find_peer(id);
    // Another server may have been quicker.
    if (!known || known->claimant() != &link_) co_return;
    auto record = known->record();
    record.connected_at_ms = shard::now_ms();
    record.resumable = request.resume.value_or(counts);
    const bool goes_on_counting = record.resumable;
    std::optional<std::vector<kept_membership>> from_here;
    if (!whole) from_here = known->collect_from_here();
    set_positions(*known, channels);
    auto saved = ownership::not_known;
    if (mine) saved = co_await home.shared->save_peer(id, std::move(record), std::move(from_here));
    peer* const back = home.find_peer(id);
    if (!back || back->claimant() != &link_) co_return;
    back->end_claim();
    if (saved != ownership::ours) {
        fail_without_store();
        back->give_up_return(counts);
        co_return;
    }
    std::unique_ptr<journal> collected;
    if (whole) {
        back->end_return(kept, meanwhile);
    } else {
        collected = back->end_return_anew(goes_on_counting, kept.letters);
    }
    const auto missed = whole ? back->count_missed(seen) : 0;
    home.count.note(result_of(counts, whole));
    back->attach(link_);
    std::string frame;
    const bool lost = !whole && (counts || request.seen.value_or(0) > 0);
    protocol::append_text_frame(frame, welcome_for(*back, true, missed, lost, channels));
    link_.send(frame);
    if (back->resumable()) back->replay_missed(whole ? seen : 0);
    if (collected) {
        for (const auto& letter : kept.letters) link_.send(letter);
        if (!kept.letters.empty()) home.shared->drop_events(id);
        collected->replay(0, link_.box());
    }
    if (whole) back->set_resumable(goes_on_counting);
    link_.flush_soon();
    if (!renamed && !redescribed) co_return;
    std::string event;
    protocol::event::peer(event, back->ref(), back->description);
    co_await announce(std::move(event));
}

task<bool> command_handler::take_memberships(shard& home, peer_id id, const std::vector<protocol::channel_id>& ids,
                                             std::vector<joined_fields>& taken_back) {
    change wanted;
    wanted.by.id = id;
    wanted.by.node = home.all().node;
    wanted.by.tenure = home.find_peer(id)->tenure;
    wanted.by.name = home.find_peer(id)->name;
    wanted.by.away = home.find_peer(id)->away.has_value();
    wanted.returning = true;
    for (const auto& in : ids) {
        wanted.what = change::kind::attach;
        auto done = co_await carry_out(in, wanted);
        if (done.refused && done.refused->code != numeric::unknown_error) {
            // It has left there, for having lost its connection, and may come in again; or was kicked.
            wanted.what = change::kind::join;
            apply_rights(wanted, in);
            done = co_await carry_out(in, wanted);
        }
        peer* const arriving = home.find_peer(id);
        if (!arriving || arriving->claimant() != &link_) co_return false;
        if (done.refused && done.refused->code == numeric::unknown_error) co_return false;
        if (done.refused) {
            home.shared->forget_membership(id, in);
            continue;
        }
        if (!arriving->is_member_of(in)) home.find_or_add_audience(in, done.position).add(*arriving);
        taken_back.push_back(done.joined);
    }
    co_return true;
}

task<std::vector<std::string>> command_handler::hear_what_was_said(peer_id listener, const kept_events& kept,
                                                                   const std::vector<joined_fields>& taken_back,
                                                                   std::int64_t unattended_ms) {
    std::vector<std::string> frames;
    if (!kept.complete) co_return std::move(frames);
    for (const auto& in : taken_back) {
        const auto reached = std::find_if(kept.reached.begin(), kept.reached.end(),
                                          [&](const kept_membership& r) { return r.id == in.channel; });
        if (reached == kept.reached.end() || !reached->seq) continue;
        auto work = [listener, id = in.channel, from = *reached->seq, to = in.seq, unattended_ms](shard& at) {
            const channel* const of = at.find_channel(id);
            return of ? of->said_since(listener, from, to, unattended_ms) : std::vector<std::string>();
        };
        auto said = co_await run_on(shard::current().all().home_of(in.channel), std::move(work));
        for (auto& frame : said) frames.push_back(std::move(frame));
    }
    co_return std::move(frames);
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

    const bool counts = known.resumable();
    const bool goes_on_counting = request.resume.value_or(counts);
    const auto seen = request.seen.value_or(counts ? known.confirmed() : 0);
    const auto missed = counts ? known.count_missed(seen) : 0;
    const bool whole = counts && missed;
    // Whoever has counted in a session that counts no longer (its window is over, or it was quit) must start again,
    // too.
    const bool lost = !missed || (!counts && seen > 0);
    if (!whole) known.set_resumable(goes_on_counting);
    set_positions(known, channels);
    if (store* const shared = shard::current().shared) {
        auto record = known.record();
        record.connected_at_ms = shard::now_ms();
        record.resumable = goes_on_counting;
        const bool begins = !whole && goes_on_counting;
        if (begins || changed) {
            std::optional<std::vector<kept_membership>> from_here;
            if (begins) from_here = known.positions();
            const auto saved = co_await shared->save_peer(known.id(), std::move(record), std::move(from_here));
            if (known.claimant() != &link_) co_return;
            if (saved != ownership::ours) {
                known.end_claim();
                fail_without_store();
                known.connection_lost("connection lost");
                co_return;
            }
        } else {
            shared->peer_back(known.id(), std::move(record));
        }
    }
    known.end_claim();
    if (!known.resumable()) set_positions(known, channels);
    shard::current().count.note(result_of(counts, whole));
    known.attach(link_);
    known.expect_ice();
    std::string frame;
    protocol::append_text_frame(frame, welcome_for(known, true, missed, lost, channels));
    link_.send(frame);
    if (known.resumable()) known.replay_missed(whole ? seen : 0);
    if (whole) known.set_resumable(goes_on_counting);
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
    wanted.by = {known.id(), known.name, known.away.has_value(), shard::current().all().node, known.tenure};
    wanted.returning = true;
    while (!left.empty()) {
        const auto id = left.back();
        left.pop_back();
        apply_rights(wanted, id);
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
        // As far as it is known here, which is what the peer was told, also while a store does not answer.
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
        // Taken over meanwhile, by way of another server, or gone.
        if (!me()) {
            peer* const left = shard::current().find_peer(mine.id);
            if (left && begins) left->release_events();
            co_return;
        }
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
        who.send(welcome);
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
