#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// CLOCK_MONOTONIC in nanoseconds.
[[nodiscard]] std::uint64_t now_ns();

/// What a running process uses, seen from outside.
class process_meter {
public:
    explicit process_meter(pid_t pid);

    /// User and system time of all its threads, ended ones too, to the nanosecond.
    [[nodiscard]] std::uint64_t cpu_ns() const;

    /// Resident memory, exact (smaps_rollup walks the pages; the counters in `status` lag behind).
    [[nodiscard]] std::uint64_t resident_bytes() const;

private:
    pid_t pid_;
    clockid_t clock_{};
};

[[nodiscard]] std::uint64_t own_cpu_ns();

/// What TCP holds in all sockets of the machine: the backlog that a server leaves to the kernel is not in its resident
/// memory.
[[nodiscard]] std::uint64_t kernel_tcp_bytes();

/// Latencies in nanoseconds, bounded: beyond the bound further ones are not taken.
class samples {
public:
    void add(std::uint64_t ns) {
        if (values_.size() < bound) values_.push_back(ns);
    }
    void clear() { values_.clear(); }
    [[nodiscard]] std::size_t size() const { return values_.size(); }
    /// 0 if there are none.
    [[nodiscard]] double percentile_us(double percent);

private:
    static constexpr std::size_t bound = 8'000'000;
    std::vector<std::uint64_t> values_;
};

/// One flat JSON object, in the order in which it was filled.
class report {
public:
    void add(std::string_view key, double value);
    void add(std::string_view key, std::uint64_t value);
    void add(std::string_view key, std::string_view text);
    [[nodiscard]] std::string json() const { return "{" + fields_ + "}"; }

private:
    void add_raw(std::string_view key, std::string_view value);
    std::string fields_;
};

/// A stretch of time over which the server's CPU time is charged to what was done in it.
class window {
public:
    explicit window(const process_meter& server) : server_(server) {}
    void begin();
    void end();
    /// Adds operations, their CPU cost and rate, and how busy both sides were: the server should be, the generator need
    /// not be.
    void describe(report& to, std::uint64_t operations) const;

private:
    const process_meter& server_;
    std::uint64_t started_ = 0;
    std::uint64_t elapsed_ = 0;
    std::uint64_t cpu_ = 0;
    std::uint64_t own_cpu_ = 0;
};

}  // namespace bench
