#pragma once

#include <cstddef>
#include <cstdint>

namespace metrics {

/// What the system knows of this process; 0 where it does not say.
struct process_figures {
    double cpu_seconds = 0;         ///< user and system
    double start_time_seconds = 0;  ///< since 1970
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t open_descriptors = 0;
    std::uint64_t max_descriptors = 0;
    std::uint64_t threads = 0;
};

/// Reads /proc/self; some tens of microseconds, more with very many open descriptors.
[[nodiscard]] process_figures read_process_figures();

}  // namespace metrics
