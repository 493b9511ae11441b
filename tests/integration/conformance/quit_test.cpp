#include "integration/conformance/trio.hpp"

using namespace conformance;

BOOST_FIXTURE_TEST_SUITE(quit, trio)

BOOST_AUTO_TEST_CASE(leaving_a_channel_is_answered_and_seen_by_all_others_once) {
    const event told{
        {"type", "quit"}, {"channel", channel}, {"peer", named(bob, "bob")}, {"reason", "see  you\n弹幕 "}};
    const auto reply = answered(bob, "/quit " + channel + " see  you\n弹幕 ", "quit", told);
    BOOST_TEST(support::fields_of(reply) == "channel label peer reason type");
    BOOST_TEST((alice.expect("quit") == told));
    BOOST_TEST((carol.expect("quit") == told));
    expect_silence(alice, {&carol});
    expect_silence(carol, {&alice});
    expect_silence_between(alice, bob);
    answered(alice, "/peers " + channel, "peers", {{"total", 2}});
}

BOOST_AUTO_TEST_CASE(a_reason_not_given_is_null) {
    answered(bob, "/quit " + channel, "quit", {{"channel", channel}, {"reason", nullptr}});
    alice.expect("quit", {{"channel", channel}, {"peer", named(bob, "bob")}, {"reason", nullptr}});
    carol.expect("quit");
    answered(carol, "/quit " + channel + " ", "quit", {{"channel", channel}, {"reason", nullptr}});
    alice.expect("quit", {{"channel", channel}, {"peer", named(carol, "carol")}, {"reason", nullptr}});
}

BOOST_AUTO_TEST_CASE(without_a_label_the_reply_has_none) {
    bob.send("/Quit " + channel);
    BOOST_TEST(!bob.expect("quit").contains("label"));
}

BOOST_AUTO_TEST_CASE(who_left_is_no_member_any_more) {
    bob.ask("/quit " + channel);
    refused(bob, "/quit " + channel, 442, {{"command", "quit"}, {"target", channel}});
    refused(bob, "/pubmsg " + channel + " x", 442, {{"command", "pubmsg"}, {"target", channel}});
    refused(bob, "/history " + channel, 442, {{"command", "history"}, {"target", channel}});
    refused(bob, "/invite " + alice.id() + " " + channel, 442, {{"command", "invite"}, {"target", channel}});
    answered(bob, "/join " + channel, "joined", {{"created", false}, {"members", 3}});
}

BOOST_AUTO_TEST_CASE(nothing_of_the_channel_comes_after_the_reply) {
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 10; ++i) alice.send("/pubmsg " + channel + " x");
        bob.send("/quit " + channel);
        for (int i = 0; i < 10; ++i) alice.send("/pubmsg " + channel + " x");
        while (text_of(bob.next(), "type") != "quit") {
        }
        // All that alice has said is with carol, so it would be with bob, too.
        for (int heard = 0; heard < 20;) heard += text_of(carol.next(), "type") == "pubmsg" ? 1 : 0;
        alice.expect("quit");
        expect_silence_between(alice, bob);
        bob.ask("/join " + channel);
        alice.expect("join");
        carol.skip_to("join");
    }
}

BOOST_AUTO_TEST_CASE(what_was_said_before_comes_before_the_reply) {
    for (int round = 0; round < 20; ++round) {
        const auto said = number_of(alice.ask("/pubmsg " + channel + " last words"), "seq");
        bob.send("/quit " + channel);
        BOOST_TEST(number_of(bob.expect("pubmsg"), "seq") == said);
        bob.expect("quit", {{"channel", channel}});
        alice.expect("quit");
        bob.ask("/join " + channel);
        alice.expect("join");
    }
}

BOOST_AUTO_TEST_CASE(a_channel_one_is_not_in_is_442_and_none_is_403) {
    auto other = peer("other");
    refused(other, "/quit " + channel + " bye", 442,
            {{"name", "ERR_NOTONCHANNEL"}, {"command", "quit"}, {"target", channel}});
    const auto nowhere = make_channel();
    refused(bob, "/quit " + nowhere, 403, {{"name", "ERR_NOSUCHCHANNEL"}, {"command", "quit"}, {"target", nowhere}});
    expect_silence(alice, {&bob, &carol});
}

BOOST_AUTO_TEST_CASE(what_is_no_channel_id_does_not_end_the_session) {
    for (const std::string wrong : {"goodbye", "#", "#1", "goodbye all", "{}"}) {
        refused(bob, "/quit " + wrong, 476, {{"command", "quit"}, {"target", wrong.substr(0, wrong.find(' '))}});
    }
    refused(bob, "/quit  " + channel, 476, {{"command", "quit"}});
    expect_silence(alice, {&bob, &carol});
}

BOOST_AUTO_TEST_CASE(a_reason_has_256_bytes_at_most) {
    refused(bob, "/quit " + channel + " " + std::string(257, 'r'), 417, {{"command", "quit"}});
    expect_silence(alice, {&bob, &carol});
    const std::string longest(256, 'r');
    answered(bob, "/quit " + channel + " " + longest, "quit", {{"reason", longest}});
    alice.expect("quit", {{"reason", longest}});
}

BOOST_AUTO_TEST_CASE(without_a_channel_all_are_left_and_the_session_ends_with_1000) {
    const auto second = make_channel();
    conformance::join(alice, second);
    conformance::join(bob, second, {&alice});
    const auto reply =
        answered(bob, "/quit", "quit", {{"channel", nullptr}, {"peer", named(bob, "bob")}, {"reason", nullptr}});
    BOOST_TEST(support::fields_of(reply) == "channel label peer reason type");
    // No `bye`.
    bob.expect_close(1000);
    std::vector<std::string> left;
    for (int i = 0; i < 2; ++i) {
        const auto told = alice.expect("quit", {{"peer", named(bob, "bob")}, {"reason", nullptr}});
        left.push_back(text_of(told, "channel"));
    }
    BOOST_TEST((left == std::vector{channel, second} || left == std::vector{second, channel}));
    carol.expect("quit", {{"channel", channel}});
    expect_silence(alice, {&carol});
    refused(alice, "/whois " + bob.id(), 401);
    answered(alice, "/whois " + second, "whois");
}

BOOST_AUTO_TEST_CASE(an_empty_channel_is_one_left_out) {
    bob.send("/quit ");
    bob.expect("quit", {{"channel", nullptr}});
    bob.expect_close(1000);
}

BOOST_AUTO_TEST_CASE(nothing_sent_after_quit_is_carried_out) {
    const auto late = make_channel();
    bob.send("/quit");
    bob.send("/join " + late);
    bob.send("/pubmsg " + channel + " ghost");
    bob.send("/privmsg " + alice.id() + " ghost");
    bob.expect("quit", {{"channel", nullptr}});
    bob.expect_close(1000);
    alice.expect("quit");
    carol.expect("quit");
    expect_silence(alice, {&carol});
    expect_silence(carol, {&alice});
    refused(alice, "/whois " + late, 403);
}

BOOST_AUTO_TEST_CASE(a_resumable_session_ends_at_once_too) {
    auto dave = peer("dave", "\"resume\": true");
    conformance::join(dave, channel, {&alice, &bob, &carol});
    dave.send("/quit");
    dave.expect("quit", {{"channel", nullptr}});
    dave.expect_close(1000);
    alice.expect("quit", {{"peer", named(dave, "dave")}, {"reason", nullptr}});
    refused(alice, "/privmsg " + dave.id() + " there?", 401);
}

BOOST_AUTO_TEST_CASE(after_quit_a_session_is_resumed_without_channels) {
    bob.send("/quit");
    bob.expect("quit");
    bob.expect_close(1000);
    alice.expect("quit");
    auto again = stranger();
    const auto welcome = again.describe(bob.proof());
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(text_of(welcome, "name") == "bob");
    BOOST_TEST(welcome.at("channels").as_array().empty());
    expect_silence(carol, {&alice});
    conformance::join(again, channel, {&alice});
}

BOOST_AUTO_TEST_CASE(who_leaves_as_last_operator_is_succeeded_by_the_longest_member) {
    answered(alice, "/quit " + channel, "quit");
    const event succession{{"type", "op"}, {"channel", channel}, {"peer", named(bob, "bob")}, {"by", nullptr}};
    for (client* const member : {&bob, &carol}) {
        member->expect("quit", {{"peer", named(alice, "alice")}});
        BOOST_TEST((member->expect("op") == succession));
    }
    expect_silence_between(bob, alice);
}

BOOST_AUTO_TEST_CASE(a_connection_that_ends_without_quit_leaves_with_what_ended_it) {
    bob.drop();
    for (client* const other : {&alice, &carol}) {
        other->expect("quit", {{"channel", channel}, {"peer", named(bob, "bob")}, {"reason", "connection lost"}});
    }
    carol.close();
    alice.expect("quit", {{"channel", channel}, {"peer", named(carol, "carol")}, {"reason", "connection closed"}});
    refused(alice, "/whois " + bob.id(), 401);
}

BOOST_AUTO_TEST_SUITE_END()
