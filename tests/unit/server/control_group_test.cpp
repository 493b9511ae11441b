#include "server/control_group.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <stdlib.h>

namespace {

namespace fs = std::filesystem;

fs::path own_directory() {
    auto name = (fs::temp_directory_path() / "signaller-groups-XXXXXX").string();
    BOOST_TEST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    return name;
}

/// What the kernel shows, in a directory of the test's own.
struct groups {
    ~groups() { fs::remove_all(root); }

    void put(const fs::path& file, std::string_view content) const {
        fs::create_directories((root / file).parent_path());
        std::ofstream(root / file) << content << '\n';
    }
    [[nodiscard]] std::uint64_t limit() const { return server::memory_limit_of_groups(root / "cgroup", root / "fs"); }

    const fs::path root = own_directory();
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(the_control_groups_memory, groups)

BOOST_AUTO_TEST_CASE(a_units_limit_is_found) {
    put("cgroup", "0::/system.slice/signaller.service");
    put("fs/system.slice/memory.max", "max");
    put("fs/system.slice/signaller.service/memory.max", "536870912");
    BOOST_TEST(limit() == 536870912U);
}

BOOST_AUTO_TEST_CASE(a_limit_of_what_the_unit_is_in_holds_too) {
    put("cgroup", "0::/a.slice/b.slice/signaller.service");
    put("fs/a.slice/memory.max", "1000");
    put("fs/a.slice/b.slice/memory.max", "3000");
    put("fs/a.slice/b.slice/signaller.service/memory.max", "2000");
    BOOST_TEST(limit() == 1000U);
}

BOOST_AUTO_TEST_CASE(a_container_sees_its_group_as_the_root) {
    put("cgroup", "0::/docker/0123abcd");
    put("fs/memory.max", "4000");
    BOOST_TEST(limit() == 4000U);
    put("cgroup", "0::/");
    BOOST_TEST(limit() == 4000U);
    put("cgroup", "0::/../outside");
    BOOST_TEST(limit() == 4000U);
}

BOOST_AUTO_TEST_CASE(the_first_version_of_control_groups_is_known) {
    put("cgroup", "9:name=systemd:/\n5:cpu,memory:/unit\n4:hugememory:/other\n0::/");
    put("fs/memory/memory.limit_in_bytes", "9223372036854771712");
    put("fs/memory/unit/memory.limit_in_bytes", "5000");
    put("fs/memory/other/memory.limit_in_bytes", "1");
    BOOST_TEST(limit() == 5000U);
}

BOOST_AUTO_TEST_CASE(where_there_is_no_limit_or_nothing_to_read_there_is_none) {
    BOOST_TEST(limit() == UINT64_MAX);
    put("cgroup", "nonsense\n\n0:\n0::/unit");
    BOOST_TEST(limit() == UINT64_MAX);
    put("fs/unit/memory.max", "max");
    BOOST_TEST(limit() == UINT64_MAX);
}

BOOST_AUTO_TEST_SUITE_END()
