#pragma once

#include <cstdint>
#include <filesystem>

namespace server {

/// The least memory limit in bytes of the control groups that this process is in, from its own up to the root: a unit's
/// `MemoryMax=`, or a container's (cgroup v2 or v1). UINT64_MAX if there is none.
/// `membership` as cgroups(7) has it in "/proc/[pid]/cgroup files"; `mount`: where the groups are to be seen.
[[nodiscard]] std::uint64_t memory_limit_of_groups(const std::filesystem::path& membership = "/proc/self/cgroup",
                                                   const std::filesystem::path& mount = "/sys/fs/cgroup");

}  // namespace server
