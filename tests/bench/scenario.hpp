#pragma once

#include "bench/client.hpp"
#include "bench/meter.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

/// What the command line says about one run; `run` in this folder holds the values for each figure.
struct options {
    std::uint16_t port = 0;
    std::size_t members = 1000;       ///< of the busy channel, or idle connections
    std::size_t senders = 8;          ///< members that publish
    std::size_t window = 64;          ///< messages in flight in the busy channel, all senders together
    std::size_t content_bytes = 120;  ///< of a public message
    std::size_t pairs = 100;          ///< of peers that relay
    std::size_t pair_window = 2;      ///< private messages in flight for each pair
    std::size_t rate = 1000;          ///< paced private messages a second, all pairs together
    std::size_t lanes = 32;           ///< connection cycles under way at once
    double warm_up_seconds = 0.5;
    double seconds = 3;
};

/// What must not happen. Each counts deliveries.
struct faults {
    std::uint64_t lost = 0;
    std::uint64_t doubled = 0;
    std::uint64_t reordered = 0;   ///< a member got an earlier message after a later one
    std::uint64_t disordered = 0;  ///< a number stands for different messages with different members
    std::uint64_t damaged = 0;     ///< not what was sent
    std::uint64_t gaps = 0;        ///< numbers that no message has

    faults& operator+=(const faults& other);
    void describe(report& to) const;
};

void run_fan_out(const options& wanted, const process_meter& server, report& result);
void run_relay(const options& wanted, const process_meter& server, report& result);
void run_busy_relay(const options& wanted, const process_meter& server, report& result);
void run_churn(const options& wanted, const process_meter& server, report& result);
void run_idle(const options& wanted, const process_meter& server, report& result);
void run_slow_readers(const options& wanted, const process_meter& server, report& result);

/// Waits until the server has nothing to do any more (its CPU time, its memory and what it sends stand still).
void settle(client_loop& loop, const process_meter& server);

/// A channel that nobody has used, for one run.
[[nodiscard]] std::string fresh_channel(std::size_t number = 0);

/// Every message begins with when it was sent and which it is.
struct stamp {
    static constexpr std::size_t size = 24;
    static constexpr std::size_t number_at = 16;
    std::uint64_t sent_ns = 0;
    std::uint32_t number = 0;
};
void append_stamp(std::string& out, const stamp& value);
/// Fixed-width lower-case hexadecimal digits.
[[nodiscard]] std::uint64_t parse_hex(std::string_view digits);

/// Finds an event's content. Where it begins is the same in all events of one kind here, so it is looked for once.
class content_finder {
public:
    /// What follows `"content":"`, up to the end of the event; `failure` if there is none.
    [[nodiscard]] std::string_view operator()(std::string_view event) {
        if (event.size() < at_ || at_ == 0 || event.substr(at_ - key.size(), key.size()) != key) find(event);
        return event.substr(at_);
    }

private:
    static constexpr std::string_view key = "\"content\":\"";
    void find(std::string_view event);
    std::size_t at_ = 0;
};

}  // namespace bench
