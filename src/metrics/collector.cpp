#include "metrics/collector.hpp"

#include "channel/store.hpp"

#include <utility>

namespace metrics {

channel::task<snapshot> collect(const std::vector<std::unique_ptr<net::host>>& hosts) {
    snapshot all;
    all.known_addresses = hosts.front()->admissions().known_addresses();
    all.store_up = true;
    channel::shard& back = channel::shard::current();
    for (const auto& host : hosts) {
        channel::shard& here = host->shard();
        co_await here.enter();
        all.domain.add(here.count);
        all.connections.add(host->count);
        all.shards.push_back({host->session_count(), here.count.loop_lag_seconds});
        all.known_peers += here.peer_count();
        all.remembered_peers += here.remembered_count();
        all.channels += here.channel_count();
        all.draining = all.draining || here.draining || host->draining;
        all.has_store = here.shared != nullptr;
        all.store_up = all.store_up && (!here.shared || here.shared->answers());
    }
    co_await back.enter();
    co_return std::move(all);
}

}  // namespace metrics
