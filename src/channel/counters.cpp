#include "channel/counters.hpp"

namespace channel {

void counters::add(const counters& other) {
    commands.add(other.commands);
    for (std::size_t i = 0; i < resumes.size(); ++i) resumes[i] += other.resumes[i];
    channel_events += other.channel_events;
    direct_events += other.direct_events;
    skipped_events += other.skipped_events;
    published += other.published;
    queue_bytes += other.queue_bytes;
    input_bytes += other.input_bytes;
    log_bytes += other.log_bytes;
    history_bytes += other.history_bytes;
    state_bytes += other.state_bytes;
    journal_bytes += other.journal_bytes;
    connected_peers += other.connected_peers;
    memberships += other.memberships;
    fan_out_members.add(other.fan_out_members);
    fan_out_seconds.add(other.fan_out_seconds);
    loop_lag_seconds.add(other.loop_lag_seconds);
    store_failures += other.store_failures;
    store_seconds.add(other.store_seconds);
}

}  // namespace channel
