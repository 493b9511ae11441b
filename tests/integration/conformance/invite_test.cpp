#include "integration/conformance/trio.hpp"

using namespace conformance;

namespace {

/// The channel has a token; dave is outside.
struct closed_channel : trio {
    client dave = peer("dave");

    explicit closed_channel(std::vector<std::string> options = {}) : trio(std::move(options), "sesame") {}

    void invite_dave(client& by) {
        answered(by, "/invite " + dave.id() + " " + channel, "inviting", {{"peer", named(dave, "dave")}});
        dave.expect("invite", {{"channel", channel}});
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(invite, closed_channel)

BOOST_AUTO_TEST_CASE(any_member_invites_and_only_the_invited_peer_sees_it) {
    const auto reply = answered(bob, "/invite " + dave.id() + " " + channel, "inviting",
                                {{"channel", channel}, {"peer", named(dave, "dave")}});
    BOOST_TEST(support::fields_of(reply) == "channel label peer type");
    const auto seen = dave.expect("invite", {{"channel", channel}, {"from", named(bob, "bob")}});
    BOOST_TEST(support::fields_of(seen) == "channel from type");
    expect_silence(bob, {&alice, &carol});
}

BOOST_AUTO_TEST_CASE(an_invitation_lets_in_without_the_token_once) {
    refused(dave, "/join " + channel, 475);
    invite_dave(bob);
    answered(dave, "/join " + channel, "joined", {{"created", false}, {"operator", false}, {"members", 4}});
    answered(dave, "/quit " + channel, "quit");
    refused(dave, "/join " + channel, 475);
}

BOOST_AUTO_TEST_CASE(an_invitation_lets_in_with_a_wrong_token_too) {
    invite_dave(bob);
    answered(dave, "/join " + channel + " wrong", "joined");
}

BOOST_AUTO_TEST_CASE(any_join_uses_up_an_invitation) {
    invite_dave(bob);
    answered(dave, "/join " + channel + " sesame", "joined");
    answered(dave, "/quit " + channel, "quit");
    refused(dave, "/join " + channel, 475);
}

BOOST_AUTO_TEST_CASE(inviting_twice_lets_in_once) {
    invite_dave(bob);
    invite_dave(alice);
    answered(dave, "/join " + channel, "joined");
    answered(dave, "/quit " + channel, "quit");
    refused(dave, "/join " + channel, 475);
}

BOOST_AUTO_TEST_CASE(an_invitation_is_for_one_peer_and_one_channel) {
    invite_dave(bob);
    auto erin = peer("erin");
    refused(erin, "/join " + channel, 475);
    const auto other = make_channel();
    join(alice, other, {}, "sesame");
    refused(dave, "/join " + other, 475);
}

BOOST_AUTO_TEST_CASE(an_invitation_is_kept_through_a_new_connection) {
    invite_dave(bob);
    dave.drop();
    auto again = stranger();
    while (text_of(bob.ask("/whois " + dave.id()), "type") == "whois") {
    }
    again.describe(dave.proof());
    answered(again, "/join " + channel, "joined");
}

BOOST_AUTO_TEST_CASE(an_invitation_is_kept_while_the_channel_is_empty) {
    invite_dave(bob);
    for (client* const member : {&alice, &bob, &carol}) {
        member->send("/quit " + channel);
        while (id_in(member->skip_to("quit"), "peer") != member->id()) {
        }
    }
    answered(dave, "/join " + channel, "joined", {{"created", false}, {"operator", true}});
}

BOOST_AUTO_TEST_CASE(an_invitation_does_not_help_past_a_ban) {
    answered(alice, "/ban " + dave.id() + " " + channel, "ban");
    dave.expect("ban");
    invite_dave(alice);
    refused(dave, "/join " + channel, 474);
    answered(alice, "/unban " + dave.id() + " " + channel, "unban");
    refused(dave, "/join " + channel, 475);
}

BOOST_AUTO_TEST_CASE(an_invitation_does_not_help_into_a_full_channel_and_is_kept) {
    closed_channel full({"--max-members", "3"});
    full.invite_dave(full.bob);
    refused(full.dave, "/join " + full.channel, 471, {{"target", full.channel}});
    answered(full.carol, "/quit " + full.channel, "quit");
    answered(full.dave, "/join " + full.channel, "joined");
}

BOOST_AUTO_TEST_CASE(the_oldest_invitation_gives_way_where_there_are_too_many) {
    closed_channel few({"--max-invitations", "1"});
    auto erin = few.peer("erin");
    few.invite_dave(few.bob);
    answered(few.bob, "/invite " + erin.id() + " " + few.channel, "inviting");
    refused(few.dave, "/join " + few.channel, 475);
    erin.expect("invite");
    answered(erin, "/join " + few.channel, "joined");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_refused_in_order) {
    const auto nobody = make_id();
    const auto nowhere = make_channel();
    refused(bob, "/invite", 461, {{"command", "invite"}, {"target", nullptr}});
    refused(bob, "/invite bob", 461, {{"target", "bob"}});
    refused(bob, "/invite " + dave.id() + " nonsense", 476, {{"target", "nonsense"}});
    refused(bob, "/invite " + nobody + " " + nowhere, 403, {{"target", nowhere}});
    refused(dave, "/invite " + nobody + " " + channel, 442, {{"target", channel}});
    refused(bob, "/invite " + nobody + " " + channel, 401, {{"target", nobody}});
    refused(bob, "/invite " + carol.id() + " " + channel, 443, {{"target", carol.id()}});
    refused(bob, "/invite " + bob.id() + " " + channel, 443, {{"target", bob.id()}});
    expect_silence(bob, {&alice, &carol});
    expect_silence_between(bob, dave);
}

BOOST_AUTO_TEST_CASE(a_channel_left_out_is_the_only_one_of_which_one_is_a_member) {
    answered(bob, "/invite " + dave.id(), "inviting", {{"channel", channel}});
    dave.expect("invite", {{"channel", channel}});
    const auto none = answered(dave, "/invite " + bob.id(), "error", {{"code", 461}, {"command", "invite"}});
    BOOST_TEST(text_of(none, "message").find("none") != std::string::npos);
    const auto second = make_channel();
    join(bob, second);
    const auto error = answered(bob, "/invite " + dave.id(), "error", {{"code", 461}});
    BOOST_TEST(text_of(error, "message").find(channel) != std::string::npos);
    BOOST_TEST(text_of(error, "message").find(second) != std::string::npos);
    expect_silence_between(bob, dave);
}

BOOST_AUTO_TEST_CASE(a_peer_within_its_resume_window_is_invited_and_learns_it_when_it_is_back) {
    auto erin = peer("erin", "\"resume\": true");
    erin.drop();
    while (flag_of(alice.ask("/whois " + erin.id()).at("peer").as_object(), "connected")) {
    }
    answered(bob, "/invite " + erin.id() + " " + channel, "inviting");
    auto again = stranger();
    BOOST_TEST(number_of(again.describe(erin.proof() + ", \"seen\": 0"), "missed") == 1);
    again.expect("invite", {{"channel", channel}});
    answered(again, "/join " + channel, "joined");
}

BOOST_AUTO_TEST_SUITE_END()
