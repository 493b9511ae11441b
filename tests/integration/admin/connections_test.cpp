#include "integration/admin/fixture.hpp"
#include "integration/transport/certificate.hpp"

#include <memory>

using namespace admin;
using namespace std::string_literals;
using transport::raw_client;

namespace {

std::string upgrade_request(const std::string& target, const std::string& more = {}) {
    return "GET " + target +
        " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
        more + "\r\n";
}

/// Says this, and waits for the end.
void say(const watched& at, const std::string& bytes) {
    raw_client client(at.server.port());
    client.send(bytes);
    client.read_to_end();
}

labels reason(const std::string& why) { return {{"reason", why}}; }
labels code(const std::string& what) { return {{"code", what}}; }

/// That this failed handshake is counted, and no other.
void fails(const watched& at, const std::string& bytes, const std::string& why) {
    const auto before = at.page();
    say(at, bytes);
    const auto after = at.page();
    for (const std::string each : {"proxy_header", "tls", "not_tls", "timeout", "malformed", "origin", "upgrade"}) {
        const double expected = each == why ? 1 : 0;
        BOOST_TEST(growth(before, after, "handshake_failures_total", reason(each)) == expected, each);
    }
    BOOST_TEST(growth(before, after, "websockets_opened_total") == 0);
}

/// A described client whose connection the server closes by `what` does.
void closes(const watched& at, const std::string& with, const std::function<void(client&)>& what) {
    auto alice = at.peer("alice");
    what(alice);
    at.page_with("websockets_closed_total", code(with), 1);
}

const std::vector<std::string> behind_proxy_header{"--proxy-protocol", "on", "--trusted-proxy", "127.0.0.1"};

std::vector<std::string> with(std::vector<std::string> options, const std::vector<std::string>& more) {
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

/// Connects as the client at one address until the limit refuses it.
void refuses(const std::vector<std::string>& options, const std::string& why, const std::string& says) {
    const watched at(with(behind_proxy_header, options));
    std::vector<std::unique_ptr<raw_client>> clients;
    const auto before = at.page();
    for (int i = 0; i < 100 && growth(before, at.page(), "connections_refused_total", reason(why)) == 0; ++i) {
        auto next = std::make_unique<raw_client>(at.server.port());
        next->send("PROXY TCP4 192.0.2.1 192.0.2.1 1 2\r\n" + says);
        if (next->read_response(false).status == 101) clients.push_back(std::move(next));
    }
    const auto after = at.page();
    BOOST_TEST(growth(before, after, "connections_refused_total", reason(why)) == 1, why);
    double refused = 0;
    for (const std::string each :
         {"server_full", "server_rate", "address_connections", "address_rate", "address_failures", "server_memory"})
        refused += growth(before, after, "connections_refused_total", reason(each));
    BOOST_TEST(refused == 1, why);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connections)

BOOST_AUTO_TEST_CASE(open_ones_are_counted_and_so_are_those_that_came) {
    const watched at;
    BOOST_TEST(at.page().value("connections") == 0);
    auto first = at.stranger();
    auto second = at.stranger();
    const auto page = at.page();
    BOOST_TEST(page.value("connections") == 2);
    BOOST_TEST(page.value("connections_accepted_total") == 2);
    BOOST_TEST(page.value("websockets_opened_total") == 2);
    double on_shards = 0;
    for (const std::string shard : {"0", "1", "2", "3"})
        on_shards += page.value("shard_connections", {{"shard", shard}});
    BOOST_TEST(on_shards == 2);
    first.drop();
    const auto later = at.page_with("connections", {}, 1);
    BOOST_TEST(later.value("connections_accepted_total") == 2);
}

BOOST_AUTO_TEST_CASE(http_requests_are_no_failed_handshakes) {
    const watched at;
    say(at, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const auto page = at.page();
    BOOST_TEST(page.value("http_requests_total") == 2);
    BOOST_TEST(page.value("handshake_failures_total", reason("upgrade")) == 0);
    BOOST_TEST(page.value("handshake_failures_total", reason("malformed")) == 0);
}

BOOST_AUTO_TEST_CASE(failed_handshakes_are_counted_by_reason) {
    const watched plain({"--allowed-origin", "https://example.org", "--handshake-timeout", "200ms"});
    fails(plain, "GET / HTTP/1.1\r\n\r\n", "malformed");
    fails(plain, upgrade_request("/elsewhere"), "upgrade");
    fails(plain, upgrade_request("/", "Origin: https://example.com\r\n"), "origin");
    fails(plain, "GET / HTTP/1.1\r\nHo", "timeout");
    const watched behind(behind_proxy_header);
    fails(behind, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "proxy_header");
}

BOOST_AUTO_TEST_CASE(failed_tls_handshakes_are_counted_by_reason) {
    const transport::certificate_directory certificates;
    certificates.make("own", "localhost");
    const watched at(certificates.options("own", {"--handshake-timeout", "200ms"}));
    fails(at, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "not_tls");
    fails(at, "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"s, "tls");
    fails(at, "\x16\x03\x01\x01\x00\x01"s, "timeout");
}

BOOST_AUTO_TEST_CASE(refused_connections_are_counted_by_the_limit) {
    refuses({"--max-connections", "2"}, "server_full", upgrade_request("/"));
    refuses({"--connection-rate", "2"}, "server_rate", upgrade_request("/"));
    refuses({"--max-connections-per-address", "2"}, "address_connections", upgrade_request("/"));
    refuses({"--connection-rate-per-address", "1"}, "address_rate", upgrade_request("/"));
    refuses({"--max-handshake-failures", "2"}, "address_failures", "nonsense\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(addresses_that_count_are_counted) {
    const watched at(behind_proxy_header);
    BOOST_TEST(at.page().value("client_addresses") == 0);
    std::vector<std::unique_ptr<raw_client>> clients;
    for (const std::string address : {"192.0.2.1", "192.0.2.2", "192.0.2.2"}) {
        clients.push_back(std::make_unique<raw_client>(at.server.port()));
        clients.back()->send("PROXY TCP4 " + address + " 192.0.2.9 1 2\r\n" + upgrade_request("/"));
        BOOST_TEST(clients.back()->read_response(false).status == 101U);
    }
    BOOST_TEST(at.page().value("client_addresses") == 2);
}

BOOST_AUTO_TEST_CASE(websockets_that_end_are_counted_by_code) {
    const watched at({"--max-message", "1KiB", "--max-content", "512", "--rate", "5", "--burst", "5"});
    closes(at, "1000", [](client& c) { c.send("/quit"); });
    closes(at, "1003", [](client& c) { c.send_binary("/ping"); });
    closes(at, "1007", [](client& c) { c.send("/ping \xFF"); });
    closes(at, "1009", [](client& c) { c.send(std::string(2000, 'x')); });
    closes(at, "4002", [](client& c) {
        for (int i = 0; i < 300; ++i) c.send("/ping");
    });
    closes(at, "broken", [](client& c) { c.drop(); });
    auto alice = at.peer("alice");
    auto taker = at.stranger();
    taker.describe(alice.proof());
    at.page_with("websockets_closed_total", code("4501"), 1);
    raw_client unmasked(at.server.port());
    unmasked.upgrade();
    unmasked.send("\x81\x01x");
    const auto page = at.page_with("websockets_closed_total", code("1002"), 1);
    BOOST_TEST(page.value("websockets_closed_total", code("1000")) == 1);
    BOOST_TEST(page.value("websockets_closed_total", code("broken")) == 1);
}

BOOST_AUTO_TEST_CASE(websockets_that_time_out_are_counted_by_code) {
    const watched at({"--describe-timeout", "100ms", "--heartbeat", "200ms"});
    raw_client silent(at.server.port());
    silent.upgrade();
    at.page_with("websockets_closed_total", code("4500"), 1);
    raw_client deaf(at.server.port());
    deaf.upgrade();
    deaf.send("\x81\x89"s + "\0\0\0\0"s + "/descp {}");
    at.page_with("websockets_closed_total", code("4000"), 1);
}

BOOST_AUTO_TEST_CASE(who_is_too_slow_is_counted) {
    const watched at({"--rate", "0", "--queue", "64KiB"});
    auto talker = at.peer("talker");
    auto slow = at.slow_peer();
    while (support::text_of(talker.ask("/privmsg " + slow.id() + " " + std::string(20000, 'x')), "type") != "error") {
    }
    at.page_with("websockets_closed_total", code("4001"), 1);
}

BOOST_AUTO_TEST_SUITE_END()
