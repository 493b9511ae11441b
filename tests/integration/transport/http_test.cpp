#include "integration/transport/conversation.hpp"
#include "integration/transport/raw_client.hpp"
#include "support/server_process.hpp"
#include "unit/net/client_frames.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

using namespace client_frames;
using namespace std::chrono_literals;
using namespace std::string_literals;
using support::server_process;
using transport::heard;
using transport::http_response;
using transport::raw_client;

namespace {

std::string get(const std::string& target, const std::string& more_fields = {}) {
    return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more_fields + "\r\n";
}

std::string upgrade_request(const std::string& target, const std::string& version = "13",
                            const std::string& key = "dGhlIHNhbXBsZSBub25jZQ==") {
    return get(target,
               "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: " + key +
                   "\r\nSec-WebSocket-Version: " + version + "\r\n");
}

/// The one response to these bytes, after which the server closes.
http_response refusal(const server_process& server, const std::string& bytes) {
    raw_client client(server.port());
    client.send(bytes);
    auto response = client.read_response();
    BOOST_TEST(response.has_line(response.status == 426 ? "Connection: close, Upgrade" : "Connection: close"));
    client.read_to_end();
    return response;
}

std::size_t resident_kib(const server_process& server) {
    std::ifstream status("/proc/" + std::to_string(server.pid()) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
    }
    return 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http)

// --- what is answered

BOOST_AUTO_TEST_CASE(plain_requests_are_served_on_the_same_port) {
    server_process server;
    raw_client client(server.port());
    client.send(get("/healthz"));
    const auto health = client.read_response();
    BOOST_TEST(health.status == 200U);
    BOOST_TEST(health.body == "ok\n");
    client.send(get("/?room=1"));
    BOOST_TEST(client.read_response().status == 200U);
    client.send(get("/no/such/page"));
    BOOST_TEST(client.read_response().status == 404U);
    client.send(get("/ws"));
    const auto no_upgrade = client.read_response();
    BOOST_TEST(no_upgrade.status == 426U);
    BOOST_TEST(no_upgrade.has_line("Upgrade: websocket"));
    client.send("DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    BOOST_TEST(client.read_response().status == 405U);
    client.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto head = client.read_response(false);
    BOOST_TEST(head.has_line("Content-Length: 3"));
    client.send(get("/healthz", "Connection: close\r\n"));
    BOOST_TEST(client.read_response().body == "ok\n");
    client.read_to_end();
    BOOST_TEST(!client.was_reset());
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
    server_process server;
    raw_client client(server.port());
    client.send(get("/healthz") + get("/nowhere") + get("/ws") + get("/healthz", "Connection: close\r\n"));
    for (const unsigned status : {200U, 404U, 426U, 200U}) BOOST_TEST(client.read_response().status == status);
    client.read_to_end();
}

BOOST_AUTO_TEST_CASE(an_upgrade_may_follow_plain_requests) {
    server_process server;
    raw_client client(server.port());
    client.send(get("/healthz"));
    BOOST_TEST(client.read_response().status == 200U);
    client.upgrade();
    client.send(whole(text, "/ping a"));
    BOOST_TEST(transport::listen(client, 1) == heard{"pong a"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_request_may_come_byte_by_byte) {
    server_process server;
    raw_client client(server.port());
    client.send_in_pieces(get("/healthz") + upgrade_request("/ws") + whole(text, "/ping a"), 1);
    BOOST_TEST(client.read_response().status == 200U);
    BOOST_TEST(client.read_response(false).status == 101U);
    BOOST_TEST(transport::listen(client, 1) == heard{"pong a"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(frames_in_the_packet_of_the_upgrade_are_not_lost) {
    server_process server;
    raw_client client(server.port());
    client.upgrade("/", {}, whole(text, "/ping first") + whole(ping, "p") + whole(text, "/ping second").substr(0, 5));
    client.send(whole(text, "/ping second").substr(5));
    BOOST_TEST(transport::listen(client, 3) == (heard{"pong first", "PONG p", "pong second"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_subprotocol_is_negotiated) {
    server_process server;
    raw_client ours(server.port());
    BOOST_TEST(ours.upgrade("/", "Sec-WebSocket-Protocol: chat, signaller.v1\r\n")
                   .has_line("Sec-WebSocket-Protocol: signaller.v1"));
    raw_client other(server.port());
    BOOST_TEST(other.upgrade("/ws", "Sec-WebSocket-Protocol: chat\r\n").header.find("Sec-WebSocket-Protocol") ==
               std::string::npos);
    raw_client none(server.port());
    const auto response = none.upgrade("/?a=b", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    BOOST_TEST(response.has_line("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    BOOST_TEST(response.header.find("Sec-WebSocket-Extensions") == std::string::npos);
}

// --- what is refused

BOOST_AUTO_TEST_CASE(bad_requests_are_refused_and_the_connection_ends) {
    server_process server;
    const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
    const struct {
        std::string name;
        std::string bytes;
        unsigned status;
    } rows[] = {
        {"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, 400},
        {"a frame without an upgrade", whole(text, "/ping a"), 400},
        {"a command without an upgrade", "/ping a\r\n\r\n", 400},
        {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two lengths", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 413},
        {"chunks", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 413},
        {"upgrade elsewhere", upgrade_request("/elsewhere"), 404},
        {"upgrade of a page", upgrade_request("/index.html"), 404},
        {"old version", upgrade_request("/", "8"), 426},
        {"new version", upgrade_request("/ws", "14"), 426},
        {"no key", upgrade_request("/", "13", ""), 400},
        {"bad key", upgrade_request("/", "13", "not base64 at all"), 400},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.name) {
            const auto response = refusal(server, row.bytes);
            BOOST_TEST(response.status == row.status);
            if (row.status == 426) BOOST_TEST(response.has_line("Sec-WebSocket-Version: 13"));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_endless_header_is_refused_at_the_limit) {
    server_process server({"--max-header", "4KiB"});
    raw_client client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
    const std::string field = "X-Field: " + std::string(100, 'x') + "\r\n";
    int sent = 0;
    while (!client.anything_within(0ms) && sent < 100000) {
        client.send(field);
        ++sent;
    }
    BOOST_TEST(client.read_response().status == 431U);
    client.read_to_end();
}

// --- slow, silent and half

BOOST_AUTO_TEST_CASE(a_slow_header_is_refused_in_time_however_it_dribbles) {
    server_process server({"--handshake-timeout", "300ms"});
    raw_client client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: ");
    const auto started = std::chrono::steady_clock::now();
    while (!client.anything_within(10ms) && std::chrono::steady_clock::now() < started + support::patience())
        client.send("x");
    BOOST_TEST(client.read_response().status == 408U);
    client.read_to_end();
}

BOOST_AUTO_TEST_CASE(a_connection_that_says_nothing_ends) {
    server_process server({"--handshake-timeout", "200ms"});
    raw_client silent(server.port());
    raw_client idle(server.port());
    idle.send(get("/healthz"));
    BOOST_TEST(idle.read_response().status == 200U);
    silent.read_to_end();
    idle.read_to_end();
}

BOOST_AUTO_TEST_CASE(a_refused_client_that_keeps_its_side_open_is_let_go) {
    server_process server({"--max-connections", "1", "--close-timeout", "200ms"});
    raw_client refused(server.port());
    refused.send("garbage\r\n\r\n");
    BOOST_TEST(refused.read_response().status == 400U);
    refused.read_to_end();
    // Its place is free again, although it has not closed.
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    unsigned status = 503;
    while (status == 503 && std::chrono::steady_clock::now() < deadline) {
        raw_client next(server.port());
        next.send(get("/version"));
        status = next.read_response().status;
    }
    BOOST_TEST(status == 200U);
}

BOOST_AUTO_TEST_CASE(a_client_that_closed_its_side_gets_its_answers_whole) {
    server_process server;
    std::string page;
    {
        raw_client client(server.port());
        client.send(get("/signaller.js"));
        page = client.read_response().body;
    }
    BOOST_TEST(page.size() > 1000U);
    // More than the kernel takes off the server's hands.
    constexpr int request_count = 60;
    raw_client client(server.port(), 16 * 1024);
    std::string requests;
    for (int i = 0; i < request_count; ++i) requests += get("/signaller.js");
    client.send(requests);
    client.shutdown_write();
    for (int i = 0; i < request_count; ++i) {
        const auto response = client.read_response();
        BOOST_REQUIRE(response.body == page);
    }
    client.read_to_end();
}

BOOST_AUTO_TEST_CASE(many_requests_in_one_packet_let_others_be_served_in_between) {
    constexpr int count = 1500;
    server_process server({"--threads", "1"});
    raw_client talker(server.port());
    talker.upgrade();
    raw_client client(server.port());
    // Some 300 ms of work, in one read; what comes last tells whether somebody else was served meanwhile.
    std::string requests;
    for (int i = 0; i < count; ++i) requests += "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(requests + get("/metrics"));
    talker.send(whole(text, "/ping x"));
    for (int i = 0; i < count; ++i) BOOST_REQUIRE(client.read_response(false).status == 200U);
    BOOST_TEST(client.read_response().body.find("verb=\"ping\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(answers_that_nobody_reads_are_bounded) {
    server_process server({"--handshake-timeout", "60s"});
    raw_client client(server.port(), 2048);
    std::string requests;
    for (int i = 0; i < 1000; ++i) requests += get("/signaller.js");
    const auto before = resident_kib(server);
    std::size_t sent = 0;
    // Either the server takes no more, or it has taken what would be gigabytes of answers.
    while (sent < 4'000'000) {
        const auto count = client.send_some(std::string_view(requests).substr(sent % requests.size()), 300ms);
        if (count == 0) break;
        sent += count;
    }
    BOOST_TEST_MESSAGE("sent " << sent << " bytes");
    BOOST_TEST(resident_kib(server) - before < 64U * 1024);
}

BOOST_AUTO_TEST_CASE(a_websocket_that_is_half_closed_ends) {
    server_process server;
    raw_client client(server.port());
    client.upgrade();
    transport::describe(client);
    client.shutdown_write();
    client.read_to_end();
}

BOOST_AUTO_TEST_CASE(connections_over_the_limit_get_503_and_a_place_that_is_free_is_given) {
    server_process server({"--max-connections", "2"});
    auto first = std::make_unique<raw_client>(server.port());
    first->upgrade();
    raw_client second(server.port());
    second.upgrade();
    for (int i = 0; i < 3; ++i) {
        const auto response = refusal(server, upgrade_request("/"));
        BOOST_TEST(response.status == 503U);
        BOOST_TEST(response.header.find("\r\nRetry-After: ") != std::string::npos);
    }
    // It is full, and well; and nothing comes in behind that question.
    raw_client watch(server.port());
    watch.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + upgrade_request("/"));
    BOOST_TEST(watch.read_response().status == 200U);
    watch.read_to_end();
    BOOST_TEST(refusal(server, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n").status == 503U);
    second.send(whole(text, "/ping still here"));
    BOOST_TEST(transport::listen(second, 1) == heard{"pong still here"}, boost::test_tools::per_element());
    first.reset();
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    unsigned status = 503;
    while (status == 503 && std::chrono::steady_clock::now() < deadline) {
        raw_client next(server.port());
        next.send(upgrade_request("/"));
        status = next.read_response(false).status;
    }
    BOOST_TEST(status == 101U);
}

BOOST_AUTO_TEST_SUITE_END()
