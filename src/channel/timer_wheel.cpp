#include "channel/timer_wheel.hpp"

#include <algorithm>
#include <exception>

namespace channel {

void timer_node::cancel() {
    if (!next_) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
}

timer_wheel::timer_wheel(steady_time start) : start_(start) {
    for (auto& slot : slots_) slot.next_ = slot.previous_ = &slot;
}

timer_wheel::~timer_wheel() {
    for (auto& slot : slots_) {
        while (slot.next_ != &slot) slot.next_->cancel();
        slot.next_ = slot.previous_ = nullptr;
    }
}

std::int64_t timer_wheel::tick_of(steady_time time) const {
    // Rounded up, so that nothing fires early.
    return (time - start_ + tick - std::chrono::nanoseconds(1)) / tick;
}

void timer_wheel::schedule(timer_node& node, steady_time deadline) {
    node.cancel();
    node.deadline_ = deadline;
    const auto due = std::max(tick_of(deadline), current_ + 1);
    auto& slot = slots_[static_cast<std::size_t>(due) % slot_count];
    node.previous_ = slot.previous_;
    node.next_ = &slot;
    slot.previous_->next_ = &node;
    slot.previous_ = &node;
}

void timer_wheel::advance(steady_time now) {
    const auto target = (now - start_) / tick;
    // More than a whole round behind: every slot once is enough.
    current_ = std::max(current_, target - static_cast<std::int64_t>(slot_count));
    while (current_ < target) {
        ++current_;
        fire_slot(static_cast<std::size_t>(current_) % slot_count, now);
    }
}

void timer_wheel::fire_slot(std::size_t index, steady_time now) {
    auto& slot = slots_[index];
    // Taken off the wheel first: expired() may schedule into this slot again, or destroy its neighbours.
    head due;
    due.next_ = due.previous_ = &due;
    if (slot.next_ != &slot) {
        due.next_ = slot.next_;
        due.previous_ = slot.previous_;
        due.next_->previous_ = &due;
        due.previous_->next_ = &due;
        slot.next_ = slot.previous_ = &slot;
    }
    std::exception_ptr error;
    while (due.next_ != &due) {
        timer_node& node = *due.next_;
        node.cancel();
        if (node.deadline_ > now) {
            schedule(node, node.deadline_);
            continue;
        }
        try {
            node.expired(now);
        } catch (...) {
            // One that fails does not keep its neighbours from firing.
            error = std::current_exception();
        }
    }
    due.next_ = due.previous_ = nullptr;
    if (error) std::rethrow_exception(error);
}

steady_time timer_wheel::next_wake() const {
    for (std::size_t ahead = 1; ahead <= slot_count; ++ahead) {
        const auto at = current_ + static_cast<std::int64_t>(ahead);
        const auto& slot = slots_[static_cast<std::size_t>(at) % slot_count];
        if (slot.next_ != &slot) return start_ + at * tick;
    }
    return steady_time::max();
}

}  // namespace channel
