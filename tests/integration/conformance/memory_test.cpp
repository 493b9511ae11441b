#include "integration/conformance/fixture.hpp"
#include "support/http_get.hpp"

#include <chrono>
#include <string>
#include <thread>

using namespace conformance;

namespace {

/// Each shard looks for itself, ten times a second.
void refused_by_and_by(client& who) {
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    auto answer = who.ask("/join " + make_channel());
    while (!answer.contains("code") && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        answer = who.ask("/join " + make_channel());
    }
    BOOST_TEST(number_of(answer, "code") == 263);
}

}  // namespace

/// `--max-memory` (README, Security): what happens when the server holds more than it may.
BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(
    a_reader_that_holds_too_much_in_the_server_is_told_lost_before_its_channel_has_reached_its_own_limit) {
    // Who does not read does not answer heartbeats either, and a machine may be slow.
    fixture f({"--max-memory", "2MiB", "--channel-log", "32MiB", "--rate", "0", "--resume-bytes", "64KiB",
               "--heartbeat", "15m"});
    auto alice = f.peer("alice");
    auto bob = f.peer("bob");
    client::options narrow;
    narrow.receive_buffer_bytes = 4096;
    client slow(f.server.port(), narrow);
    slow.describe();
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    join(slow, channel, {&alice, &bob});
    // 26 MB: more than a kernel takes off the server's hands, and less than the channel alone may hold.
    const std::string large(64 * 1024 - 200, 'x');
    std::int64_t said = 0;
    for (; said < 400; ++said) {
        fixture::answered(alice, "/pubmsg " + channel + " " + large, "ack", {{"seq", said + 1}});
        bob.expect("pubmsg", {{"seq", said + 1}});
    }
    std::int64_t last = 0;
    std::int64_t lost = 0;
    while (last < said) {
        const auto got = slow.next();
        const bool gap = text_of(got, "type") == "lost";
        BOOST_REQUIRE(number_of(got, gap ? "from" : "seq") == last + 1);
        last = number_of(got, gap ? "to" : "seq");
        if (gap) lost += number_of(got, "to") - number_of(got, "from") + 1;
    }
    BOOST_TEST(lost > 0);
}

BOOST_AUTO_TEST_CASE(a_reader_that_waits_for_many_channels_that_are_over_keeps_nobody_out) {
    fixture f(
        {"--max-memory", "4MiB", "--retention", "200ms", "--rate", "0", "--byte-rate", "0", "--heartbeat", "15m"});
    auto alice = f.peer("alice");
    client::options narrow;
    narrow.receive_buffer_bytes = 4096;
    client slow(f.server.port(), narrow);
    slow.describe();
    // Many times as much as the kernel takes off the server's hands, and as the server may hold; in messages so small
    // that the rest of one does not make the reader too slow.
    constexpr int channels = 40;
    constexpr std::int64_t said = 50;
    const std::string large(20000, 'x');
    for (int i = 0; i < channels; ++i) {
        const auto channel = make_channel();
        ask_until(alice, "/join " + channel, "joined");
        slow.send("/join " + channel);
        alice.expect("join");
        for (std::int64_t seq = 1; seq <= said; ++seq)
            fixture::answered(alice, "/pubmsg " + channel + " " + large, "ack", {{"seq", seq}});
        slow.send("/quit " + channel);
        alice.expect("quit");
        fixture::answered(alice, "/quit " + channel, "quit");
    }
    std::int64_t lost = 0;
    for (int i = 0; i < channels; ++i) {
        slow.expect("joined");
        for (std::int64_t last = 0; last < said;) {
            const auto got = slow.next();
            const bool gap = text_of(got, "type") == "lost";
            BOOST_REQUIRE(number_of(got, gap ? "from" : "seq") == last + 1);
            last = number_of(got, gap ? "to" : "seq");
            if (gap) ++lost;
        }
        slow.expect("quit");
    }
    BOOST_TEST(lost > 0);
}

BOOST_AUTO_TEST_CASE(a_full_server_goes_on_but_lets_nobody_in_and_makes_no_channel) {
    fixture f({"--max-memory", "64KiB", "--max-bans", "100000", "--rate", "0", "--admin-address", "127.0.0.1:0"});
    auto alice = f.peer("alice");
    auto bob = f.peer("bob");
    auto carol = f.peer("carol");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    // It looks ten times a second: some 300 bans would be enough.
    event refused;
    const auto strict = make_channel();
    join(alice, strict);
    const std::string reason(200, 'r');
    for (int bans = 0; !refused.contains("code") && bans < 50000; ++bans)
        refused = alice.ask("/ban " + make_id() + " " + strict + " " + reason);
    BOOST_TEST(number_of(refused, "code") == 263);
    BOOST_TEST(number_of(refused, "retryAfter") > 0);
    BOOST_TEST(text_of(refused, "target") == strict);
    // On every shard, that is.
    for (int i = 0; i < 100; ++i) refused_by_and_by(bob);
    BOOST_TEST(support::http_status(f.server.port(), "/") == 503);
    // It is well, and who looks after it can see what it holds.
    BOOST_TEST(support::http_status(f.server.port(), "/healthz") == 200);
    BOOST_TEST(support::http_status(f.server.admin_port(), "/metrics") == 200);
    fixture::refused(bob, "/invite " + bob.id() + " " + channel, 443);
    fixture::refused(bob, "/ban " + make_id() + " " + channel, 482);
    fixture::refused(bob, "/invite " + carol.id() + " " + channel, 263);
    fixture::answered(carol, "/join " + channel, "joined");
    bob.expect("join");
    fixture::answered(bob, "/pubmsg " + channel + " still here", "ack");
    alice.skip_to("pubmsg");
    fixture::answered(bob, "/join " + channel, "joined");
}

BOOST_AUTO_TEST_SUITE_END()
