#include "channel/journal.hpp"

#include <algorithm>

namespace channel {

namespace {

/// Stretches that follow on one another become one, up to so many events: what is dropped is dropped piece by piece.
constexpr std::uint64_t events_per_piece = 64;

std::size_t bytes_of(const log_span& span) { return span.log->read(span.from.ordinal, span.to.ordinal).size(); }

/// The same stretch without its first `count` events.
log_span without_first(log_span span, std::uint64_t count) {
    auto ordinal = span.from.ordinal;
    span.events -= count;
    for (; count > 0; ++ordinal) {
        if (!span.log->is_excepted(ordinal, span.reader)) --count;
    }
    span.from = span.log->position_of(ordinal);
    return span;
}

}  // namespace

void journal::add(piece added) {
    last_ += added.events;
    bytes_ += added.bytes;
    own_bytes_ += added.frame.size();
    pieces_.push_back(std::move(added));
    while (!pieces_.empty() && (last_ - before_first_ - pieces_.front().events >= max_events_ || bytes_ > max_bytes_)) {
        pop_front();
    }
    held_.set(own_bytes_);
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
    if (!pieces_.empty()) {
        piece& last = pieces_.back();
        if (last.span && last.span->log == span.log && last.span->to.ordinal == span.from.ordinal &&
            last.events + span.events <= events_per_piece) {
            const auto more = bytes_of(span);
            last.span->to = span.to;
            last.span->events += span.events;
            last.events += span.events;
            last.bytes += more;
            last_ += span.events;
            bytes_ += more;
            return;
        }
    }
    add({span.events, bytes_of(span), {}, span});
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
    return true;
}

std::optional<std::uint64_t> journal::count_after(std::uint64_t seen) const {
    if (seen < before_first_ || seen > last_ || last_ - seen > max_events_) return std::nullopt;
    auto number = before_first_;
    for (const piece& p : pieces_) {
        const bool needed = p.events > 0 && number + p.events > seen;
        if (needed && p.span && p.span->is_trimmed()) return std::nullopt;
        number += p.events;
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
        const auto& span = *p.span;
        for (auto ordinal = std::max(span.from.ordinal, span.log->first().ordinal); ordinal < span.to.ordinal;
             ++ordinal) {
            if (span.log->is_excepted(ordinal, span.reader)) continue;
            const auto frame = span.log->read(ordinal, ordinal + 1);
            joined.assign(frame.front).append(frame.back);
            visit(joined);
        }
    }
}

void journal::replay(std::uint64_t seen, outbox& into) const {
    auto number = before_first_;
    for (const piece& p : pieces_) {
        const auto skipped = seen > number ? std::min(seen - number, p.events) : 0;
        number += p.events;
        if (skipped == p.events) continue;
        if (p.span) {
            into.append(without_first(*p.span, skipped));
        } else {
            into.append(p.frame);
        }
    }
}

}  // namespace channel
