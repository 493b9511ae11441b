#include "protocol/limits.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(limits)

BOOST_AUTO_TEST_CASE(defaults_are_those_of_the_protocol) {
    const protocol::limits defaults;
    BOOST_TEST(defaults.message == 131072U);
    BOOST_TEST(defaults.content == 65536U);
    BOOST_TEST(defaults.name_code_points == 64U);
    BOOST_TEST(defaults.description == 4096U);
    BOOST_TEST(defaults.label == 64U);
    BOOST_TEST(defaults.token == 256U);
    BOOST_TEST(defaults.reason == 256U);
    BOOST_TEST(defaults.channels == 100U);
    BOOST_TEST(defaults.members == 100000U);
    BOOST_TEST(defaults.page == 1000U);
    BOOST_TEST(defaults.rate == 300U);
    BOOST_TEST(defaults.burst == 600U);
    BOOST_TEST(defaults.history == 100U);
    BOOST_TEST((defaults.resume_window == std::chrono::seconds(60)));
    BOOST_TEST(defaults.resume_events == 1000U);
    BOOST_TEST(defaults.resume_bytes == 262144U);
    BOOST_TEST(defaults.presence_threshold_members == 256U);
}

BOOST_AUTO_TEST_SUITE_END()
