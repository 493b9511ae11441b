#include "integration/store/fixture.hpp"

#include <csignal>

using namespace stored;

namespace {

const std::vector<std::string> impatient{"--store-timeout", "300ms"};

event resume(client& now, const client& before, int seen) {
    return come_back(now, before, "\"resume\": true, \"seen\": " + std::to_string(seen));
}

}  // namespace

/// Sessions that come back where it is hard to tell what they have had.
BOOST_AUTO_TEST_SUITE(coming_back)

BOOST_AUTO_TEST_CASE(a_server_that_is_cut_off_gives_no_session_back_that_may_be_elsewhere) {
    redis_process redis;
    forwarder way(redis.store().substr(5));
    const server_process near(with_store(redis.store(), impatient));
    const server_process far(with_store(way.store(), impatient));
    auto alice = peer_at(near, "alice");
    auto bob = peer_at(far, "bob", "\"resume\": true");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    alice.ask("/pubmsg " + channel + " first");
    bob.expect("pubmsg");
    way.kill();
    bob.drop();
    client refused(far.port());
    refused.send("/descp {" + bob.proof() + ", \"resume\": true, \"seen\": 2}");
    refused.expect_error(400);
    client second(near.port());
    BOOST_TEST(!flag_of(resume(second, bob, 2), "lost"));
    alice.ask("/pubmsg " + channel + " second");
    second.expect("pubmsg", {{"content", "second"}});
    second.drop();
    alice.ask("/pubmsg " + channel + " third");
    way.start();
    // It still remembers a session with two events.
    client third(far.port());
    const auto welcome = ask_until(third, "/descp {" + bob.proof() + ", \"resume\": true, \"seen\": 3}", "welcome");
    BOOST_TEST(!flag_of(welcome, "lost"));
    BOOST_TEST(number_of(welcome, "missed") == 1);
    third.expect("pubmsg", {{"content", "third"}, {"seq", 3}});
    third.expect_nothing();
}

BOOST_AUTO_TEST_CASE(a_session_that_counts_anew_is_told_nothing_from_before) {
    redis_process redis;
    server_process first(with_store(redis.store()));
    server_process second(with_store(redis.store()));
    auto alice = peer_at(first, "alice");
    auto bob = peer_at(first, "bob", "\"resume\": true");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    for (int i = 1; i <= 3; ++i) {
        alice.ask("/pubmsg " + channel + " old");
        bob.expect("pubmsg");
    }
    bob.drop();
    client elsewhere(second.port());
    // More than there ever was: nobody knows what that may have been.
    BOOST_TEST(flag_of(resume(elsewhere, bob, 100), "lost"));
    second.kill();
    second.wait_exit();
    alice.ask("/pubmsg " + channel + " new");
    client back(first.port());
    const auto welcome = resume(back, bob, 0);
    BOOST_TEST(!flag_of(welcome, "lost"));
    BOOST_TEST(number_of(welcome, "missed") == 1);
    back.expect("pubmsg", {{"content", "new"}, {"seq", 4}});
    // The same where the server has not changed.
    back.drop();
    client again(first.port());
    BOOST_TEST(flag_of(resume(again, bob, 100), "lost"));
    again.drop();
    alice.ask("/pubmsg " + channel + " newer");
    client last(first.port());
    BOOST_TEST(number_of(resume(last, bob, 0), "missed") == 1);
    last.expect("pubmsg", {{"content", "newer"}, {"seq", 5}});
    last.expect_nothing();
}

BOOST_AUTO_TEST_CASE(who_comes_to_a_server_that_knows_the_state_only_goes_on_counting_messages_from_there) {
    two_nodes nodes;
    auto alice = peer_at(nodes.a, "alice");
    auto bob = peer_at(nodes.a, "bob");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    for (int i = 1; i <= 3; ++i) fixture::answered(alice, "/pubmsg " + channel + " hello", "ack");
    // What it had forgotten is given back as a state, after which nothing is said.
    nodes.redis.kill();
    nodes.redis.start();
    ask_until(alice, "/ban " + make_id() + " " + channel, "ban");
    wait_until([&] { return nodes.redis.ask("HEXISTS signaller:{p:" + bob.id() + "} session") == "1"; });
    bob.drop();
    client moved(nodes.b.port());
    const auto welcome = come_back(moved, bob);
    BOOST_TEST(number_of(welcome.at("channels").as_array().at(0).as_object(), "seq") == 3);
}

BOOST_AUTO_TEST_CASE(who_is_kicked_while_no_server_has_it_is_told_that_it_is_out_once) {
    redis_process redis;
    const server_process first(with_store(redis.store()));
    server_process second(with_store(redis.store()));
    auto [alice, bob, channel] = meet(first, second);
    second.kill();
    second.wait_exit();
    fixture::answered(alice, "/kick " + bob.id() + " " + channel, "kick");
    client back(first.port());
    const auto welcome = resume(back, bob, 0);
    BOOST_TEST(welcome.at("channels").as_array().empty());
    BOOST_TEST(number_of(welcome, "missed") == 2);
    // From before it was kicked.
    back.expect("joined");
    BOOST_TEST(id_in(back.expect("quit", {{"channel", channel}}), "peer") == bob.id());
    back.drop();
    server_process third(with_store(redis.store()));
    client elsewhere(third.port());
    BOOST_TEST(number_of(resume(elsewhere, bob, 2), "missed") == 0);
    fixture::answered(elsewhere, "/join " + channel, "joined");
    alice.skip_to("join");
    elsewhere.expect_nothing();
}

BOOST_AUTO_TEST_CASE(what_was_said_meanwhile_follows_also_after_a_redis_that_had_forgotten_all) {
    redis_process redis;
    const server_process first(with_store(redis.store()));
    server_process second(with_store(redis.store()));
    auto [alice, bob, channel] = meet(first, second);
    redis.kill();
    redis.start();
    // An event by which its session counts on.
    ask_until(alice, "/privmsg " + bob.id() + " here?", "ack");
    bob.expect("privmsg");
    second.kill();
    second.wait_exit();
    fixture::answered(alice, "/pubmsg " + channel + " meanwhile", "ack");
    client back(first.port());
    const auto welcome = resume(back, bob, 2);
    BOOST_TEST(!flag_of(welcome, "lost"));
    BOOST_TEST(number_of(welcome, "missed") == 1);
    back.expect("pubmsg", {{"content", "meanwhile"}});
    back.expect_nothing();
}

BOOST_AUTO_TEST_CASE(a_session_that_goes_on_elsewhere_is_told_if_not_all_of_it_could_be_kept) {
    const two_nodes nodes;
    auto carol = peer_at(nodes.b, "carol");
    auto bob = peer_at(nodes.b, "bob", "\"resume\": true");
    // Redis knows the script by now.
    fixture::answered(carol, "/privmsg " + bob.id() + " kept", "ack");
    bob.expect("privmsg");
    bob.drop();
    nodes.redis.ask("CONFIG SET maxmemory 1");
    fixture::answered(carol, "/privmsg " + bob.id() + " hello", "ack");
    // By the same connection, and so after it was tried.
    fixture::refused(carol, "/join " + make_channel(), 400);
    nodes.redis.ask("CONFIG SET maxmemory 0");
    client elsewhere(nodes.a.port());
    BOOST_TEST(flag_of(resume(elsewhere, bob, 1), "lost"));
}

BOOST_AUTO_TEST_CASE(a_private_message_to_another_server_is_acknowledged_when_no_crash_can_lose_it_any_more) {
    redis_process redis;
    const forwarder way(redis.socket(), "remember me", 1);
    const server_process near(with_store(redis.store()));
    server_process far(with_store(way.store()));
    auto alice = peer_at(near, "alice");
    auto bob = peer_at(far, "bob", "\"resume\": true");
    alice.send("@label=1 /privmsg " + bob.id() + " remember me");
    way.wait_until_paused();
    far.kill();
    far.wait_exit();
    alice.expect_error(400);
    client back(near.port());
    resume(back, bob, 0);
    fixture::answered(alice, "/privmsg " + bob.id() + " now", "ack");
    back.expect("privmsg", {{"content", "now"}});
}

BOOST_AUTO_TEST_CASE(who_was_told_of_a_kick_is_not_told_again_at_another_server) {
    const two_nodes nodes;
    auto alice = peer_at(nodes.a, "alice");
    auto bob = peer_at(nodes.b, "bob", "\"resume\": true");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    fixture::answered(alice, "/kick " + bob.id() + " " + channel, "kick");
    bob.expect("kick");
    bob.drop();
    client elsewhere(nodes.a.port());
    BOOST_TEST(number_of(resume(elsewhere, bob, 1), "missed") == 1);
    elsewhere.expect("kick");
    elsewhere.expect_nothing();
    // Nor by a server that has yet to read what was in the channel.
    fixture::answered(elsewhere, "/join " + channel, "joined");
    elsewhere.drop();
    const server_process third(with_store(nodes.redis.store()));
    client last(third.port());
    const auto welcome = resume(last, bob, 3);
    BOOST_TEST(number_of(welcome, "missed") == 0);
    BOOST_TEST(welcome.at("channels").as_array().size() == 1U);
    last.expect_nothing();
}

BOOST_AUTO_TEST_CASE(who_resumed_where_it_was_stays_online_for_other_servers_when_its_window_would_have_been_over) {
    const two_nodes nodes({"--resume-window", "500ms", "--retention", "1s"});
    auto alice = peer_at(nodes.a, "alice");
    auto bob = peer_at(nodes.b, "bob", "\"resume\": true");
    bob.drop();
    client back(nodes.b.port());
    BOOST_TEST(flag_of(resume(back, bob, 0), "resumed"));
    // Three windows long.
    for (int i = 0; i < 30; ++i) {
        fixture::answered(alice, "/privmsg " + bob.id() + " still there?", "ack");
        back.expect("privmsg");
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    client thief(nodes.a.port());
    thief.send("/descp {\"id\": \"" + bob.id() + "\"}");
    thief.expect_error(433);
}

BOOST_AUTO_TEST_CASE(what_is_kept_for_who_never_confirms_is_bounded_in_bytes) {
    redis_process redis;
    const server_process node(with_store(redis.store(), {"--resume-bytes", "64KiB"}));
    auto alice = peer_at(node, "alice");
    auto bob = peer_at(node, "bob", "\"resume\": true");
    constexpr int count = 40;
    const std::string content(10000, 'x');
    for (int i = 0; i < count; ++i) {
        alice.ask("/privmsg " + bob.id() + " " + content);
        bob.expect("privmsg");
    }
    const auto length = std::stoi(redis.ask("LLEN 'signaller:{p:" + bob.id() + "}:events'"));
    BOOST_TEST(length >= 5);
    BOOST_TEST(length <= 7);
    // What is there is what a session resumes from.
    bob.drop();
    client again(node.port());
    BOOST_TEST(!flag_of(resume(again, bob, count - 4), "lost"));
    for (int i = 0; i < 4; ++i) again.expect("privmsg");
}

BOOST_AUTO_TEST_CASE(a_late_word_that_a_membership_has_ended_ends_none_that_began_elsewhere_since) {
    redis_process redis;
    const auto channel = make_channel();
    const auto id = make_id();
    // What is said of his memberships the second time is that he has quit.
    const forwarder way(redis.socket(), "{p:" + id + "}:channels\r\n$24\r\n" + channel.substr(1), 2);
    const server_process near(with_store(redis.store(), impatient));
    const server_process far(with_store(way.store(), impatient));
    // Redis knows the script by now.
    auto carol = peer_at(near, "carol");
    join(carol, make_channel());
    auto bob = peer_at(far, "bob", "\"resume\": true, \"id\": \"" + id + "\"");
    join(bob, channel);
    fixture::answered(bob, "/quit " + channel, "quit");
    way.wait_until_paused();
    client moved(near.port());
    come_back(moved, bob);
    fixture::answered(moved, "/join " + channel, "joined");
    way.go_on();
    // By the way of that word.
    client dora(far.port());
    ask_until(dora, "/descp {\"name\": \"dora\"}", "welcome");
    ask_until(dora, "/join " + channel, "joined");
    moved.skip_to("join");
    moved.drop();
    client last(far.port());
    BOOST_TEST(come_back(last, bob).at("channels").as_array().size() == 1U);
    BOOST_TEST(dora.ask("/peers " + channel).at("peers").as_array().size() == 2U);
}

BOOST_AUTO_TEST_CASE(who_went_elsewhere_while_its_join_was_under_way_does_not_stay_a_member_without_knowing) {
    redis_process redis;
    const forwarder way(redis.socket(), "\"byName\":\"bob\"", 1);
    const server_process near(with_store(redis.store(), impatient));
    const server_process far(with_store(way.store(), impatient));
    auto alice = peer_at(near, "alice");
    const auto channel = make_channel();
    join(alice, channel);
    // Redis knows the script by now.
    auto bob = peer_at(far, "bob", "\"resume\": true");
    bob.send("/join " + channel);
    way.wait_until_paused();
    client moved(near.port());
    moved.send("/descp {" + bob.proof() + "}");
    // So that it has been looked for there by most accounts; whenever that is, it has to come right.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    way.go_on();
    bool believes = !moved.skip_to("welcome").at("channels").as_array().empty();
    bool is_listed = !believes;
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    while (believes != is_listed && std::chrono::steady_clock::now() < deadline) {
        while (const auto got = moved.poll(std::chrono::milliseconds(20))) {
            if (text_of(*got, "type") == "joined") believes = true;
            if (text_of(*got, "type") == "quit" && id_in(*got, "peer") == bob.id()) believes = false;
        }
        alice.send("/peers " + channel);
        is_listed = alice.skip_to("peers").at("peers").as_array().size() == 2U;
    }
    BOOST_TEST(believes == is_listed);
}

BOOST_AUTO_TEST_CASE(who_missed_more_than_is_kept_after_a_crash_is_told_so_and_counts_anew_from_there) {
    redis_process redis;
    const std::vector<std::string> small{"--resume-bytes", "64KiB"};
    const server_process first(with_store(redis.store(), small));
    server_process second(with_store(redis.store(), small));
    server_process third(with_store(redis.store(), small));
    auto [alice, bob, channel] = meet(first, second);
    second.kill();
    second.wait_exit();
    constexpr int count = 6;
    const std::string content(20000, 'x');
    for (int i = 0; i < count; ++i) fixture::answered(alice, "/pubmsg " + channel + " " + content, "ack");
    client back(third.port());
    const auto welcome = resume(back, bob, 1);
    BOOST_TEST(flag_of(welcome, "lost"));
    BOOST_TEST(number_of(welcome, "missed") == 0);
    BOOST_TEST(number_of(welcome.at("channels").as_array().at(0).as_object(), "seq") == count);
    // It crashes before it has told anything; what was lost does not come back.
    third.kill();
    third.wait_exit();
    fixture::answered(alice, "/pubmsg " + channel + " next", "ack");
    client last(first.port());
    const auto next = resume(last, bob, 0);
    BOOST_TEST(!flag_of(next, "lost"));
    BOOST_TEST(number_of(next, "missed") == 1);
    last.expect("pubmsg", {{"content", "next"}, {"seq", count + 1}});
    last.expect_nothing();
}

BOOST_AUTO_TEST_CASE(a_membership_that_never_was_or_has_ended_is_not_remembered) {
    const two_nodes nodes;
    auto alice = peer_at(nodes.a, "alice");
    auto bob = peer_at(nodes.a, "bob", "\"resume\": true");
    auto carol = peer_at(nodes.a, "carol");
    auto dora = peer_at(nodes.a, "dora", "\"resume\": true");
    const auto channel = make_channel();
    join(alice, channel, {}, "sesame");
    fixture::refused(bob, "/join " + channel, 475);
    join(carol, channel, {&alice}, "sesame");
    join(dora, channel, {&alice, &carol}, "sesame");
    fixture::answered(alice, "/kick " + carol.id() + " " + channel, "kick");
    fixture::answered(alice, "/ban " + dora.id() + " " + channel, "ban");
    for (const auto* const who : {&bob, &carol, &dora}) {
        BOOST_TEST_CONTEXT(who->id())
        wait_until([&] { return nodes.redis.ask("HLEN signaller:{p:" + who->id() + "}:channels") == "0"; });
    }
    carol.skip_to("kick");
    // Who does that to itself is told of its end by the reply; the next one is another.
    join(carol, channel, {&alice}, "sesame");
    fixture::answered(alice, "/op " + carol.id() + " " + channel, "op");
    carol.skip_to("op");
    fixture::answered(carol, "/kick " + carol.id() + " " + channel, "kick");
    const auto kept = "signaller:{p:" + carol.id() + "}:channels";
    wait_until([&] { return nodes.redis.ask("HLEN " + kept) == "0"; });
    fixture::answered(carol, "/join " + channel + " sesame", "joined");
    BOOST_TEST(nodes.redis.ask("HLEN " + kept) == "1");
}

BOOST_AUTO_TEST_CASE(nobody_comes_back_to_a_channel_that_is_over) {
    const two_nodes nodes({"--retention", "300ms"});
    auto alice = peer_at(nodes.a, "alice");
    auto bob = peer_at(nodes.a, "bob", "\"resume\": true");
    const auto channel = make_channel();
    join(alice, channel, {}, "sesame");
    fixture::answered(alice, "/quit " + channel, "quit");
    ask_until(alice, "/whois " + channel, "error");
    // As it stays where the word that it was refused is lost.
    const auto kept = "signaller:{p:" + bob.id() + "}:channels";
    nodes.redis.ask("HSET " + kept + " " + channel.substr(1) + " -");
    bob.drop();
    client elsewhere(nodes.b.port());
    const auto welcome = resume(elsewhere, bob, 0);
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(welcome.at("channels").as_array().empty());
    wait_until([&] { return nodes.redis.ask("HLEN " + kept) == "0"; });
    BOOST_TEST(flag_of(fixture::answered(alice, "/join " + channel, "joined"), "created"));
}

BOOST_AUTO_TEST_CASE(who_comes_back_after_its_window_is_told_that_something_is_lost) {
    const two_nodes nodes({"--resume-window", "300ms"});
    auto alice = peer_at(nodes.a, "alice");
    for (const auto* const next : {&nodes.a, &nodes.b}) {
        auto bob = peer_at(nodes.a, "bob", "\"resume\": true");
        bob.drop();
        fixture::answered(alice, "/privmsg " + bob.id() + " important", "ack");
        const auto record = "signaller:{p:" + bob.id() + "}";
        wait_until([&] { return nodes.redis.ask("HGET " + record + " waited") == "waited"; });
        wait_until([&] { return nodes.redis.ask("HGET " + record + " waited").empty(); });
        client back(next->port());
        const auto welcome = come_back(back, bob);
        BOOST_TEST(flag_of(welcome, "resumed"));
        BOOST_TEST(flag_of(welcome, "lost"));
        BOOST_TEST(number_of(welcome, "missed") == 0);
        // It counts anew.
        fixture::answered(alice, "/privmsg " + bob.id() + " again", "ack");
        back.expect("privmsg", {{"content", "again"}});
        back.drop();
        client last(nodes.b.port());
        BOOST_TEST(number_of(resume(last, bob, 0), "missed") == 1);
        last.expect("privmsg", {{"content", "again"}});
    }
}

BOOST_AUTO_TEST_CASE(who_left_while_redis_was_away_has_left_when_it_is_back) {
    redis_process redis;
    forwarder way(redis.store().substr(5));
    const std::vector<std::string> brief{"--store-timeout", "300ms",       "--resume-window",
                                         "300ms",           "--retention", "300ms"};
    const server_process near(with_store(redis.store(), brief));
    const server_process far(with_store(way.store(), brief));
    auto alice = peer_at(far, "alice");
    auto bob = peer_at(far, "bob");
    auto carol = peer_at(far, "carol", "\"resume\": true");
    way.kill();
    bob.drop();
    carol.drop();
    // Answered here as long as they are here.
    for (const auto* const who : {&bob, &carol}) ask_until(alice, "/whois " + who->id(), "error");
    way.start();
    for (const auto* const who : {&bob, &carol})
        wait_until([&] { return redis.ask("HEXISTS signaller:{p:" + who->id() + "} left") == "1"; });
    client thief(near.port());
    const auto welcome = ask_until(thief, "/descp {\"id\": \"" + bob.id() + "\"}", "welcome");
    BOOST_TEST(text_of(welcome, "id") == bob.id());
}

namespace {

/// Bob, who has another name now, is about to be back where he was; that server is waiting for Redis, to which it has
/// said `text`, when he goes to another one.
void go_elsewhere_while_taken_back(const std::string& text) {
    redis_process redis;
    const forwarder way(redis.socket(), text, 1);
    const server_process far(with_store(way.store(), {"--log-level", "debug"}));
    const server_process near(with_store(redis.store()));
    auto bob = peer_at(far, "bob", "\"resume\": true");
    join(bob, make_channel());
    bob.drop();
    client back(far.port());
    back.send("/descp {" + bob.proof() + ", \"name\": \"robert\"}");
    way.wait_until_paused();
    way.go_on_with_all_others();
    client moved(near.port());
    moved.send("/descp {" + bob.proof() + "}");
    wait_until([&] { return far.errors().find("event=peer_taken_over") != std::string::npos; });
    way.let_through();
    BOOST_TEST(flag_of(moved.expect("welcome"), "resumed"));
    back.skip_to_close(4501);
    // All that belonged to him is gone there, once.
    auto carol = peer_at(far, "carol");
    fixture::answered(carol, "/privmsg " + bob.id() + " hello", "ack");
    moved.skip_to("privmsg");
}

}  // namespace

BOOST_AUTO_TEST_CASE(who_goes_elsewhere_while_its_return_is_written_down_is_let_go_when_that_has_ended) {
    go_elsewhere_while_taken_back("robert");
}

BOOST_AUTO_TEST_CASE(who_goes_elsewhere_while_its_new_name_is_told_is_let_go_when_that_has_ended) {
    go_elsewhere_while_taken_back("\"announce\"");
}

BOOST_AUTO_TEST_CASE(who_goes_on_from_a_server_that_died_before_it_told_the_first_one_is_let_go_there) {
    redis_process redis;
    forwarder way(redis.socket(), "\"k\":\"release\"", 1);
    const server_process first(with_store(redis.store()));
    server_process second(with_store(way.store()));
    const server_process third(with_store(redis.store()));
    auto alice = peer_at(first, "alice");
    auto bob = peer_at(first, "bob", "\"resume\": true");
    client between(second.port());
    between.send("/descp {" + bob.proof() + "}");
    way.wait_until_paused();
    second.kill();
    second.wait_exit();
    way.kill();
    client last(third.port());
    BOOST_TEST(!flag_of(resume(last, bob, 0), "lost"));
    bob.expect_close(4501);
    fixture::answered(alice, "/privmsg " + bob.id() + " hello", "ack");
    last.expect("privmsg");
}

namespace {

/// Bob goes elsewhere while his server stands still, or not before the other one takes it for dead.
void go_elsewhere_while_the_server_stands_still(bool taken_for_dead) {
    redis_process redis;
    const server_process still(with_store(redis.store(), impatient));
    const server_process near(with_store(redis.store(), impatient));
    auto alice = peer_at(still, "alice");
    auto bob = peer_at(still, "bob", "\"resume\": true");
    auto carol = peer_at(near, "carol");
    ::kill(still.pid(), SIGSTOP);
    if (taken_for_dead)
        BOOST_TEST(!flag_of(ask_until(carol, "/whois " + bob.id(), "whois").at("peer").as_object(), "connected"));
    client moved(near.port());
    resume(moved, bob, 0);
    // What it was told meanwhile was given up.
    ::kill(still.pid(), SIGCONT);
    bob.expect_close(4501);
    fixture::answered(alice, "/privmsg " + bob.id() + " hello", "ack");
    moved.expect("privmsg");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_server_that_stood_still_lets_go_of_a_session_that_went_elsewhere_meanwhile) {
    go_elsewhere_while_the_server_stands_still(false);
}

BOOST_AUTO_TEST_CASE(a_server_that_was_taken_for_dead_lets_go_of_a_session_that_went_elsewhere_meanwhile) {
    go_elsewhere_while_the_server_stands_still(true);
}

BOOST_AUTO_TEST_CASE(a_server_that_learns_by_a_command_that_a_session_is_elsewhere_lets_go_of_it) {
    const two_nodes nodes;
    auto bob = peer_at(nodes.a, "bob");
    auto carol = peer_at(nodes.b, "carol");
    const auto other = nodes.redis.ask("HGET signaller:{p:" + carol.id() + "} node");
    nodes.redis.ask("HSET signaller:{p:" + bob.id() + "} node " + other);
    bob.send("/away lunch");
    bob.skip_to_close(4501);
}

BOOST_AUTO_TEST_SUITE_END()
