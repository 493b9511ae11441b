#include "integration/conformance/fixture.hpp"

using namespace conformance;

namespace {

/// Crowded from five members on.
struct small_crowd : fixture {
    small_crowd() : fixture({"--presence-threshold", "4", "--presence-interval", "100ms", "--rate", "0"}) {}
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(presence, small_crowd)

BOOST_AUTO_TEST_CASE(above_the_threshold_the_count_stands_for_single_events) {
    auto first = peer("first");
    const auto channel = make_channel();
    join(first, channel);
    std::vector<client> others;
    for (int i = 2; i <= 4; ++i) {
        others.push_back(peer("peer" + std::to_string(i)));
        others.back().ask("/join " + channel);
        first.expect("join");
    }
    for (int i = 5; i <= 8; ++i) {
        others.push_back(peer("peer" + std::to_string(i)));
        BOOST_TEST(text_of(others.back().ask("/join " + channel), "type") == "joined");
    }
    // At most one an interval, and the last tells the final number.
    std::int64_t members = 0;
    while (members < 8) {
        const auto event = first.expect("presence");
        BOOST_TEST(text_of(event, "channel") == channel);
        members = number_of(event, "members");
    }
    others.back().send("/away busy");
    others.back().send("/descp {\"name\": \"renamed\"}");
    others.back().send("/quit " + channel);
    do {
        members = number_of(first.expect("presence"), "members");
    } while (members != 7);
    // Messages and moderation are not summed up.
    others.front().send("/pubmsg " + channel + " hello");
    first.skip_to("pubmsg");
    first.ask("/kick " + others.front().id() + " " + channel);
    BOOST_TEST(text_of(others.front().skip_to("kick"), "channel") == channel);
}

BOOST_AUTO_TEST_CASE(at_or_below_the_threshold_events_are_single) {
    auto first = peer("first");
    const auto channel = make_channel();
    join(first, channel);
    std::vector<client> others;
    for (int i = 2; i <= 4; ++i) others.push_back(peer("peer" + std::to_string(i)));
    for (auto& other : others) {
        other.ask("/join " + channel);
        first.expect("join");
    }
    others.back().ask("/away");
    first.expect("away");
    others.back().ask("/quit " + channel);
    first.expect("quit");
    first.expect_nothing();
}

BOOST_AUTO_TEST_SUITE_END()
