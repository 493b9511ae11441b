#include "integration/conformance/trio.hpp"

using namespace conformance;

BOOST_FIXTURE_TEST_SUITE(kick_ban, trio)

BOOST_AUTO_TEST_CASE(a_kick_is_seen_by_all_and_ends_the_membership) {
    const event kick{{"channel", channel},
                     {"peer", named(bob, "bob")},
                     {"by", named(alice, "alice")},
                     {"reason", "mind your tongue"}};
    const auto reply = answered(alice, "/kick " + bob.id() + " " + channel + " mind your tongue", "kick", kick);
    BOOST_TEST(support::fields_of(reply) == "by channel label peer reason type");
    BOOST_TEST(!bob.expect("kick", kick).contains("label"));
    BOOST_TEST(!carol.expect("kick", kick).contains("label"));
    // Once for each, and nothing of the channel for bob any more.
    expect_silence(alice, {&carol});
    expect_silence_between(alice, bob);
    refused(bob, "/pubmsg " + channel + " still here?", 442, {{"command", "pubmsg"}, {"target", channel}});
    answered(alice, "/peers " + channel, "peers", {{"total", 2}});
    // A kick does not keep anybody out.
    join(bob, channel, {&alice, &carol});
}

BOOST_AUTO_TEST_CASE(a_reason_not_given_is_null) {
    answered(alice, "/kick " + bob.id() + " " + channel, "kick", {{"reason", nullptr}});
    bob.expect("kick", {{"reason", nullptr}});
    answered(alice, "/ban " + carol.id() + " " + channel + " ", "ban", {{"reason", nullptr}});
    carol.expect("kick");
    carol.expect("ban", {{"reason", nullptr}});
}

BOOST_AUTO_TEST_CASE(a_reason_is_kept_byte_for_byte_up_to_256_bytes) {
    const std::string longest = "  a \"b\"\n" + std::string(248, 'r');
    answered(alice, "/kick " + bob.id() + " " + channel + " " + longest, "kick", {{"reason", longest}});
    bob.expect("kick", {{"reason", longest}});
    refused(alice, "/kick " + carol.id() + " " + channel + " " + longest + "r", 417, {{"command", "kick"}});
    refused(alice, "/ban " + carol.id() + " " + channel + " " + longest + "r", 417, {{"command", "ban"}});
    carol.expect("kick", {{"reason", longest}});
    expect_silence(alice, {&carol});
}

BOOST_AUTO_TEST_CASE(nothing_of_the_channel_comes_after_the_kick) {
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 10; ++i) carol.send("/pubmsg " + channel + " " + std::to_string(i));
        alice.send("/kick " + bob.id() + " " + channel);
        for (int i = 0; i < 10; ++i) carol.send("/pubmsg " + channel + " " + std::to_string(i));
        while (text_of(bob.next(), "type") != "kick") {
        }
        // All that carol has said is with alice, so it would be with bob, too.
        for (int heard = 0; heard < 20;) heard += text_of(alice.next(), "type") == "pubmsg" ? 1 : 0;
        carol.expect("kick");
        expect_silence_between(carol, bob);
        expect_silence_between(alice, bob);
        BOOST_TEST(text_of(bob.ask("/join " + channel), "type") == "joined");
        alice.skip_to("join");
        carol.expect("join");
    }
}

BOOST_AUTO_TEST_CASE(only_operators_kick_and_ban) {
    for (const std::string verb : {"kick", "ban", "unban"}) {
        refused(bob, "/" + verb + " " + carol.id() + " " + channel, 482, {{"command", verb}, {"target", channel}});
    }
    refused(bob, "/bans " + channel, 482, {{"command", "bans"}, {"target", channel}});
    auto stranger = peer("stranger");
    for (const std::string& command :
         {"/kick " + bob.id() + " ", "/ban " + bob.id() + " ", "/unban " + bob.id() + " ", std::string("/bans ")}) {
        refused(stranger, command + channel, 442, {{"target", channel}});
        const auto nowhere = make_channel();
        refused(alice, command + nowhere, 403, {{"target", nowhere}});
    }
    // An operator who has left is no member.
    alice.ask("/quit " + channel);
    refused(alice, "/kick " + bob.id() + " " + channel, 442);
}

BOOST_AUTO_TEST_CASE(the_owner_is_neither_kicked_nor_banned) {
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    bob.expect("op");
    for (const std::string verb : {"kick", "ban"}) {
        refused(bob, "/" + verb + " " + alice.id() + " " + channel, 482, {{"target", alice.id()}});
        refused(alice, "/" + verb + " " + alice.id() + " " + channel, 482, {{"target", alice.id()}});
    }
    // Not even when it is not there, and before 401.
    alice.drop();
    bob.expect("quit");
    refused(bob, "/kick " + alice.id() + " " + channel, 482);
    refused(bob, "/ban " + alice.id() + " " + channel, 482);
}

BOOST_AUTO_TEST_CASE(who_is_not_there_cannot_be_kicked) {
    auto other = peer("other");
    refused(alice, "/kick " + other.id() + " " + channel, 441, {{"target", other.id()}});
    const auto nobody = make_id();
    refused(alice, "/kick " + nobody + " " + channel, 401, {{"target", nobody}});
    expect_silence(alice, {&bob, &carol});
}

BOOST_AUTO_TEST_CASE(operators_may_kick_each_other_and_themselves_and_lose_their_right) {
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    answered(alice, "/op " + carol.id() + " " + channel, "op");
    bob.expect("op");
    bob.expect("op");
    answered(bob, "/kick " + carol.id() + " " + channel, "kick");
    answered(bob, "/kick " + bob.id() + " " + channel, "kick", {{"peer", named(bob, "bob")}});
    alice.expect("kick", {{"peer", named(carol, "carol")}});
    alice.expect("kick", {{"peer", named(bob, "bob")}});
    // Who kicks itself has the reply, and no event beside it.
    expect_silence_between(alice, bob);
    BOOST_TEST(operators_of(alice, channel) == std::vector{alice.id()}, boost::test_tools::per_element());
    BOOST_TEST(!flag_of(bob.ask("/join " + channel), "operator"));
}

BOOST_AUTO_TEST_CASE(a_peer_within_its_resume_window_learns_of_its_kick_when_it_is_back) {
    auto dave = peer("dave", "\"resume\": true");
    join(dave, channel, {&alice, &bob, &carol});
    dave.drop();
    while (flag_of(alice.ask("/whois " + dave.id()).at("peer").as_object(), "connected")) {
    }
    answered(alice, "/kick " + dave.id() + " " + channel + " asleep", "kick");
    bob.expect("kick");
    bob.send("/pubmsg " + channel + " gone");
    alice.expect("pubmsg");
    auto again = stranger();
    const auto welcome = again.describe(dave.proof() + ", \"seen\": 1");
    BOOST_TEST(number_of(welcome, "missed") == 1);
    BOOST_TEST(welcome.at("channels").as_array().empty());
    again.expect("kick", {{"channel", channel}, {"reason", "asleep"}});
    again.expect_nothing();
}

BOOST_AUTO_TEST_CASE(a_ban_removes_and_keeps_out) {
    const event ban{
        {"channel", channel}, {"peer", named(bob, "bob")}, {"by", named(alice, "alice")}, {"reason", "enough"}};
    const auto reply = answered(alice, "/ban " + bob.id() + " " + channel + " enough", "ban", ban);
    BOOST_TEST(support::fields_of(reply) == "by channel label peer reason type");
    bob.expect("ban", ban);
    carol.expect("ban", ban);
    expect_silence(alice, {&carol});
    expect_silence_between(alice, bob);
    refused(bob, "/join " + channel, 474, {{"command", "join"}, {"target", channel}});
    answered(alice, "/unban " + bob.id() + " " + channel, "unban", {{"channel", channel}, {"peer", named(bob, "bob")}});
    expect_silence(alice, {&carol});
    expect_silence_between(alice, bob);
    join(bob, channel, {&alice, &carol});
}

BOOST_AUTO_TEST_CASE(who_is_not_in_the_channel_can_be_banned_and_is_told) {
    auto other = peer("other");
    const event ban{{"channel", channel}, {"peer", named(other, "other")}};
    answered(alice, "/ban " + other.id() + " " + channel, "ban", ban);
    other.expect("ban", ban);
    bob.expect("ban", ban);
    refused(other, "/join " + channel, 474);
}

BOOST_AUTO_TEST_CASE(who_is_not_online_can_be_banned_and_unbanned) {
    const auto nobody = make_id();
    const event ban{{"channel", channel}, {"peer", {{"id", nobody}, {"name", nobody}}}};
    answered(alice, "/ban " + nobody + " " + channel, "ban", ban);
    bob.expect("ban", ban);
    auto dave = stranger();
    dave.describe("\"id\": \"" + nobody + "\"");
    refused(dave, "/join " + channel, 474);
    answered(alice, "/unban " + nobody + " " + channel, "unban");
    join(dave, channel, {&alice, &bob});
}

BOOST_AUTO_TEST_CASE(banning_twice_and_unbanning_nobody_succeed_and_nobody_sees_it) {
    answered(alice, "/ban " + bob.id() + " " + channel + " first", "ban");
    bob.expect("ban");
    carol.expect("ban");
    answered(alice, "/ban " + bob.id() + " " + channel + " second", "ban", {{"peer", named(bob, "bob")}});
    answered(alice, "/unban " + carol.id() + " " + channel, "unban", {{"peer", named(carol, "carol")}});
    answered(alice, "/unban " + make_id() + " " + channel, "unban");
    expect_silence(alice, {&carol});
    expect_silence_between(alice, bob);
    const auto bans = answered(alice, "/bans " + channel, "bans").at("bans").as_array();
    BOOST_REQUIRE(bans.size() == 1U);
    BOOST_TEST(text_of(bans[0].as_object(), "reason") == "first");
}

BOOST_AUTO_TEST_CASE(bans_are_listed_in_the_channel_with_who_when_and_why) {
    BOOST_TEST(answered(alice, "/bans " + channel, "bans", {{"channel", channel}}).at("bans").as_array().empty());
    answered(alice, "/ban " + bob.id() + " " + channel + " why not", "ban");
    answered(alice, "/ban " + make_id() + " " + channel, "ban");
    const auto bans = answered(alice, "/bans " + channel, "bans", {{"channel", channel}}).at("bans").as_array();
    BOOST_REQUIRE(bans.size() == 2U);
    bool found = false;
    for (const auto& entry : bans) {
        const auto& ban = entry.as_object();
        BOOST_TEST(support::fields_of(ban) == "by id reason time");
        BOOST_TEST((ban.at("by") == named(alice, "alice")));
        BOOST_TEST(number_of(ban, "time") > 1600000000000);
        if (text_of(ban, "id") != bob.id()) {
            BOOST_TEST(ban.at("reason").is_null());
            continue;
        }
        found = true;
        BOOST_TEST(text_of(ban, "reason") == "why not");
    }
    BOOST_TEST(found);
}

BOOST_AUTO_TEST_CASE(a_ban_takes_the_operator_right_also_of_one_who_is_away) {
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    bob.expect("op");
    bob.ask("/quit " + channel);
    alice.expect("quit");
    BOOST_TEST(operators_of(alice, channel).size() == 2U);
    answered(alice, "/ban " + bob.id() + " " + channel, "ban");
    BOOST_TEST(operators_of(alice, channel) == std::vector{alice.id()}, boost::test_tools::per_element());
    answered(alice, "/unban " + bob.id() + " " + channel, "unban");
    bob.expect("ban");
    BOOST_TEST(!flag_of(bob.ask("/join " + channel), "operator"));
}

BOOST_AUTO_TEST_CASE(a_ban_withdraws_an_invitation) {
    trio closed({}, "sesame");
    auto dave = closed.peer("dave");
    answered(closed.bob, "/invite " + dave.id() + " " + closed.channel, "inviting");
    dave.expect("invite");
    answered(closed.alice, "/ban " + dave.id() + " " + closed.channel, "ban");
    dave.expect("ban");
    answered(closed.alice, "/unban " + dave.id() + " " + closed.channel, "unban");
    refused(dave, "/join " + closed.channel, 475);
}

BOOST_AUTO_TEST_CASE(a_channel_left_out_is_the_only_one_of_which_one_is_operator) {
    const auto bobs = make_channel();
    join(bob, bobs);
    join(alice, bobs, {&bob});
    // Alice is in two, operator of one.
    answered(alice, "/kick " + bob.id(), "kick", {{"channel", channel}, {"reason", nullptr}});
    bob.expect("kick");
    answered(alice, "/ban " + bob.id(), "ban", {{"channel", channel}});
    bob.expect("ban");
    answered(alice, "/unban " + bob.id(), "unban", {{"channel", channel}});
}

BOOST_AUTO_TEST_CASE(none_or_more_than_one_is_461_with_the_candidates) {
    for (const std::string verb : {"kick", "ban", "unban"}) {
        const auto error = answered(bob, "/" + verb + " " + carol.id(), "error", {{"code", 461}, {"command", verb}});
        BOOST_TEST(text_of(error, "message").find(channel) == std::string::npos);
        BOOST_TEST(text_of(error, "message").find("none") != std::string::npos);
    }
    const auto second = make_channel();
    const auto not_hers = make_channel();
    join(alice, second);
    join(bob, not_hers);
    join(alice, not_hers, {&bob});
    for (const std::string verb : {"kick", "ban", "unban"}) {
        const auto error = answered(alice, "/" + verb + " " + bob.id(), "error", {{"code", 461}, {"command", verb}});
        const auto message = text_of(error, "message");
        BOOST_TEST(message.find(channel) != std::string::npos);
        BOOST_TEST(message.find(second) != std::string::npos);
        BOOST_TEST(message.find(not_hers) == std::string::npos);
    }
    expect_silence(alice, {&bob, &carol});
}

BOOST_AUTO_TEST_CASE(a_reason_needs_the_channel_before_it) {
    refused(alice, "/kick " + bob.id() + " spam", 476, {{"command", "kick"}, {"target", "spam"}});
    refused(alice, "/ban " + bob.id() + " spam", 476, {{"command", "ban"}, {"target", "spam"}});
    expect_silence(alice, {&bob});
}

BOOST_AUTO_TEST_CASE(bans_are_limited_and_the_refusal_says_how_many) {
    trio few({"--max-bans", "2"});
    for (int i = 0; i < 2; ++i) answered(few.alice, "/ban " + make_id() + " " + few.channel, "ban");
    const auto error = answered(few.alice, "/ban " + few.bob.id() + " " + few.channel, "error", {{"code", 400}});
    BOOST_TEST(text_of(error, "message").find("2") != std::string::npos);
    for (int i = 0; i < 2; ++i) few.bob.expect("ban");
    few.expect_silence(few.alice, {&few.bob});
}

BOOST_AUTO_TEST_CASE(a_thousand_bans_of_the_longest_reasons_come_in_one_answer) {
    trio quick({"--rate", "0"});
    const std::string reason(256, '\x01');
    for (int i = 0; i < 1000; ++i)
        answered(quick.alice, "/ban " + make_id() + " " + quick.channel + " " + reason, "ban");
    refused(quick.alice, "/ban " + make_id() + " " + quick.channel, 400);
    const auto bans = answered(quick.alice, "/bans " + quick.channel, "bans").at("bans").as_array();
    BOOST_TEST(bans.size() == 1000U);
    BOOST_TEST(text_of(bans.back().as_object(), "reason") == reason);
    quick.alice.expect_nothing();
}

BOOST_AUTO_TEST_SUITE_END()
