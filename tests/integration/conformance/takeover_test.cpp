#include "integration/conformance/fixture.hpp"

using namespace conformance;

BOOST_FIXTURE_TEST_SUITE(takeover, fixture)

BOOST_AUTO_TEST_CASE(the_newer_connection_wins_and_others_see_nothing) {
    auto alice = peer("alice");
    auto bob = peer("bob", "\"mood\": \"good\"");
    const auto channel = make_channel();
    join(bob, channel);
    join(alice, channel, {&bob});
    bob.ask("/away lunch");
    alice.expect("away");
    auto again = stranger();
    const auto welcome = again.describe(bob.proof());
    BOOST_TEST(flag_of(welcome, "resumed"));
    const auto taken_back = welcome.at("channels").as_array().at(0).as_object();
    BOOST_TEST(text_of(taken_back, "channel") == channel);
    BOOST_TEST(flag_of(taken_back, "operator"));
    BOOST_TEST(number_of(taken_back, "members") == 2);
    const auto bye = bob.expect_close(4501);
    BOOST_TEST(!flag_of(bye, "reconnect"));
    alice.expect_nothing();
    alice.send("/pubmsg " + channel + " still here?");
    again.expect("pubmsg");
    const auto who = alice.ask("/whois " + bob.id()).at("peer").as_object();
    BOOST_TEST(text_of(who, "away") == "lunch");
    BOOST_TEST(text_of(who, "mood") == "good");
}

BOOST_AUTO_TEST_CASE(a_session_without_its_id_gives_the_id_back) {
    auto bob = peer("bob");
    auto again = stranger();
    const auto welcome = again.describe("\"session\": \"" + bob.session() + "\"");
    BOOST_TEST(again.id() == bob.id());
    BOOST_TEST(flag_of(welcome, "resumed"));
    bob.expect_close(4501);
}

BOOST_AUTO_TEST_CASE(a_resumable_session_taken_over_misses_nothing) {
    auto alice = peer("alice");
    auto bob = peer("bob", "\"resume\": true");
    alice.send("/privmsg " + bob.id() + " 1");
    alice.send("/privmsg " + bob.id() + " 2");
    alice.expect_nothing();
    auto again = stranger();
    BOOST_TEST(number_of(again.describe(bob.proof() + ", \"seen\": 1"), "missed") == 1);
    BOOST_TEST(text_of(again.expect("privmsg"), "content") == "2");
    again.expect_nothing();
}

BOOST_AUTO_TEST_CASE(what_the_old_connection_says_afterwards_is_not_carried_out) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    auto again = stranger();
    again.describe(bob.proof());
    bob.send("/privmsg " + alice.id() + " too late");
    bob.expect_close(4501);
    alice.expect_nothing();
    again.expect_nothing();
}

BOOST_AUTO_TEST_SUITE_END()
