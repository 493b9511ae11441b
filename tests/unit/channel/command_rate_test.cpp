#include "channel/command_handler.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

using namespace std::chrono_literals;
using channel::steady_time;
using verdict = channel::command_rate::verdict;

namespace {

protocol::limits limits_of(std::uint32_t rate, std::uint32_t burst) {
    protocol::limits limits;
    limits.rate = rate;
    limits.burst = burst;
    return limits;
}

struct fixture {
    channel::command_rate rate;
    steady_time now = steady_time{} + 1h;

    /// How many of so many commands at once are taken.
    int taken_of(int count, const protocol::limits& limits) {
        int taken = 0;
        for (int i = 0; i < count; ++i) taken += rate.take(limits, now) == verdict::accepted ? 1 : 0;
        return taken;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(command_rate, fixture)

BOOST_AUTO_TEST_CASE(a_burst_is_taken_and_not_one_more) {
    const auto limits = limits_of(10, 25);
    BOOST_TEST(taken_of(25, limits) == 25);
    BOOST_TEST((rate.take(limits, now) == verdict::too_fast));
}

BOOST_AUTO_TEST_CASE(afterwards_it_is_the_rate) {
    const auto limits = limits_of(10, 25);
    BOOST_TEST(taken_of(30, limits) == 25);
    for (int second = 0; second < 10; ++second) {
        now += 1s;
        BOOST_TEST(taken_of(15, limits) == 10);
    }
}

BOOST_AUTO_TEST_CASE(a_pause_fills_the_bucket_and_not_more) {
    const auto limits = limits_of(10, 25);
    BOOST_TEST(taken_of(30, limits) == 25);
    now += 1h;
    BOOST_TEST(taken_of(30, limits) == 25);
}

BOOST_AUTO_TEST_CASE(retry_after_is_when_the_next_one_is_taken) {
    const auto limits = limits_of(4, 1);
    BOOST_TEST(taken_of(2, limits) == 1);
    const auto wait = rate.retry_after(limits);
    BOOST_TEST((wait >= 250ms));
    BOOST_TEST((wait <= 252ms));
    now += wait;
    BOOST_TEST(taken_of(2, limits) == 1);
}

BOOST_AUTO_TEST_CASE(who_ignores_the_refusals_for_another_burst_is_flooding) {
    const auto limits = limits_of(10, 200);
    taken_of(200, limits);
    int refused = 0;
    while (rate.take(limits, now) == verdict::too_fast && refused < 100000) ++refused;
    BOOST_TEST(refused == 200);
}

BOOST_AUTO_TEST_CASE(small_bursts_do_not_make_a_flood_of_a_few_mistakes) {
    const auto limits = limits_of(1, 1);
    taken_of(1, limits);
    for (int i = 0; i < 100; ++i) BOOST_TEST((rate.take(limits, now) == verdict::too_fast));
    BOOST_TEST((rate.take(limits, now) == verdict::flooding));
}

BOOST_AUTO_TEST_CASE(who_pauses_is_forgiven) {
    const auto limits = limits_of(10, 100);
    for (int round = 0; round < 10; ++round) {
        BOOST_TEST(taken_of(100, limits) == 100);
        for (int i = 0; i < 90; ++i) BOOST_TEST((rate.take(limits, now) == verdict::too_fast));
        now += 1min;
    }
}

BOOST_AUTO_TEST_CASE(who_waits_as_long_as_it_is_told_is_never_flooding) {
    const auto limits = limits_of(300, 1);
    taken_of(1, limits);
    for (int round = 0; round < 10000; ++round) {
        BOOST_TEST_REQUIRE((rate.take(limits, now) == verdict::too_fast));
        now += rate.retry_after(limits);
        BOOST_TEST_REQUIRE((rate.take(limits, now) == verdict::accepted));
    }
}

BOOST_AUTO_TEST_CASE(without_a_rate_everything_is_taken) { BOOST_TEST(taken_of(100000, limits_of(0, 1)) == 100000); }

BOOST_AUTO_TEST_SUITE_END()
