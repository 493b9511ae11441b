#include "integration/conformance/fixture.hpp"

using namespace conformance;

namespace {

/// Comes back with the session of `before`, having seen `seen` events.
event come_back(client& now, const client& before, std::int64_t seen) {
    return now.describe(before.proof() + ", \"seen\": " + std::to_string(seen));
}

const std::string resumable = "\"resume\": true";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(resume, fixture)

BOOST_AUTO_TEST_CASE(what_was_missed_follows_the_welcome_in_order_and_once) {
    auto alice = peer("alice");
    auto bob = peer("bob", resumable);
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    alice.send("/pubmsg " + channel + " seen");
    bob.expect("pubmsg");
    bob.drop();
    // Two events were seen: joined and the public message.
    alice.send("/pubmsg " + channel + " one");
    // Until the server has noticed the break the message may still be sent into the void; both ways it is kept.
    while (!flag_of(alice.ask("/privmsg " + bob.id() + " between"), "queued")) {
    }
    alice.send("/pubmsg " + channel + " two");
    alice.expect_nothing();
    auto again = stranger();
    const auto welcome = come_back(again, bob, 2);
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(!flag_of(welcome, "lost"));
    BOOST_TEST(text_of(welcome, "name") == "bob");
    BOOST_TEST(welcome.at("channels").as_array().size() == 1U);
    const auto missed = number_of(welcome, "missed");
    BOOST_TEST(missed >= 3);
    BOOST_TEST(text_of(again.expect("pubmsg"), "content") == "one");
    for (std::int64_t i = 0; i < missed - 2; ++i) BOOST_TEST(text_of(again.expect("privmsg"), "content") == "between");
    BOOST_TEST(text_of(again.expect("pubmsg"), "content") == "two");
    again.expect_nothing();
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(events_that_were_sent_but_not_seen_come_again) {
    auto alice = peer("alice");
    auto bob = peer("bob", resumable);
    for (int i = 1; i <= 5; ++i) alice.send("/privmsg " + bob.id() + " " + std::to_string(i));
    for (int i = 1; i <= 5; ++i) bob.expect("privmsg");
    bob.drop();
    auto again = stranger();
    BOOST_TEST(number_of(come_back(again, bob, 3), "missed") == 2);
    BOOST_TEST(text_of(again.expect("privmsg"), "content") == "4");
    BOOST_TEST(text_of(again.expect("privmsg"), "content") == "5");
    again.expect_nothing();
}

BOOST_AUTO_TEST_CASE(what_a_channel_said_before_one_left_it_is_kept_too) {
    auto alice = peer("alice");
    auto bob = peer("bob", resumable);
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    alice.send("/pubmsg " + channel + " one");
    bob.expect("pubmsg");
    bob.ask("/quit " + channel);
    alice.expect("quit");
    // Nobody in the channel needs what it said any more.
    for (int i = 0; i < 3; ++i) alice.ask("/pubmsg " + channel + " two");
    bob.drop();
    auto again = stranger();
    const auto welcome = come_back(again, bob, 1);
    BOOST_TEST(!flag_of(welcome, "lost"));
    BOOST_TEST(number_of(welcome, "missed") == 2);
    BOOST_TEST(text_of(again.expect("pubmsg"), "content") == "one");
    again.expect("quit");
    again.expect_nothing();
}

BOOST_AUTO_TEST_CASE(left_out_seen_means_as_last_confirmed) {
    auto alice = peer("alice");
    auto bob = peer("bob", resumable);
    for (int i = 1; i <= 5; ++i) alice.send("/privmsg " + bob.id() + " " + std::to_string(i));
    for (int i = 1; i <= 5; ++i) bob.expect("privmsg");
    bob.send("/ack 4");
    bob.send("/ack 2");
    bob.expect_nothing();
    bob.drop();
    auto again = stranger();
    BOOST_TEST(number_of(again.describe(bob.proof()), "missed") == 1);
    BOOST_TEST(text_of(again.expect("privmsg"), "content") == "5");
    again.expect_nothing();
}

BOOST_AUTO_TEST_CASE(counting_goes_on_over_several_breaks) {
    auto alice = peer("alice");
    auto bob = peer("bob", resumable);
    alice.send("/privmsg " + bob.id() + " 1");
    bob.expect("privmsg");
    bob.drop();
    auto second = stranger();
    BOOST_TEST(number_of(come_back(second, bob, 0), "missed") == 1);
    second.expect("privmsg");
    alice.send("/privmsg " + bob.id() + " 2");
    second.expect("privmsg");
    second.drop();
    auto third = stranger();
    BOOST_TEST(number_of(come_back(third, bob, 2), "missed") == 0);
    third.send("/ack 2");
    third.expect_nothing();
    third.send("/ack 3");
    third.expect_error(461);
}

BOOST_AUTO_TEST_CASE(pong_does_not_count_but_errors_and_replies_do) {
    auto bob = peer("bob", resumable);
    bob.ask("/ping");
    bob.ask("/nonsense");
    bob.ask("/ice");
    bob.send("/ack 3");
    bob.expect_error(461);
    // That error was the third.
    bob.send("/ack 3");
    bob.expect_nothing();
}

BOOST_AUTO_TEST_CASE(ack_is_ignored_where_nothing_is_resumable_but_must_be_a_number) {
    auto alice = peer("alice");
    alice.send("/ack 1000");
    alice.expect_nothing();
    alice.send("/ack many");
    alice.expect_error(461);
}

BOOST_AUTO_TEST_CASE(others_see_no_quit_within_the_window_and_one_after_it) {
    fixture quick({"--resume-window", "300ms"});
    auto alice = quick.peer("alice");
    auto bob = quick.peer("bob", resumable);
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    bob.drop();
    const auto quit = alice.expect("quit");
    BOOST_TEST(text_of(quit, "reason") == "connection lost");
    BOOST_TEST(id_in(quit, "peer") == bob.id());
    alice.send("/privmsg " + bob.id() + " are you there");
    alice.expect_error(401);
    auto again = quick.stranger();
    const auto welcome = again.describe(bob.proof());
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(id_in(alice.expect("join"), "peer") == bob.id());
}

BOOST_AUTO_TEST_CASE(who_comes_back_after_the_window_is_told_lost_and_stays_resumable) {
    fixture quick({"--resume-window", "300ms"});
    auto alice = quick.peer("alice");
    auto bob = quick.peer("bob", resumable);
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    bob.drop();
    alice.expect("quit");
    auto again = quick.stranger();
    // Also one that had seen nothing yet: what there was is gone.
    const auto welcome = come_back(again, bob, 0);
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(flag_of(welcome, "lost"));
    BOOST_TEST(number_of(welcome, "missed") == 0);
    alice.expect("join");
    alice.send("/privmsg " + bob.id() + " first");
    again.expect("privmsg");
    again.send("/ack 2");
    again.expect_error(461);
    again.close();
    BOOST_TEST(flag_of(alice.ask("/privmsg " + bob.id() + " third"), "queued"));
    auto third = quick.stranger();
    BOOST_TEST(number_of(come_back(third, bob, 2), "missed") == 1);
    BOOST_TEST(text_of(third.expect("privmsg"), "content") == "third");
}

BOOST_AUTO_TEST_CASE(an_absent_peer_is_online_and_a_member_but_misses_broadcasts) {
    auto alice = peer("alice");
    auto bob = peer("bob", resumable);
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    bob.drop();
    while (flag_of(alice.ask("/whois " + bob.id()).at("peer").as_object(), "connected")) {
    }
    BOOST_TEST(number_of(alice.ask("/peers " + channel), "total") == 2);
    alice.ask("/broadcast nobody hears this");
    alice.expect_nothing();
    auto again = stranger();
    BOOST_TEST(number_of(come_back(again, bob, 1), "missed") == 0);
    again.expect_nothing();
}

BOOST_AUTO_TEST_CASE(quit_ends_a_resumable_session_at_once) {
    auto alice = peer("alice");
    auto bob = peer("bob", resumable);
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    bob.send("/quit");
    bob.expect("quit");
    bob.expect_close(1000);
    alice.expect("quit");
    auto again = stranger();
    const auto welcome = again.describe(bob.proof());
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(welcome.at("channels").as_array().empty());
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(a_close_frame_is_a_break_like_any_other) {
    auto alice = peer("alice");
    auto bob = peer("bob", resumable);
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    bob.close(1000);
    BOOST_TEST(flag_of(alice.ask("/privmsg " + bob.id() + " later"), "queued"));
    auto again = stranger();
    BOOST_TEST(number_of(come_back(again, bob, 1), "missed") == 1);
    BOOST_TEST(text_of(again.expect("privmsg"), "content") == "later");
}

BOOST_AUTO_TEST_CASE(more_than_a_thousand_events_are_lost_and_counting_starts_again) {
    fixture fast({"--rate", "0"});
    auto alice = fast.peer("alice");
    auto bob = fast.peer("bob", resumable);
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    bob.close();
    for (int i = 0; i < 1001; ++i) alice.send("/pubmsg " + channel + " x");
    alice.expect_nothing();
    auto again = fast.stranger();
    const auto welcome = come_back(again, bob, 1);
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(flag_of(welcome, "lost"));
    BOOST_TEST(number_of(welcome, "missed") == 0);
    BOOST_TEST(number_of(welcome.at("channels").as_array().at(0).as_object(), "seq") == 1001);
    alice.send("/pubmsg " + channel + " after");
    BOOST_TEST(number_of(again.expect("pubmsg"), "seq") == 1002);
    again.send("/ack 1");
    again.expect_nothing();
    again.send("/ack 2");
    again.expect_error(461);
}

BOOST_AUTO_TEST_CASE(a_thousand_events_are_kept) {
    fixture fast({"--rate", "0"});
    auto alice = fast.peer("alice");
    auto bob = fast.peer("bob", resumable);
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    bob.close();
    for (int i = 0; i < 1000; ++i) alice.send("/pubmsg " + channel + " x");
    alice.expect_nothing();
    auto again = fast.stranger();
    BOOST_TEST(number_of(come_back(again, bob, 1), "missed") == 1000);
    for (int i = 1; i <= 1000; ++i) BOOST_REQUIRE(number_of(again.expect("pubmsg"), "seq") == i);
    again.expect_nothing();
}

BOOST_AUTO_TEST_CASE(more_than_the_bytes_that_are_kept_are_lost) {
    fixture fast({"--rate", "0"});
    auto alice = fast.peer("alice");
    auto bob = fast.peer("bob", resumable);
    bob.close();
    const std::string large(60000, 'x');
    for (int i = 0; i < 5; ++i) alice.send("/privmsg " + bob.id() + " " + large);
    alice.expect_nothing();
    auto again = fast.stranger();
    BOOST_TEST(flag_of(come_back(again, bob, 0), "lost"));
    again.expect_nothing();
}

BOOST_AUTO_TEST_CASE(resume_can_be_switched_on_and_off_later) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    bob.describe("\"name\": \"bob\", \"resume\": true");
    bob.close();
    alice.send("/privmsg " + bob.id() + " kept");
    alice.expect_nothing();
    auto again = stranger();
    BOOST_TEST(number_of(come_back(again, bob, 0), "missed") == 1);
    again.expect("privmsg");
    again.describe("\"name\": \"bob\", \"resume\": false");
    again.close();
    BOOST_TEST(id_in(alice.expect("quit"), "peer") == bob.id());
}

BOOST_AUTO_TEST_CASE(own_public_messages_are_not_among_the_missed) {
    auto alice = peer("alice");
    auto bob = peer("bob", resumable);
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    bob.send("/pubmsg " + channel + " mine");
    alice.expect("pubmsg");
    alice.send("/pubmsg " + channel + " hers");
    bob.expect("pubmsg");
    bob.send("/pubmsg " + channel + " mine again");
    alice.expect("pubmsg");
    bob.close();
    auto again = stranger();
    // joined, and hers.
    BOOST_TEST(number_of(come_back(again, bob, 1), "missed") == 1);
    BOOST_TEST(text_of(again.expect("pubmsg"), "content") == "hers");
    again.expect_nothing();
}

BOOST_AUTO_TEST_CASE(a_name_given_with_the_session_is_taken) {
    auto alice = peer("alice");
    auto bob = peer("bob", resumable);
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    bob.drop();
    auto again = stranger();
    BOOST_TEST(text_of(again.describe(bob.proof() + ", \"name\": \"robert\""), "name") == "robert");
    BOOST_TEST(text_of(alice.expect("peer").at("peer").as_object(), "name") == "robert");
}

BOOST_AUTO_TEST_SUITE_END()
