#pragma once

#include "channel/shard.hpp"
#include "channel/timer_wheel.hpp"

#include <atomic>
#include <chrono>
#include <coroutine>

namespace store {

/// `nap rest(shard, duration); co_await rest;` goes on later, on the same shard, which has to live as long:
/// none_left().
class nap final : private channel::timer_node {
public:
    nap(channel::shard& at, std::chrono::milliseconds duration) : at_(at), duration_(duration) {}

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
        ++under_way;
        waiting_ = waiting;
        at_.schedule(*this, channel::shard::now() + duration_);
    }
    void await_resume() const {}

    /// From any thread.
    [[nodiscard]] static bool none_left() { return under_way == 0; }

private:
    void expired(channel::steady_time) override {
        // The one who goes on may nap again.
        const auto waiting = waiting_;
        waiting.resume();
        --under_way;
    }

    static inline std::atomic<unsigned> under_way = 0;

    channel::shard& at_;
    std::chrono::milliseconds duration_;
    std::coroutine_handle<> waiting_;
};

}  // namespace store
