#include "integration/admin/fixture.hpp"
#include "support/redis_process.hpp"

#include <chrono>
#include <thread>

using namespace admin;
using support::redis_process;

namespace {

/// Shards have connections of their own to the store, and notice one after the other.
void wait_for_readiness(const watched& at, unsigned status) {
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    while (admin::get(at.server.admin_port(), "/readyz").status != status) {
        BOOST_REQUIRE(std::chrono::steady_clock::now() < deadline);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(store_metrics)

BOOST_AUTO_TEST_CASE(without_a_store_there_are_none) {
    const watched at;
    const auto page = at.page();
    for (const std::string name : {"store_up", "store_call_duration_seconds", "store_call_failures_total"})
        BOOST_TEST(!page.has_family(name), name);
}

BOOST_AUTO_TEST_CASE(calls_are_counted_with_their_time_and_failures_apart) {
    const redis_process redis;
    const watched at({"--store", redis.store(), "--store-timeout", "300ms"});
    auto alice = at.peer("alice");
    join(alice, make_channel());
    const auto before = at.page();
    BOOST_TEST(before.value("store_up") == 1);
    BOOST_TEST(before.value("store_call_duration_seconds_count") >= 3);
    const auto channel = make_channel();
    join(alice, channel);
    const auto after = at.page();
    BOOST_TEST(growth(before, after, "store_call_duration_seconds_count") >= 2);
    BOOST_TEST(growth(before, after, "store_call_duration_seconds_sum") > 0);

    redis.pause();
    alice.send("/pubmsg " + channel + " into the void");
    alice.expect_error(400);
    const auto away = at.page_with("store_up", {}, 0);
    BOOST_TEST(growth(after, away, "store_call_failures_total") >= 1);
    BOOST_TEST(away.value("commands_total", {{"verb", "pubmsg"}, {"result", "400"}}) == 1);
    wait_for_readiness(at, 503);
    redis.go_on();
    at.page_with("store_up", {}, 1);
    wait_for_readiness(at, 200);
}

BOOST_AUTO_TEST_CASE(who_comes_back_by_way_of_the_store_is_counted_too) {
    const redis_process redis;
    const watched first({"--store", redis.store()});
    const watched second({"--store", redis.store()});
    auto alice = first.peer("alice", "\"resume\": true");
    auto again = second.stranger();
    again.describe(alice.proof() + ", \"seen\": 0");
    BOOST_TEST(second.page().value("resumes_total", {{"result", "complete"}}) == 1);
    BOOST_TEST(first.page().value("resumes_total", {{"result", "complete"}}) == 0);
    auto thief = first.stranger();
    thief.send("/descp {\"id\": \"" + alice.id() + "\", \"session\": \"" + std::string(again.session().size(), 'A') +
               "\"}");
    thief.expect("error");
    auto unknown = first.stranger();
    unknown.describe("\"id\": \"" + support::make_id() + "\", \"session\": \"" + again.session() + "\"");
    BOOST_TEST(first.page().value("resumes_total", {{"result", "unknown"}}) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
