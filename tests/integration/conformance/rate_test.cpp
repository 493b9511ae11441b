#include "integration/conformance/fixture.hpp"

using namespace conformance;

BOOST_AUTO_TEST_SUITE(rate)

BOOST_AUTO_TEST_CASE(too_fast_is_263_and_says_when_to_come_again) {
    fixture slow({"--rate", "1", "--burst", "5"});
    auto c = slow.stranger();
    c.describe();
    for (int i = 0; i < 4; ++i) c.ask("/ping");
    const auto refused = c.ask("/ping");
    BOOST_TEST(number_of(refused, "code") == 263);
    BOOST_TEST(text_of(refused, "name") == "RPL_TRYAGAIN");
    BOOST_TEST(text_of(refused, "command") == "ping");
    const auto wait = number_of(refused, "retryAfter");
    BOOST_TEST(wait >= 1);
    BOOST_TEST(wait <= 1001);
}

BOOST_AUTO_TEST_CASE(what_was_dropped_is_not_carried_out) {
    fixture slow({"--rate", "1", "--burst", "3"});
    auto alice = slow.stranger();
    alice.describe();
    auto bob = slow.stranger();
    bob.describe();
    const auto channel = make_channel();
    alice.ask("/ping");
    alice.ask("/ping");
    BOOST_TEST(number_of(alice.ask("/join " + channel), "code") == 263);
    BOOST_TEST(number_of(bob.ask("/whois " + channel), "code") == 403);
}

BOOST_AUTO_TEST_CASE(who_ignores_it_is_closed_with_4002) {
    fixture slow({"--rate", "1", "--burst", "5"});
    auto c = slow.stranger();
    c.describe();
    for (int i = 0; i < 300; ++i) c.send("/ping");
    for (;;) {
        const auto event = c.next();
        if (text_of(event, "type") != "bye") continue;
        BOOST_TEST(number_of(event, "code") == 4002);
        BOOST_TEST(flag_of(event, "reconnect"));
        BOOST_TEST(number_of(event, "retryAfter") > 0);
        break;
    }
}

BOOST_AUTO_TEST_CASE(the_default_is_600_at_once) {
    fixture usual;
    auto c = usual.stranger();
    c.describe();
    for (int i = 0; i < 599; ++i) c.send("/ping");
    for (int i = 0; i < 599; ++i) c.expect("pong");
}

BOOST_AUTO_TEST_CASE(broadcasts_have_a_rate_of_their_own) {
    fixture slow({"--broadcast-rate", "2"});
    auto alice = slow.peer("alice");
    auto bob = slow.peer("bob");
    for (int i = 0; i < 2; ++i) fixture::answered(alice, "/broadcast hello", "ack");
    const auto refused = alice.ask("/broadcast hello");
    BOOST_TEST(number_of(refused, "code") == 263);
    BOOST_TEST(number_of(refused, "retryAfter") > 0);
    BOOST_TEST(number_of(refused, "retryAfter") <= 30000);
    for (int i = 0; i < 2; ++i) bob.expect("broadcast");
    fixture::answered(alice, "/privmsg " + bob.id() + " hello", "ack");
    bob.expect("privmsg");
    fixture::answered(bob, "/broadcast hello", "ack");
}

BOOST_AUTO_TEST_SUITE_END()
