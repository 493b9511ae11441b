#include "metrics/process_figures.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

namespace metrics {

namespace {

/// Since Linux 6.2 the folder's size is the number of descriptors, so that they need not be listed one by one.
std::uint64_t count_descriptors() {
    struct stat folder {};
    if (::stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) return static_cast<std::uint64_t>(folder.st_size);
    DIR* const listing = ::opendir("/proc/self/fd");
    if (!listing) return 0;
    std::uint64_t count = 0;
    while (const dirent* const entry = ::readdir(listing)) count += entry->d_name[0] != '.';
    ::closedir(listing);
    // Its own.
    return count - 1;
}

double seconds_of(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Of two clocks, as a service with ProcSubset=pid does not see /proc/stat; read once, as a start time that trembles
/// looks like restarts.
double boot_time_seconds() {
    static const double since_1970 = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
    return since_1970;
}

}  // namespace

process_figures read_process_figures() {
    process_figures figures;
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    // Fields are counted from behind the name, which may hold anything (proc(5)): utime 14, stime 15, num_threads 20,
    // starttime 22, vsize 23, rss 24.
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    std::string field;
    for (int number = 3; number <= 24 && fields >> field; ++number) {
        if (number < 14) continue;
        const double value = std::stod(field);
        if (number == 14 || number == 15) figures.cpu_seconds += value / ticks;
        if (number == 20) figures.threads = static_cast<std::uint64_t>(value);
        if (number == 22) figures.start_time_seconds = boot_time_seconds() + value / ticks;
        if (number == 23) figures.virtual_bytes = static_cast<std::uint64_t>(value);
        if (number == 24)
            figures.resident_bytes =
                static_cast<std::uint64_t>(value) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    }
    figures.open_descriptors = count_descriptors();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_descriptors = limit.rlim_cur;
    return figures;
}

}  // namespace metrics
