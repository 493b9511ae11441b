#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <sys/types.h>

namespace soak {

/// What the system says of a process at one moment.
struct reading {
    double seconds = 0;  ///< since the run began
    double cpu_seconds = 0;
    std::size_t resident_bytes = 0;
    std::size_t descriptors = 0;
};

/// Of the process `of`, which has to live.
[[nodiscard]] reading read_figures(pid_t of, double seconds);

/// Readings of a run, one a second.
class course {
public:
    void add(const reading& now) { all_.push_back(now); }
    [[nodiscard]] const reading& last() const { return all_.back(); }
    /// The median of the resident bytes between two parts (0 to 1) of the run: a peak between two turns says nothing.
    [[nodiscard]] std::size_t resident_bytes(double from, double to) const;

private:
    std::vector<reading> all_;
};

}  // namespace soak
