#include "integration/transport/conversation.hpp"
#include "integration/transport/raw_client.hpp"
#include "support/server_process.hpp"
#include "unit/net/client_frames.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using support::server_process;
using transport::raw_client;

namespace {

/// As a trusted proxy, for a client at that address.
std::unique_ptr<raw_client> connected_for(const server_process& server, const std::string& address) {
    auto client = std::make_unique<raw_client>(server.port());
    client->send("PROXY " + std::string(address.find(':') == std::string::npos ? "TCP4 " : "TCP6 ") + address + " " +
                 address + " 1 2\r\n");
    return client;
}

std::string upgrade_for(const std::string& address) {
    return "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nX-Forwarded-For: " +
        address + "\r\n\r\n";
}

unsigned upgrade_status(const server_process& server, const std::string& address) {
    raw_client client(server.port());
    client.send(upgrade_for(address));
    return client.read_response(false).status;
}

const std::vector<std::string> behind_proxy_header{"--proxy-protocol", "on", "--trusted-proxy", "127.0.0.1"};

std::vector<std::string> with(std::vector<std::string> options, const std::vector<std::string>& more) {
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(admission)

BOOST_AUTO_TEST_CASE(an_address_that_a_proxy_header_names_has_so_many_connections) {
    server_process server(with(behind_proxy_header, {"--max-connections-per-address", "2", "--threads", "2"}));
    const auto first = connected_for(server, "192.0.2.1");
    first->upgrade();
    auto second = connected_for(server, "192.0.2.1");
    second->upgrade();
    const auto third = connected_for(server, "192.0.2.1");
    third->send(upgrade_for(""));
    const auto refused = third->read_response();
    BOOST_TEST(refused.status == 429U);
    BOOST_TEST(refused.has_line("Retry-After: 10"));
    third->read_to_end();
    const auto other = connected_for(server, "192.0.2.2");
    other->upgrade();
    transport::describe(*other);

    // Given up, the place is free as soon as the server has seen it.
    second.reset();
    for (;;) {
        const auto again = connected_for(server, "192.0.2.1");
        again->send(upgrade_for(""));
        if (again->read_response(false).status == 101) break;
    }
    transport::describe(*first);
}

BOOST_AUTO_TEST_CASE(an_address_in_x_forwarded_for_has_so_many_too_and_the_proxy_none_of_its_own) {
    server_process server({"--trusted-proxy", "127.0.0.1", "--max-connections-per-address", "1"});
    raw_client first(server.port());
    first.upgrade("/", "X-Forwarded-For: 1.1.1.1, 2001:db8::1\r\n");
    BOOST_TEST(upgrade_status(server, "2001:db8::2") == 429U);
    BOOST_TEST(upgrade_status(server, "192.0.2.1") == 101U);
    transport::describe(first);
    raw_client health(server.port());
    health.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 2001:db8::1\r\n\r\n");
    BOOST_TEST(health.read_response().status == 200U);
}

BOOST_AUTO_TEST_CASE(a_header_from_somebody_not_trusted_changes_nothing) {
    server_process server({"--trusted-proxy", "10.0.0.0/8", "--max-connections-per-address", "1"});
    raw_client first(server.port());
    first.upgrade("/", "X-Forwarded-For: 192.0.2.1\r\n");
    raw_client second(server.port());
    second.upgrade("/", "X-Forwarded-For: 192.0.2.1\r\n");
}

BOOST_AUTO_TEST_CASE(new_connections_over_the_rate_are_told_when_to_come_back) {
    server_process server(with(behind_proxy_header, {"--connection-rate-per-address", "1", "--connection-rate", "0"}));
    unsigned status = 101;
    for (int i = 0; i < 100 && status == 101; ++i) {
        const auto client = connected_for(server, "192.0.2.1");
        client->send(upgrade_for(""));
        const auto response = client->read_response();
        status = response.status;
        if (status != 101) BOOST_TEST(response.has_line("Retry-After: 1"));
    }
    BOOST_TEST(status == 429U);
    connected_for(server, "192.0.2.2")->upgrade();
}

BOOST_AUTO_TEST_CASE(requests_that_are_none_lock_their_address_out) {
    server_process server(with(behind_proxy_header, {"--max-handshake-failures", "3"}));
    unsigned status = 400;
    for (int i = 0; i < 100 && status == 400; ++i) {
        const auto client = connected_for(server, "192.0.2.1");
        client->send("nonsense\r\n\r\n");
        status = client->read_response().status;
        client->read_to_end();
    }
    BOOST_TEST(status == 429U);
    connected_for(server, "192.0.2.2")->upgrade();
}

namespace {

/// A described peer that comes by the proxy from that address.
std::unique_ptr<raw_client> guest_from(const server_process& server, const std::string& address) {
    auto guest = connected_for(server, address);
    guest->upgrade();
    transport::describe(*guest);
    return guest;
}

/// The code of the error that answers, or the type of the event that does.
std::string answer_to(raw_client& guest, const std::string& command) {
    guest.send(client_frames::whole(client_frames::text, command));
    const auto frame = guest.read_frame();
    if (!frame) return "end";
    const auto type = transport::field_of(frame->payload, "type");
    return type == "error" ? transport::field_of(frame->payload, "code") : type;
}

const std::string guarded = "#6b04ef0e718ef4ca1ee29b8a";

}  // namespace

BOOST_AUTO_TEST_CASE(guesses_from_one_address_take_longer_and_are_then_not_looked_at) {
    server_process server(with(behind_proxy_header, {"--max-wrong-guesses", "4"}));
    const auto founder = guest_from(server, "192.0.2.1");
    BOOST_TEST(answer_to(*founder, "/join " + guarded + " right") == "joined");
    const auto guesser = guest_from(server, "192.0.2.2");
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 4; ++i) BOOST_TEST(answer_to(*guesser, "/join " + guarded + " wrong") == "475");
    // The third and the fourth waited, which nothing can shorten.
    BOOST_TEST((std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(700)));
    guesser->send(client_frames::whole(client_frames::text, "/join " + guarded + " right"));
    const auto refused = guesser->read_frame();
    BOOST_REQUIRE(refused.has_value());
    BOOST_TEST(transport::field_of(refused->payload, "code") == "263");
    BOOST_TEST(std::stoi(transport::field_of(refused->payload, "retryAfter")) > 0);
    // It is the address that guesses, not the connection, nor the channel.
    const auto again = guest_from(server, "192.0.2.2");
    BOOST_TEST(answer_to(*again, "/join " + guarded + " right") == "263");
    BOOST_TEST(answer_to(*again, "/join " + guarded) == "475");
    BOOST_TEST(answer_to(*again, "/join #6b04ef0e718ef4ca1ee29b8b") == "joined");
    const auto stranger = guest_from(server, "192.0.2.3");
    BOOST_TEST(answer_to(*stranger, "/join " + guarded + " right") == "joined");
}

BOOST_AUTO_TEST_CASE(sessions_are_guessed_as_seldom_and_behind_an_untold_proxy_each_connection_counts_for_itself) {
    server_process server({"--max-wrong-guesses", "2"});
    raw_client owner(server.port());
    owner.upgrade();
    const std::string id = "6b04ef0e718ef4ca1ee29b8c";
    BOOST_TEST(answer_to(owner, "/descp {\"id\": \"" + id + "\"}") == "welcome");
    const auto guess = "/descp {\"id\": \"" + id + "\", \"session\": \"" + id + std::string(32, '0') + "\"}";
    raw_client guesser(server.port());
    guesser.upgrade();
    for (int i = 0; i < 2; ++i) BOOST_TEST(answer_to(guesser, guess) == "433");
    BOOST_TEST(answer_to(guesser, guess) == "263");
    BOOST_TEST(answer_to(guesser, "/descp {}") == "welcome");
    raw_client other(server.port());
    other.upgrade();
    BOOST_TEST(answer_to(other, guess) == "433");
}

BOOST_AUTO_TEST_CASE(who_sends_more_bytes_than_it_may_is_read_more_slowly_and_loses_nothing) {
    server_process server({"--byte-rate", "64KiB"});
    raw_client heavy(server.port());
    heavy.upgrade();
    transport::describe(heavy);
    raw_client other(server.port());
    other.upgrade();
    transport::describe(other);
    const auto began = std::chrono::steady_clock::now();
    const auto large = client_frames::whole(client_frames::text, "/ping " + std::string(32 * 1024, 'x'));
    // Some 250 KiB, of which the first 64 come at once.
    for (int i = 0; i < 8; ++i) heavy.send(large);
    BOOST_TEST(answer_to(other, "/ping") == "pong");
    for (int i = 0; i < 8; ++i) {
        const auto answer = heavy.read_frame();
        BOOST_REQUIRE(answer.has_value());
        BOOST_TEST(transport::field_of(answer->payload, "type") == "pong");
    }
    BOOST_TEST((std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(1500)));
}

BOOST_AUTO_TEST_CASE(many_connections_do_not_guess_more_than_one) {
    server_process server(with(behind_proxy_header,
                               {"--max-wrong-guesses", "8", "--threads", "4", "--connection-rate-per-address", "0"}));
    const auto founder = guest_from(server, "192.0.2.1");
    BOOST_TEST(answer_to(*founder, "/join " + guarded + " right") == "joined");
    std::vector<std::unique_ptr<raw_client>> guessers;
    for (int i = 0; i < 60; ++i) guessers.push_back(guest_from(server, "192.0.2.2"));
    for (auto& one : guessers) one->send(client_frames::whole(client_frames::text, "/join " + guarded + " wrong"));
    int looked_at = 0;
    for (auto& one : guessers) {
        const auto answer = one->read_frame();
        BOOST_REQUIRE(answer.has_value());
        const auto code = transport::field_of(answer->payload, "code");
        if (code == "475") ++looked_at;
        BOOST_TEST((code == "475" || code == "263"));
    }
    // A minute's worth, and what is forgotten while they wait.
    BOOST_TEST(looked_at >= 3);
    BOOST_TEST(looked_at <= 10);
}

BOOST_AUTO_TEST_CASE(right_tokens_are_no_guesses) {
    server_process server(with(behind_proxy_header, {"--max-wrong-guesses", "4"}));
    const auto founder = guest_from(server, "192.0.2.1");
    BOOST_TEST(answer_to(*founder, "/join " + guarded + " right") == "joined");
    const auto regular = guest_from(server, "192.0.2.2");
    for (int i = 0; i < 10; ++i) {
        BOOST_TEST(answer_to(*regular, "/join " + guarded + " right") == "joined");
        BOOST_TEST(answer_to(*regular, "/quit " + guarded) == "quit");
    }
}

BOOST_AUTO_TEST_SUITE_END()
