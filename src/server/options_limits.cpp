#include "server/option_rows.hpp"

namespace server::rows {

using namespace std::chrono_literals;

namespace {

void add_times(std::vector<option>& table) {
    constexpr std::string_view group = "Times";
    table.push_back(duration(
        {group, "heartbeat", "silence before a ping; after as much again the connection is given up"}, 100ms, 1h,
        [](auto& c) -> auto& { return c.heartbeat; }));
    table.push_back(duration(
        {group, "handshake-timeout", "for a whole HTTP request, or the upgrade"}, 10ms, 10min,
        [](auto& c) -> auto& { return c.handshake_timeout; }));
    table.push_back(duration(
        {group, "describe-timeout", "from the upgrade to the first /descp"}, 10ms, 10min,
        [](auto& c) -> auto& { return c.describe_timeout; }));
    table.push_back(duration(
        {group, "close-timeout", "for the client's side after a close frame"}, 10ms, 10min,
        [](auto& c) -> auto& { return c.close_timeout; }));
    table.push_back(duration(
        {group, "shutdown-timeout", "for all connections to end after SIGTERM or SIGINT"}, 0ms, 10min,
        [](auto& c) -> auto& { return c.shutdown_timeout; }));
    table.push_back(duration(
        {group, "retry-after", "least retryAfter that clients are told at shutdown"}, 0ms, 1h,
        [](auto& c) -> auto& { return c.retry_after; }));
    table.push_back(duration(
        {group, "retry-spread", "how far retryAfter is spread over the clients"}, 0ms, 1h,
        [](auto& c) -> auto& { return c.retry_spread; }));
    table.push_back(duration(
        {group, "retention", "how long ended peers and empty channels are remembered"}, 0ms, 24h,
        [](auto& c) -> auto& { return c.retention; }));
    table.push_back(count(
        {group, "max-remembered", "peers remembered for the retention time"}, 0, 100000000,
        [](auto& c) -> auto& { return c.max_remembered; }));
}

void add_resuming(std::vector<option>& table) {
    constexpr std::string_view group = "Resuming and history";
    table.push_back(duration(
        {group, "resume-window", "how long a resumable session is kept without a connection"}, 0ms, 24h,
        [](auto& c) -> auto& { return c.limits.resume_window; }));
    table.push_back(count(
        {group, "resume-events", "events kept for it"}, 1, 1000000,
        [](auto& c) -> auto& { return c.limits.resume_events; }));
    table.push_back(size(
        {group, "resume-bytes", "bytes of events kept for it"}, kibibyte, gibibyte,
        [](auto& c) -> auto& { return c.limits.resume_bytes; }));
    table.push_back(count(
        {group, "history", "public messages kept for /history per channel; 0: none"}, 0, 1000000,
        [](auto& c) -> auto& { return c.limits.history; }));
    table.push_back(size(
        {group, "history-bytes", "bytes of them per channel"}, 0, gibibyte,
        [](auto& c) -> auto& { return c.history_bytes; }));
}

void add_commands(std::vector<option>& table) {
    constexpr std::string_view group = "What a client may send";
    table.push_back(count(
        {group, "rate", "commands a second from one client; 0: no limit"}, 0, 1000000,
        [](auto& c) -> auto& { return c.limits.rate; }));
    table.push_back(count(
        {group, "burst", "commands at once after a pause"}, 1, 1000000,
        [](auto& c) -> auto& { return c.limits.burst; }));
    table.push_back(count(
        {group, "broadcast-rate", "broadcasts a minute from one client, as many at once; more get 263; 0: no limit"}, 0,
        100000, [](auto& c) -> auto& { return c.broadcasts_per_minute; }));
    table.push_back(size(
        {group, "byte-rate",
         "bytes a second that are read from one client, as many more at once; the rest waits in its socket; 0: no "
         "limit"},
        0, gibibyte, [](auto& c) -> auto& { return c.bytes_per_second; }));
    table.push_back(size(
        {group, "max-message", "a whole message; more closes with 1009"}, kibibyte, 16 * mebibyte,
        [](auto& c) -> auto& { return c.limits.message; }));
    table.push_back(size(
        {group, "max-content", "content of one message"}, 1, 16 * mebibyte,
        [](auto& c) -> auto& { return c.limits.content; }));
    table.push_back(count(
        {group, "max-name", "code points of a peer's name"}, 1, 1024,
        [](auto& c) -> auto& { return c.limits.name_code_points; }));
    table.push_back(size(
        {group, "max-description", "keys of a peer's own in /descp, in all"}, 2, mebibyte,
        [](auto& c) -> auto& { return c.limits.description; }));
    table.push_back(size(
        {group, "max-label", "the label of a command"}, 1, kibibyte, [](auto& c) -> auto& { return c.limits.label; }));
    table.push_back(size(
        {group, "max-token", "a channel's token"}, 1, 64 * kibibyte, [](auto& c) -> auto& { return c.limits.token; }));
    table.push_back(size(
        {group, "max-reason", "a reason or an away message"}, 1, 64 * kibibyte,
        [](auto& c) -> auto& { return c.limits.reason; }));
    table.push_back(choice(
        {group, "broadcast", "who may use /broadcast; token: who has an access token that allows it"},
        {"everyone", "token", "nobody"}, [](auto& c) -> auto& { return c.broadcast; }));
}

void add_channels(std::vector<option>& table) {
    constexpr std::string_view group = "Channels and delivery";
    table.push_back(count(
        {group, "max-channels", "channels one peer may be in"}, 1, 100000,
        [](auto& c) -> auto& { return c.limits.channels; }));
    table.push_back(count(
        {group, "max-members", "members of one channel"}, 1, 10000000,
        [](auto& c) -> auto& { return c.limits.members; }));
    table.push_back(count(
        {group, "max-bans", "bans of one channel"}, 0, 1000000, [](auto& c) -> auto& { return c.max_bans; }));
    table.push_back(count(
        {group, "max-invitations", "open invitations of one channel; more drop the oldest"}, 1, 1000000,
        [](auto& c) -> auto& { return c.max_invitations; }));
    table.push_back(count(
        {group, "page", "members in one peers event"}, 1, 10000, [](auto& c) -> auto& { return c.limits.page; }));
    table.push_back(count(
        {group, "presence-threshold", "members above which single presence events are summed up"}, 1, 10000000,
        [](auto& c) -> auto& { return c.limits.presence_threshold_members; }));
    table.push_back(duration(
        {group, "presence-interval", "least time between two sums"}, 10ms, 1h,
        [](auto& c) -> auto& { return c.presence_interval; }));
    table.push_back(size(
        {group, "channel-log", "how far a slow member may fall behind before it gets lost"}, 4 * kibibyte, gibibyte,
        [](auto& c) -> auto& { return c.channel_log_bytes; }));
    table.push_back(size(
        {group, "queue", "bytes waiting for one slow connection; more closes with 4001"}, 4 * kibibyte, gibibyte,
        [](auto& c) -> auto& { return c.queue_bytes; }));
    table.push_back(size(
        {group, "max-memory",
         "of peers, channels, logs, queues, histories, journals and unfinished messages in all; beyond it those that "
         "can shrink to a sixteenth, and new channels, bans, invitations and connections wait; 0: half of what the "
         "machine, the service (MemoryMax=) or the container has"},
        0, 1ULL << 50U, [](auto& c) -> auto& { return c.max_memory_bytes; }));
}

}  // namespace

void add_limits(std::vector<option>& table) {
    add_times(table);
    add_resuming(table);
    add_commands(table);
    add_channels(table);
}

}  // namespace server::rows
