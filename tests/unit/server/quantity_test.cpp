#include "server/quantity.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using server::format_duration;
using server::format_size;
using server::parse_count;
using server::parse_duration;
using server::parse_size;

BOOST_AUTO_TEST_SUITE(quantity)

BOOST_AUTO_TEST_CASE(a_plain_number_is_seconds) {
    BOOST_TEST((parse_duration("25") == 25s));
    BOOST_TEST((parse_duration("0") == 0s));
    BOOST_TEST((parse_duration("0.25") == 250ms));
    BOOST_TEST((parse_duration("1.500000000000000000000") == 1500ms));
}

BOOST_AUTO_TEST_CASE(durations_have_units) {
    BOOST_TEST((parse_duration("250ms") == 250ms));
    BOOST_TEST((parse_duration("3s") == 3s));
    BOOST_TEST((parse_duration("1.5m") == 90s));
    BOOST_TEST((parse_duration("24h") == 24h));
}

BOOST_AUTO_TEST_CASE(what_is_no_duration_is_refused) {
    for (const std::string_view text : {"",
                                        " ",
                                        "s",
                                        ".5",
                                        "1.",
                                        "1.s",
                                        "-1",
                                        "+1",
                                        "1 s",
                                        "1S",
                                        "1min",
                                        "1e3",
                                        "0x10",
                                        "1.2.3",
                                        "0.0001",
                                        "0.5ms",
                                        "nan",
                                        "9223372036854775807",
                                        "9223372036854775808ms",
                                        "99999999999999999999999",
                                        "0.00000000000000000001"}) {
        BOOST_TEST(!parse_duration(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(the_longest_duration_does_not_overflow) {
    BOOST_TEST((parse_duration("9223372036854775807ms") == std::chrono::milliseconds::max()));
    BOOST_TEST(!parse_duration("9223372036854775.808s").has_value());
}

BOOST_AUTO_TEST_CASE(sizes_have_binary_and_decimal_units) {
    BOOST_TEST((parse_size("131072") == 131072U));
    BOOST_TEST((parse_size("16KiB") == 16384U));
    BOOST_TEST((parse_size("2MiB") == 2097152U));
    BOOST_TEST((parse_size("1GiB") == 1073741824U));
    BOOST_TEST((parse_size("16k") == 16000U));
    BOOST_TEST((parse_size("16kB") == 16000U));
    BOOST_TEST((parse_size("2M") == 2000000U));
    BOOST_TEST((parse_size("2MB") == 2000000U));
    BOOST_TEST((parse_size("3G") == 3000000000U));
    BOOST_TEST((parse_size("3GB") == 3000000000U));
}

BOOST_AUTO_TEST_CASE(what_is_no_size_is_refused) {
    for (const std::string_view text :
         {"", "k", "-1", "1.5k", "1 k", "1K", "1KIB", "1kib", "1B", "1TB", "18446744073709551616",
          "9007199254740993KiBKiB", "9223372036854775807k", "8589934592GiB"}) {
        BOOST_TEST(!parse_size(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(a_count_is_digits_only) {
    BOOST_TEST((parse_count("0") == 0U));
    BOOST_TEST((parse_count("9223372036854775807") == 9223372036854775807U));
    for (const std::string_view text : {"", "-1", "+1", " 1", "1 ", "1k", "0x1", "9223372036854775808"})
        BOOST_TEST(!parse_count(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(what_is_formatted_is_read_back) {
    for (const auto duration :
         {0ms, 1ms, 999ms, 1000ms, 1500ms, 25000ms, 60000ms, 90000ms, 300000ms, 3600000ms, 86400001ms}) {
        BOOST_TEST((parse_duration(format_duration(duration)) == duration), format_duration(duration));
    }
    for (const std::uint64_t size :
         {0ULL, 1ULL, 1000ULL, 1024ULL, 1025ULL, 131072ULL, 1048576ULL, 1048577ULL, 1ULL << 40U}) {
        BOOST_TEST((parse_size(format_size(size)) == size), format_size(size));
    }
}

BOOST_AUTO_TEST_CASE(the_largest_unit_that_divides_is_shown) {
    BOOST_TEST(format_duration(0ms) == "0s");
    BOOST_TEST(format_duration(1500ms) == "1500ms");
    BOOST_TEST(format_duration(60s) == "60s");
    BOOST_TEST(format_duration(10min) == "10m");
    BOOST_TEST(format_duration(24h) == "24h");
    BOOST_TEST(format_size(256 * 1024) == "256KiB");
    BOOST_TEST(format_size(1000) == "1000");
}

BOOST_AUTO_TEST_SUITE_END()
