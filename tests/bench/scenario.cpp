#include "bench/scenario.hpp"

#include <ctime>
#include <random>

namespace bench {

faults& faults::operator+=(const faults& other) {
    lost += other.lost;
    doubled += other.doubled;
    reordered += other.reordered;
    disordered += other.disordered;
    damaged += other.damaged;
    gaps += other.gaps;
    return *this;
}

void faults::describe(report& to) const {
    to.add("lost", lost);
    to.add("doubled", doubled);
    to.add("reordered", reordered);
    to.add("disordered", disordered);
    to.add("damaged", damaged);
    to.add("gaps", gaps);
}

void settle(client_loop& loop, const process_meter& server) {
    constexpr int rounds = 60;
    constexpr double round_seconds = 0.2;
    constexpr std::uint64_t calm_cpu_ns = 2'000'000;
    for (int i = 0, calm = 0; i < rounds && calm < 3; ++i) {
        const auto cpu = server.cpu_ns();
        const auto memory = server.resident_bytes();
        const auto events = loop.events();
        loop.run_for(round_seconds);
        const bool is_calm = server.cpu_ns() - cpu < calm_cpu_ns && server.resident_bytes() == memory &&
            loop.events() == events;
        calm = is_calm ? calm + 1 : 0;
    }
}

std::string fresh_channel(std::size_t number) {
    static const auto start = static_cast<std::uint64_t>(std::time(nullptr)) << 32U | std::random_device{}();
    std::string id = "#";
    append_stamp(id, {start, static_cast<std::uint32_t>(number)});
    return id;
}

void append_stamp(std::string& out, const stamp& value) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (unsigned shift = 64; shift > 0; shift -= 4) out.push_back(digits[value.sent_ns >> (shift - 4) & 0xFU]);
    for (unsigned shift = 32; shift > 0; shift -= 4) out.push_back(digits[value.number >> (shift - 4) & 0xFU]);
}

std::uint64_t parse_hex(std::string_view digits) {
    std::uint64_t value = 0;
    for (const char c : digits) {
        const auto code = static_cast<unsigned>(static_cast<unsigned char>(c));
        value = value << 4U | ((code & 0xFU) + (code >> 6U) * 9U);
    }
    return value;
}

void content_finder::find(std::string_view event) {
    const auto at = event.find(key);
    if (at == std::string_view::npos) throw failure("an event without content: " + std::string(event.substr(0, 200)));
    at_ = at + key.size();
}

}  // namespace bench
