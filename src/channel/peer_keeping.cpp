#include "channel/audience.hpp"
#include "channel/link.hpp"
#include "channel/peer.hpp"
#include "channel/shard.hpp"
#include "channel/store.hpp"
#include "protocol/text_frame.hpp"

#include <algorithm>
#include <limits>

/// The part of peer that is about servers with a store: events that are kept there, and coming from and going to other
/// servers.
namespace channel {

// --- events go to the store, then to the client

void peer::keep(std::string_view frames, std::uint32_t count) {
    keeping_->waiting.frames.append(frames);
    keeping_->count += count;
    begin_keeping();
}

void peer::begin_keeping() {
    if (keeping_->under_way) return;
    keeping_->under_way = true;
    spawn("events", keep_all(home_, keeping_, id_), home_.all().report);
}

void peer::stretch::send_to(link& to) const {
    auto from = sent;
    for (const auto& [at, frame] : between) {
        to.send(std::string_view(frames).substr(from, at - from));
        to.send(frame);
        from = at;
    }
    if (from < frames.size()) to.send(std::string_view(frames).substr(from));
}

void peer::stretch::has_been_sent() {
    sent = frames.size();
    between.clear();
}

task<> peer::keep_all(shard& home, std::shared_ptr<keeping> what, protocol::peer_id id) {
    // All of a turn goes in one.
    co_await home.next_turn();
    while (what->owner && (what->count > 0 || what->letters_wait)) {
        if (std::exchange(what->letters_wait, false)) {
            co_await read_letters(home, what, id);
            continue;
        }
        what->leaving = std::exchange(what->waiting, {});
        fresh_events events;
        const auto last = what->owner->journal_->last();
        events.last = last;
        events.count = std::exchange(what->count, 0);
        events.frames = what->leaving.frames;
        events.reached = std::exchange(what->reached, {});
        events.letters = what->letters;
        // Not kept, it is sent all the same: after a crash the client is told that something is lost.
        const bool kept = co_await home.shared->keep_events(id, std::move(events));
        if (kept) what->letters.clear();
        what->through = last;
        resume_awaiting(home, *what, last);
        if (what->owner && what->owner->link_) what->leaving.send_to(*what->owner->link_);
        what->leaving = {};
        if (what->owner && what->owner->link_ && what->count == 0) {
            what->waiting.send_to(*what->owner->link_);
            what->waiting = {};
        }
    }
    what->under_way = false;
    resume_awaiting(home, *what, std::numeric_limits<std::uint64_t>::max());
}

void peer::resume_awaiting(shard& home, keeping& what, std::uint64_t through) {
    std::erase_if(what.awaiting, [&](const auto& one) {
        if (one.first > through) return false;
        home.resume_later(one.second);
        return true;
    });
}

void peer::let_go_of_keeping() {
    if (!keeping_) return;
    keeping_->owner = nullptr;
    resume_awaiting(home_, *keeping_, std::numeric_limits<std::uint64_t>::max());
    keeping_.reset();
}

peer::all_is_kept peer::kept() const { return {keeping_, journal_ ? journal_->last() : 0}; }

peer::all_is_kept peer::ends_kept() const { return {keeping_, keeping_ ? keeping_->last_end : 0}; }

bool peer::all_is_kept::await_ready() const { return !of || !of->under_way || of->through >= last; }

void peer::all_is_kept::await_suspend(std::coroutine_handle<> waiting) const {
    of->awaiting.emplace_back(last, waiting);
}

task<> peer::read_letters(shard& home, std::shared_ptr<keeping> what, protocol::peer_id id) {
    const auto there = co_await home.shared->letters_for(id);
    // The store looks again by itself.
    if (!what->owner || !there) co_return;
    // Those that were read before come first, unless they were kept although no answer said so.
    auto& read = what->letters;
    const bool still_there = read.size() <= there->size() && std::equal(read.begin(), read.end(), there->begin());
    if (!still_there) read.clear();
    for (auto i = read.size(); i < there->size(); ++i) what->owner->keep_letter((*there)[i]);
}

void peer::keep_letter(const std::string& frame) {
    journal_->note(frame);
    keeping_->letters.push_back(frame);
    keep(frame, 1);
}

void peer::letter_came() {
    letter_came_ = returning_;
    if (!keeping_) return;
    keeping_->letters_wait = true;
    begin_keeping();
}

void peer::keep_span(const log_span& span) {
    std::string frames;
    std::uint32_t count = 0;
    const auto waiting = keeping_->waiting.frames.size() + (link_ ? link_->box().waiting_bytes() : 0);
    const bool too_much = link_ && !span.is_trimmed() &&
        waiting + span.log->read(span.from.ordinal, span.to.ordinal).size() > home_.config().queue_bytes / 2;
    if (span.is_trimmed() || too_much) {
        home_.count.skipped_events += span.events;
        std::string event;
        protocol::event::lost(event, span.channel, span.from.seq + 1, span.to.seq);
        protocol::append_text_frame(frames, event);
        journal_->note(frames);
        count = 1;
    } else {
        for (auto ordinal = span.from.ordinal; ordinal < span.to.ordinal; ++ordinal) {
            if (span.log->is_excepted(ordinal, id_)) continue;
            const auto frame = span.log->read(ordinal, ordinal + 1);
            frames.append(frame.front).append(frame.back);
            ++count;
        }
        home_.count.channel_events += count;
        journal_->note(span);
    }
    note_reached(span.channel, span.to.seq);
    if (count > 0) keep(frames, count);
}

void peer::note_reached(const protocol::channel_id& in, std::uint64_t seq) { note_kept({in, seq}); }

void peer::note_end(const protocol::channel_id& in) {
    note_kept({in, std::nullopt});
    if (keeping_) keeping_->last_end = journal_->last() + 1;
}

void peer::note_kept(const kept_membership& so_far) {
    if (!keeping_) return;
    auto& reached = keeping_->reached;
    const auto known =
        std::find_if(reached.begin(), reached.end(), [&](const kept_membership& r) { return r.id == so_far.id; });
    if (known == reached.end()) {
        reached.push_back(so_far);
    } else {
        known->seq = so_far.seq;
    }
}

bool peer::all_kept() const { return !keeping_ || !keeping_->under_way; }

void peer::stop_keeping() {
    if (!keeping_) return;
    // Nobody will resume it: what still waits to be kept goes out as it is.
    if (link_) {
        keeping_->leaving.send_to(*link_);
        keeping_->waiting.send_to(*link_);
    }
    let_go_of_keeping();
    home_.shared->drop_events(id_);
}

// --- coming from, and going to, another server

void peer::begin_return() {
    const auto& limits = home_.config().limits;
    returning_ = true;
    journal_ = std::make_unique<journal>(limits.resume_events, limits.resume_bytes, &home_.count.journal_bytes);
    resume_until_ = steady_time::max();
}

void peer::end_return(const kept_events& kept, const std::vector<std::string>& meanwhile) {
    const auto since = end_collecting();
    set_resumable(true);
    journal_->start_behind(kept.before_first);
    for (const auto& frame : kept.frames) journal_->note(frame);
    const auto add = [this](std::string_view frame) {
        journal_->note(frame);
        keep(frame, 1);
    };
    for (const auto& frame : kept.letters) keep_letter(frame);
    for (const auto& frame : meanwhile) add(frame);
    since->for_each_frame(add);
    for (const auto& in : positions()) note_reached(in.id, *in.seq);
    if (std::exchange(letter_came_, false)) letter_came();
}

bool peer::can_end_return(const kept_events& kept, const std::vector<std::string>& meanwhile, std::uint64_t seen) {
    push_pending();
    const auto since = journal_->count_after(0);
    if (!since) return false;
    auto events = *since;
    auto bytes = journal_->bytes();
    const auto add = [&](const std::vector<std::string>& frames, std::size_t first) {
        for (std::size_t i = first; i < frames.size(); ++i) {
            ++events;
            bytes += frames[i].size();
        }
    };
    add(kept.frames, seen - kept.before_first);
    add(kept.letters, 0);
    add(meanwhile, 0);
    const auto& limits = home_.config().limits;
    return events <= limits.resume_events && bytes <= limits.resume_bytes;
}

std::unique_ptr<journal> peer::end_collecting() {
    push_pending();
    returning_ = false;
    resume_until_.reset();
    return std::move(journal_);
}

std::vector<kept_membership> peer::collect_from_here() {
    push_pending();
    const auto& limits = home_.config().limits;
    journal_ = std::make_unique<journal>(limits.resume_events, limits.resume_bytes, &home_.count.journal_bytes);
    return positions();
}

std::unique_ptr<journal> peer::end_return_anew(bool counts, const std::vector<std::string>& letters) {
    auto since = end_collecting();
    if (!counts) return since;
    set_resumable(true);
    for (const auto& frame : letters) keep_letter(frame);
    since->for_each_frame([this](std::string_view frame) {
        journal_->note(frame);
        keep(frame, 1);
    });
    for (const auto& in : positions()) note_reached(in.id, *in.seq);
    if (std::exchange(letter_came_, false)) letter_came();
    return nullptr;
}

void peer::give_up_return(bool counts) {
    static_cast<void>(end_collecting());
    if (!counts) {
        connection_lost("connection lost");
        return;
    }
    home_.shared->peer_left(id_, tenure, parting::waited_for);
    half_back_ = true;
    home_.schedule(*this, shard::now() + home_.config().limits.resume_window);
}

std::vector<kept_membership> peer::begin_counting() {
    push_pending();
    set_resumable(true);
    keeping_->under_way = true;
    return positions();
}

void peer::welcome_to_counting(std::string_view welcome) {
    std::string frame;
    protocol::append_text_frame(frame, welcome);
    if (link_) link_->send(frame);
    release_events();
}

void peer::release_events() {
    if (!keeping_) return;
    keeping_->under_way = false;
    if (keeping_->count > 0 || keeping_->letters_wait) begin_keeping();
}

std::vector<kept_membership> peer::positions() const {
    std::vector<kept_membership> all;
    for (const auto& m : memberships_) all.push_back({m.in->channel(), m.in->position_of(*this).seq});
    return all;
}

void peer::hand_over() {
    if (claimant_) claimant_->close(protocol::close_code::taken_over, taken_over_reason);
    // What was kept is the other server's now.
    let_go_of_keeping();
    if (held_back_) {
        for (auto& event : held_back_->events) home_.shared->notify(id_, std::move(event));
    }
    home_.shared->peer_gone(id_);
    home_.erase_peer(id_);
}

void peer::describe(std::string& event, std::string_view label, const std::vector<protocol::channel_id>& asked) const {
    auto shared = channel_ids();
    std::erase_if(shared, [&](const auto& id) { return !std::binary_search(asked.begin(), asked.end(), id); });
    std::sort(shared.begin(), shared.end());
    protocol::event::whois_peer_fields fields;
    fields.peer = ref();
    fields.description = description;
    if (away) fields.away = *away;
    fields.channels = shared;
    fields.connected = connected();
    fields.connected_at_ms = connected_at_ms;
    fields.idle_seconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(shard::now() - last_command).count());
    protocol::event::whois(event, label, fields);
}

peer_record peer::record() const { return {name, description, away, connected_at_ms, resumable()}; }

}  // namespace channel
