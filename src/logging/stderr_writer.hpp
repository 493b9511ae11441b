#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace logging {

/// Writes lines to a descriptor from a thread of its own: one that is full, or stuck, delays nobody else. What waits is
/// bounded; what comes when it is full is dropped and counted, so that the beginning of an incident is kept. Any thread
/// may push.
class stderr_writer {
public:
    static constexpr std::size_t waiting_bytes = 1024 * 1024;

    /// `descriptor` stays the caller's.
    explicit stderr_writer(int descriptor) : descriptor_(descriptor), thread_([this] { run(); }) {}
    /// Writes what waits, as far as the descriptor takes it within half a second.
    ~stderr_writer();
    stderr_writer(const stderr_writer&) = delete;
    stderr_writer& operator=(const stderr_writer&) = delete;

    /// A line with its end.
    void push(std::string_view line);
    /// How many lines were dropped since this was asked last.
    [[nodiscard]] std::uint64_t take_dropped();

private:
    void run();
    void write(std::string_view text);
    [[nodiscard]] bool must_give_up();

    const int descriptor_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string waiting_;
    std::uint64_t dropped_ = 0;
    bool ending_ = false;
    std::chrono::steady_clock::time_point give_up_at_{};
    std::thread thread_;  ///< the last: it uses the others
};

}  // namespace logging
