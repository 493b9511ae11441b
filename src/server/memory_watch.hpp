#pragma once

#include "channel/shard.hpp"
#include "channel/timer_wheel.hpp"

#include <atomic>
#include <cstdint>

namespace server {

/// What all shards together may hold, and hold, for others to read later.
struct memory_limit {
    std::uint64_t bytes = 0;
    std::atomic<std::uint64_t> held{0};
    std::atomic<bool> is_short{false};
};

/// Half of the memory that the machine has, or the service or container (see control_group.hpp) if that is less.
[[nodiscard]] std::uint64_t half_of_memory();

/// Looks several times a second at what its shard holds, and sees to it that the server holds no more than it may (see
/// shard::relieve_memory), until a tenth is free again. Nothing is counted for that on the way of a message.
class memory_watch final : private channel::timer_node {
public:
    /// Both are referred to. `shared` is the same for all shards.
    memory_watch(channel::shard& of, memory_limit& shared) : of_(of), shared_(shared) {}
    ~memory_watch() { cancel(); }

    /// On the shard's thread.
    void start() { expired(channel::shard::now()); }

private:
    void expired(channel::steady_time now) override;

    channel::shard& of_;
    memory_limit& shared_;
    std::uint64_t told_ = 0;
};

}  // namespace server
