#include "channel/command_handler.hpp"

#include "channel/link.hpp"
#include "protocol/event.hpp"
#include "protocol/text_frame.hpp"

#include <algorithm>

/// `/descp` where servers share a store: it knows who has an id, and a session may come back from another server.
namespace channel {

using protocol::failure;
using protocol::numeric;
using protocol::peer_id;
using protocol::event::joined_fields;

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

namespace {

std::string joined_frame(const joined_fields& in) {
    std::string event;
    std::string frame;
    protocol::event::joined(event, {}, in);
    protocol::append_text_frame(frame, event);
    return frame;
}

/// Who removed somebody whom no server looked after, and why, nobody knows any more.
std::string end_frame(const protocol::event::peer_ref& who, const protocol::channel_id& in) {
    std::string event;
    std::string frame;
    protocol::event::quit(event, {}, in, who, "no longer a member");
    protocol::append_text_frame(frame, event);
    return frame;
}

/// Takes out of the memberships that have ended those of which the session has not been told so.
std::vector<protocol::channel_id> take_untold(const kept_events& kept, std::vector<protocol::channel_id>& ended) {
    const auto is_untold = [&](const protocol::channel_id& in) {
        return std::any_of(kept.reached.begin(), kept.reached.end(),
                           [&](const kept_membership& r) { return r.id == in && r.seq; });
    };
    const auto told = std::partition(ended.begin(), ended.end(), is_untold);
    std::vector<protocol::channel_id> untold(ended.begin(), told);
    ended.erase(ended.begin(), told);
    return untold;
}

}  // namespace

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
    std::vector<protocol::channel_id> ended;
    bool mine = co_await take_memberships(home, id, found.channels, channels, ended);
    // The server that had it lets go only now: what it still heard is counted there, what comes next here.
    bool all_kept = true;
    if (mine && found.before != 0)
        all_kept = co_await home.shared->release_elsewhere(id, found.before, found.keeper, found.tenure);
    const bool counts = found.record.resumable;
    kept_events kept;
    if (mine && counts) kept = co_await home.shared->take_events(id);
    if (!all_kept) kept.complete = false;
    const auto seen = request.seen.value_or(kept.before_first);
    // More than was kept: the store was away when it was sent, and nobody knows any more what it was.
    if (seen < kept.before_first || seen > kept.before_first + kept.frames.size()) kept.complete = false;
    bool whole = counts && kept.complete;
    auto meanwhile = co_await hear_what_was_said(id, kept, channels, found.unattended_ms);
    peer* const known = home.find_peer(id);
    // Another server may have been quicker.
    if (!known || known->claimant() != &link_) co_return;
    auto record = known->record();
    record.connected_at_ms = shard::now_ms();
    record.resumable = request.resume.value_or(counts);
    const bool goes_on_counting = record.resumable;
    std::vector<protocol::channel_id> untold;
    if (whole) untold = take_untold(kept, ended);
    for (const auto& in : untold) meanwhile.push_back(end_frame(known->ref(), in));
    auto saved = ownership::not_known;
    peer* back = known;
    for (;;) {
        std::optional<std::vector<kept_membership>> from_here;
        if (!whole) from_here = back->collect_from_here();
        set_positions(*back, channels);
        auto written = record;
        if (mine) saved = co_await home.shared->save_peer(id, std::move(written), std::move(from_here));
        back = home.find_peer(id);
        if (!back || back->claimant() != &link_) co_return;
        if (saved != ownership::ours || !whole || back->can_end_return(kept, meanwhile, seen)) break;
        // With what it has yet to be told this is more than is kept for anybody: it counts anew, from here.
        whole = false;
    }
    back->end_claim();
    if (saved != ownership::ours) {
        fail_without_store();
        back->give_up_return(counts);
        co_return;
    }
    std::unique_ptr<journal> collected;
    if (!whole) ended.insert(ended.end(), untold.begin(), untold.end());
    for (const auto& in : ended) home.shared->forget_membership(id, in);
    if (whole) {
        back->end_return(kept, meanwhile);
        for (const auto& in : untold) back->note_end(in);
    } else {
        collected = back->end_return_anew(goes_on_counting, kept.letters);
    }
    const auto missed = whole ? back->count_missed(seen) : 0;
    home.count.note(result_of_return(counts, whole));
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
                                             std::vector<joined_fields>& taken_back,
                                             std::vector<protocol::channel_id>& ended) {
    change wanted;
    wanted.by = home.find_peer(id)->as_actor();
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
            ended.push_back(in);
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
        if (reached == kept.reached.end()) continue;
        if (!reached->seq) {
            // Its server crashed between the membership and its reply.
            frames.push_back(joined_frame(in));
            continue;
        }
        auto work = [listener, id = in.channel, from = *reached->seq, to = in.seq, unattended_ms](shard& at) {
            const channel* const of = at.find_channel(id);
            return of ? of->said_since(listener, from, to, unattended_ms) : std::vector<std::string>();
        };
        auto said = co_await run_on(shard::current().all().home_of(in.channel), std::move(work));
        for (auto& frame : said) frames.push_back(std::move(frame));
    }
    co_return std::move(frames);
}

}  // namespace channel
