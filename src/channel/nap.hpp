#pragma once

#include "channel/shard.hpp"
#include "channel/timer_wheel.hpp"

#include <atomic>
#include <chrono>
#include <coroutine>

namespace channel {

/// `nap rest(shard, duration); co_await rest;` goes on later, on the same shard, which has to live as long:
/// none_left().
class nap final : private timer_node {
public:
    nap(shard& at, std::chrono::milliseconds duration) : at_(at), duration_(duration) {}

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
        ++under_way;
        waiting_ = waiting;
        at_.schedule(*this, shard::now() + duration_);
    }
    void await_resume() const {}

    /// From any thread.
    [[nodiscard]] static bool none_left() { return under_way == 0; }

private:
    void expired(steady_time) override {
        // The one who goes on may nap again.
        const auto waiting = waiting_;
        waiting.resume();
        --under_way;
    }

    static inline std::atomic<unsigned> under_way = 0;

    shard& at_;
    std::chrono::milliseconds duration_;
    std::coroutine_handle<> waiting_;
};

}  // namespace channel
