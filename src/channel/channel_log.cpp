#include "channel/channel_log.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace channel {

namespace {

constexpr std::size_t smallest_ring_bytes = 1024;
constexpr std::size_t smallest_entries = 8;
constexpr std::size_t kept_ring_bytes = 64 * 1024;
constexpr unsigned trims_before_shrinking = 64;

}  // namespace

void channel_log::append(std::string_view frame, std::uint64_t seq, std::span<const protocol::peer_id> except) {
    reserve_bytes(bytes() + frame.size());
    reserve_entry();
    copy_in(frame);
    entry& added = at(head_.ordinal);
    added = entry{};
    added.end = end_;
    added.is_message = seq != 0;
    if (seq != 0) head_.seq = seq;
    added.last_seq = head_.seq;
    if (except.size() == 1) {
        added.except = except.front();
        added.exceptions = 1;
    } else if (!except.empty()) {
        more_exceptions_.emplace(head_.ordinal, std::vector(except.begin(), except.end()));
        added.exceptions = 2;
    }
    ++head_.ordinal;
    peak_bytes_ = std::max(peak_bytes_, bytes());
}

void channel_log::copy_in(std::string_view frame) {
    const auto mask = ring_.size() - 1;
    const auto at_byte = end_ & mask;
    const auto until_wrap = std::min(frame.size(), ring_.size() - at_byte);
    std::memcpy(ring_.data() + at_byte, frame.data(), until_wrap);
    std::memcpy(ring_.data(), frame.data() + until_wrap, frame.size() - until_wrap);
    end_ += frame.size();
}

bool channel_log::is_excepted(std::uint64_t ordinal, const protocol::peer_id& peer) const {
    const entry& e = at(ordinal);
    if (e.exceptions == 0) return false;
    if (e.exceptions == 1) return e.except == peer;
    const auto& list = more_exceptions_.at(ordinal);
    return std::find(list.begin(), list.end(), peer) != list.end();
}

std::vector<protocol::peer_id> channel_log::exceptions_of(std::uint64_t ordinal) const {
    const entry& e = at(ordinal);
    if (e.exceptions == 0) return {};
    if (e.exceptions == 1) return {e.except};
    return more_exceptions_.at(ordinal);
}

std::uint64_t channel_log::begin_of(std::uint64_t ordinal) const {
    return ordinal == first_.ordinal ? begin_ : at(ordinal - 1).end;
}

channel_log::pieces channel_log::read(std::uint64_t from_ordinal, std::uint64_t to_ordinal) const {
    assert(first_.ordinal <= from_ordinal && from_ordinal <= to_ordinal && to_ordinal <= head_.ordinal);
    if (from_ordinal == to_ordinal) return {};
    const auto begin = begin_of(from_ordinal);
    const auto size = at(to_ordinal - 1).end - begin;
    const auto at_byte = begin & (ring_.size() - 1);
    const auto until_wrap = std::min(size, ring_.size() - at_byte);
    return {{ring_.data() + at_byte, until_wrap}, {ring_.data(), size - until_wrap}};
}

channel_log::reach channel_log::advance(std::uint64_t from_ordinal, std::size_t byte_count) const {
    const auto target = begin_of(from_ordinal) + byte_count;
    // The first entry that ends behind the target; entries are sorted by their end.
    auto low = from_ordinal;
    auto high = head_.ordinal;
    while (low < high) {
        const auto middle = low + (high - low) / 2;
        if (at(middle).end <= target) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return {position_of(low), low == head_.ordinal ? 0 : target - begin_of(low)};
}

log_position channel_log::position_of(std::uint64_t ordinal) const {
    return {ordinal, ordinal == first_.ordinal ? first_.seq : at(ordinal - 1).last_seq};
}

std::uint64_t channel_log::seq_of(std::uint64_t ordinal) const {
    const entry& e = at(ordinal);
    return e.is_message ? e.last_seq : 0;
}

void channel_log::trim_to(std::uint64_t ordinal) {
    if (ordinal <= first_.ordinal) return;
    begin_ = at(ordinal - 1).end;
    first_ = position_of(ordinal);
    if (!more_exceptions_.empty())
        more_exceptions_.erase(more_exceptions_.begin(), more_exceptions_.lower_bound(ordinal));
    shrink_when_quiet();
}

void channel_log::trim_bytes(std::size_t limit_bytes, std::uint64_t keep_from) {
    auto ordinal = first_.ordinal;
    const auto limit = std::min(keep_from, head_.ordinal - std::min<std::uint64_t>(1, bytes()));
    while (ordinal < limit && end_ - begin_of(ordinal) > limit_bytes) ++ordinal;
    trim_to(ordinal);
}

void channel_log::shrink_to(std::size_t limit_bytes) {
    if (ring_.size() > limit_bytes) {
        trim_bytes(limit_bytes);
        const auto enough = std::bit_ceil(std::max({smallest_ring_bytes, limit_bytes, bytes()}));
        if (enough < ring_.size()) resize_ring(enough);
        peak_bytes_ = bytes();
    }
    // Of short messages these are as much as the messages.
    if (entries_.size() * sizeof(entry) <= limit_bytes) return;
    const auto enough_entries = std::max(smallest_entries, std::bit_ceil(head_.ordinal - first_.ordinal));
    if (enough_entries < entries_.size()) resize_entries(enough_entries);
}

void channel_log::forget_all() {
    trim_to(head_.ordinal);
    ring_ = std::vector<char>();
    entries_ = std::vector<entry>();
    peak_bytes_ = 0;
    count_memory();
}

void channel_log::reserve_bytes(std::size_t needed) {
    if (needed > ring_.size()) resize_ring(std::max(smallest_ring_bytes, std::bit_ceil(needed)));
}

void channel_log::resize_ring(std::size_t capacity) {
    const auto held = read(first_.ordinal, head_.ordinal);
    std::vector<char> larger(capacity);
    const auto mask = capacity - 1;
    // Offsets stay; only their place in the ring changes.
    const auto put = [&](std::uint64_t offset, std::string_view bytes) {
        const auto at_byte = offset & mask;
        const auto until_wrap = std::min(bytes.size(), capacity - at_byte);
        std::copy_n(bytes.data(), until_wrap, larger.data() + at_byte);
        std::copy_n(bytes.data() + until_wrap, bytes.size() - until_wrap, larger.data());
    };
    put(begin_, held.front);
    put(begin_ + held.front.size(), held.back);
    ring_ = std::move(larger);
    count_memory();
}

void channel_log::reserve_entry() {
    const auto count = head_.ordinal - first_.ordinal;
    if (count == entries_.size()) resize_entries(std::max(smallest_entries, entries_.size() * 2));
}

void channel_log::resize_entries(std::size_t count) {
    std::vector<entry> resized(count);
    for (auto ordinal = first_.ordinal; ordinal < head_.ordinal; ++ordinal) {
        resized[ordinal & (count - 1)] = at(ordinal);
    }
    entries_ = std::move(resized);
    count_memory();
}

void channel_log::shrink_when_quiet() {
    if (ring_.size() <= kept_ring_bytes || ++quiet_trims_ < trims_before_shrinking) return;
    quiet_trims_ = 0;
    if (peak_bytes_ < ring_.size() / 4 && bytes() < ring_.size() / 4) resize_ring(ring_.size() / 2);
    peak_bytes_ = bytes();
}

}  // namespace channel
