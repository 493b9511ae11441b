#pragma once

#include "protocol/command.hpp"
#include "protocol/numeric.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

namespace channel {

/// Observations in buckets, as Prometheus counts them. `Bounds` are the buckets' upper bounds, ascending; what is
/// beyond the last one has a bucket of its own.
template <const auto& Bounds>
class histogram {
public:
    void observe(double value) {
        std::size_t at = 0;
        while (at < Bounds.size() && value > Bounds[at]) ++at;
        ++counts_[at];
        sum_ += value;
    }
    void add(const histogram& other) {
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
        sum_ += other.sum_;
    }

    [[nodiscard]] static constexpr std::size_t size() { return Bounds.size() + 1; }
    [[nodiscard]] static constexpr double bound(std::size_t bucket) { return Bounds[bucket]; }
    /// Of the bucket alone.
    [[nodiscard]] std::uint64_t count(std::size_t bucket) const { return counts_[bucket]; }
    [[nodiscard]] double sum() const { return sum_; }

private:
    std::array<std::uint64_t, Bounds.size() + 1> counts_{};
    double sum_ = 0;
};

namespace buckets {
/// Seconds, from what a turn of the loop takes to what people notice.
inline constexpr std::array<double, 12> durations{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                  0.01,   0.025,   0.05,   0.1,   0.25,   1};
inline constexpr std::array<double, 9> members{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536};
}  // namespace buckets

/// Commands by verb and result.
class command_counts {
public:
    static constexpr std::array<std::string_view, std::variant_size_v<protocol::command> + 1> verbs{
        "descp", "join",  "quit", "privmsg", "pubmsg", "broadcast", "whois", "peers", "invite", "away",   "kick",
        "ban",   "unban", "bans", "op",      "deop",   "history",   "ice",   "ping",  "ack",    "unknown"};
    using numeric = protocol::numeric;
    /// The first place among the results is that of success.
    static constexpr std::array<numeric, 22> errors{
        numeric::try_again,           numeric::unknown_error,       numeric::no_such_nick,
        numeric::no_such_channel,     numeric::cannot_send_to_chan, numeric::too_many_channels,
        numeric::input_too_long,      numeric::unknown_command,     numeric::nickname_in_use,
        numeric::user_not_in_channel, numeric::not_on_channel,      numeric::user_on_channel,
        numeric::not_registered,      numeric::need_more_params,    numeric::already_registered,
        numeric::password_mismatch,   numeric::channel_is_full,     numeric::banned_from_chan,
        numeric::bad_channel_key,     numeric::bad_chan_mask,       numeric::no_privileges,
        numeric::chanop_privs_needed};

    void succeeded(const protocol::command& c) { ++counts_[c.index()][0]; }
    /// `verb`: in lower case; any that is not among ours is "unknown".
    void failed(std::string_view verb, numeric why) {
        const auto place = std::find(verbs.begin(), verbs.end() - 1, verb) - verbs.begin();
        const auto result = 1 + (std::find(errors.begin(), errors.end() - 1, why) - errors.begin());
        ++counts_[static_cast<std::size_t>(place)][static_cast<std::size_t>(result)];
    }
    void add(const command_counts& other) {
        for (std::size_t verb = 0; verb < verbs.size(); ++verb) {
            for (std::size_t result = 0; result <= errors.size(); ++result)
                counts_[verb][result] += other.counts_[verb][result];
        }
    }
    [[nodiscard]] std::uint64_t at(std::size_t verb, std::size_t result) const { return counts_[verb][result]; }

private:
    std::array<std::array<std::uint64_t, errors.size() + 1>, verbs.size()> counts_{};
};

/// What became of a `/descp` with a `session`.
enum class resume_result : std::uint8_t {
    complete,    ///< every missed event follows
    lost,        ///< not all of them
    taken_back,  ///< id and memberships of a session that is not resumable
    unknown,     ///< the server does not know it: a new start
    refused,     ///< the id belongs to another session
};
inline constexpr std::array<std::string_view, 5> resume_results{"complete", "lost", "taken_back", "unknown", "refused"};

/// Of a session that is taken back: whether its events were counted, and are all there.
[[nodiscard]] constexpr resume_result result_of_return(bool counted, bool all_there) {
    if (!counted) return resume_result::taken_back;
    return all_there ? resume_result::complete : resume_result::lost;
}

/// What one shard has counted since it began. Plain numbers: only the shard's own thread touches them, and whoever
/// wants to know (metrics/collector) comes to it and takes a copy.
struct counters {
    command_counts commands;
    std::array<std::uint64_t, resume_results.size()> resumes{};
    std::uint64_t channel_events = 0;   ///< handed to members' connections out of channels' logs
    std::uint64_t direct_events = 0;    ///< replies, private messages and invitations handed to a connection
    std::uint64_t skipped_events = 0;   ///< of channels' logs, that slow readers did not get
    std::uint64_t published = 0;        ///< public messages of this shard's peers
    std::uint64_t queue_bytes = 0;      ///< now waiting for sockets that are full
    std::uint64_t input_bytes = 0;      ///< now held of requests and messages that have no end yet, or wait
    std::uint64_t log_bytes = 0;        ///< now held by channels' logs
    std::uint64_t history_bytes = 0;    ///< now kept for /history
    std::uint64_t journal_bytes = 0;    ///< now kept for sessions that may be resumed, beside channels' logs
    std::uint64_t state_bytes = 0;      ///< now taken by peers and channels themselves, about
    std::uint64_t connected_peers = 0;  ///< now
    std::uint64_t memberships = 0;      ///< now, of this shard's peers
    histogram<buckets::members> fan_out_members;
    histogram<buckets::durations> fan_out_seconds;
    histogram<buckets::durations> loop_lag_seconds;
    std::uint64_t store_failures = 0;             ///< calls without an answer
    histogram<buckets::durations> store_seconds;  ///< of calls that were answered

    void note(resume_result result) { ++resumes[static_cast<std::size_t>(result)]; }
    void add(const counters& other);

    /// What grows by what clients do, in all.
    [[nodiscard]] std::uint64_t held_bytes() const {
        return queue_bytes + input_bytes + log_bytes + history_bytes + journal_bytes + state_bytes;
    }
};

}  // namespace channel
