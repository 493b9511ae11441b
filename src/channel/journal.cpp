#include "channel/journal.hpp"

#include <algorithm>

namespace channel {

namespace {

/// Stretches that follow on one another become one, up to so many events: what is dropped is dropped piece by piece.
constexpr std::uint64_t events_per_piece = 64;
constexpr std::size_t pieces_of_all_bytes = 16;
constexpr std::size_t passed_over_of_all = 8;

/// Each frame of a stretch that is for the reader and still in the log, in one piece or in two.
template <class Visitor>
void visit_frames(const log_span& span, Visitor visit) {
    for (auto ordinal = std::max(span.from.ordinal, span.log->first().ordinal); ordinal < span.to.ordinal; ++ordinal) {
        if (!span.log->is_excepted(ordinal, span.reader)) visit(span.log->read(ordinal, ordinal + 1));
    }
}

/// What is between in the log and not for the reader does not count.
std::size_t bytes_of(const log_span& span) {
    if (span.events == span.to.ordinal - span.from.ordinal)
        return span.log->read(span.from.ordinal, span.to.ordinal).size();
    std::size_t bytes = 0;
    visit_frames(span, [&](const auto& frame) { bytes += frame.size(); });
    return bytes;
}

/// The same stretch with its last `count` events only; nullopt if the log does not have all of them any more.
std::optional<log_span> with_last(log_span span, std::uint64_t count) {
    if (count == span.events && !span.is_trimmed()) return span;
    const auto first = std::max(span.from.ordinal, span.log->first().ordinal);
    auto ordinal = span.to.ordinal;
    for (auto left = count; left > 0; --left) {
        do {
            if (ordinal <= first) return std::nullopt;
            --ordinal;
        } while (span.log->is_excepted(ordinal, span.reader));
    }
    span.from = span.log->position_of(ordinal);
    span.events = count;
    return span;
}

}  // namespace

void journal::add(piece added) {
    last_ += added.events;
    bytes_ += added.bytes;
    own_bytes_ += added.frame.size();
    pieces_.push_back(std::move(added));
    drop_what_is_too_much();
    held_.set(own_bytes_);
}

/// Never so much that less than what is allowed would be left.
void journal::drop_what_is_too_much() {
    const auto is_too_much = [this](const piece& oldest) {
        if (last_ - before_first_ - oldest.events >= max_events_) return true;
        return bytes_ > max_bytes_ && (oldest.events <= 1 || bytes_ - oldest.bytes >= max_bytes_);
    };
    while (!pieces_.empty() && is_too_much(pieces_.front())) pop_front();
}

void journal::shrink_to(std::size_t limit_bytes) {
    while (own_bytes_ > limit_bytes) pop_front();
}

void journal::pop_front() {
    before_first_ += pieces_.front().events;
    bytes_ -= pieces_.front().bytes;
    own_bytes_ -= pieces_.front().frame.size();
    pieces_.pop_front();
    held_.set(own_bytes_);
}

void journal::note(std::string_view frame) { add({1, frame.size(), std::string(frame), std::nullopt}); }

void journal::note(const log_span& span) {
    if (span.events == 0) return;
    const auto more = bytes_of(span);
    if (!pieces_.empty()) {
        piece& last = pieces_.back();
        if (last.span && last.span->log == span.log && last.span->to.ordinal == span.from.ordinal &&
            last.events + span.events <= events_per_piece && last.bytes + more <= max_bytes_ / pieces_of_all_bytes) {
            last.span->to = span.to;
            last.span->events += span.events;
            last.events += span.events;
            last.bytes += more;
            last_ += span.events;
            bytes_ += more;
            drop_what_is_too_much();
            return;
        }
    }
    add({span.events, more, {}, span});
}

void journal::replace(const log_span& span, std::string_view lost_frame) {
    // What waits was noted last, so the search from the back is short.
    const auto found = std::find_if(pieces_.rbegin(), pieces_.rend(), [&](const piece& p) {
        return p.span && p.span->log == span.log && p.span->from.ordinal <= span.from.ordinal &&
            span.to.ordinal <= p.span->to.ordinal;
    });
    if (found == pieces_.rend()) {
        // Dropped here already; the numbers after it still shift, as the client counts one event instead of many.
        last_ = last_ - span.events + 1;
        before_first_ = before_first_ - span.events + 1;
        return;
    }
    const auto index = static_cast<std::size_t>(std::distance(found, pieces_.rend())) - 1;
    piece& kept = pieces_[index];
    // A piece may hold what was sent, then the lost stretch, then one that still waits; that last part goes on as a
    // piece of its own.
    std::optional<piece> rest;
    if (span.to.ordinal < kept.span->to.ordinal) {
        log_span after = *kept.span;
        after.from = span.to;
        after.events = 0;
        for (auto ordinal = std::max(span.to.ordinal, span.log->first().ordinal); ordinal < after.to.ordinal;
             ++ordinal) {
            if (!span.log->is_excepted(ordinal, span.reader)) ++after.events;
        }
        rest = piece{after.events, 0, {}, after};
    }
    const auto rest_events = rest ? rest->events : 0;
    kept.events -= span.events + rest_events;
    kept.span->events = kept.events;
    kept.span->to = span.from;
    last_ = last_ - span.events + 1;
    bytes_ += lost_frame.size();
    own_bytes_ += lost_frame.size();
    held_.set(own_bytes_);
    auto at = pieces_.begin() + static_cast<std::ptrdiff_t>(index) + 1;
    at = pieces_.insert(at, piece{1, lost_frame.size(), std::string(lost_frame), std::nullopt});
    if (rest) pieces_.insert(at + 1, std::move(*rest));
}

void journal::break_off() {
    pieces_.clear();
    bytes_ = own_bytes_ = 0;
    held_.set(0);
    before_first_ = ++last_;
}

bool journal::confirm(std::uint64_t n) {
    if (n > last_) return false;
    confirmed_ = std::max(confirmed_, n);
    while (!pieces_.empty() && before_first_ + pieces_.front().events <= confirmed_) pop_front();
    if (before_first_ < confirmed_ && !pieces_.empty()) cut_front();
    return true;
}

void journal::cut_front() {
    piece& front = pieces_.front();
    if (!front.span) return;
    auto rest = with_last(*front.span, before_first_ + front.events - confirmed_);
    if (!rest) return;
    const auto bytes = bytes_of(*rest);
    bytes_ -= front.bytes - bytes;
    front = {rest->events, bytes, {}, std::move(rest)};
    before_first_ = confirmed_;
}

void journal::passed_over(std::size_t bytes, bool may_copy) {
    passed_over_bytes_ += bytes;
    if (!may_copy || passed_over_bytes_ <= max_bytes_ / passed_over_of_all) return;
    passed_over_bytes_ = 0;
    std::deque<piece> copied;
    for (piece& p : pieces_) {
        const auto whole = p.span ? with_last(*p.span, p.events) : std::nullopt;
        if (!whole) {
            copied.push_back(std::move(p));
            continue;
        }
        bytes_ -= p.bytes;
        visit_frames(*whole, [&](const auto& frame) {
            piece one{1, frame.size(), std::string(frame.front), std::nullopt};
            one.frame.append(frame.back);
            bytes_ += one.bytes;
            own_bytes_ += one.bytes;
            copied.push_back(std::move(one));
        });
    }
    pieces_ = std::move(copied);
    held_.set(own_bytes_);
}

std::optional<std::uint64_t> journal::count_after(std::uint64_t seen) const {
    if (seen < before_first_ || seen > last_ || last_ - seen > max_events_) return std::nullopt;
    auto number = before_first_;
    for (const piece& p : pieces_) {
        number += p.events;
        if (p.events == 0 || number <= seen || !p.span) continue;
        if (!with_last(*p.span, std::min(p.events, number - seen))) return std::nullopt;
    }
    return last_ - seen;
}

void journal::for_each_frame(const std::function<void(std::string_view)>& visit) const {
    std::string joined;
    for (const piece& p : pieces_) {
        if (!p.span) {
            visit(p.frame);
            continue;
        }
        visit_frames(*p.span, [&](const auto& frame) {
            joined.assign(frame.front).append(frame.back);
            visit(joined);
        });
    }
}

void journal::replay(std::uint64_t seen, outbox& into) const {
    auto number = before_first_;
    for (const piece& p : pieces_) {
        const auto skipped = seen > number ? std::min(seen - number, p.events) : 0;
        number += p.events;
        if (skipped == p.events) continue;
        if (p.span) {
            if (auto rest = with_last(*p.span, p.events - skipped)) {
                rest->counted = true;
                into.append(std::move(*rest));
            }
        } else {
            into.append(p.frame);
        }
    }
}

}  // namespace channel
