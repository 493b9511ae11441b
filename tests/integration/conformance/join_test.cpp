#include "integration/conformance/trio.hpp"

using namespace conformance;

BOOST_FIXTURE_TEST_SUITE(join, fixture)

BOOST_AUTO_TEST_CASE(the_first_into_a_channel_creates_it_and_is_owner_and_operator) {
    auto alice = peer("alice");
    const auto channel = make_channel();
    const auto joined = answered(alice, "/join " + channel, "joined",
                                 {{"channel", channel},
                                  {"created", true},
                                  {"owner", alice.id()},
                                  {"operator", true},
                                  {"members", 1},
                                  {"seq", 0}});
    BOOST_TEST(support::fields_of(joined) == "channel created label members operator owner seq type");
    const auto made = answered(alice, "/whois " + channel, "whois").at("channel").as_object();
    BOOST_TEST(support::fields_of(made) == "createdAt id members operators owner protected updatedAt");
    support::require(made, {{"id", channel}, {"owner", alice.id()}, {"members", 1}, {"protected", false}});
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(who_comes_later_is_a_plain_member_and_all_others_are_told_once) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    auto carol = peer("carol");
    const auto channel = make_channel();
    conformance::join(alice, channel);
    conformance::join(bob, channel, {&alice});
    alice.ask("/pubmsg " + channel + " one");
    bob.expect("pubmsg");
    answered(carol, "/join " + channel, "joined",
             {{"channel", channel},
              {"created", false},
              {"owner", alice.id()},
              {"operator", false},
              {"members", 3},
              {"seq", 1}});
    const event told{{"type", "join"}, {"channel", channel}, {"peer", named(carol, "carol")}};
    BOOST_TEST((alice.expect("join") == told));
    BOOST_TEST((bob.expect("join") == told));
    // What was said before is not for carol.
    alice.send("/pubmsg " + channel + " two");
    bob.expect("pubmsg", {{"seq", 2}});
    carol.expect("pubmsg", {{"seq", 2}});
    expect_silence_between(bob, carol);
}

BOOST_AUTO_TEST_CASE(without_a_label_the_reply_has_none) {
    auto alice = peer("alice");
    alice.send("/JOIN " + make_channel());
    BOOST_TEST(!alice.expect("joined").contains("label"));
}

BOOST_AUTO_TEST_CASE(a_channel_is_the_same_in_either_case_and_is_sent_in_lower_case) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const std::string lower = "#507f1f77bcf86cd799439abc";
    answered(alice, "/join #507F1F77BCF86CD799439ABC", "joined", {{"channel", lower}, {"created", true}});
    answered(bob, "/join #507F1f77bCf86cd799439aBc", "joined", {{"channel", lower}, {"created", false}});
    alice.expect("join", {{"channel", lower}});
}

BOOST_AUTO_TEST_CASE(joining_again_is_answered_and_nobody_sees_it) {
    trio three;
    answered(three.bob, "/join " + three.channel, "joined",
             {{"channel", three.channel},
              {"created", false},
              {"owner", three.alice.id()},
              {"operator", false},
              {"members", 3},
              {"seq", 0}});
    answered(three.alice, "/join " + three.channel, "joined", {{"created", false}, {"operator", true}, {"members", 3}});
    three.expect_silence(three.alice, {&three.bob, &three.carol});
    three.expect_silence(three.bob, {&three.alice, &three.carol});
    // And what is said comes once, as before.
    expect_silence_between(three.alice, three.bob);
}

BOOST_AUTO_TEST_CASE(the_creators_token_becomes_the_key) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    conformance::join(alice, channel, {}, "sesame");
    for (const std::string wrong : {"", " ", " Sesame", " sesam", " sesame ", "  sesame", " sesame\n"}) {
        const auto error =
            answered(bob, "/join " + channel + wrong, "error",
                     {{"code", 475}, {"name", "ERR_BADCHANNELKEY"}, {"command", "join"}, {"target", channel}});
        BOOST_TEST(text_of(error, "message").find("sesame") == std::string::npos);
    }
    // Nobody was told of the attempts.
    conformance::join(bob, channel, {&alice}, "sesame");
    answered(bob, "/whois " + channel, "whois");
}

BOOST_AUTO_TEST_CASE(a_token_is_kept_byte_for_byte) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    const std::string token = " two  words\n\"弹幕\"\\ ";
    conformance::join(alice, channel, {}, token);
    refused(bob, "/join " + channel + " two  words\n\"弹幕\"\\ ", 475);
    conformance::join(bob, channel, {&alice}, token);
}

BOOST_AUTO_TEST_CASE(a_member_that_joins_again_needs_no_token_and_does_not_change_it) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    conformance::join(alice, channel, {}, "sesame");
    answered(alice, "/join " + channel, "joined", {{"created", false}});
    answered(alice, "/join " + channel + " another", "joined", {{"created", false}});
    refused(bob, "/join " + channel + " another", 475);
    conformance::join(bob, channel, {&alice}, "sesame");
}

BOOST_AUTO_TEST_CASE(a_token_for_an_open_channel_is_ignored) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    auto carol = peer("carol");
    const auto channel = make_channel();
    conformance::join(alice, channel);
    conformance::join(bob, channel, {&alice}, "anything");
    answered(bob, "/whois " + channel, "whois");
    conformance::join(carol, channel, {&alice, &bob});
}

BOOST_AUTO_TEST_CASE(who_left_needs_the_token_again_operators_too) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    conformance::join(alice, channel, {}, "sesame");
    conformance::join(bob, channel, {&alice}, "sesame");
    alice.ask("/quit " + channel);
    bob.expect("quit");
    bob.expect("op");
    refused(alice, "/join " + channel, 475);
    const auto back = conformance::join(alice, channel, {&bob}, "sesame");
    BOOST_TEST(flag_of(back, "operator"));
    BOOST_TEST(text_of(back, "owner") == alice.id());
}

BOOST_AUTO_TEST_CASE(the_first_into_an_emptied_channel_is_operator_at_once_without_an_event) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    auto carol = peer("carol");
    const auto channel = make_channel();
    conformance::join(alice, channel);
    alice.ask("/quit " + channel);
    answered(bob, "/join " + channel, "joined",
             {{"created", false}, {"owner", alice.id()}, {"operator", true}, {"members", 1}});
    // Bob has the rights at once, and heard nothing beside `joined`.
    answered(bob, "/bans " + channel, "bans");
    conformance::join(carol, channel, {&bob});
    expect_silence_between(carol, bob);
}

BOOST_AUTO_TEST_CASE(a_banned_peer_finds_an_emptied_channel_as_it_was) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    conformance::join(alice, channel);
    alice.ask("/ban " + bob.id() + " " + channel);
    bob.expect("ban");
    alice.ask("/quit " + channel);
    refused(bob, "/join " + channel, 474, {{"name", "ERR_BANNEDFROMCHAN"}, {"command", "join"}, {"target", channel}});
}

BOOST_AUTO_TEST_CASE(what_is_no_channel_id_is_476) {
    auto alice = peer("alice");
    const std::string id = make_id();
    for (const std::string& wrong :
         {id, std::string("#"), "#" + id.substr(1), "#" + id + "0", "##" + id.substr(1), "#" + id.substr(1) + "g",
          "#" + id.substr(1) + "\n", std::string("#é"), std::string("chat")}) {
        refused(alice, "/join " + wrong, 476, {{"name", "ERR_BADCHANMASK"}, {"command", "join"}, {"target", wrong}});
    }
    for (const char* none : {"/join", "/join ", "/join  "}) {
        refused(alice, none, 461, {{"name", "ERR_NEEDMOREPARAMS"}, {"command", "join"}, {"target", nullptr}});
    }
    refused(alice, "/whois #" + id, 403);
}

BOOST_AUTO_TEST_CASE(over_the_channels_one_may_join_is_405_with_the_limit) {
    fixture few({"--max-channels", "2"});
    auto alice = few.peer("alice");
    const auto first = make_channel();
    conformance::join(alice, first);
    conformance::join(alice, make_channel());
    const auto third = make_channel();
    const auto error =
        answered(alice, "/join " + third, "error",
                 {{"code", 405}, {"name", "ERR_TOOMANYCHANNELS"}, {"command", "join"}, {"target", third}});
    BOOST_TEST(text_of(error, "message").find("2") != std::string::npos);
    refused(alice, "/whois " + third, 403);
    // One more of those it is in is no more, and who leaves one has room again.
    answered(alice, "/join " + first, "joined", {{"created", false}});
    alice.ask("/quit " + first);
    answered(alice, "/join " + third, "joined", {{"created", true}});
}

BOOST_AUTO_TEST_CASE(over_the_members_of_a_channel_is_471_with_the_limit) {
    fixture small({"--max-members", "2"});
    auto alice = small.peer("alice");
    auto bob = small.peer("bob");
    auto carol = small.peer("carol");
    const auto channel = make_channel();
    conformance::join(alice, channel);
    conformance::join(bob, channel, {&alice});
    const auto error =
        answered(carol, "/join " + channel, "error",
                 {{"code", 471}, {"name", "ERR_CHANNELISFULL"}, {"command", "join"}, {"target", channel}});
    BOOST_TEST(text_of(error, "message").find("2") != std::string::npos);
    answered(bob, "/join " + channel, "joined", {{"members", 2}});
    bob.ask("/quit " + channel);
    alice.expect("quit");
    conformance::join(carol, channel, {&alice});
}

BOOST_AUTO_TEST_CASE(an_invited_peer_needs_no_token_once_but_room) {
    fixture small({"--max-members", "2"});
    auto alice = small.peer("alice");
    auto bob = small.peer("bob");
    const auto channel = make_channel();
    conformance::join(alice, channel, {}, "sesame");
    alice.ask("/invite " + bob.id() + " " + channel);
    bob.expect("invite", {{"channel", channel}, {"from", named(alice, "alice")}});
    auto carol = small.peer("carol");
    conformance::join(carol, channel, {&alice}, "sesame");
    refused(bob, "/join " + channel, 471);
    carol.ask("/quit " + channel);
    alice.expect("quit");
    // Being refused did not use the invitation up.
    conformance::join(bob, channel, {&alice});
    bob.ask("/quit " + channel);
    alice.expect("quit");
    refused(bob, "/join " + channel, 475);
}

BOOST_AUTO_TEST_CASE(refusals_are_checked_in_the_order_476_405_474_475_471) {
    fixture tight({"--max-members", "1", "--max-channels", "1", "--rate", "0"});
    auto alice = tight.peer("alice");
    auto bob = tight.peer("bob");
    const auto channel = make_channel();
    const auto own = make_channel();
    conformance::join(alice, channel, {}, "sesame");
    answered(alice, "/ban " + bob.id() + " " + channel, "ban");
    bob.expect("ban");
    conformance::join(bob, own);
    refused(bob, "/join nonsense wrong", 476);
    refused(bob, "/join " + channel + " wrong", 405);
    bob.ask("/quit " + own);
    refused(bob, "/join " + channel + " wrong", 474);
    answered(alice, "/unban " + bob.id() + " " + channel, "unban");
    refused(bob, "/join " + channel + " wrong", 475);
    refused(bob, "/join " + channel + " sesame", 471);
    // Form comes before all of them.
    refused(bob, "/join " + channel + " " + std::string(257, 't'), 417);
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(joined_comes_before_anything_of_the_channel) {
    trio three;
    for (int round = 0; round < 20; ++round) {
        auto dave = three.peer("dave");
        for (int i = 0; i < 5; ++i) three.alice.send("/pubmsg " + three.channel + " before or after");
        dave.send("/join " + three.channel);
        for (int i = 0; i < 5; ++i) three.bob.send("/pubmsg " + three.channel + " before or after");
        const auto joined = dave.expect("joined");
        // From the next one on, without a gap.
        auto seq = number_of(joined, "seq");
        for (const auto last = 10 * (round + 1); seq < last;) {
            BOOST_REQUIRE(number_of(dave.expect("pubmsg"), "seq") == ++seq);
        }
        dave.ask("/quit " + three.channel);
    }
}

BOOST_AUTO_TEST_SUITE_END()
