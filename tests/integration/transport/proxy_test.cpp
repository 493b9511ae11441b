#include "integration/transport/conversation.hpp"
#include "integration/transport/raw_client.hpp"
#include "support/server_process.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

using namespace std::string_literals;
using support::server_process;
using transport::raw_client;

namespace {

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"; }

/// A directory of one's own, for sockets.
struct directory {
    std::filesystem::path path;
    directory() {
        auto name = (std::filesystem::temp_directory_path() / "signaller-XXXXXX").string();
        BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~directory() { std::filesystem::remove_all(path); }
    [[nodiscard]] std::string socket() const { return (path / "s").string(); }
};

/// The whole way: upgraded and described.
void talk(raw_client& client, const std::string& target = "/") {
    client.upgrade(target);
    transport::describe(client);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(proxy)

BOOST_AUTO_TEST_CASE(one_server_listens_on_ipv4_ipv6_and_a_unix_socket) {
    const directory temporary;
    for (const std::string threads : {"1", "3"}) {
        server_process server({"--address", "127.0.0.1,unix:" + temporary.socket(), "--threads", threads});
        raw_client v4(server.port());
        talk(v4);
        raw_client local(transport::connect_unix(temporary.socket()));
        talk(local);
        server_process both({"--address", "[::]", "--threads", threads});
        raw_client v6(transport::connect_v6(both.port()));
        talk(v6);
        raw_client mapped(both.port());
        talk(mapped);
    }
    BOOST_TEST(!std::filesystem::exists(temporary.socket()));
}

BOOST_AUTO_TEST_CASE(a_left_over_unix_socket_is_replaced_and_one_in_use_is_not) {
    const directory temporary;
    {
        server_process killed({"--address", "unix:" + temporary.socket()});
        killed.kill();
        killed.wait_exit();
    }
    BOOST_TEST(std::filesystem::exists(temporary.socket()));
    server_process server({"--address", "unix:" + temporary.socket()});
    BOOST_CHECK_THROW(server_process({"--address", "unix:" + temporary.socket()}), std::runtime_error);
    raw_client client(transport::connect_unix(temporary.socket()));
    talk(client);
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_leaves_no_unix_socket) {
    const directory temporary;
    BOOST_TEST(support::run_to_end({"--address", "unix:" + temporary.socket() + ",203.0.113.1"}).code == 1);
    BOOST_TEST(!std::filesystem::exists(temporary.socket()));
}

BOOST_AUTO_TEST_CASE(below_a_prefix_everything_is_where_it_was) {
    server_process server({"--path-prefix", "/signalling/"});
    for (const std::string target : {"/signalling", "/signalling/", "/signalling/ws", "/signalling/?a=b"}) {
        raw_client client(server.port());
        talk(client, target);
    }
    raw_client client(server.port());
    client.send(get("/signalling?a=b"));
    const auto redirect = client.read_response();
    BOOST_TEST(redirect.status == 308U);
    BOOST_TEST(redirect.has_line("Location: /signalling/?a=b"));
    client.send(get("/signalling/signaller.js"));
    BOOST_TEST(client.read_response().status == 200U);
    client.send(get("/healthz"));
    BOOST_TEST(client.read_response().status == 200U);
    client.send(get("/signallingx/"));
    BOOST_TEST(client.read_response().status == 404U);
    client.read_to_end();
}

BOOST_AUTO_TEST_CASE(an_upgrade_outside_the_prefix_is_counted_and_logged_for_its_client) {
    server_process server({"--path-prefix", "/signalling", "--trusted-proxy", "127.0.0.1", "--log-level", "debug"});
    raw_client outside(server.port());
    outside.send("GET /elsewhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                 "X-Forwarded-For: 192.0.2.1\r\n\r\n");
    BOOST_TEST(outside.read_response().status == 404U);
    raw_client metrics(server.port());
    metrics.send(get("/signalling/metrics"));
    const auto page = metrics.read_response().body;
    BOOST_TEST(page.find("\nsignaller_handshake_failures_total{reason=\"upgrade\"} 1\n") != std::string::npos);
    server.terminate();
    BOOST_TEST(server.wait_exit() == 0);
    const auto log = server.errors();
    const auto line = log.substr(std::min(log.find("event=handshake_failed"), log.size()));
    BOOST_TEST(line.substr(0, line.find('\n')).find("address=192.0.2.1 reason=upgrade seen=/elsewhere") !=
                   std::string::npos,
               log);
}

BOOST_AUTO_TEST_CASE(a_proxy_header_goes_before_everything) {
    server_process server({"--proxy-protocol", "on", "--trusted-proxy", "127.0.0.0/8"});
    const std::string v2 =
        "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0C"s + "\xC0\x00\x02\x01\xC6\x33\x64\x01\x12\x34\x01\xBB"s;
    for (const std::string& header : {v2, "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"s, "PROXY UNKNOWN\r\n"s}) {
        raw_client in_one(server.port());
        in_one.send(header);
        talk(in_one);
        raw_client in_pieces(server.port());
        in_pieces.send_in_pieces(header + get("/healthz"), 1);
        BOOST_TEST(in_pieces.read_response().status == 200U);
    }
    raw_client without(server.port());
    without.send(get("/healthz"));
    without.read_to_end();
}

BOOST_AUTO_TEST_CASE(a_proxy_header_is_taken_from_trusted_proxies_only) {
    server_process server({"--proxy-protocol", "on", "--trusted-proxy", "10.0.0.0/8"});
    raw_client client(server.port());
    client.send("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n" + get("/healthz"));
    client.read_to_end();
    BOOST_CHECK_THROW(server_process({"--proxy-protocol", "on"}), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_proxy_header_of_this_machine_may_speak_for_itself_only) {
    server_process server({"--proxy-protocol", "on", "--trusted-proxy", "10.0.0.0/8"});
    const std::string v2_start = "\r\n\r\n\0\r\nQUIT\n"s;
    for (const std::string& header : {"PROXY UNKNOWN\r\n"s, v2_start + "\x20\x00\x00\x00"s}) {
        raw_client client(server.port());
        client.send(header + get("/healthz"));
        BOOST_TEST(client.read_response().status == 200U);
    }
    const std::string v2 = v2_start + "\x21\x11\x00\x0C"s + "\xC0\x00\x02\x01\xC6\x33\x64\x01\x12\x34\x01\xBB"s;
    for (const std::string& header : {v2, "PROXY TCP4 127.0.0.1 127.0.0.1 56324 443\r\n"s}) {
        raw_client client(server.port());
        client.send(header + get("/healthz"));
        BOOST_CHECK_THROW(static_cast<void>(client.read_response()), std::runtime_error);
    }
}

BOOST_AUTO_TEST_SUITE_END()
