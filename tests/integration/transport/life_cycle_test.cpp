#include "integration/transport/conversation.hpp"
#include "integration/transport/raw_client.hpp"
#include "support/server_process.hpp"
#include "unit/net/client_frames.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace client_frames;
using namespace std::chrono_literals;
using support::server_process;
using transport::field_of;
using transport::heard;
using transport::raw_client;
using steady = std::chrono::steady_clock;

namespace {

std::unique_ptr<raw_client> connect(const server_process& server) {
    auto client = std::make_unique<raw_client>(server.port());
    client->upgrade();
    return client;
}

/// The `bye` event, which must come next, followed by the close frame of its code; gives the event.
std::string expect_bye(raw_client& client, const std::string& code) {
    const auto event = client.read_frame();
    BOOST_REQUIRE(event);
    BOOST_REQUIRE_EQUAL(transport::word_for(*event), "bye " + code);
    const auto close = client.read_frame();
    BOOST_REQUIRE(close);
    BOOST_TEST(transport::word_for(*close) == "CLOSE " + code);
    return event->payload;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(life_cycle)

// --- time-outs of a connection

BOOST_AUTO_TEST_CASE(who_does_not_describe_itself_in_time_is_closed_with_4500) {
    server_process server({"--describe-timeout", "300ms"});
    const auto silent = connect(server);
    const auto busy = connect(server);
    const auto started = steady::now();
    while (!busy->anything_within(0ms) && steady::now() < started + 150ms) busy->send(whole(pong, ""));
    const auto bye = expect_bye(*silent, "4500");
    BOOST_TEST(field_of(bye, "reconnect") == "false");
    BOOST_TEST(field_of(bye, "retryAfter") == "null");
    silent->read_to_end();
    expect_bye(*busy, "4500");
    busy->read_to_end();
}

BOOST_AUTO_TEST_CASE(who_described_itself_is_not_closed_for_that) {
    server_process server({"--describe-timeout", "200ms", "--heartbeat", "600ms"});
    const auto client = connect(server);
    transport::describe(*client);
    BOOST_TEST(transport::listen(*client, 1) == heard{"PING "}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(silence_is_answered_by_one_ping_and_then_by_4000) {
    server_process server({"--heartbeat", "300ms"});
    const auto client = connect(server);
    const auto started = steady::now();
    transport::describe(*client);
    BOOST_TEST(transport::listen(*client, 1) == heard{"PING "}, boost::test_tools::per_element());
    const auto bye = expect_bye(*client, "4000");
    // Never sooner than after two intervals.
    BOOST_TEST((steady::now() - started >= 600ms));
    BOOST_TEST(field_of(bye, "reconnect") == "true");
    BOOST_TEST(field_of(bye, "retryAfter") != "null");
    client->read_to_end();
}

BOOST_AUTO_TEST_CASE(who_answers_stays_and_is_never_pinged_in_bursts) {
    server_process server({"--heartbeat", "200ms"});
    const auto client = connect(server);
    const auto started = steady::now();
    transport::describe(*client);
    for (int count = 1; count <= 6; ++count) {
        BOOST_TEST(transport::listen(*client, 1) == heard{"PING "}, boost::test_tools::per_element());
        BOOST_TEST((steady::now() - started >= count * 200ms));
        client->send(whole(pong, ""));
    }
    client->send(whole(text, "/ping still here"));
    BOOST_TEST(transport::listen(*client, 1) == heard{"pong still here"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_is_heard_is_not_pinged) {
    server_process server({"--heartbeat", "1s"});
    // Nothing is proved by a round in which this test itself was held up.
    for (int round = 0; round < 10; ++round) {
        const auto client = connect(server);
        transport::describe(*client);
        bool held_up = false;
        bool pinged = false;
        auto last = steady::now();
        for (const auto started = last; last < started + 2500ms;) {
            client->send(whole(ping, "p"));
            pinged = pinged || transport::listen(*client, 1) != heard{"PONG p"};
            pinged = pinged || client->anything_within(50ms);
            held_up = held_up || steady::now() - last > 500ms;
            last = steady::now();
        }
        if (held_up) continue;
        BOOST_TEST(!pinged);
        return;
    }
    BOOST_TEST_MESSAGE("the machine is too busy to tell");
}

// --- the end of the server

BOOST_AUTO_TEST_CASE(everybody_is_told_when_the_server_ends) {
    server_process server({"--retry-after", "2s", "--retry-spread", "10s"});
    std::vector<std::unique_ptr<raw_client>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(connect(server));
        if (i % 4 != 0) transport::describe(*clients.back());
    }
    raw_client half_a_request(server.port());
    half_a_request.send("GET / HTTP/1.1\r\nHost:");
    raw_client idle(server.port());
    idle.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    BOOST_TEST(idle.read_response().status == 200U);

    server.terminate();
    std::set<long> waits;
    for (const auto& client : clients) {
        const auto bye = expect_bye(*client, "1001");
        BOOST_TEST(field_of(bye, "reconnect") == "true");
        waits.insert(std::stol(field_of(bye, "retryAfter")));
        client->send(whole(close_frame, close_payload(1001)));
        client->shutdown_write();
    }
    BOOST_TEST(*waits.begin() >= 2000);
    BOOST_TEST(*waits.rbegin() <= 12000);
    // Of 20 out of 10,000 milliseconds nearly all differ.
    BOOST_TEST(waits.size() > 10U);
    for (const auto& client : clients) {
        client->read_to_end();
        BOOST_TEST(!client->was_reset());
    }
    half_a_request.read_to_end();
    idle.read_to_end();
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_CASE(nobody_is_accepted_any_more) {
    server_process server({"--close-timeout", "1m", "--shutdown-timeout", "1m"});
    const auto client = connect(server);
    server.terminate();
    expect_bye(*client, "1001");
    // The listening socket closes in the same turn, or one of the next.
    const auto deadline = steady::now() + support::patience();
    while (transport::can_connect(server.port()) && steady::now() < deadline)
        static_cast<void>(client->anything_within(5ms));
    BOOST_TEST(!transport::can_connect(server.port()));
    client->shutdown_write();
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_CASE(clients_that_never_close_are_left_after_the_close_timeout) {
    server_process server({"--close-timeout", "200ms", "--shutdown-timeout", "10m"});
    const auto described = connect(server);
    transport::describe(*described);
    const auto undescribed = connect(server);
    server.terminate();
    BOOST_TEST(server.wait_exit() == 0);
    expect_bye(*described, "1001");
    expect_bye(*undescribed, "1001");
}

BOOST_AUTO_TEST_CASE(the_shutdown_timeout_bounds_the_wait) {
    server_process server({"--close-timeout", "10m", "--shutdown-timeout", "200ms"});
    const auto client = connect(server);
    server.terminate();
    BOOST_TEST(server.wait_exit() == 0);
    expect_bye(*client, "1001");
}

BOOST_AUTO_TEST_CASE(a_second_signal_hurries_the_end) {
    server_process server({"--close-timeout", "10m", "--shutdown-timeout", "10m"});
    const auto client = connect(server);
    server.terminate();
    expect_bye(*client, "1001");
    server.terminate();
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_as_gracefully) {
    server_process server;
    const auto client = connect(server);
    transport::describe(*client);
    ::kill(server.pid(), SIGINT);
    expect_bye(*client, "1001");
    client->shutdown_write();
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_CASE(a_server_without_connections_ends_at_once) {
    server_process server({"--shutdown-timeout", "10m"});
    server.terminate();
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_CASE(a_client_whose_socket_is_full_does_not_hold_up_the_end) {
    server_process server({"--rate", "0", "--queue", "16MiB", "--close-timeout", "200ms", "--shutdown-timeout", "10m"});
    raw_client client(server.port(), 2048);
    client.upgrade();
    transport::describe(client);
    const auto long_ping = whole(text, "/ping " + std::string(60000, 'x'));
    // Until the answers fill every buffer on the way, and wait in the server.
    for (int i = 0; i < 100; ++i) client.send(long_ping);
    server.terminate();
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
