#include "integration/soak/figures.hpp"
#include "integration/transport/conversation.hpp"
#include "integration/transport/raw_client.hpp"
#include "support/client.hpp"
#include "support/server_process.hpp"
#include "unit/net/client_frames.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace client_frames;
using support::client;
using support::number_of;
using support::text_of;
using transport::raw_client;

namespace {

constexpr double kibibyte = 1024;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// What is freed stays in quarantine for a while.
constexpr double most_memory = 1024 * kibibyte * kibibyte;
#else
constexpr double most_memory = 64 * kibibyte * kibibyte;
#endif

/// They listen only when an attack is over, however long it takes: until then no heartbeat is missed.
std::vector<std::string> patient(std::vector<std::string> options) {
    options.insert(options.end(), {"--heartbeat", "15m"});
    return options;
}

/// A server with two peers who talk to each other, whatever is done to it.
struct scene {
    support::server_process server;
    client alice;
    client bob;

    explicit scene(std::vector<std::string> options = {})
        : server(patient(std::move(options))),
          alice(server.port()),
          bob(server.port()) {
        alice.describe();
        bob.describe();
    }

    [[nodiscard]] double memory() const {
        return static_cast<double>(soak::read_figures(server.pid(), 0).resident_bytes);
    }

    /// They are served, and the attack costs no more memory than this since `before`.
    void expect_well(const char* attack, double before, double limit = most_memory) {
        const auto cost = memory() - before;
        std::cout << "| " << attack << " | " << static_cast<long>(cost / kibibyte) << " KiB |\n";
        BOOST_TEST(cost <= limit);
        alice.send("/privmsg " + bob.id() + " still here");
        BOOST_TEST(text_of(bob.skip_to("privmsg"), "content") == "still here");
    }
};

/// A peer whose connection can do everything wrong.
std::unique_ptr<raw_client> guest_at(const support::server_process& server) {
    auto guest = std::make_unique<raw_client>(server.port());
    guest->upgrade();
    transport::describe(*guest);
    return guest;
}

bool hears(const transport::heard& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

/// Attacks, at the defaults wherever time allows: the limit that holds, that others do not notice, and what it costs
/// (README, Security).
BOOST_AUTO_TEST_SUITE(security)

BOOST_AUTO_TEST_CASE(headers_that_never_end) {
    scene s({"--handshake-timeout", "1s"});
    const auto before = s.memory();
    std::vector<std::unique_ptr<raw_client>> all;
    for (int i = 0; i < 500; ++i) {
        all.push_back(std::make_unique<raw_client>(s.server.port()));
        all.back()->send("GET / HTTP/1.1\r\nHost: a\r\nX-" + std::string(8000, 'a'));
    }
    s.expect_well("500 connections with an endless header (slowloris)", before);
    // One byte at a time keeps none of them.
    for (auto& one : all) one->send("b");
    for (auto& one : all) BOOST_TEST(one->read_response(false).status == 408U);
}

BOOST_AUTO_TEST_CASE(headers_without_measure) {
    scene s;
    const auto before = s.memory();
    for (int i = 0; i < 50; ++i) {
        raw_client one(s.server.port());
        one.send("GET / HTTP/1.1\r\nHost: a\r\nX-Huge: " + std::string(1024 * 1024, 'a'));
        BOOST_TEST(one.read_response(false).status == 431U);
    }
    s.expect_well("50 headers of 1 MiB", before);
}

BOOST_AUTO_TEST_CASE(websockets_that_never_say_who_they_are) {
    scene s({"--describe-timeout", "1s"});
    const auto before = s.memory();
    std::vector<std::unique_ptr<raw_client>> all;
    for (int i = 0; i < 500; ++i) {
        all.push_back(std::make_unique<raw_client>(s.server.port()));
        all.back()->upgrade();
    }
    s.expect_well("500 WebSockets that do not describe themselves", before);
    for (auto& one : all) BOOST_TEST(hears(transport::listen_to_end(*one), "bye 4500"));
}

BOOST_AUTO_TEST_CASE(messages_that_never_end) {
    scene s;
    const auto before = s.memory();
    std::vector<std::unique_ptr<raw_client>> all;
    for (int i = 0; i < 50; ++i) all.push_back(guest_at(s.server));
    const std::string large(16 * 1024, 'x');
    for (auto& one : all) {
        one->send(part(text, large));
        for (int more = 0; more < 7; ++more) one->send(part(continuation, large));
    }
    s.expect_well("50 messages in fragments, each just below the limit and never ended", before);
    for (auto& one : all) one->send(part(continuation, large));
    for (auto& one : all) BOOST_TEST(hears(transport::listen_to_end(*one), "bye 1009"));
}

BOOST_AUTO_TEST_CASE(json_that_never_ends) {
    scene s;
    const auto before = s.memory();
    const auto guest = guest_at(s.server);
    const auto deep = whole(text, "/descp {\"a\":" + std::string(100000, '['));
    std::string keys;
    for (int i = 0; i < 10000; ++i) keys += "k" + std::to_string(i) + ":0,";
    const auto wide = whole(text, "/descp {" + keys + "}");
    const auto large = whole(text, "/descp {\"a\":\"" + std::string(130000, 'x') + "\"}");
    for (int i = 0; i < 50; ++i) {
        for (const auto& [bomb, code] : {std::pair(deep, "461"), std::pair(wide, "461"), std::pair(large, "417")}) {
            guest->send(bomb);
            const auto frame = guest->read_frame();
            BOOST_REQUIRE(frame.has_value());
            BOOST_TEST(transport::field_of(frame->payload, "code") == code);
        }
    }
    s.expect_well("150 descriptions, nested 100,000 deep, of 10,000 keys, or 130 kB long", before);
}

BOOST_AUTO_TEST_CASE(commands_as_fast_as_they_go) {
    scene s;
    const auto before = s.memory();
    std::string burst;
    for (int i = 0; i < 2000; ++i) burst += whole(text, "/ping");
    for (int i = 0; i < 10; ++i) {
        const auto guest = guest_at(s.server);
        guest->send(burst);
        guest->send(burst);
        BOOST_TEST(hears(transport::listen_to_end(*guest), "bye 4002"));
    }
    s.expect_well("10 floods of 4,000 commands (300/s are taken)", before);
}

BOOST_AUTO_TEST_CASE(answers_that_nobody_reads) {
    scene s({"--rate", "0", "--byte-rate", "0"});
    const auto before = s.memory();
    const std::string large(60000, 'x');
    for (int i = 0; i < 10; ++i) {
        raw_client guest(s.server.port(), 4096);
        guest.upgrade();
        guest.send(whole(text, "/descp {}"));
        const auto welcome = guest.read_frame();
        BOOST_REQUIRE(welcome.has_value());
        const auto id = transport::field_of(welcome->payload, "id");
        for (int said = 0; said < 300; ++said) guest.send(whole(text, "/privmsg " + id + " " + large));
        guest.read_to_end();
    }
    raw_client operator_of_it(s.server.port());
    operator_of_it.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto metrics = operator_of_it.read_response().body;
    BOOST_TEST(metrics.find("signaller_websockets_closed_total{code=\"4001\"} 10\n") != std::string::npos);
    s.expect_well("10 peers that send themselves 18 MB each and read nothing", before);
}

BOOST_AUTO_TEST_CASE(channels_without_end) {
    scene s({"--rate", "0"});
    const auto before = s.memory();
    std::vector<client> all;
    for (int i = 0; i < 50; ++i) {
        all.emplace_back(s.server.port());
        all.back().describe();
        for (int joined = 0; joined < 100; ++joined)
            BOOST_REQUIRE(text_of(all.back().ask("/join " + support::make_channel()), "type") == "joined");
        BOOST_TEST(number_of(all.back().ask("/join " + support::make_channel()), "code") == 405);
    }
    s.expect_well("5,000 channels, as many as 50 peers may make", before);
}

BOOST_AUTO_TEST_CASE(bans_and_invitations_without_end) {
    scene s({"--rate", "0"});
    const auto before = s.memory();
    const auto channel = support::make_channel();
    s.alice.ask("/join " + channel);
    const std::string reason(250, 'r');
    for (int i = 0; i < 1000; ++i)
        BOOST_REQUIRE(text_of(s.alice.ask("/ban " + support::make_id() + " " + channel + " " + reason), "type") ==
                      "ban");
    for (int i = 0; i < 1000; ++i)
        BOOST_REQUIRE(number_of(s.alice.ask("/ban " + support::make_id() + " " + channel + " " + reason), "code") ==
                      400);
    s.expect_well("1,000 bans with the longest reason, and 1,000 more that are refused", before);
}

BOOST_AUTO_TEST_CASE(bans_without_end_in_channels_without_end) {
    scene s({"--rate", "0", "--max-memory", "24MiB"});
    const auto before = s.memory();
    const std::string reason(250, 'r');
    std::string code;
    int held = 0;
    // A million, if nothing but the limit of each channel held.
    for (int channels = 0; code != "263" && channels < 100; ++channels) {
        const auto channel = support::make_channel();
        const auto joined = s.alice.ask("/join " + channel);
        if (joined.contains("code")) code = std::to_string(number_of(joined, "code"));
        for (int i = 0; code != "263" && i < 1000; ++i) {
            const auto answer = s.alice.ask("/ban " + support::make_id() + " " + channel + " " + reason);
            if (answer.contains("code"))
                code = std::to_string(number_of(answer, "code"));
            else
                ++held;
        }
    }
    BOOST_TEST(code == "263");
    BOOST_TEST(held > 10000);
    s.expect_well("bans of 250 bytes until 24 MiB are used", before);
}

BOOST_AUTO_TEST_CASE(commands_that_wait_with_much_behind_them) {
    scene s({"--max-memory", "2MiB"});
    const auto channel = support::make_channel();
    BOOST_TEST(text_of(s.alice.ask("/join " + channel + " secret"), "type") == "joined");
    const auto before = s.memory();
    // Each guess waits longer than the one before it.
    std::string guesses;
    while (guesses.size() < 60000) guesses += whole(text, "/join " + channel + " " + std::string(200, 'w'));
    std::vector<std::unique_ptr<raw_client>> all;
    // When memory is short nobody comes in any more.
    for (int i = 0; i < 60; ++i) all.push_back(guest_at(s.server));
    for (const auto& each : all) each->send(guesses);
    const auto comes_to_be_short = [&s](bool wanted) {
        const auto deadline = std::chrono::steady_clock::now() + support::patience();
        bool is_short = !wanted;
        while (is_short != wanted && std::chrono::steady_clock::now() < deadline) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            const auto other = support::make_channel();
            const auto answer = s.alice.ask("/join " + other);
            is_short = answer.contains("code") && number_of(answer, "code") == 263;
            if (!is_short) s.alice.ask("/quit " + other);
        }
        return is_short == wanted;
    };
    BOOST_TEST(comes_to_be_short(true));
    // Who holds it for long is let go of.
    BOOST_TEST(comes_to_be_short(false));
    s.expect_well("60 peers with 60 kB of wrong guesses each, which have to wait", before);
}

BOOST_AUTO_TEST_CASE(connections_as_fast_as_they_go) {
    scene s({"--trusted-proxy", "127.0.0.1"});
    const auto before = s.memory();
    unsigned refused = 0;
    std::vector<std::unique_ptr<raw_client>> all;
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 500; ++i) {
        all.push_back(std::make_unique<raw_client>(s.server.port()));
        all.back()->send(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Forwarded-For: 192.0.2.66\r\n\r\n");
        if (all.back()->read_response(false).status == 429) ++refused;
    }
    // 50 a second, four times as many at once.
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    BOOST_TEST(500 - refused >= 200U);
    BOOST_TEST(500 - refused <= 200 + 50 * took.count() + 1);
    raw_client other(s.server.port());
    other.upgrade("/", "X-Forwarded-For: 192.0.2.67\r\n");
    s.expect_well("500 connections from one address at once (200 are let in)", before);
}

BOOST_AUTO_TEST_SUITE_END()
