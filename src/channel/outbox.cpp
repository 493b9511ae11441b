#include "channel/outbox.hpp"

#include "channel/counters.hpp"
#include "channel/link.hpp"
#include "protocol/event.hpp"
#include "protocol/text_frame.hpp"

#include <algorithm>
#include <utility>

namespace channel {

namespace {

constexpr std::size_t pieces_per_write = 64;
constexpr std::size_t compacted_from_bytes = 16 * 1024;

/// The next entries from `from` that are all for the reader; empty if there are none left.
struct run {
    std::uint64_t begin;
    std::uint64_t end;
};

run next_run(const log_span& span, std::uint64_t from) {
    const auto limit = span.to.ordinal;
    if (span.events == limit - span.from.ordinal) return {from, limit};
    while (from < limit && span.log->is_excepted(from, span.reader)) ++from;
    auto end = from;
    while (end < limit && !span.log->is_excepted(end, span.reader)) ++end;
    return {from, end};
}

}  // namespace

std::unique_ptr<outbox::content>& outbox::spare() {
    thread_local std::unique_ptr<content> kept;
    return kept;
}

outbox::content& outbox::opened() {
    if (!waiting_ && spare()) waiting_ = std::move(spare());
    if (!waiting_) waiting_ = std::make_unique<content>();
    return *waiting_;
}

void outbox::clear() {
    if (!waiting_) return;
    auto emptied = std::exchange(waiting_, nullptr);
    if (emptied->bytes.capacity() > compacted_from_bytes) return;
    emptied->bytes.clear();
    emptied->sent = 0;
    emptied->spans.clear();
    spare() = std::move(emptied);
}

std::size_t outbox::waiting_bytes() const { return waiting_ ? waiting_->bytes.size() - waiting_->sent : 0; }

void outbox::append(std::string_view frame) { opened().bytes.append(frame); }

void outbox::append(log_span span) {
    if (span.events == 0) return;
    content& open = opened();
    open.spans.push_back({open.bytes.size(), std::move(span)});
}

void outbox::append_rest(std::string_view front, std::string_view back) {
    content& open = opened();
    open.bytes.append(front);
    open.bytes.append(back);
}

bool outbox::flush(link& to, loss_listener* listener, counters& count) {
    if (!waiting_) return true;
    thread_local std::vector<std::string_view> pieces;
    while (waiting_->sent < waiting_->bytes.size() || !waiting_->spans.empty()) {
        replace_lost_spans(listener, count);
        pieces.clear();
        const auto wanted = gather(pieces);
        const auto written = to.write(pieces);
        consume(written, count);
        if (written < wanted) return false;
    }
    clear();
    return true;
}

void outbox::replace_lost_spans(loss_listener* listener, counters& count) {
    auto& [bytes, sent, spans] = *waiting_;
    for (std::size_t i = 0; i < spans.size();) {
        if (!spans[i].span.is_trimmed()) {
            ++i;
            continue;
        }
        const auto gone = std::move(spans[i]);
        spans.erase(spans.begin() + static_cast<std::ptrdiff_t>(i));
        // All that was for the reader has gone out.
        if (gone.span.events == 0) continue;
        count.skipped_events += gone.span.events;
        std::string event;
        protocol::event::lost(event, gone.span.channel, gone.span.from.seq + 1, gone.span.to.seq);
        std::string frame;
        protocol::append_text_frame(frame, event);
        if (listener && gone.span.counted) listener->on_lost(gone.span, frame);
        bytes.insert(gone.at, frame);
        for (auto later = i; later < spans.size(); ++later) spans[later].at += frame.size();
    }
}

std::size_t outbox::gather(std::vector<std::string_view>& pieces) const {
    std::size_t total = 0;
    const auto add = [&](std::string_view piece) {
        if (piece.empty()) return;
        pieces.push_back(piece);
        total += piece.size();
    };
    const std::string_view bytes = waiting_->bytes;
    auto at = waiting_->sent;
    for (const auto& [mark, span] : waiting_->spans) {
        if (pieces.size() >= pieces_per_write) return total;
        add(bytes.substr(at, mark - at));
        at = mark;
        for (auto r = next_run(span, span.from.ordinal); r.begin < r.end; r = next_run(span, r.end)) {
            if (pieces.size() >= pieces_per_write) return total;
            const auto frames = span.log->read(r.begin, r.end);
            add(frames.front);
            add(frames.back);
        }
    }
    add(bytes.substr(at));
    return total;
}

void outbox::consume(std::size_t written, counters& count) {
    auto& [bytes, sent, spans] = *waiting_;
    for (;;) {
        const auto limit = spans.empty() ? bytes.size() : spans.front().at;
        const auto taken = std::min(written, limit - sent);
        sent += taken;
        written -= taken;
        if (spans.empty() || sent < limit || !consume_span(written, count)) break;
    }
    // A connection that stays behind must not keep what it has got already.
    if (sent > compacted_from_bytes && sent > bytes.size() / 2) {
        for (auto& marked : spans) marked.at -= sent;
        bytes.erase(0, sent);
        sent = 0;
    }
}

bool outbox::consume_span(std::size_t& written, counters& count) {
    auto& [bytes, sent, spans] = *waiting_;
    log_span& span = spans.front().span;
    for (auto r = next_run(span, span.from.ordinal); r.begin < r.end; r = next_run(span, span.from.ordinal)) {
        const auto size = span.log->read(r.begin, r.end).size();
        if (written >= size) {
            written -= size;
            span.events -= r.end - r.begin;
            count.channel_events += r.end - r.begin;
            span.from = span.log->position_of(r.end);
            continue;
        }
        if (written == 0) {
            return false;
        }
        const auto reached = span.log->advance(r.begin, written);
        written = 0;
        span.events -= reached.at.ordinal - r.begin;
        count.channel_events += reached.at.ordinal - r.begin;
        span.from = reached.at;
        if (reached.into_entry > 0) {
            // Only the rest of that frame is copied; the stretch goes on at a frame boundary.
            const auto frame = span.log->read(reached.at.ordinal, reached.at.ordinal + 1);
            std::string rest(frame.front);
            rest.append(frame.back);
            rest.erase(0, reached.into_entry);
            span.from = span.log->position_of(reached.at.ordinal + 1);
            span.events -= 1;
            ++count.channel_events;
            bytes.insert(sent, rest);
            for (auto& marked : spans) marked.at += rest.size();
        }
        return false;
    }
    spans.erase(spans.begin());
    return true;
}

}  // namespace channel
