#include "net/admission.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using net::admission;
using net::admission_limits;
using net::client_address;
using net::refusal;

namespace {

client_address at(const std::string& text) { return client_address::parse(text).value(); }

constexpr admission_limits none{0, 0, 0, 0};
const admission::time_point start{std::chrono::hours(1)};

std::size_t admitted(admission& to, const client_address& who, std::size_t attempts, admission::time_point when) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < attempts; ++i) count += to.enter(who, when) == refusal::none ? 1U : 0U;
    return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(admission_)

BOOST_AUTO_TEST_CASE(an_address_has_so_many_connections_and_gets_back_what_it_gives_up) {
    admission_limits limits = none;
    limits.connections_per_address = 3;
    admission gate(limits);
    const auto who = at("192.0.2.1");
    BOOST_TEST(admitted(gate, who, 10, start) == 3U);
    BOOST_TEST((gate.enter(who, start) == refusal::address_connections));
    BOOST_TEST(admitted(gate, at("192.0.2.2"), 10, start) == 3U);
    gate.leave(who);
    BOOST_TEST(admitted(gate, who, 10, start) == 1U);
}

BOOST_AUTO_TEST_CASE(a_whole_ipv6_network_is_one_client) {
    admission_limits limits = none;
    limits.connections_per_address = 2;
    admission gate(limits);
    BOOST_TEST((gate.enter(at("2001:db8::1"), start) == refusal::none));
    BOOST_TEST((gate.enter(at("2001:db8::2"), start) == refusal::none));
    BOOST_TEST((gate.enter(at("2001:db8::ffff:3"), start) == refusal::address_connections));
    BOOST_TEST((gate.enter(at("2001:db8:0:1::1"), start) == refusal::none));
    gate.leave(at("2001:db8::2"));
    BOOST_TEST((gate.enter(at("2001:db8::3"), start) == refusal::none));
}

BOOST_AUTO_TEST_CASE(new_connections_of_an_address_come_at_its_rate) {
    admission_limits limits = none;
    limits.connections_per_second_and_address = 10;
    admission gate(limits);
    const auto who = at("192.0.2.1");
    BOOST_TEST(admitted(gate, who, 1000, start) == 40U);
    BOOST_TEST((gate.enter(who, start) == refusal::address_rate));
    BOOST_TEST(admitted(gate, who, 1000, start + 1s) == 10U);
    BOOST_TEST(admitted(gate, who, 1000, start + 1h) == 40U);
}

BOOST_AUTO_TEST_CASE(new_connections_in_all_come_at_their_rate_and_a_single_flooder_takes_no_share_beyond_its_own) {
    admission_limits limits = none;
    limits.connections_per_second = 100;
    limits.connections_per_second_and_address = 5;
    admission gate(limits);
    BOOST_TEST(admitted(gate, at("192.0.2.1"), 10000, start) == 20U);
    std::size_t others = 0;
    for (int i = 0; i < 200; ++i)
        others += admitted(gate, client_address::from_v4(0x0A000000U + static_cast<unsigned>(i)), 1, start);
    BOOST_TEST(others == 80U);
    BOOST_TEST((gate.enter(at("192.0.2.9"), start) == refusal::server_rate));
}

BOOST_AUTO_TEST_CASE(failed_handshakes_lock_an_address_out_for_a_while) {
    admission_limits limits = none;
    limits.failures_per_minute_and_address = 5;
    admission gate(limits);
    const auto who = at("192.0.2.1");
    for (int i = 0; i < 20; ++i) {
        if (gate.enter(who, start) != refusal::none) break;
        gate.note_failure(who, start);
        gate.leave(who);
    }
    BOOST_TEST((gate.enter(who, start) == refusal::address_failures));
    BOOST_TEST((gate.enter(at("192.0.2.2"), start) == refusal::none));
    BOOST_TEST((gate.enter(who, start + 13s) == refusal::none));
}

BOOST_AUTO_TEST_CASE(loopback_and_unix_sockets_are_always_let_in) {
    admission gate({1, 1, 1, 1});
    for (const auto& who : {at("127.0.0.1"), at("::1"), client_address()}) {
        BOOST_TEST(admitted(gate, who, 100, start) == 100U);
        gate.note_failure(who, start);
    }
    BOOST_TEST(gate.known_addresses() == 0U);
}

BOOST_AUTO_TEST_CASE(a_mesh_call_behind_one_nat_never_meets_the_defaults) {
    admission gate(admission_limits{});
    // Sixteen people, everybody with two tabs, all reconnecting three times in the same moment.
    BOOST_TEST(admitted(gate, at("192.0.2.1"), 16 * 2 * 3, start) == 96U);
}

BOOST_AUTO_TEST_CASE(memory_is_bounded_whoever_comes_and_open_connections_are_never_forgotten) {
    admission_limits limits;
    limits.connections_per_second = 0;
    limits.connections_per_address = 1;
    admission gate(limits);
    const auto stays = at("2001:db8::1");
    BOOST_TEST((gate.enter(stays, start) == refusal::none));
    for (std::uint32_t i = 0; i < 400000; ++i) {
        const auto who = client_address::from_v4(0x0A000000U + i);
        BOOST_REQUIRE((gate.enter(who, start) == refusal::none));
        gate.leave(who);
    }
    BOOST_TEST(gate.known_addresses() <= admission::remembered_addresses + 1);
    BOOST_TEST((gate.enter(stays, start + 1h) == refusal::address_connections));
}

BOOST_AUTO_TEST_CASE(threads_at_once_let_in_exactly_as_many_as_one) {
    admission_limits limits = none;
    limits.connections_per_address = 1000;
    limits.connections_per_second = 1500;
    admission gate(limits);
    std::atomic<std::size_t> count{0};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t)
        threads.emplace_back([&, t] { count += admitted(gate, client_address::from_v4(t % 2 + 1), 1000, start); });
    for (auto& thread : threads) thread.join();
    BOOST_TEST(count == 1500U);
}

BOOST_AUTO_TEST_SUITE_END()
