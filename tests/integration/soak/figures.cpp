#include "integration/soak/figures.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <unistd.h>

namespace soak {

reading read_figures(pid_t of, double seconds) {
    const std::filesystem::path process = "/proc/" + std::to_string(of);
    reading now;
    now.seconds = seconds;

    std::ifstream stat(process / "stat");
    std::string line;
    std::getline(stat, line);
    // The name, in brackets, may hold anything; after it, from the state on, user and system time are the 12th and
    // 13th.
    std::istringstream rest(line.substr(line.rfind(')') + 2));
    const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
    now.cpu_seconds = (std::stod(fields.at(11)) + std::stod(fields.at(12))) / static_cast<double>(sysconf(_SC_CLK_TCK));

    std::ifstream statm(process / "statm");
    std::size_t whole = 0;
    std::size_t resident = 0;
    statm >> whole >> resident;
    now.resident_bytes = resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

    for (const auto& entry : std::filesystem::directory_iterator(process / "fd")) {
        static_cast<void>(entry);
        ++now.descriptors;
    }
    return now;
}

std::size_t course::resident_bytes(double from, double to) const {
    const auto count = static_cast<double>(all_.size());
    std::vector<std::size_t> part;
    for (auto i = static_cast<std::size_t>(from * count); i < static_cast<std::size_t>(to * count); ++i)
        part.push_back(all_[i].resident_bytes);
    if (part.empty()) return all_.back().resident_bytes;
    std::nth_element(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2), part.end());
    return part[part.size() / 2];
}

}  // namespace soak
