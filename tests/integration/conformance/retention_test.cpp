#include "integration/conformance/fixture.hpp"

using namespace conformance;

BOOST_FIXTURE_TEST_SUITE(retention, fixture)

BOOST_AUTO_TEST_CASE(an_id_is_remembered_after_its_connection) {
    auto bob = peer("bob");
    bob.close();
    auto thief = stranger();
    thief.send("/descp {\"id\": \"" + bob.id() + "\"}");
    thief.expect_error(433);
    auto again = stranger();
    BOOST_TEST(flag_of(again.describe(bob.proof()), "resumed"));
}

BOOST_AUTO_TEST_CASE(an_id_is_remembered_after_quit_too) {
    auto bob = peer("bob");
    bob.send("/quit");
    bob.expect("quit");
    bob.expect_close(1000);
    auto thief = stranger();
    thief.send("/descp {\"id\": \"" + bob.id() + "\"}");
    thief.expect_error(433);
}

BOOST_AUTO_TEST_CASE(after_the_retention_time_an_id_is_free) {
    fixture quick({"--retention", "50ms", "--rate", "0"});
    auto bob = quick.peer("bob");
    bob.close();
    auto next = quick.stranger();
    for (;;) {
        next.send("/descp {\"id\": \"" + bob.id() + "\"}");
        const auto answer = next.next();
        if (text_of(answer, "type") == "welcome") break;
        BOOST_REQUIRE(number_of(answer, "code") == 433);
    }
}

BOOST_AUTO_TEST_CASE(an_owner_is_remembered_as_long_as_its_channel) {
    fixture quick({"--retention", "50ms", "--rate", "0"});
    auto alice = quick.peer("alice");
    auto bob = quick.peer("bob");
    const auto channel = make_channel();
    join(bob, channel);
    join(alice, channel, {&bob});
    bob.close();
    alice.expect("quit");
    alice.expect("op");
    // Another one is forgotten in the meantime: so much time has passed.
    auto other = quick.peer("other");
    other.close();
    auto probe = quick.stranger();
    for (;;) {
        probe.send("/descp {\"id\": \"" + other.id() + "\"}");
        if (text_of(probe.next(), "type") == "welcome") break;
    }
    auto thief = quick.stranger();
    thief.send("/descp {\"id\": \"" + bob.id() + "\"}");
    thief.expect_error(433);
    auto again = quick.stranger();
    BOOST_TEST(flag_of(again.describe(bob.proof()), "resumed"));
    const auto joined = join(again, channel, {&alice});
    BOOST_TEST(flag_of(joined, "operator"));
    BOOST_TEST(text_of(joined, "owner") == bob.id());
}

BOOST_AUTO_TEST_CASE(a_peer_that_did_not_ask_to_resume_leaves_at_once_and_can_take_its_place_back) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    join(bob, channel, {}, "sesame");
    join(alice, channel, {&bob}, "sesame");
    bob.drop();
    BOOST_TEST(text_of(alice.expect("quit"), "reason") == "connection lost");
    BOOST_TEST(alice.expect("op").at("by").is_null());
    auto again = stranger();
    const auto welcome = again.describe(bob.proof());
    // No token, although the channel has one.
    const auto taken_back = welcome.at("channels").as_array().at(0).as_object();
    BOOST_TEST(text_of(taken_back, "channel") == channel);
    BOOST_TEST(flag_of(taken_back, "operator"));
    BOOST_TEST(id_in(alice.expect("join"), "peer") == bob.id());
}

BOOST_AUTO_TEST_CASE(who_was_banned_meanwhile_does_not_come_back_in) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    bob.drop();
    alice.expect("quit");
    alice.ask("/ban " + bob.id() + " " + channel);
    auto again = stranger();
    BOOST_TEST(again.describe(bob.proof()).at("channels").as_array().empty());
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(an_emptied_channel_stays_as_it_was_for_the_retention_time) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    join(alice, channel, {}, "sesame");
    alice.ask("/pubmsg " + channel + " hello");
    alice.ask("/quit " + channel);
    BOOST_TEST(number_of(bob.ask("/join " + channel), "code") == 475);
    const auto joined = join(bob, channel, {}, "sesame");
    BOOST_TEST(!flag_of(joined, "created"));
    BOOST_TEST(number_of(joined, "seq") == 1);
    BOOST_TEST(text_of(joined, "owner") == alice.id());
    // The first into an emptied channel is operator at once, without an event.
    BOOST_TEST(flag_of(joined, "operator"));
    bob.expect_nothing();
    BOOST_TEST(bob.ask("/history " + channel).at("messages").as_array().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_channel_ends_after_the_retention_time) {
    fixture quick({"--retention", "50ms", "--rate", "0"});
    auto alice = quick.peer("alice");
    const auto channel = make_channel();
    join(alice, channel, {}, "sesame");
    alice.ask("/quit " + channel);
    while (text_of(alice.ask("/whois " + channel), "type") == "whois") {
    }
    const auto joined = join(alice, channel);
    BOOST_TEST(flag_of(joined, "created"));
    BOOST_TEST(number_of(joined, "seq") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
