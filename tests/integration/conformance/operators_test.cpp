#include "integration/conformance/trio.hpp"

using namespace conformance;

namespace {

using ids = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(operators, trio)

BOOST_AUTO_TEST_CASE(the_creator_is_owner_and_operator) {
    const auto made = make_channel();
    const auto joined = answered(bob, "/join " + made, "joined", {{"created", true}, {"operator", true}});
    BOOST_TEST(text_of(joined, "owner") == bob.id());
    const auto second = answered(carol, "/join " + made, "joined", {{"created", false}, {"operator", false}});
    BOOST_TEST(text_of(second, "owner") == bob.id());
    BOOST_TEST(operators_of(carol, made) == ids{bob.id()}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(op_and_deop_are_seen_by_all) {
    for (const std::string verb : {"op", "deop"}) {
        const event seen{{"channel", channel}, {"peer", named(bob, "bob")}, {"by", named(alice, "alice")}};
        const auto reply = answered(alice, "/" + verb + " " + bob.id() + " " + channel, verb, seen);
        BOOST_TEST(support::fields_of(reply) == "by channel label peer type");
        BOOST_TEST(!bob.expect(verb, seen).contains("label"));
        BOOST_TEST(!carol.expect(verb, seen).contains("label"));
    }
    expect_silence(bob, {&alice, &carol});
}

BOOST_AUTO_TEST_CASE(only_operators_give_and_take_the_right) {
    auto outsider = peer("outsider");
    for (const std::string verb : {"op", "deop"}) {
        refused(bob, "/" + verb + " " + carol.id() + " " + channel, 482, {{"command", verb}, {"target", channel}});
        refused(bob, "/" + verb + " " + bob.id() + " " + channel, 482);
        refused(outsider, "/" + verb + " " + bob.id() + " " + channel, 442, {{"target", channel}});
        const auto nowhere = make_channel();
        refused(alice, "/" + verb + " " + bob.id() + " " + nowhere, 403, {{"target", nowhere}});
    }
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    bob.expect("op");
    answered(bob, "/op " + carol.id() + " " + channel, "op");
    carol.expect("op");
    carol.expect("op");
    answered(carol, "/deop " + bob.id() + " " + channel, "deop");
    bob.expect("deop");
    refused(bob, "/op " + bob.id() + " " + channel, 482);
}

BOOST_AUTO_TEST_CASE(the_other_has_to_be_in_the_channel) {
    auto outsider = peer("outsider");
    const auto nobody = make_id();
    for (const std::string verb : {"op", "deop"}) {
        refused(alice, "/" + verb + " " + outsider.id() + " " + channel, 441, {{"target", outsider.id()}});
        refused(alice, "/" + verb + " " + nobody + " " + channel, 401, {{"target", nobody}});
    }
    expect_silence(alice, {&bob, &carol});
}

BOOST_AUTO_TEST_CASE(the_owner_cannot_be_deopped) {
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    bob.expect("op");
    refused(bob, "/deop " + alice.id() + " " + channel, 482, {{"target", alice.id()}});
    refused(alice, "/deop " + alice.id() + " " + channel, 482, {{"target", alice.id()}});
    alice.drop();
    bob.expect("quit");
    refused(bob, "/deop " + alice.id() + " " + channel, 482, {{"target", alice.id()}});
}

BOOST_AUTO_TEST_CASE(what_changes_nothing_succeeds_and_others_see_nothing) {
    answered(alice, "/op " + alice.id() + " " + channel, "op", {{"peer", named(alice, "alice")}});
    answered(alice, "/deop " + bob.id() + " " + channel, "deop", {{"peer", named(bob, "bob")}});
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    bob.expect("op");
    carol.expect("op");
    expect_silence(alice, {&bob, &carol});
    // Also where the operator is not there: it has the right already.
    bob.ask("/quit " + channel);
    alice.expect("quit");
    carol.expect("quit");
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    expect_silence(alice, {&carol});
}

BOOST_AUTO_TEST_CASE(operators_keep_their_right_through_quit) {
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    bob.expect("op");
    carol.expect("op");
    answered(bob, "/quit " + channel, "quit");
    alice.expect("quit");
    carol.expect("quit");
    answered(bob, "/join " + channel, "joined", {{"operator", true}, {"created", false}});
    alice.expect("join");
    carol.expect("join");
    answered(alice, "/quit " + channel, "quit");
    bob.expect("quit");
    answered(alice, "/join " + channel, "joined", {{"operator", true}, {"owner", alice.id()}});
    bob.expect("join");
    expect_silence(alice, {&bob});
}

BOOST_AUTO_TEST_CASE(operators_keep_their_right_through_a_broken_connection) {
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    bob.drop();
    carol.expect("op");
    carol.expect("quit");
    auto again = stranger();
    const auto welcome = again.describe(bob.proof());
    BOOST_TEST(flag_of(welcome.at("channels").as_array().at(0).as_object(), "operator"));
    carol.expect("join");
    answered(again, "/kick " + carol.id() + " " + channel, "kick");
}

BOOST_AUTO_TEST_CASE(who_left_needs_the_token_again_operators_too) {
    trio closed({}, "sesame");
    answered(closed.alice, "/quit " + closed.channel, "quit");
    refused(closed.alice, "/join " + closed.channel, 475);
    answered(closed.alice, "/join " + closed.channel + " sesame", "joined", {{"operator", true}});
}

BOOST_AUTO_TEST_CASE(deop_takes_the_right_also_of_one_who_is_not_there) {
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    bob.expect("op");
    answered(bob, "/quit " + channel, "quit");
    alice.expect("quit");
    answered(alice, "/deop " + bob.id() + " " + channel, "deop", {{"peer", named(bob, "bob")}});
    carol.expect("op");
    carol.expect("quit");
    carol.expect("deop", {{"peer", named(bob, "bob")}});
    answered(bob, "/join " + channel, "joined", {{"operator", false}});
}

BOOST_AUTO_TEST_CASE(without_an_operator_the_one_who_has_been_in_longest_becomes_one) {
    // Bob is no longer the one who has been in longest.
    answered(bob, "/quit " + channel, "quit");
    answered(bob, "/join " + channel, "joined");
    alice.expect("quit");
    alice.expect("join");
    answered(alice, "/quit " + channel, "quit");
    const event succession{{"channel", channel}, {"peer", named(carol, "carol")}, {"by", nullptr}};
    for (client* const member : {&carol, &bob}) {
        while (id_in(member->skip_to("quit"), "peer") != alice.id()) {
        }
        member->expect("op", succession);
    }
    answered(carol, "/kick " + bob.id() + " " + channel, "kick");
    expect_silence_between(carol, alice);
}

BOOST_AUTO_TEST_CASE(succession_follows_a_broken_connection_too_and_is_for_good) {
    alice.drop();
    for (client* const member : {&bob, &carol}) {
        member->expect("quit", {{"peer", named(alice, "alice")}, {"reason", "connection lost"}});
        member->expect("op", {{"peer", named(bob, "bob")}, {"by", nullptr}});
    }
    auto again = stranger();
    again.describe(alice.proof());
    bob.expect("join");
    const auto found = operators_of(bob, channel);
    BOOST_TEST(found.size() == 2U);
    BOOST_TEST(flag_of(again.ask("/join " + channel), "operator"));
}

BOOST_AUTO_TEST_CASE(there_is_no_succession_while_an_operator_is_there) {
    answered(alice, "/op " + carol.id() + " " + channel, "op");
    carol.expect("op");
    bob.expect("op");
    answered(alice, "/quit " + channel, "quit");
    bob.expect("quit");
    carol.expect("quit");
    expect_silence(bob, {&carol});
}

BOOST_AUTO_TEST_CASE(succession_follows_an_operator_that_kicks_itself) {
    answered(alice, "/op " + carol.id() + " " + channel, "op");
    answered(alice, "/quit " + channel, "quit");
    carol.expect("op");
    carol.expect("quit");
    answered(carol, "/kick " + carol.id() + " " + channel, "kick");
    bob.expect("op");
    bob.expect("quit");
    bob.expect("kick", {{"peer", named(carol, "carol")}});
    bob.expect("op", {{"peer", named(bob, "bob")}, {"by", nullptr}});
    expect_silence_between(bob, carol);
}

BOOST_AUTO_TEST_CASE(who_deops_itself_is_passed_over_if_anybody_else_is_there) {
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    answered(alice, "/quit " + channel, "quit");
    bob.expect("op");
    bob.expect("quit");
    // Bob has been in longest, and does not want to.
    answered(bob, "/deop " + bob.id() + " " + channel, "deop", {{"by", named(bob, "bob")}});
    bob.expect("op", {{"peer", named(carol, "carol")}, {"by", nullptr}});
    carol.expect("op", {{"by", named(alice, "alice")}});
    carol.expect("quit");
    carol.expect("deop", {{"peer", named(bob, "bob")}});
    carol.expect("op", {{"peer", named(carol, "carol")}, {"by", nullptr}});
    // Now nobody else is there.
    answered(bob, "/quit " + channel, "quit");
    carol.expect("quit");
    answered(carol, "/deop " + carol.id() + " " + channel, "deop");
    carol.expect("op", {{"peer", named(carol, "carol")}, {"by", nullptr}});
    carol.expect_nothing();
    answered(carol, "/bans " + channel, "bans");
}

BOOST_AUTO_TEST_CASE(the_first_into_an_emptied_channel_is_operator_at_once) {
    answered(bob, "/quit " + channel, "quit");
    carol.expect("quit");
    alice.expect("quit");
    answered(carol, "/quit " + channel, "quit");
    alice.expect("quit");
    answered(alice, "/quit " + channel, "quit");
    BOOST_TEST(answered(carol, "/whois " + channel, "whois").at("channel").at("members").as_int64() == 0);
    answered(carol, "/join " + channel, "joined", {{"operator", true}, {"created", false}, {"owner", alice.id()}});
    expect_silence_between(bob, carol);
    answered(carol, "/bans " + channel, "bans");
    // The second is not.
    answered(bob, "/join " + channel, "joined", {{"operator", false}});
}

BOOST_AUTO_TEST_CASE(a_channel_left_out_is_the_only_one_of_which_one_is_operator) {
    const auto bobs = make_channel();
    join(bob, bobs);
    join(alice, bobs, {&bob});
    for (const std::string verb : {"op", "deop"}) {
        answered(alice, "/" + verb + " " + carol.id(), verb, {{"channel", channel}});
        bob.expect(verb, {{"channel", channel}});
        carol.expect(verb, {{"channel", channel}});
    }
    answered(bob, "/op " + alice.id() + " " + bobs, "op");
    alice.expect("op");
    const auto error = answered(alice, "/op " + carol.id(), "error", {{"code", 461}, {"command", "op"}});
    BOOST_TEST(text_of(error, "message").find(channel) != std::string::npos);
    BOOST_TEST(text_of(error, "message").find(bobs) != std::string::npos);
    answered(carol, "/deop " + alice.id(), "error", {{"code", 461}, {"command", "deop"}});
}

BOOST_AUTO_TEST_CASE(every_id_can_own_a_channel) {
    for (const auto& id : {std::string(23, '0') + "1", std::string(24, 'f')}) {
        auto owner = stranger();
        owner.describe("\"id\": \"" + id + "\"");
        const auto made = make_channel();
        answered(owner, "/join " + made + " sesame", "joined", {{"created", true}, {"owner", id}});
        refused(bob, "/join " + made + " mine", 475);
        answered(bob, "/join " + made + " sesame", "joined", {{"created", false}, {"owner", id}, {"operator", false}});
        owner.expect("join");
        answered(bob, "/quit " + made, "quit");
    }
}

BOOST_AUTO_TEST_CASE(replies_and_events_tell_rights_in_the_order_of_the_channel) {
    trio busy({"--rate", "0"});
    client* const rivals[]{&busy.alice, &busy.bob};
    answered(busy.alice, "/op " + busy.bob.id() + " " + busy.channel, "op");
    const auto about_carol = busy.carol.id() + " " + busy.channel;
    const auto told_until = [](client& who, const auto& is_last, std::string told) {
        for (;;) {
            const auto got = who.next();
            const auto type = text_of(got, "type");
            if (type == "op" || type == "deop") told = type;
            if (is_last(got)) return told;
        }
    };
    const auto is_pong = [](const event& got) { return text_of(got, "type") == "pong"; };
    const auto is_marker = [](const event& got) { return got.contains("content") && got.at("content") == "marker"; };
    for (int round = 0; round < 30; ++round) {
        for (int i = 0; i < 20; ++i) {
            busy.carol.send("/pubmsg " + busy.channel + " " + std::string(1000, 'x'));
            busy.alice.send("/op " + about_carol);
            busy.bob.send("/deop " + about_carol);
        }
        // Whatever was told last, in a reply or an event, is what holds.
        std::string told[2];
        for (int i : {0, 1}) {
            rivals[i]->send("/ping");
            told[i] = told_until(*rivals[i], is_pong, {});
        }
        busy.carol.send("/pubmsg " + busy.channel + " marker");
        for (int i : {0, 1}) told[i] = told_until(*rivals[i], is_marker, told[i]);
        const std::string truth = operators_of(busy.alice, busy.channel).size() == 3 ? "op" : "deop";
        BOOST_TEST(told[0] == truth);
        BOOST_TEST(told[1] == truth);
    }
}

BOOST_AUTO_TEST_SUITE_END()
