#pragma once

#include "channel/link.hpp"
#include "net/client_address.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace net {

/// Why a connection is not wanted.
enum class refusal : std::uint8_t {
    none,
    server_full,
    server_rate,
    address_connections,
    address_rate,
    address_failures,
    server_memory,
};

/// The response that says so: 503 for what concerns the whole server, 429 for the client's own doing, with Retry-After.
[[nodiscard]] std::string make_refusal(refusal why);

/// Zero: no limit.
struct admission_limits {
    std::size_t connections_per_address = 1000;
    std::size_t connections_per_second = 5000;
    std::size_t connections_per_second_and_address = 50;
    std::size_t failures_per_minute_and_address = 100;
    std::size_t wrong_guesses_per_minute = 20;
};

/// Counts connections by address (IPv6: by /64) for all shards together. Asked once a connection, never for a message,
/// so a lock for one part of the table is held for some tens of nanoseconds. Memory is bounded by the connections there
/// are plus a fixed number of addresses that were here lately; when that is reached, the latter are forgotten.
///
/// Loopback and unix sockets are let in always: what comes from there is a proxy or the operator, and to count it as
/// one client would lock out everybody behind it.
class admission {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit admission(const admission_limits& limits);

    /// Each `none` is followed by one leave().
    [[nodiscard]] refusal enter(const client_address& who, time_point now);
    void leave(const client_address& who);
    /// A handshake that came to nothing through the client's fault.
    void note_failure(const client_address& who, time_point now);

    /// What becomes of a guess (a channel's token, a session, an access token) from there. `own` is the account of its
    /// connection alone, for addresses that nobody is told apart by.
    [[nodiscard]] channel::guess_verdict judge_guess(const client_address& who, std::int64_t own, time_point now) const;
    void count_guess(const client_address& who, std::int64_t& own, time_point now);
    /// It was right.
    void forgive_guess(const client_address& who, std::int64_t& own);

    [[nodiscard]] std::size_t known_addresses() const;

    static constexpr std::size_t remembered_addresses = 65536;

private:
    /// What came lately, as the moment up to which it has been used up in advance (GCRA): a bucket in one number.
    using nanoseconds = std::int64_t;
    struct rate {
        nanoseconds interval = 0;
        nanoseconds tolerance = 0;
        rate(std::size_t count, std::chrono::nanoseconds per, std::chrono::nanoseconds burst);
        [[nodiscard]] bool has_room(nanoseconds used_until, nanoseconds now) const;
        [[nodiscard]] nanoseconds after_one_more(nanoseconds used_until, nanoseconds now) const;
        /// When there will be room.
        [[nodiscard]] nanoseconds wait(nanoseconds used_until, nanoseconds now) const;
        /// How many are not forgotten yet.
        [[nodiscard]] std::size_t count(nanoseconds used_until, nanoseconds now) const;
    };
    struct entry {
        std::uint32_t open = 0;
        nanoseconds connects_until = 0;
        nanoseconds failures_until = 0;
        nanoseconds guesses_until = 0;
    };
    struct hash {
        std::uint64_t seed;
        std::size_t operator()(const client_address& of) const;
    };
    struct part {
        explicit part(std::uint64_t seed) : entries(0, hash{seed}) {}
        mutable std::mutex lock;
        std::unordered_map<client_address, entry, hash> entries;
        std::size_t swept_at;
    };
    static constexpr std::size_t part_count = 16;

    [[nodiscard]] bool take_of_all(nanoseconds now);
    [[nodiscard]] part& part_of(const client_address& key) const;
    static void forget_some(part& in, nanoseconds now);

    admission_limits limits_;
    rate of_all_;
    rate of_address_;
    rate failures_;
    rate guesses_;
    std::uint64_t seed_;
    std::atomic<nanoseconds> used_until_{0};
    std::array<std::unique_ptr<part>, part_count> parts_;
};

}  // namespace net
