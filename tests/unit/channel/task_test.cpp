#include "channel/task.hpp"

#include "unit/channel/live.hpp"

#include <boost/test/unit_test.hpp>

#include <coroutine>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using channel::task;

std::exception_ptr last_error;
std::string last_name;

void remember_error(const char* name, std::exception_ptr error) noexcept {
    last_name = name;
    last_error = std::move(error);
}

task<int> at_once(int value) { co_return value; }

task<int> later(gate& open, int value) {
    co_await open;
    co_return value;
}

task<> failing() {
    throw std::runtime_error("no");
    co_return;
}

task<> sum_of(gate& open, int& sum) {
    const int first = co_await at_once(1);
    const int second = co_await later(open, 10);
    const int third = co_await at_once(100);
    sum = first + second + third;
}

task<> count_many(int& sum) {
    for (int i = 0; i < 1'000'000; ++i) sum += co_await at_once(1);
}

task<> catching(bool& caught) {
    try {
        co_await failing();
    } catch (const std::runtime_error&) {
        caught = true;
    }
}

task<> holding(gate& open, live kept) {
    co_await open;
    BOOST_TEST(kept.value() == 5);
}

task<std::unique_ptr<int>> moved() { co_return std::make_unique<int>(7); }

task<> take_moved(int& value) {
    const auto got = co_await moved();
    value = *got;
}

task<> nested(int depth, gate& open, int& reached) {
    if (depth == 0) {
        co_await open;
    } else {
        co_await nested(depth - 1, open, reached);
    }
    ++reached;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(task)

BOOST_AUTO_TEST_CASE(nothing_happens_before_it_is_awaited) {
    int sum = 0;
    { const auto never = count_many(sum); }
    BOOST_TEST(sum == 0);
}

BOOST_AUTO_TEST_CASE(children_that_wait_and_children_that_do_not_give_their_results) {
    gate open;
    int sum = 0;
    channel::spawn("sum", sum_of(open, sum), remember_error);
    BOOST_TEST(sum == 0);
    open.open();
    BOOST_TEST(sum == 111);
}

BOOST_AUTO_TEST_CASE(a_loop_over_children_that_do_not_wait_does_not_grow_the_stack) {
    int sum = 0;
    channel::spawn("many", count_many(sum), remember_error);
    BOOST_TEST(sum == 1'000'000);
}

BOOST_AUTO_TEST_CASE(an_exception_goes_to_whoever_awaits) {
    last_error = nullptr;
    bool caught = false;
    channel::spawn("catching", catching(caught), remember_error);
    BOOST_TEST(caught);
    BOOST_TEST(!last_error);
}

BOOST_AUTO_TEST_CASE(what_nobody_catches_goes_to_the_sink_with_its_name) {
    last_error = nullptr;
    channel::spawn("failing", failing(), remember_error);
    BOOST_TEST(last_name == "failing");
    BOOST_REQUIRE(last_error);
    BOOST_CHECK_THROW(std::rethrow_exception(last_error), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(what_it_holds_lives_until_it_ends) {
    gate open;
    channel::spawn("holding", holding(open, live(5)), remember_error);
    BOOST_TEST(live::count() == 1);
    open.open();
    BOOST_TEST(live::count() == 0);
}

BOOST_AUTO_TEST_CASE(results_may_be_moved_only) {
    int value = 0;
    channel::spawn("moved", take_moved(value), remember_error);
    BOOST_TEST(value == 7);
}

BOOST_AUTO_TEST_CASE(a_deep_chain_ends_from_the_inside_out) {
    gate open;
    int reached = 0;
    channel::spawn("nested", nested(100, open, reached), remember_error);
    BOOST_TEST(reached == 0);
    open.open();
    BOOST_TEST(reached == 101);
}

BOOST_AUTO_TEST_SUITE_END()
