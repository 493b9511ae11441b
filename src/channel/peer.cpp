#include "channel/peer.hpp"

#include "channel/audience.hpp"
#include "channel/link.hpp"
#include "channel/shard.hpp"
#include "channel/store.hpp"
#include "protocol/text_frame.hpp"

#include <algorithm>
#include <cassert>

namespace channel {

peer::peer(shard& home, protocol::peer_id id, const secret& session)
    : home_(home),
      id_(id),
      session_(session),
      held_(&home.count.state_bytes) {
    account();
}

peer::~peer() {
    stop_remembering();
    // Before it leaves its channels: what that still brings is kept for nobody.
    let_go_of_keeping();
    if (link_) --home_.count.connected_peers;
    while (!memberships_.empty()) memberships_.back().in->remove(*this);
}

actor peer::as_actor() const { return {id_, name, away.has_value(), home_.all().node, tenure}; }

void peer::account() {
    // The peer, its place in the shard's table, and in those of its channels.
    constexpr std::size_t empty_bytes = sizeof(peer) + 64;
    constexpr std::size_t membership_bytes = sizeof(membership) + 32;
    held_.set(empty_bytes + name.size() + description.size() + (away ? away->size() : 0) +
              memberships_.size() * membership_bytes + left_channels_.size() * sizeof(protocol::channel_id));
}

void peer::attach(link& to) {
    assert(!link_);
    stop_remembering();
    cancel();
    resume_until_.reset();
    changing_hands_ = outlived_its_window_ = false;
    link_ = &to;
    ++home_.count.connected_peers;
    to.owner = this;
    connected_at_ms = shard::now_ms();
    last_command = shard::now();
    account();
}

void peer::detach() {
    if (!link_) return;
    cancel();
    if (keeping_) {
        keeping_->leaving.between.clear();
        keeping_->waiting.between.clear();
    }
    link_->owner = nullptr;
    link_ = nullptr;
    --home_.count.connected_peers;
}

void peer::change_hands() {
    if (!online()) return;
    changing_hands_ = true;
    if (resuming()) {
        // Whoever is back in time stays, however long the way is from here.
        resume_until_.reset();
        cancel();
    }
    if (!link_) return;
    link& old = *link_;
    detach();
    old.close(protocol::close_code::taken_over, taken_over_reason);
}

void peer::end_command() {
    command_under_way_ = false;
    account();
    if (waiting_claimant_) home_.resume_later(std::exchange(waiting_claimant_, nullptr));
}

void peer::claim(link& by) {
    if (claimant_) claimant_->close(protocol::close_code::taken_over, taken_over_reason);
    claimant_ = &by;
    if (waiting_claimant_) home_.resume_later(std::exchange(waiting_claimant_, nullptr));
}

void peer::connection_lost(std::string_view reason) {
    detach();
    changing_hands_ = false;
    held_back_.reset();
    // At the end of a server its peers go to others, or come back here; the store knows that it has gone.
    if (home_.shared && home_.draining) return;
    if (home_.shared) home_.shared->peer_left(id_, tenure, resumable() ? parting::waited_for : parting::lost);
    if (journal_ && !home_.draining) {
        resume_until_ = shard::now() + home_.config().limits.resume_window;
        home_.schedule(*this, *resume_until_);
        return;
    }
    left_channels_ = channel_ids();
    leave_channels(std::string(reason), change::kind::lose);
    remember();
}

void peer::end() {
    stop_keeping();
    detach();
    if (home_.shared) home_.shared->peer_left(id_, tenure, parting::quit);
    journal_.reset();
    left_channels_.clear();
    leave_channels(std::nullopt, change::kind::part);
    remember();
}

void peer::leave_channels(std::optional<std::string> reason, change::kind how) {
    while (!memberships_.empty()) {
        audience& in = *memberships_.back().in;
        const auto channel_id = in.channel();
        in.remove(*this);
        home_.erase_audience_if_empty(channel_id);
        if (home_.draining) continue;
        change wanted;
        wanted.what = how;
        wanted.by.id = id_;
        wanted.by.node = home_.all().node;
        wanted.by.tenure = tenure;
        wanted.text = reason;
        home_.all().home_of(channel_id).tell([channel_id, wanted = std::move(wanted)](shard& at) {
            if (at.shared) {
                at.shared->commit_surely(channel_id, wanted);
            } else {
                at.carry_out(channel_id, wanted);
            }
        });
    }
}

void peer::send(std::string_view event) {
    // If something is held back already, what comes next must not overtake it.
    if (changing_hands_ && (!journal_ || held_back_)) {
        hold_back(event);
        return;
    }
    thread_local std::string frame;
    frame.clear();
    protocol::append_text_frame(frame, event);
    push_pending();
    if (journal_) journal_->note(frame);
    if (keeping_) {
        keep(frame, 1);
    } else if (link_) {
        link_->send(frame);
        ++home_.count.direct_events;
    }
}

void peer::hold_back(std::string_view event) {
    if (!held_back_) held_back_ = std::make_unique<held_events>();
    if (held_back_->bytes > home_.queue_bytes_limit()) {
        if (claimant_) claimant_->close(protocol::close_code::too_slow, link::too_much_waits);
        return;
    }
    held_back_->events.emplace_back(event);
    held_back_->bytes += event.size();
}

void peer::send_held_back() {
    const auto held = std::exchange(held_back_, nullptr);
    if (!held) return;
    for (const auto& event : held->events) send(event);
}

void peer::send_uncounted(std::string_view event) {
    if (!link_) return;
    std::string frame;
    protocol::append_text_frame(frame, event);
    push_pending();
    if (keeping_ && keeping_->under_way) {
        // Not before what was said before it.
        keeping_->waiting.between.emplace_back(keeping_->waiting.frames.size(), std::move(frame));
        return;
    }
    link_->send(frame);
    ++home_.count.direct_events;
}

void peer::send_ice(std::string_view label) {
    const auto& servers = home_.config().ice;
    std::string event;
    protocol::event::ice(event, label, servers.json_for(id_, shard::now_ms()),
                         static_cast<std::uint64_t>(servers.ttl().count()));
    send(event);
    expect_ice();
}

void peer::expect_ice() {
    const auto& servers = home_.config().ice;
    // Without a connection the deadline is the resume window's, or the retention time's.
    if (link_ && servers.expire()) home_.schedule(*this, shard::now() + servers.push_after());
}

void peer::push_pending() {
    for (const auto& m : memberships_) m.in->push_pending(m.index);
}

void peer::catch_up() {
    for (const auto& m : memberships_) m.in->deliver(m.index);
}

void peer::give(log_span span) {
    if (keeping_) {
        keep_span(span);
        return;
    }
    if (span.is_trimmed() && !link_) {
        if (journal_) journal_->break_off();
        return;
    }
    if (span.is_trimmed()) {
        home_.count.skipped_events += span.events;
        std::string event;
        protocol::event::lost(event, span.channel, span.from.seq + 1, span.to.seq);
        std::string frame;
        protocol::append_text_frame(frame, event);
        if (journal_) journal_->note(frame);
        if (link_) link_->send(frame);
        return;
    }
    span.counted = journal_ != nullptr;
    if (journal_) journal_->note(span);
    if (link_) link_->send(std::move(span));
}

void peer::passed_over(std::size_t bytes) {
    if (journal_) journal_->passed_over(bytes, !link_ || !link_->box().has_stretches());
}

void peer::on_lost(const log_span& span, std::string_view lost_frame) {
    if (journal_) journal_->replace(span, lost_frame);
}

void peer::set_resumable(bool wanted) {
    if (wanted == resumable()) return;
    const auto& limits = home_.config().limits;
    stop_keeping();
    journal_ = wanted ? std::make_unique<journal>(limits.resume_events, limits.resume_bytes, &home_.count.journal_bytes)
                      : nullptr;
    if (wanted && home_.shared) {
        keeping_ = std::make_shared<keeping>();
        keeping_->owner = this;
    }
}

bool peer::confirm(std::uint64_t n) {
    if (!journal_) return true;
    if (!journal_->confirm(n)) return false;
    if (keeping_) home_.shared->confirm_events(id_, n);
    return true;
}

std::optional<std::uint64_t> peer::count_missed(std::optional<std::uint64_t> seen) {
    push_pending();
    const auto missed = journal_->count_after(seen.value_or(journal_->confirmed()));
    if (!missed) {
        set_resumable(false);
        set_resumable(true);
    }
    return missed;
}

void peer::replay_missed(std::uint64_t seen) {
    journal_->replay(seen, link_->box());
    if (keeping_) {
        // What is still on its way to the store has gone out with this.
        keeping_->waiting.has_been_sent();
        keeping_->leaving.has_been_sent();
    }
    link_->flush_soon();
}

bool peer::is_member_of(const protocol::channel_id& channel) const {
    return std::any_of(memberships_.begin(), memberships_.end(),
                       [&](const membership& m) { return m.in->channel() == channel; });
}

std::vector<protocol::channel_id> peer::channel_ids() const {
    std::vector<protocol::channel_id> ids;
    ids.reserve(memberships_.size());
    for (const auto& m : memberships_) ids.push_back(m.in->channel());
    return ids;
}

void peer::add_membership(audience& in, std::size_t index) { memberships_.push_back({&in, index}); }

void peer::move_membership(const audience& in, std::size_t index) {
    for (auto& m : memberships_) {
        if (m.in == &in) m.index = index;
    }
}

void peer::remove_membership(const audience& in) {
    std::erase_if(memberships_, [&](const membership& m) { return m.in == &in; });
}

std::size_t peer::index_in(const audience& in) const {
    const auto found =
        std::find_if(memberships_.begin(), memberships_.end(), [&](const membership& m) { return m.in == &in; });
    assert(found != memberships_.end());
    return found->index;
}

void peer::unpin() {
    if (pins_ > 0) --pins_;
    // Whether it goes is decided where it would have been forgotten.
    if (pins_ == 0 && !link_ && !claimant_ && !resuming() && !remembered_) home_.erase_peer(id_);
}

void peer::remember() {
    if (home_.shared) {
        // The store remembers.
        forget();
        return;
    }
    remembered_ = true;
    home_.schedule(*this, shard::now() + home_.config().retention);
    home_.remember(*this);
}

void peer::stop_remembering() {
    if (!remembered_) return;
    remembered_ = false;
    cancel();
    home_.no_longer_remembered(*this);
}

void peer::forget() {
    stop_remembering();
    left_channels_.clear();
    if (home_.shared) home_.shared->peer_gone(id_);
    if (pins_ == 0 && !claimant_) home_.erase_peer(id_);
}

void peer::expired(steady_time) {
    if (link_) {
        send_ice({});
        return;
    }
    if (!resuming() && !half_back_) {
        forget();
        return;
    }
    resume_until_.reset();
    half_back_ = false;
    // It left for good only now: with its session it can still take its place back during the retention time.
    left_channels_ = channel_ids();
    if (keeps()) home_.shared->peer_left(id_, tenure, parting::outlived);
    let_go_of_keeping();
    outlived_its_window_ = true;
    journal_.reset();
    leave_channels("connection lost", change::kind::lose);
    remember();
}

}  // namespace channel
