#include "integration/conformance/trio.hpp"

#include <algorithm>

using namespace conformance;

BOOST_FIXTURE_TEST_SUITE(away, trio)

BOOST_AUTO_TEST_CASE(away_with_a_message_is_answered_and_seen_by_co_members) {
    const event seen{{"peer", named(bob, "bob")}, {"away", true}, {"message", "at lunch"}};
    const auto reply = answered(bob, "/away at lunch", "away", seen);
    BOOST_TEST(support::fields_of(reply) == "away label message peer type");
    for (client* const other : {&alice, &carol}) BOOST_TEST(!other->expect("away", seen).contains("label"));
    expect_silence(alice, {&bob, &carol});
}

BOOST_AUTO_TEST_CASE(away_alone_toggles) {
    answered(bob, "/away", "away", {{"away", true}, {"message", nullptr}});
    alice.expect("away", {{"away", true}, {"message", nullptr}});
    answered(bob, "/away", "away", {{"away", false}, {"message", nullptr}});
    alice.expect("away", {{"away", false}, {"message", nullptr}});
    answered(bob, "/away", "away", {{"away", true}, {"message", nullptr}});
    alice.expect("away", {{"away", true}});
    // It also ends one that had a message.
    answered(bob, "/away later", "away");
    answered(bob, "/away", "away", {{"away", false}, {"message", nullptr}});
}

BOOST_AUTO_TEST_CASE(a_message_replaces_the_one_before) {
    answered(bob, "/away one", "away");
    answered(bob, "/away two", "away", {{"away", true}, {"message", "two"}});
    alice.expect("away", {{"message", "one"}});
    alice.expect("away", {{"message", "two"}});
    BOOST_TEST((answered(alice, "/whois " + bob.id(), "whois").at("peer").at("away") == "two"));
    // What changes nothing is not seen by others.
    answered(bob, "/away two", "away", {{"away", true}, {"message", "two"}});
    expect_silence(bob, {&alice});
}

BOOST_AUTO_TEST_CASE(a_message_is_kept_byte_for_byte_up_to_256_bytes) {
    const std::string longest = "  two\nlines 弹" + std::string(241, 'x');
    BOOST_REQUIRE(longest.size() == 256U);
    answered(bob, "/away " + longest, "away", {{"message", longest}});
    alice.expect("away", {{"message", longest}});
    refused(bob, "/away " + longest + "x", 417, {{"command", "away"}});
    expect_silence(bob, {&alice});
    answered(alice, "/whois " + bob.id(), "whois");
}

BOOST_AUTO_TEST_CASE(co_members_of_several_channels_see_it_once) {
    std::vector<std::string> more;
    for (int i = 0; i < 5; ++i) {
        more.push_back(make_channel());
        join(bob, more.back());
        join(alice, more.back(), {&bob});
    }
    auto dave = peer("dave");
    join(dave, more.back(), {&bob, &alice});
    answered(bob, "/away", "away", {{"away", true}});
    for (client* const other : {&alice, &carol, &dave}) other->expect("away", {{"peer", named(bob, "bob")}});
    for (const auto& shared : more) {
        bob.send("/pubmsg " + shared + " silence");
        alice.expect("pubmsg", {{"channel", shared}});
    }
    expect_silence(bob, {&carol});
    dave.expect("pubmsg");
}

BOOST_AUTO_TEST_CASE(who_shares_no_channel_does_not_see_it) {
    auto dave = peer("dave");
    answered(bob, "/away", "away");
    alice.expect("away");
    expect_silence_between(bob, dave);
    answered(dave, "/away alone", "away", {{"peer", named(dave, "dave")}});
}

BOOST_AUTO_TEST_CASE(a_private_message_to_one_who_is_away_is_delivered_and_answered) {
    const event state{{"peer", named(bob, "bob")}, {"away", true}, {"message", "at lunch"}};
    answered(bob, "/away at lunch", "away");
    for (client* const other : {&alice, &carol}) other->expect("away");
    alice.send("/privmsg " + bob.id() + " hungry?");
    bob.expect("privmsg", {{"content", "hungry?"}});
    BOOST_TEST(!alice.expect("away", state).contains("label"));
    // The label belongs to the `ack` alone.
    answered(alice, "/privmsg " + bob.id() + " hello?", "ack", {{"command", "privmsg"}, {"queued", false}});
    BOOST_TEST(!alice.expect("away", state).contains("label"));
    bob.expect("privmsg", {{"content", "hello?"}});
    alice.expect_nothing();
    answered(bob, "/away", "away", {{"away", false}});
    for (client* const other : {&alice, &carol}) other->expect("away", {{"away", false}});
    answered(alice, "/privmsg " + bob.id() + " welcome back", "ack");
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(one_who_is_away_can_still_do_everything) {
    answered(bob, "/away", "away");
    bob.send("/pubmsg " + channel + " still here");
    for (client* const other : {&alice, &carol}) {
        other->expect("away");
        other->expect("pubmsg");
    }
    answered(bob, "/whois " + bob.id(), "whois");
    BOOST_TEST((bob.ask("/whois " + bob.id()).at("peer").at("away") == ""));
}

BOOST_AUTO_TEST_CASE(peers_and_whois_show_it) {
    BOOST_TEST(answered(alice, "/whois " + bob.id(), "whois").at("peer").at("away").is_null());
    answered(bob, "/away", "away");
    alice.expect("away");
    BOOST_TEST((answered(alice, "/whois " + bob.id(), "whois").at("peer").at("away") == ""));
    const auto listed = answered(alice, "/peers " + channel, "peers").at("peers").as_array();
    for (const auto& entry : listed) {
        const auto& member = entry.as_object();
        BOOST_TEST(flag_of(member, "away") == (text_of(member, "id") == bob.id()));
    }
}

BOOST_AUTO_TEST_CASE(the_away_state_comes_back_with_the_session) {
    answered(bob, "/away at lunch", "away");
    alice.expect("away");
    bob.drop();
    alice.expect("quit");
    auto again = stranger();
    again.describe(bob.proof());
    alice.expect("join");
    BOOST_TEST((answered(alice, "/whois " + bob.id(), "whois").at("peer").at("away") == "at lunch"));
    const auto listed = answered(alice, "/peers " + channel, "peers").at("peers").as_array();
    BOOST_TEST(std::count_if(listed.begin(), listed.end(),
                             [](const auto& entry) { return flag_of(entry.as_object(), "away"); }) == 1);
    answered(again, "/away", "away", {{"away", false}});
}

BOOST_AUTO_TEST_CASE(a_new_member_is_seen_as_away) {
    auto dave = peer("dave");
    answered(dave, "/away", "away");
    join(dave, channel, {&alice, &bob, &carol});
    const auto listed = answered(alice, "/peers " + channel, "peers").at("peers").as_array();
    for (const auto& entry : listed) {
        const auto& member = entry.as_object();
        BOOST_TEST(flag_of(member, "away") == (text_of(member, "id") == dave.id()));
    }
}

BOOST_AUTO_TEST_SUITE_END()
