#include "integration/logs/log_lines.hpp"
#include "support/client.hpp"
#include "support/server_process.hpp"
#include "support/token.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

using namespace logs;
using support::client;
using support::server_process;

namespace {

std::vector<std::string> json_at(const std::string& level, std::vector<std::string> more = {}) {
    std::vector<std::string> all{"--log-format", "json", "--log-level", level};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

/// The place of the only line of that event.
std::size_t place_of(const std::vector<logged>& lines, std::string_view event) {
    const auto found = std::find_if(lines.begin(), lines.end(),
                                    [event](const logged& line) { return text_in(line, "event") == event; });
    BOOST_REQUIRE_MESSAGE(found != lines.end(), "no line of " << event);
    return static_cast<std::size_t>(found - lines.begin());
}

/// A pipe that nobody reads, full to the last byte.
struct full_pipe {
    std::array<int, 2> ends{-1, -1};

    full_pipe() {
        BOOST_REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
        BOOST_REQUIRE(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
        const std::string filler(4096, '.');
        while (write(ends[1], filler.data(), filler.size()) > 0) {
        }
        BOOST_REQUIRE(fcntl(ends[1], F_SETFL, 0) == 0);
    }
    ~full_pipe() {
        for (const int end : ends) close(end);
    }
    full_pipe(const full_pipe&) = delete;
    full_pipe& operator=(const full_pipe&) = delete;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(log_output)

BOOST_AUTO_TEST_CASE(at_info_it_tells_of_the_server_and_not_of_peers_that_are_well) {
    server_process server(json_at("info", {"--threads", "2"}));
    {
        client quiet(server.port());
        quiet.describe("\"name\": \"quiet\"");
        quiet.close();
    }
    const auto lines = all_lines(server);
    std::vector<std::string> events;
    for (const auto& line : lines) events.push_back(text_in(line, "event"));
    const std::vector<std::string> wanted{"started", "listening", "draining", "ended"};
    BOOST_TEST(events == wanted, boost::test_tools::per_element());
    BOOST_TEST(number_in(lines[0], "threads") == 2);
    BOOST_TEST(text_in(lines[1], "address") == "ws://127.0.0.1:" + std::to_string(server.port()) + "/");
    BOOST_TEST(number_in(lines[2], "signal") == 15);
}

BOOST_AUTO_TEST_CASE(the_lines_of_a_connection_have_its_number_and_its_peer) {
    server_process server(json_at("debug"));
    client alice(server.port());
    alice.describe("\"name\": \"alice\"");
    alice.ask("/away lunch");
    alice.close();
    const auto lines = all_lines(server);
    const auto accepted = only(lines, "connection_accepted");
    const auto described = only(lines, "peer_described");
    const auto closed = only(lines, "connection_closed");
    BOOST_TEST(text_in(accepted, "address") == "127.0.0.1");
    for (const auto& line : {described, closed}) {
        BOOST_TEST(number_in(line, "connection") == number_in(accepted, "connection"));
        BOOST_TEST(text_in(line, "peer") == alice.id());
    }
    BOOST_TEST(text_in(described, "name") == "alice");
    BOOST_TEST(number_in(closed, "code") == 1000);
    BOOST_TEST(text_in(closed, "by") == "client");
    BOOST_TEST(number_in(closed, "messages") == 2);
    BOOST_TEST(number_in(closed, "duration_ms") >= 0);
    BOOST_TEST(place_of(lines, "connection_accepted") < place_of(lines, "peer_described"));
    BOOST_TEST(place_of(lines, "peer_described") < place_of(lines, "connection_closed"));
}

BOOST_AUTO_TEST_CASE(a_take_over_names_both_connections) {
    server_process server(json_at("debug"));
    client older(server.port());
    older.describe();
    client newer(server.port());
    newer.describe(older.proof());
    older.expect_close(4501);
    const auto lines = all_lines(server);
    const auto described = only(lines, "peer_described");
    const auto taken_over = only(lines, "peer_taken_over");
    const auto resumed = only(lines, "peer_resumed");
    BOOST_TEST(number_in(taken_over, "connection") == number_in(described, "connection"));
    BOOST_TEST(number_in(resumed, "connection") != number_in(described, "connection"));
    for (const auto& line : {described, taken_over, resumed}) BOOST_TEST(text_in(line, "peer") == older.id());
}

BOOST_AUTO_TEST_CASE(who_floods_and_whom_a_limit_refuses_is_seen_at_info) {
    server_process server(json_at("info", {"--rate", "1", "--burst", "1", "--max-connections", "1"}));
    client flooder(server.port());
    flooder.describe();
    BOOST_TEST(ask_upgrade(server.port(), "/").starts_with("HTTP/1.1 503"));
    for (int i = 0; i < 150; ++i) flooder.send("/ping");
    flooder.skip_to_close(4002);
    const auto lines = all_lines(server);
    const auto closed = only(lines, "flooder_closed");
    BOOST_TEST(text_in(closed, "peer") == flooder.id());
    BOOST_TEST(text_in(closed, "level") == "info");
    BOOST_TEST(text_in(only(lines, "connection_refused"), "reason") == "server_full");
}

BOOST_AUTO_TEST_CASE(what_strangers_write_is_escaped_and_cut) {
    const std::string name = R"(a\"b\\ \u202e [2J)";
    const std::string emoji = "😀";
    std::string long_name;
    for (int i = 0; i < 64; ++i) long_name += emoji;
    for (const auto* const format : {"json", "text"}) {
        server_process server({"--log-format", format, "--log-level", "debug"});
        client hostile(server.port());
        hostile.describe("\"name\": \"" + name + "\"");
        client lengthy(server.port());
        lengthy.describe("\"name\": \"" + long_name + "\"");
        ask_upgrade(server.port(), "/x%0d%0alevel=error\"}{\"event\":\"forged\\");
        ask_upgrade(server.port(), "/" + std::string(3000, 'y'));
        ask_upgrade(server.port(), "/", "Origin: http://\xff\xc0 level=error\t\"\r\n");
        if (format == std::string("json")) {
            const auto lines = all_lines(server);
            const auto described = of(lines, "peer_described");
            BOOST_REQUIRE(described.size() == 2);
            BOOST_TEST(text_in(described[0], "name") == "a\"b\\ \xe2\x80\xae [2J");
            std::string cut;
            for (int i = 0; i < 50; ++i) cut += emoji;
            BOOST_TEST(text_in(described[1], "name") == cut + "…");
            BOOST_TEST(!of(lines, "handshake_failed").empty());
            BOOST_TEST(of(lines, "forged").empty());
            continue;
        }
        server.terminate();
        BOOST_REQUIRE(server.wait_exit() == 0);
        const auto text = server.errors();
        BOOST_TEST(text.find(R"( name="a\"b\\ \u202e [2J" )") != std::string::npos, text);
        for (std::size_t at = 0; at < text.size();) {
            const auto end = text.find('\n', at);
            BOOST_REQUIRE(end != std::string::npos);
            const auto line = text.substr(at, end - at);
            BOOST_TEST(line.starts_with("time=20"), line);
            BOOST_TEST(line.size() < 600, line);
            BOOST_TEST(line.find_first_of("\x1b\r\t\x7f") == std::string::npos, line);
            at = end + 1;
        }
    }
}

BOOST_AUTO_TEST_CASE(nothing_secret_is_logged_at_any_level) {
    const support::token_issuer issuer("ES256");
    server_process server({"--log-level", "trace", "--auth", "jwt", "--auth-key", issuer.option()});
    const auto token = issuer.issue(R"({"sub":"alice","exp":4102444800})");
    const support::token_issuer stranger("ES256");
    const auto forged = stranger.issue(R"({"sub":"alice","exp":4102444800})");
    const std::string content = "SECRETCONTENT";
    const std::string key = "SECRETKEY";
    client alice(server.port(), {.path = "/?access_token=" + token + "&q=SECRETQUERY"});
    alice.describe("\"name\": \"alice\", \"more\": \"SECRETDESCRIPTION\"");
    const auto channel = support::make_channel();
    alice.ask("/join " + channel + " " + key);
    alice.ask("/pubmsg " + channel + " " + content);
    alice.send("/privmsg " + alice.id() + " " + content);
    alice.expect("privmsg");
    ask_upgrade(server.port(), "/nowhere?access_token=" + forged, "Authorization: Bearer " + forged + "\r\n");
    client mallory(server.port());
    mallory.send("/descp {\"token\": \"" + forged + "\"}");
    mallory.expect_error(464);
    server.terminate();
    BOOST_REQUIRE(server.wait_exit() == 0);
    const auto text = server.errors();
    BOOST_TEST(text.find("event=token_refused") != std::string::npos);
    for (const auto& secret : {token, forged, forged.substr(0, 20), token.substr(token.size() - 20), alice.session(),
                               content, key, std::string("SECRETQUERY"), std::string("SECRETDESCRIPTION")})
        BOOST_TEST(text.find(secret) == std::string::npos, secret << " is in the log");
}

BOOST_AUTO_TEST_CASE(under_attack_lines_are_bounded_and_the_others_counted) {
    constexpr int attempts = 200;
    server_process server(json_at("debug", {"--log-rate", "1"}));
    for (int i = 0; i < attempts; ++i) ask_upgrade(server.port(), "/nowhere");
    const auto lines = all_lines(server);
    auto told = static_cast<std::int64_t>(of(lines, "handshake_failed").size());
    std::int64_t left_out = 0;
    for (const auto& line : of(lines, "lines_left_out"))
        if (text_in(line, "of") == "handshake_failed") left_out += number_in(line, "count");
    BOOST_TEST(told >= 1);
    BOOST_TEST(left_out > 0);
    BOOST_TEST(told + left_out == attempts);
}

BOOST_AUTO_TEST_CASE(a_stuck_stderr_delays_nobody) {
    const full_pipe stuck;
    // Enough to fill the buffer behind it, too.
    server_process server(json_at("debug", {"--log-rate", "0", "--threads", "2"}), stuck.ends[1]);
    const std::string path = "/" + std::string(2000, 'x');
    for (int i = 0; i < 3000; ++i) ask_upgrade(server.port(), path);
    client alice(server.port());
    alice.describe();
    alice.ask("/ping");
    server.terminate();
    alice.expect_close(1001);
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
