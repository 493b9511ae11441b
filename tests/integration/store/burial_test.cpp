#include "integration/store/fixture.hpp"

#include <algorithm>

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
    // The record of the dead goes, too.
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    while (redis.ask("ZCARD signaller:nodes") != "2" && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    BOOST_TEST(redis.ask("ZCARD signaller:nodes") == "2");
    // What is remembered of them comes back with the session.
    client again(first.port());
    const auto welcome = come_back(again, carol);
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(welcome.at("channels").as_array().size() == 1U);
    alice.expect("join");
}

BOOST_AUTO_TEST_CASE(who_comes_back_elsewhere_in_time_has_never_been_away) {
    redis_process redis;
    const server_process first(with_store(redis.store()));
    server_process dead(with_store(redis.store()));
    auto alice = peer_at(first, "alice");
    auto bob = peer_at(dead, "bob", "\"resume\": true");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
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

BOOST_AUTO_TEST_SUITE_END()
