#include "channel/message_history.hpp"

#include <algorithm>

namespace channel {

void message_history::add(std::uint64_t seq, std::string_view event) {
    if (max_messages_ == 0) return;
    bytes_ += event.size();
    std::string recycled;
    while (!entries_.empty() && (entries_.size() >= max_messages_ || bytes_ > max_bytes_)) {
        bytes_ -= entries_.front().event.size();
        // The oldest one's memory serves the newest: in the steady state nothing is allocated.
        recycled = std::move(entries_.front().event);
        entries_.pop_front();
    }
    // Unless it was a much larger one: what a channel keeps is bounded in bytes.
    if (recycled.capacity() > 2 * event.size() + 256) recycled = {};
    recycled.assign(event);
    entries_.push_back({seq, std::move(recycled)});
    held_.set(bytes_);
}

void message_history::shrink_to(std::size_t limit_bytes) {
    while (entries_.size() > 1 && bytes_ > limit_bytes) {
        bytes_ -= entries_.front().event.size();
        entries_.pop_front();
    }
    held_.set(bytes_);
}

message_history::page message_history::last(std::uint64_t count, std::optional<std::uint64_t> before_seq) const {
    const auto end = before_seq
        ? std::partition_point(entries_.begin(), entries_.end(), [&](const entry& e) { return e.seq < *before_seq; })
        : entries_.end();
    page found;
    auto begin = end;
    std::size_t bytes = 0;
    while (begin != entries_.begin() && count > 0) {
        const auto& candidate = *std::prev(begin);
        if (bytes > 0 && bytes + candidate.event.size() > page_bytes) break;
        bytes += candidate.event.size();
        --begin;
        --count;
    }
    found.more = begin != entries_.begin();
    for (auto it = begin; it != end; ++it) found.messages.emplace_back(it->event);
    return found;
}

}  // namespace channel
