#include "channel/timer_wheel.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

using namespace std::chrono_literals;
using channel::steady_time;

namespace {

struct probe final : channel::timer_node {
    explicit probe(std::function<void(steady_time)> then = {}) : then_(std::move(then)) {}
    void expired(steady_time now) override {
        ++count;
        last = now;
        if (then_) then_(now);
    }

    int count = 0;
    steady_time last{};

private:
    std::function<void(steady_time)> then_;
};

/// Time is what the test says.
struct fixture {
    steady_time start = steady_time{} + 1000h;
    channel::timer_wheel wheel{start};

    void advance(std::chrono::nanoseconds to) { wheel.advance(start + to); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(timer_wheel, fixture)

BOOST_AUTO_TEST_CASE(a_deadline_fires_once_never_early_and_at_most_a_tick_late) {
    for (const auto wanted : {0ms, 1ms, 9ms, 10ms, 11ms, 1234ms, 20470ms, 20480ms, 20490ms, 100000ms}) {
        probe node;
        const auto began = start + 1000s;
        wheel.advance(began);
        wheel.schedule(node, began + wanted);
        for (auto now = began; node.count == 0 && now < began + wanted + 100ms; now += 1ms) {
            wheel.advance(now);
            if (node.count > 0) {
                BOOST_TEST((now >= began + wanted));
                BOOST_TEST((now <= began + wanted + channel::timer_wheel::tick + 1ms));
            }
        }
        BOOST_TEST(node.count == 1);
        BOOST_TEST(!node.scheduled());
        wheel.advance(began + wanted + 200s);
        BOOST_TEST(node.count == 1);
        start = began + wanted;
    }
}

BOOST_AUTO_TEST_CASE(a_deadline_of_a_later_round_stays_in_its_slot) {
    probe soon;
    probe late;
    wheel.schedule(soon, start + 100ms);
    wheel.schedule(late, start + 100ms + 2048 * channel::timer_wheel::tick);
    advance(200ms);
    BOOST_TEST(soon.count == 1);
    BOOST_TEST(late.count == 0);
    BOOST_TEST(late.scheduled());
    advance(21s);
    BOOST_TEST(late.count == 1);
}

BOOST_AUTO_TEST_CASE(cancelled_and_destroyed_nodes_do_not_fire) {
    probe cancelled;
    probe other;
    auto destroyed = std::make_unique<probe>();
    wheel.schedule(*destroyed, start + 50ms);
    wheel.schedule(cancelled, start + 50ms);
    wheel.schedule(other, start + 50ms);
    cancelled.cancel();
    cancelled.cancel();
    destroyed.reset();
    advance(1s);
    BOOST_TEST(cancelled.count == 0);
    BOOST_TEST(other.count == 1);
}

BOOST_AUTO_TEST_CASE(scheduling_again_moves_the_deadline) {
    probe node;
    wheel.schedule(node, start + 50ms);
    wheel.schedule(node, start + 500ms);
    advance(400ms);
    BOOST_TEST(node.count == 0);
    wheel.schedule(node, start + 450ms);
    advance(470ms);
    BOOST_TEST(node.count == 1);
}

BOOST_AUTO_TEST_CASE(a_node_may_schedule_itself_again_while_it_fires) {
    probe node([&](steady_time now) {
        if (node.count < 5) wheel.schedule(node, now + 30ms);
    });
    wheel.schedule(node, start + 30ms);
    for (auto now = 0ms; now < 1s; now += 10ms) advance(now);
    BOOST_TEST(node.count == 5);
}

BOOST_AUTO_TEST_CASE(neighbours_may_be_destroyed_while_one_fires) {
    std::vector<std::unique_ptr<probe>> nodes;
    const auto add = [&] {
        nodes.push_back(std::make_unique<probe>());
        wheel.schedule(*nodes.back(), start + 20ms);
    };
    add();
    probe reaper([&](steady_time) { nodes.clear(); });
    wheel.schedule(reaper, start + 20ms);
    add();
    add();
    probe after;
    wheel.schedule(after, start + 20ms);
    advance(100ms);
    BOOST_TEST(reaper.count == 1);
    BOOST_TEST(after.count == 1);
}

BOOST_AUTO_TEST_CASE(a_node_may_destroy_itself_as_it_fires) {
    struct suicide final : channel::timer_node {
        bool& gone;
        explicit suicide(bool& to_tell) : gone(to_tell) {}
        ~suicide() override { gone = true; }
        void expired(steady_time) override { delete this; }
    };
    bool gone = false;
    wheel.schedule(*new suicide(gone), start + 20ms);
    advance(100ms);
    BOOST_TEST(gone);
}

BOOST_AUTO_TEST_CASE(a_neighbour_that_is_cancelled_in_the_same_tick_does_not_fire) {
    probe second;
    probe first([&](steady_time) { second.cancel(); });
    wheel.schedule(first, start + 20ms);
    wheel.schedule(second, start + 20ms);
    advance(100ms);
    BOOST_TEST(first.count == 1);
    BOOST_TEST(second.count == 0);
}

BOOST_AUTO_TEST_CASE(after_a_long_pause_everything_that_is_due_fires_once) {
    std::vector<std::unique_ptr<probe>> nodes;
    for (int i = 0; i < 3000; ++i) {
        nodes.push_back(std::make_unique<probe>());
        wheel.schedule(*nodes.back(), start + i * 10ms);
    }
    advance(1h);
    for (const auto& node : nodes) BOOST_TEST(node->count == 1);
}

BOOST_AUTO_TEST_CASE(it_says_when_to_call_again_and_never_after_a_deadline) {
    BOOST_TEST((wheel.next_wake() == steady_time::max()));
    probe node;
    wheel.schedule(node, start + 12345ms);
    BOOST_TEST((wheel.next_wake() >= start + 12345ms));
    BOOST_TEST((wheel.next_wake() < start + 12345ms + channel::timer_wheel::tick));
    probe far;
    wheel.schedule(far, start + 1h);
    // Following its advice fires both, in a bounded number of calls.
    int calls = 0;
    while (wheel.next_wake() != steady_time::max() && calls < 1000) {
        wheel.advance(wheel.next_wake());
        ++calls;
    }
    BOOST_TEST(node.count == 1);
    BOOST_TEST(far.count == 1);
    BOOST_TEST((far.last >= start + 1h));
    BOOST_TEST((far.last < start + 1h + 2 * channel::timer_wheel::tick));
}

BOOST_AUTO_TEST_CASE(a_wheel_that_goes_first_leaves_its_nodes_unscheduled) {
    probe node;
    {
        channel::timer_wheel gone(start);
        gone.schedule(node, start + 10ms);
    }
    BOOST_TEST(!node.scheduled());
    wheel.schedule(node, start + 10ms);
    advance(100ms);
    BOOST_TEST(node.count == 1);
}

BOOST_AUTO_TEST_CASE(one_that_fails_does_not_keep_its_neighbours_from_firing) {
    probe before;
    probe failing([](steady_time) { throw std::runtime_error("no memory"); });
    probe after;
    for (auto* const node : {&before, &failing, &after}) wheel.schedule(*node, start + 1s);
    BOOST_CHECK_THROW(advance(2s), std::runtime_error);
    BOOST_TEST(before.count == 1);
    BOOST_TEST(failing.count == 1);
    BOOST_TEST(after.count == 1);
    wheel.schedule(failing, start + 3s);
    wheel.schedule(after, start + 4s);
    BOOST_CHECK_THROW(advance(5s), std::runtime_error);
    advance(6s);
    BOOST_TEST(after.count == 2);
}

BOOST_AUTO_TEST_SUITE_END()
