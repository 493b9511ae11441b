#include "channel/task.hpp"

#include "unit/channel/live.hpp"

#include <boost/test/unit_test.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The forms in which this code base awaits. Some compilers make wrong code of others (GCC 12: PR
/// 106188, 98401, 107288); should one come that makes wrong code of these, it shows here, by objects that are destroyed
/// twice or never. Each form runs once with an operation that is done at once and once with one that waits.
using channel::task;

namespace {

void rethrow(const char*, std::exception_ptr error) noexcept {
    if (error) std::terminate();
}

task<bool> truth(gate& open, bool value) {
    co_await open;
    co_return value;
}

task<live> object(gate& open, int value) {
    co_await open;
    co_return live(value);
}

task<int> value_of(gate& open, live given) {
    co_await open;
    co_return given.value();
}

task<int> length_of(gate& open, std::string given) {
    co_await open;
    co_return static_cast<int>(given.size());
}

struct pair_of_objects {
    live first;
    live second;
};

task<int> sum_of(gate& open, pair_of_objects given) {
    co_await open;
    co_return given.first.value() + given.second.value();
}

// --- one coroutine for each form; `result` says what came out of it

task<> named_condition(gate& open, int& result) {
    const bool ok = co_await truth(open, true);
    if (ok) result = 1;
}

task<> named_condition_of_a_loop(gate& open, int& result) {
    for (int round = 0; round < 3; ++round) {
        const bool ok = co_await truth(open, true);
        if (!ok) break;
        ++result;
    }
}

task<> initialiser_in_an_if(gate& open, int& result) {
    if (const live got = co_await object(open, 4); got.value() == 4) result = got.value();
}

task<> either_branch_into_a_local(gate& open, int& result, bool first) {
    std::optional<live> got;
    if (first) {
        got = co_await object(open, 10);
    } else {
        got = co_await object(open, 20);
    }
    result = got->value();
}

task<> named_aggregate_moved_in(gate& open, int& result) {
    pair_of_objects both{live(1), live(2)};
    result = co_await sum_of(open, std::move(both));
}

task<> class_with_constructor_as_temporary(gate& open, int& result) { result = co_await value_of(open, live(3)); }

task<> string_as_temporary(gate& open, int& result) {
    result = co_await length_of(open, "a string that is too long to be kept inside of its object");
}

task<> awaited_into_locals_then_an_aggregate(gate& open, int& result) {
    live first = co_await object(open, 5);
    live second = co_await object(open, 6);
    const pair_of_objects both{std::move(first), std::move(second)};
    result = both.first.value() + both.second.value();
}

task<> awaited_and_pushed_back(gate& open, int& result) {
    std::vector<live> list;
    for (int i = 1; i <= 3; ++i) {
        live next = co_await object(open, i);
        list.push_back(std::move(next));
    }
    for (const auto& each : list) result += each.value();
}

template <class Work>
task<int> run(gate& open, Work work) {
    co_await open;
    co_return work();
}

task<> named_lambda_moved_in(gate& open, int& result) {
    const live captured(8);
    auto work = [captured, text = std::string("a capture that lives on the heap, being long")] {
        return captured.value() + static_cast<int>(text.size()) * 0;
    };
    result = co_await run(open, std::move(work));
}

task<> act_after_the_catch(gate& open, int& result) {
    bool failed = false;
    try {
        const live guard(1);
        const int got = co_await length_of(open, "x");
        if (got == 1) throw live(2);
    } catch (const live&) {
        failed = true;
    }
    if (failed) result = co_await length_of(open, "four");
}

task<pair_of_objects> returned_aggregate(gate& open) {
    co_await open;
    co_return pair_of_objects{live(30), live(40)};
}

task<> aggregate_by_its_name(gate& open, int& result) {
    const auto both = co_await returned_aggregate(open);
    result = both.first.value() + both.second.value();
}

/// Runs a form with the gate open from the beginning, and again with the gate opened in the middle.
template <class Form>
void check(Form form, int wanted) {
    for (const bool at_once : {true, false}) {
        BOOST_TEST_CONTEXT((at_once ? "done at once" : "waiting")) {
            gate open;
            int result = 0;
            if (at_once) open.open();
            channel::spawn("form", form(open, result), rethrow);
            open.open();
            BOOST_TEST(result == wanted);
            BOOST_TEST(live::count() == 0);
        }
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(coroutine_forms)

BOOST_AUTO_TEST_CASE(a_condition_is_awaited_into_a_name) {
    check(named_condition, 1);
    check(named_condition_of_a_loop, 3);
    check(initialiser_in_an_if, 4);
}

BOOST_AUTO_TEST_CASE(branches_assign_a_local) {
    check([](gate& open, int& result) { return either_branch_into_a_local(open, result, true); }, 10);
    check([](gate& open, int& result) { return either_branch_into_a_local(open, result, false); }, 20);
}

BOOST_AUTO_TEST_CASE(arguments_are_names_or_classes_with_constructors) {
    check(named_aggregate_moved_in, 3);
    check(class_with_constructor_as_temporary, 3);
    check(string_as_temporary, 57);
    check(named_lambda_moved_in, 8);
}

BOOST_AUTO_TEST_CASE(aggregates_and_lists_are_made_of_locals) {
    check(awaited_into_locals_then_an_aggregate, 11);
    check(awaited_and_pushed_back, 6);
    check(aggregate_by_its_name, 70);
}

BOOST_AUTO_TEST_CASE(what_follows_a_failure_is_awaited_behind_the_catch) { check(act_after_the_catch, 4); }

BOOST_AUTO_TEST_CASE(a_coroutine_that_never_goes_on_can_be_dropped_before_it_began) {
    gate open;
    int result = 0;
    { const auto never = named_aggregate_moved_in(open, result); }
    BOOST_TEST(live::count() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
