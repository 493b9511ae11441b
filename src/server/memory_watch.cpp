#include "server/memory_watch.hpp"

#include "logging/log.hpp"
#include "server/control_group.hpp"

#include <algorithm>
#include <chrono>

#include <unistd.h>

namespace server {

namespace {

constexpr std::chrono::milliseconds interval{100};

}  // namespace

std::uint64_t half_of_memory() {
    const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
    const auto machine = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return std::min(machine, memory_limit_of_groups()) / 2;
}

void memory_watch::expired(channel::steady_time now) {
    of_.schedule(*this, now + interval);
    const auto mine = of_.count.held_bytes();
    const auto held = shared_.held += mine - told_;
    told_ = mine;
    if (held > shared_.bytes && !shared_.is_short.exchange(true))
        logging::line(logging::event::memory_short).with("held_bytes", held).with("limit_bytes", shared_.bytes);
    // Some room first, so that it does not go to and fro.
    if (held < shared_.bytes - shared_.bytes / 10 && shared_.is_short.exchange(false))
        logging::line(logging::event::memory_enough).with("held_bytes", held).with("limit_bytes", shared_.bytes);
    of_.memory_is_short = shared_.is_short;
    if (of_.memory_is_short && held > shared_.bytes - shared_.bytes / 10) of_.relieve_memory();
}

}  // namespace server
