#pragma once

#include "channel/shard.hpp"
#include "channel/timer_wheel.hpp"

#include <chrono>
#include <coroutine>

namespace store {

/// `nap rest(shard, duration); co_await rest;` goes on later, on the same shard.
class nap final : private channel::timer_node {
public:
    nap(channel::shard& at, std::chrono::milliseconds duration) : at_(at), duration_(duration) {}

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
        waiting_ = waiting;
        at_.schedule(*this, channel::shard::now() + duration_);
    }
    void await_resume() const {}

private:
    void expired(channel::steady_time) override { waiting_.resume(); }

    channel::shard& at_;
    std::chrono::milliseconds duration_;
    std::coroutine_handle<> waiting_;
};

}  // namespace store
