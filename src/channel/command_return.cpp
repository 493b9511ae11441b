#include "channel/command_handler.hpp"

#include "channel/link.hpp"
#include "protocol/event.hpp"
#include "protocol/text_frame.hpp"

#include <algorithm>

/// `/descp` with a session that this server knows: taking it back (protocol.md, /descp and Resuming).
namespace channel {

using protocol::event::joined_fields;

namespace {

/// Taking a session back is a command under way of that peer: whoever takes it over next, also at another server, waits
/// for it.
class busy_scope {
public:
    explicit busy_scope(peer& with) : with_(with) { with_.begin_command(); }
    ~busy_scope() { with_.end_command(); }
    busy_scope(const busy_scope&) = delete;
    busy_scope& operator=(const busy_scope&) = delete;

private:
    peer& with_;
};

}  // namespace

task<> command_handler::take_back(peer& known, const protocol::description_request& request) {
    known.claim(link_);
    known.change_hands();
    co_await known.idle();
    if (known.claimant() != &link_) co_return;
    const busy_scope under_way(known);
    const bool renamed = request.name && *request.name != known.name;
    const bool changed = renamed || (!request.description.empty() && request.description != known.description);
    if (renamed) known.name = *request.name;
    if (!request.description.empty()) known.description = request.description;
    std::vector<joined_fields> channels;
    const bool still_mine = co_await rejoin(known, channels);
    if (!still_mine) co_return;
    co_await describe_memberships(known, channels);
    if (known.claimant() != &link_) co_return;

    const bool counts = known.resumable();
    const bool outlived = known.outlived_its_window();
    const bool goes_on_counting = request.resume.value_or(counts || outlived);
    const auto seen = request.seen.value_or(counts ? known.confirmed() : 0);
    const auto missed = counts ? known.count_missed(seen) : 0;
    const bool whole = counts && missed;
    // Whoever has counted in a session that counts no longer (it was quit, say) must start again, too.
    const bool lost = !missed || outlived || (!counts && seen > 0);
    if (!whole) known.set_resumable(goes_on_counting);
    set_positions(known, channels);
    const bool begins_to_count = !whole && goes_on_counting;
    const bool saved = co_await save_return(known, goes_on_counting, begins_to_count, changed);
    if (!saved) co_return;
    known.end_claim();
    if (!known.resumable()) set_positions(known, channels);
    shard::current().count.note(result_of_return(counts || outlived, whole));
    known.attach(link_);
    known.expect_ice();
    std::string frame;
    protocol::append_text_frame(frame, welcome_for(known, true, missed, lost, channels));
    link_.send(frame);
    if (known.resumable()) known.replay_missed(whole ? seen : 0);
    known.send_held_back();
    if (whole) known.set_resumable(goes_on_counting);
    // What channels have said meanwhile follows by itself.
    link_.flush_soon();
    if (!changed) co_return;
    std::string event;
    protocol::event::peer(event, known.ref(), known.description);
    co_await announce(std::move(event));
}

task<bool> command_handler::save_return(peer& known, bool resumable, bool begins_to_count, bool changed) {
    store* const shared = shard::current().shared;
    if (!shared) co_return true;
    auto record = known.record();
    record.connected_at_ms = shard::now_ms();
    record.resumable = resumable;
    if (!begins_to_count && !changed) {
        shared->peer_back(known.id(), std::move(record));
        co_return true;
    }
    std::optional<std::vector<kept_membership>> from_here;
    if (begins_to_count) from_here = known.positions();
    const auto saved = co_await shared->save_peer(known.id(), std::move(record), std::move(from_here));
    if (known.claimant() != &link_) co_return false;
    if (saved == ownership::ours) co_return true;
    known.end_claim();
    fail_without_store();
    known.connection_lost("connection lost");
    co_return false;
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
    wanted.by = known.as_actor();
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

}  // namespace channel
