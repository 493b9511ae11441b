#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace channel {

using steady_time = std::chrono::steady_clock::time_point;

/// Something with a deadline: a session, a peer, a channel. Part of its owner, which it leaves by itself when
/// destroyed.
class timer_node {
public:
    timer_node() = default;
    timer_node(const timer_node&) = delete;
    timer_node& operator=(const timer_node&) = delete;

    [[nodiscard]] bool scheduled() const { return next_ != nullptr; }
    void cancel();

    /// The deadline has come. The node is not scheduled any more and may be scheduled again or destroyed in here.
    virtual void expired(steady_time now) = 0;

protected:
    virtual ~timer_node() { cancel(); }

private:
    friend class timer_wheel;
    timer_node* next_ = nullptr;
    timer_node* previous_ = nullptr;
    steady_time deadline_{};
};

/// All deadlines of one shard: a hashed wheel (Varghese and Lauck), O(1) to schedule and to cancel, no allocation.
/// Never early; late by a tick (10 ms) and the turn of the event loop at most. One thread.
class timer_wheel {
public:
    static constexpr std::chrono::milliseconds tick{10};

    explicit timer_wheel(steady_time start);
    ~timer_wheel();
    timer_wheel(const timer_wheel&) = delete;
    timer_wheel& operator=(const timer_wheel&) = delete;

    /// Schedules, or moves, a node.
    void schedule(timer_node& node, steady_time deadline);

    /// Fires what is due.
    void advance(steady_time now);

    /// When advance() should be called next; steady_time::max() if nothing is scheduled. May be earlier than any
    /// deadline: a slot can hold deadlines of later rounds.
    [[nodiscard]] steady_time next_wake() const;

private:
    static constexpr std::size_t slot_count = 2048;

    struct head final : timer_node {
        void expired(steady_time) override {}
    };

    [[nodiscard]] std::int64_t tick_of(steady_time time) const;
    void fire_slot(std::size_t slot, steady_time now);

    steady_time start_;
    std::int64_t current_ = 0;  ///< ticks up to this one have been fired
    std::array<head, slot_count> slots_;
};

}  // namespace channel
