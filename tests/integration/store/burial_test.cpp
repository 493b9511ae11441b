#include "integration/store/fixture.hpp"

#include <algorithm>
#include <csignal>

using namespace stored;

namespace {

const std::vector<std::string> short_window{"--resume-window", "300ms", "--store-timeout", "300ms"};

std::vector<std::string> ids_in(client& asked, const std::string& channel) {
    std::vector<std::string> ids;
    const auto page = asked.ask("/peers " + channel);
    for (const auto& one : page.at("peers").as_array()) ids.push_back(text_of(one.as_object(), "id"));
    std::sort(ids.begin(), ids.end());
    return ids;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(burial)

BOOST_AUTO_TEST_CASE(peers_of_a_dead_server_leave_once_after_their_window) {
    redis_process redis;
    const server_process first(with_store(redis.store(), short_window));
    const server_process second(with_store(redis.store(), short_window));
    server_process dead(with_store(redis.store(), short_window));
    auto alice = peer_at(first, "alice");
    auto bob = peer_at(second, "bob");
    auto carol = peer_at(dead, "carol");
    auto dave = peer_at(dead, "dave", "\"resume\": true");
    const auto channel = make_channel();
    join(carol, channel);
    join(alice, channel, {&carol});
    join(bob, channel, {&carol, &alice});
    join(dave, channel, {&carol, &alice, &bob});
    dead.kill();
    dead.wait_exit();
    for (client* const who : {&alice, &bob}) {
        who->expect("quit", {{"peer", named(carol, "carol")}, {"reason", "connection lost"}});
        // The only operator has gone.
        who->expect("op", {{"peer", named(alice, "alice")}, {"by", nullptr}});
        who->expect("quit", {{"peer", named(dave, "dave")}});
        who->expect_nothing();
        std::vector<std::string> left{alice.id(), bob.id()};
        std::sort(left.begin(), left.end());
        BOOST_TEST((ids_in(*who, channel) == left));
        fixture::refused(*who, "/privmsg " + dave.id() + " hello", 401);
    }
    // They are remembered for the retention time, also who has no rights in a channel, and come back with the session.
    client thief(second.port());
    thief.send("/descp {\"id\": \"" + dave.id() + "\"}");
    thief.expect_error(433);
    for (client* const who : {&carol, &dave}) {
        client again(first.port());
        const auto welcome = come_back(again, *who);
        BOOST_TEST(flag_of(welcome, "resumed"));
        BOOST_TEST(welcome.at("channels").as_array().size() == 1U);
        alice.expect("join", {{"peer", named(*who, who == &carol ? "carol" : "dave")}});
        again.drop();
        alice.expect("quit");
    }
}

BOOST_AUTO_TEST_CASE(the_record_of_a_dead_server_ends_when_its_peers_are_forgotten) {
    redis_process redis;
    const server_process first(with_store(redis.store(), {"--resume-window", "300ms", "--retention", "6s"}));
    server_process dead(with_store(redis.store()));
    auto alice = peer_at(dead, "alice");
    auto bob = peer_at(dead, "bob");
    join(alice, make_channel());
    dead.kill();
    dead.wait_exit();
    wait_until([&] { return redis.ask("ZCARD signaller:{nodes}") == "1"; });
    // It had an end before, which nobody shortened.
    BOOST_TEST(redis.ask("--scan --pattern 'signaller:{n:*'").empty());
    client heir(first.port());
    BOOST_TEST(text_of(heir.describe("\"id\": \"" + bob.id() + "\""), "id") == bob.id());
}

BOOST_AUTO_TEST_CASE(an_outage_of_redis_longer_than_the_window_kills_nobody) {
    redis_process redis({"--appendonly", "yes", "--appendfsync", "always"});
    const server_process first(with_store(redis.store(), short_window));
    const server_process second(with_store(redis.store(), short_window));
    auto alice = peer_at(first, "alice");
    auto bob = peer_at(second, "bob", "\"resume\": true");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    redis.kill();
    // Longer than after which a server is dead, and its peers leave.
    std::this_thread::sleep_for(std::chrono::seconds(7));
    redis.start();
    BOOST_TEST(number_of(ask_until(alice, "/pubmsg " + channel + " back", "ack"), "seq") == 1);
    bob.expect("pubmsg");
    std::this_thread::sleep_for(std::chrono::seconds(3));
    for (client* const who : {&alice, &bob}) who->expect_nothing();
}

BOOST_AUTO_TEST_CASE(letters_to_a_peer_whose_server_was_taken_for_dead_reach_it_there_once) {
    redis_process redis;
    forwarder way(redis.store().substr(5));
    const server_process near(with_store(redis.store(), {"--store-timeout", "300ms"}));
    const server_process far(with_store(way.store(), {"--store-timeout", "300ms"}));
    auto alice = peer_at(near, "alice");
    auto bob = peer_at(far, "bob", "\"resume\": true");
    way.pause();
    constexpr int count = 5;
    BOOST_TEST(flag_of(ask_until(alice, "/privmsg " + bob.id() + " 0", "ack"), "queued"));
    for (int i = 1; i < count; ++i)
        BOOST_TEST(flag_of(alice.ask("/privmsg " + bob.id() + " " + std::to_string(i)), "queued"));
    way.go_on();
    for (int i = 0; i < count; ++i) bob.expect("privmsg", {{"content", std::to_string(i)}});
    bob.expect_nothing();
    // They are events like others now, in no letter box any more.
    BOOST_TEST(redis.ask("--scan --pattern '*:mail'").empty());
    bob.drop();
    client again(near.port());
    const auto welcome = come_back(again, bob, "\"seen\": 3");
    BOOST_TEST(!flag_of(welcome, "lost"));
    BOOST_TEST(number_of(welcome, "missed") == count - 3);
    for (int i = 3; i < count; ++i) again.expect("privmsg", {{"content", std::to_string(i)}});
    again.expect_nothing();
}

BOOST_AUTO_TEST_CASE(who_comes_back_elsewhere_in_time_has_never_been_away) {
    redis_process redis;
    const server_process first(with_store(redis.store()));
    server_process dead(with_store(redis.store()));
    auto [alice, bob, channel] = meet(first, dead);
    dead.kill();
    dead.wait_exit();
    alice.ask("/pubmsg " + channel + " missed");
    client again(first.port());
    const auto welcome = come_back(again, bob, "\"seen\": 1");
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(welcome.at("channels").as_array().size() == 1U);
    BOOST_TEST(!flag_of(welcome, "lost"));
    again.expect("pubmsg", {{"content", "missed"}, {"seq", 1}});
    again.expect_nothing();
    again.ask("/pubmsg " + channel + " here");
    alice.expect("pubmsg");
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(a_server_that_was_taken_for_dead_comes_back_without_ghosts_or_doubles) {
    redis_process redis;
    forwarder way(redis.store().substr(5));
    const server_process near(with_store(redis.store(), short_window));
    const server_process far(with_store(way.store(), short_window));
    auto alice = peer_at(near, "alice");
    auto bob = peer_at(far, "bob");
    auto carol = peer_at(far, "carol");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    join(carol, channel, {&alice, &bob});
    way.pause();
    for (const auto* const name : {"bob", "carol"})
        BOOST_TEST(text_of(alice.expect("quit").at("peer").as_object(), "name") == name);
    alice.ask("/pubmsg " + channel + " alone");
    // One goes while nobody hears of it.
    carol.close();
    way.go_on();
    alice.expect("join", {{"peer", named(bob, "bob")}});
    bob.skip_to("joined");
    BOOST_TEST(ids_in(alice, channel).size() == 2U);
    BOOST_TEST((ids_in(alice, channel) == ids_in(bob, channel)));
    const auto said = number_of(ask_until(bob, "/pubmsg " + channel + " here", "ack"), "seq");
    BOOST_TEST(said == 2);
    alice.expect("pubmsg", {{"seq", 2}});
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(a_server_that_stood_still_does_nothing_that_was_given_up_and_comes_back) {
    redis_process redis;
    const server_process near(with_store(redis.store(), short_window));
    const server_process far(with_store(redis.store(), short_window));
    auto alice = peer_at(near, "alice");
    auto bob = peer_at(far, "bob");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    ::kill(far.pid(), SIGSTOP);
    fixture::refused(alice, "/privmsg " + bob.id() + " given up", 400);
    alice.ask("/pubmsg " + channel + " meanwhile");
    alice.expect("quit", {{"peer", named(bob, "bob")}});
    ::kill(far.pid(), SIGCONT);
    alice.expect("join", {{"peer", named(bob, "bob")}});
    // What it missed is late, and nothing that it says is.
    bob.expect("pubmsg", {{"content", "meanwhile"}});
    bob.expect("joined");
    bob.expect_nothing();
    BOOST_TEST(number_of(bob.ask("/pubmsg " + channel + " back"), "seq") == 2);
    alice.expect("pubmsg", {{"seq", 2}});
    BOOST_TEST((ids_in(alice, channel) == ids_in(bob, channel)));
}

BOOST_AUTO_TEST_CASE(who_went_elsewhere_while_its_server_was_cut_off_is_let_go_there) {
    redis_process redis;
    forwarder way(redis.store().substr(5));
    const server_process near(with_store(redis.store(), short_window));
    const server_process far(with_store(way.store(), short_window));
    auto alice = peer_at(near, "alice");
    auto bob = peer_at(far, "bob");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    way.kill();
    client again(near.port());
    const auto welcome = come_back(again, bob);
    BOOST_TEST(flag_of(welcome, "resumed"));
    again.ask("/pubmsg " + channel + " from here");
    alice.expect("pubmsg");
    way.start();
    bob.skip_to_close(4501);
    BOOST_TEST(ids_in(alice, channel).size() == 2U);
    again.ask("/pubmsg " + channel + " still here");
    alice.expect("pubmsg");
    alice.expect_nothing();
    again.expect_nothing();
}

BOOST_AUTO_TEST_CASE(who_is_back_is_not_let_go_by_a_word_that_was_late) {
    const two_nodes nodes;
    auto bob = peer_at(nodes.a, "bob");
    const auto field = [&](const std::string& name) {
        return nodes.redis.ask("HGET signaller:{p:" + bob.id() + "} " + name);
    };
    const auto ask_to_release = [&](const std::string& tenure) {
        return nodes.redis.ask("PUBLISH signaller:{n:" + field("node") + R"(}:0 '{"k":"release","peer":")" + bob.id() +
                               R"(","tenure":)" + tenure + R"(,"i":1,"n":"none","s":0,"t":9999999999999}')");
    };
    BOOST_TEST(ask_to_release(std::to_string(std::stoull(field("tenure")) - 1)) == "1");
    bob.expect_nothing();
    BOOST_TEST(ask_to_release(field("tenure")) == "1");
    bob.skip_to_close(4501);
}

BOOST_AUTO_TEST_SUITE_END()
