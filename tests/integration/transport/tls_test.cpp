#include "integration/transport/certificate.hpp"
#include "integration/transport/conversation.hpp"
#include "integration/transport/raw_client.hpp"
#include "integration/transport/tls_tunnel.hpp"
#include "support/server_process.hpp"
#include "unit/net/client_frames.hpp"

#include <boost/test/unit_test.hpp>
#include <openssl/ssl.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

using client_frames::text;
using client_frames::whole;
using support::server_process;
using transport::certificate_directory;
using transport::heard;
using transport::raw_client;
using transport::tls_tunnel;

namespace {

const std::string request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

struct one_certificate : certificate_directory {
    one_certificate() { make("first", "first.example"); }
};

void expect_pong(raw_client& client) {
    client.send(whole(text, "/ping here"));
    BOOST_TEST(transport::listen(client, 1) == heard{"pong here"}, boost::test_tools::per_element());
}

/// Until new connections get the certificate of that subject; the server reads it when it gets to the signal.
void wait_for_subject(const server_process& server, const std::string& subject) {
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    while (tls_tunnel(server.port()).subject() != "/CN=" + subject)
        BOOST_REQUIRE(std::chrono::steady_clock::now() < deadline);
}

void refused_at_start(const std::vector<std::string>& options, const std::string& why) {
    const auto ended = support::run_to_end(options);
    BOOST_TEST(ended.code == 2);
    BOOST_TEST(ended.errors.find(why) != std::string::npos, ended.errors << " does not say: " << why);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tls, one_certificate)

BOOST_AUTO_TEST_CASE(both_versions_serve_pages_and_sessions) {
    server_process server(options("first"));
    for (const auto& [number, name] : {std::pair(TLS1_2_VERSION, "TLSv1.2"), std::pair(TLS1_3_VERSION, "TLSv1.3")}) {
        tls_tunnel page(server.port(), {.version = number});
        BOOST_TEST(page.version() == name);
        raw_client reader(page.plain_end());
        reader.send(request);
        BOOST_TEST(reader.read_response().status == 200U);
        reader.read_to_end();
        BOOST_TEST(page.was_ended_by_close_notify());

        tls_tunnel tunnel(server.port(), {.version = number});
        raw_client client(tunnel.plain_end());
        client.upgrade("/", {}, whole(text, "/ping early"));
        BOOST_TEST(transport::listen(client, 1) == heard{"pong early"}, boost::test_tools::per_element());
        transport::describe(client);
        client.send_in_pieces(whole(text, "/ping in pieces"), 3);
        BOOST_TEST(transport::listen(client, 1) == heard{"pong in pieces"}, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(older_versions_are_refused) {
    server_process server(options("first"));
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
        BOOST_CHECK_EXCEPTION(tls_tunnel(server.port(), {.version = version}), std::runtime_error, [](const auto& e) {
            return std::string_view(e.what()).find("alert protocol version") != std::string_view::npos;
        });
    }
    BOOST_TEST(tls_tunnel(server.port()).version() == "TLSv1.3");
}

BOOST_AUTO_TEST_CASE(rsa_keys_serve_too) {
    make("rsa", "rsa.example", "rsa:2048");
    server_process server(options("rsa"));
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
        BOOST_TEST(tls_tunnel(server.port(), {.version = version}).subject() == "/CN=rsa.example");
}

BOOST_AUTO_TEST_CASE(http_1_1_is_chosen_and_who_offers_only_others_is_refused) {
    server_process server(options("first"));
    BOOST_TEST(tls_tunnel(server.port(), {.protocols = "\x02h2\x08http/1.1"}).protocol() == "http/1.1");
    BOOST_TEST(tls_tunnel(server.port()).protocol().empty());
    BOOST_CHECK_THROW(tls_tunnel(server.port(), {.protocols = "\x02h2"}), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(plain_http_is_told_what_is_spoken_here) {
    server_process server(options("first"));
    for (const std::string& asked : {request, std::string("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")}) {
        raw_client client(server.port());
        client.send(asked);
        const auto answer = client.read_response();
        BOOST_TEST(answer.status == 400U);
        BOOST_TEST(answer.body.find("https:// or wss://") != std::string::npos);
        client.read_to_end();
    }
}

BOOST_AUTO_TEST_CASE(noise_ends_with_an_alert) {
    server_process server(options("first"));
    raw_client client(server.port());
    client.send(std::string("\x16\x03\x01\x00\x04\x01\xff\xff\xff", 9));
    client.send(std::string(200, '\x7f'));
    client.read_to_end();
    BOOST_TEST(tls_tunnel(server.port()).version() == "TLSv1.3");
}

BOOST_AUTO_TEST_CASE(half_a_handshake_and_none_at_all_time_out) {
    server_process server(options("first", {"--handshake-timeout", "300ms"}));
    raw_client silent(server.port());
    raw_client half(server.port());
    half.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
    tls_tunnel shaken(server.port());
    raw_client idle(shaken.plain_end());
    silent.read_to_end();
    half.read_to_end();
    idle.read_to_end();
    BOOST_TEST(shaken.was_ended_by_close_notify());
}

BOOST_AUTO_TEST_CASE(each_end_is_told_by_close_notify) {
    server_process server(options("first"));
    tls_tunnel asked(server.port());
    raw_client asking(asked.plain_end());
    asking.upgrade();
    transport::describe(asking);
    tls_tunnel told(server.port());
    raw_client waiting(told.plain_end());
    waiting.upgrade();
    transport::describe(waiting);

    asking.send(whole(text, "/quit"));
    BOOST_TEST(transport::listen_to_end(asking).back() == "end");
    BOOST_TEST(asked.was_ended_by_close_notify());

    server.terminate();
    const heard expected{"bye 1001", "CLOSE 1001", "end"};
    BOOST_TEST(transport::listen_to_end(waiting) == expected, boost::test_tools::per_element());
    BOOST_TEST(told.was_ended_by_close_notify());
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_CASE(sessions_are_resumed_on_any_thread) {
    server_process server(options("first", {"--threads", "3"}));
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_tunnel first(server.port(), {.version = version});
        BOOST_TEST(!first.resumed());
        {
            raw_client client(first.plain_end());
            client.send(request);
            BOOST_TEST(client.read_response().status == 200U);
        }
        const auto session = first.session();
        for (int i = 0; i < 6; ++i)
            BOOST_TEST(tls_tunnel(server.port(), {.version = version, .session = session}).resumed());
    }
}

BOOST_AUTO_TEST_CASE(a_new_certificate_takes_the_place_of_the_old_one_and_nobody_is_dropped) {
    make("second", "second.example");
    make("current", "current.example");
    server_process server(options("current", {"--threads", "2"}));
    tls_tunnel tunnel(server.port());
    BOOST_TEST(tunnel.subject() == "/CN=current.example");
    raw_client client(tunnel.plain_end());
    client.upgrade();
    transport::describe(client);

    replace("current", "first");
    ::kill(server.pid(), SIGHUP);
    wait_for_subject(server, "first.example");
    expect_pong(client);

    write("current.key", "not a key");
    ::kill(server.pid(), SIGHUP);
    for (int i = 0; i < 10; ++i) BOOST_TEST(tls_tunnel(server.port()).subject() == "/CN=first.example");
    expect_pong(client);

    replace("current", "second");
    // The signal before may still be on its way: it would be told with this one.
    ::kill(server.pid(), SIGHUP);
    wait_for_subject(server, "second.example");
    expect_pong(client);
}

BOOST_AUTO_TEST_CASE(without_a_certificate_sighup_changes_nothing) {
    server_process server;
    raw_client client(server.port());
    client.upgrade();
    transport::describe(client);
    ::kill(server.pid(), SIGHUP);
    expect_pong(client);
    BOOST_TEST(transport::can_connect(server.port()));
}

BOOST_AUTO_TEST_CASE(what_does_not_serve_is_refused_at_the_start) {
    make("second", "second.example", "rsa:2048");
    make("third", "third.example");
    const auto with = [this](const std::string& certificate, const std::string& key) {
        return std::vector<std::string>{"--tls-certificate", file(certificate), "--tls-key", file(key)};
    };
    refused_at_start(with("first.pem", "second.key"), "expected the key of the certificate in");
    refused_at_start(with("first.pem", "third.key"), "expected the key of the certificate in");
    refused_at_start(with("first.pem", "none.key"), "No such file");
    refused_at_start(with("none.pem", "first.key"), "No such file");
    refused_at_start(with("first.key", "first.key"), "--tls-certificate");
    refused_at_start(with("first.pem", "first.pem"), "--tls-key");
    refused_at_start({"--tls-certificate", file("first.pem")}, "expected --tls-key with it");
    refused_at_start({"--tls-key", file("first.key")}, "expected --tls-certificate with it");
}

BOOST_AUTO_TEST_CASE(unix_sockets_and_plain_addresses_stay_plain) {
    server_process server(options("first", {"--address", "plain:127.0.0.1,unix:" + file("socket")}));
    raw_client by_port(server.port());
    by_port.upgrade();
    transport::describe(by_port);
    raw_client local(transport::connect_unix(file("socket")));
    local.upgrade();
    transport::describe(local);
}

BOOST_AUTO_TEST_CASE(a_proxy_header_goes_ahead_in_plain_text) {
    server_process server(options("first", {"--proxy-protocol", "on", "--trusted-proxy", "127.0.0.1"}));
    tls_tunnel tunnel(server.port(), {.proxy_header = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"});
    raw_client client(tunnel.plain_end());
    client.upgrade();
    transport::describe(client);
}

BOOST_AUTO_TEST_CASE(who_is_over_a_limit_is_refused_before_the_handshake) {
    server_process server(options(
        "first", {"--max-connections-per-address", "1", "--proxy-protocol", "on", "--trusted-proxy", "127.0.0.1"}));
    const tls_tunnel::options from{.proxy_header = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"};
    tls_tunnel tunnel(server.port(), from);
    raw_client client(tunnel.plain_end());
    client.upgrade();
    BOOST_CHECK_EXCEPTION(tls_tunnel(server.port(), from), std::runtime_error, [](const auto& e) {
        return std::string_view(e.what()).find("alert internal error") != std::string_view::npos;
    });
    transport::describe(client);
}

BOOST_AUTO_TEST_CASE(a_flood_of_key_updates_ends_the_connection) {
    server_process server(options("first"));
    tls_tunnel modest(server.port(), {.version = TLS1_3_VERSION, .key_updates = 8});
    raw_client client(modest.plain_end());
    client.upgrade();
    transport::describe(client);
    tls_tunnel flood(server.port(), {.version = TLS1_3_VERSION, .key_updates = 1000});
    raw_client flooding(flood.plain_end());
    flooding.send(request);
    flooding.read_to_end();
    expect_pong(client);
}

BOOST_AUTO_TEST_SUITE_END()
