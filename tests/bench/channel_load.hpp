#pragma once

#include "bench/scenario.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// A channel whose senders publish as fast as a bounded number of messages in flight allows (a message is in flight
/// until every reading member has it), and which checks each delivery: nothing lost, doubled or reordered, one order
/// for all. Members that are stopped do not hold up the others; what they miss must be what `lost` says.
class channel_load {
public:
    channel_load(client_loop& loop, const options& wanted);

    void start();
    /// Publishes no more, and waits until everything has arrived that will.
    void pause();

    void on_event(connection& from, std::string_view text);

    /// Every `step`-th member that is no sender reads no more. Only while paused.
    void stop_reading(std::size_t step);
    /// They read again: returns when all are up to date.
    void resume_reading();

    [[nodiscard]] std::uint64_t deliveries() const { return deliveries_; }
    [[nodiscard]] std::uint64_t published() const { return published_; }
    [[nodiscard]] std::size_t stopped() const { return stopped_; }
    [[nodiscard]] std::uint64_t announced_as_lost() const { return announced_; }
    [[nodiscard]] samples& latency() { return latency_; }
    /// What went wrong so far. Only while paused.
    [[nodiscard]] faults check() const;

private:
    struct member {
        std::uint64_t last_seq = 0;
        std::uint64_t received = 0;
        std::uint64_t announced = 0;  ///< by `lost`
        bool is_stopped = false;
    };
    struct sender {
        std::uint32_t member = 0;
        std::uint32_t published = 0;
        std::size_t in_flight = 0;
    };
    /// A message on its way to its receivers.
    struct message {
        std::uint64_t seq = 0;
        std::uint32_t number = 0;
        std::uint32_t missing = 0;
    };

    void publish(std::size_t sender_index);
    void on_message(connection& at, std::string_view text);
    void on_lost(connection& at, std::string_view text);
    void on_complete(const message& done);
    [[nodiscard]] const sender* sender_at(std::size_t member_index) const;

    static constexpr std::size_t ring_size = 16384;
    static constexpr unsigned sender_shift = 24;

    client_loop& loop_;
    std::size_t first_;
    std::size_t window_each_;
    std::string channel_;
    std::string filler_;
    std::string text_;
    std::vector<member> members_;
    std::vector<sender> senders_;
    std::vector<message> ring_;
    content_finder content_;
    samples latency_;
    faults faults_;
    std::size_t stopped_ = 0;
    std::size_t in_flight_ = 0;
    std::uint64_t published_ = 0;
    std::uint64_t highest_seq_ = 0;
    std::uint64_t deliveries_ = 0;
    std::uint64_t announced_ = 0;
    bool publishing_ = false;
};

}  // namespace bench
