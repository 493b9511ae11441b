#pragma once

#include "channel/counters.hpp"
#include "channel/shard.hpp"
#include "channel/task.hpp"
#include "net/counters.hpp"
#include "net/host.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace metrics {

/// Where one shard stands.
struct shard_figures {
    std::uint64_t connections = 0;
    channel::histogram<channel::buckets::durations> loop_lag_seconds;
};

/// All that is known of the server at one moment, a shard after the other.
struct snapshot {
    channel::counters domain;
    net::counters connections;
    std::vector<shard_figures> shards;
    std::uint64_t known_peers = 0;  ///< connected, absent and remembered
    std::uint64_t remembered_peers = 0;
    std::uint64_t channels = 0;
    std::uint64_t known_addresses = 0;
    bool has_store = false;
    bool store_up = false;
    bool draining = false;
};

/// Goes from shard to shard and takes copies of what each has counted; nothing is locked, and no shard waits for
/// another. To be awaited on a shard's thread.
[[nodiscard]] channel::task<snapshot> collect(const std::vector<std::unique_ptr<net::host>>& hosts);

}  // namespace metrics
