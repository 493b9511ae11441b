#include "server/control_group.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

namespace server {

namespace {

/// A number in a file of the system; the greatest if there is none ("max").
std::uint64_t limit_in(const std::filesystem::path& file) {
    std::ifstream content(file);
    std::uint64_t bytes = 0;
    return content >> bytes ? bytes : UINT64_MAX;
}

/// The least limit of a group and of those that it is in. A container may see its group as the root, whatever it is
/// called outside: what is not there does not count.
std::uint64_t least_limit(const std::filesystem::path& root, std::filesystem::path group, const char* file) {
    std::uint64_t least = limit_in(root / file);
    for (group = group.relative_path(); !group.empty(); group = group.parent_path())
        least = std::min(least, limit_in(root / group / file));
    return least;
}

bool has_controller(std::string_view list, std::string_view name) {
    while (!list.empty()) {
        const auto end = list.find(',');
        if (list.substr(0, end) == name) return true;
        list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    }
    return false;
}

}  // namespace

std::uint64_t memory_limit_of_groups(const std::filesystem::path& membership, const std::filesystem::path& mount) {
    std::uint64_t least = UINT64_MAX;
    std::ifstream lines(membership);
    for (std::string line; std::getline(lines, line);) {
        // hierarchy:controllers:path
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const auto controllers = std::string_view(line).substr(first + 1, second - first - 1);
        const auto group = line.substr(second + 1);
        if (controllers.empty()) least = std::min(least, least_limit(mount, group, "memory.max"));
        if (has_controller(controllers, "memory"))
            least = std::min(least, least_limit(mount / "memory", group, "memory.limit_in_bytes"));
    }
    return least;
}

}  // namespace server
