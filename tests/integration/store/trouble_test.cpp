#include "integration/store/fixture.hpp"
#include "support/http_get.hpp"

using namespace stored;

namespace {

const std::vector<std::string> impatient{"--store-timeout", "300ms"};

/// Whether Redis takes changes is seen with the next heartbeat.
void expect_ready(const server_process& server, int status, here at = here::current()) {
    wait_until([&] { return support::http_status(server.port(), "/readyz") == status; }, at);
}

const std::vector<std::string> slow_to_load{"--appendonly",
                                            "yes",
                                            "--appendfsync",
                                            "always",
                                            "--key-load-delay",
                                            "100",
                                            "--loading-process-events-interval-bytes",
                                            "1024"};

/// Two members of a channel, one of another, on a server with a Redis that gets into trouble.
struct scene {
    redis_process redis;
    server_process server;
    client alice;
    client bob;
    std::string channel = make_channel();

    explicit scene(std::vector<std::string> of_redis = {}, const std::vector<std::string>& options = impatient)
        : redis(std::move(of_redis)),
          server(with_store(redis.store(), options)),
          alice(peer_at(server, "alice")),
          bob(peer_at(server, "bob")) {
        join(alice, channel);
        join(bob, channel, {&alice});
    }

    /// What needs the store is refused, everything else goes on.
    void expect_trouble() {
        const auto before = std::chrono::steady_clock::now();
        fixture::refused(alice, "/pubmsg " + channel + " lost", 400);
        BOOST_TEST(support::http_status(server.port(), "/healthz") == 200);
        fixture::refused(alice, "/join " + make_channel(), 400);
        fixture::refused(alice, "/ban " + bob.id() + " " + channel, 400);
        // Bounded: each by a few times the time-out, with room for a busy machine.
        BOOST_TEST((std::chrono::steady_clock::now() - before < support::patience()));
        client late(server.port());
        late.send("/descp {\"name\": \"late\"}");
        late.expect_error(400);
        fixture::answered(alice, "/privmsg " + bob.id() + " still here", "ack");
        bob.expect("privmsg", {{"content", "still here"}});
        alice.expect_nothing();
        expect_ready(server, 503);
    }

    /// And afterwards nothing has changed, or is missing.
    void expect_well(std::int64_t next_seq) {
        BOOST_TEST(number_of(ask_until(alice, "/pubmsg " + channel + " back", "ack"), "seq") == next_seq);
        bob.expect("pubmsg", {{"content", "back"}, {"seq", next_seq}});
        BOOST_TEST(alice.ask("/peers " + channel).at("peers").as_array().size() == 2U);
        BOOST_TEST(alice.ask("/bans " + channel).at("bans").as_array().empty());
        expect_ready(server, 200);
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(trouble)

BOOST_AUTO_TEST_CASE(a_redis_that_is_not_there_yet_is_waited_for) {
    redis_process redis;
    redis.kill();
    const server_process server(with_store(redis.store(), impatient));
    client early(server.port());
    early.send("/descp {\"name\": \"early\"}");
    early.expect_error(400);
    early.send("/ping x");
    early.expect("pong");
    redis.start();
    ask_until(early, "/descp {\"name\": \"early\"}", "welcome");
    ask_until(early, "/join " + make_channel(), "joined");
}

BOOST_AUTO_TEST_CASE(redis_stands_still) {
    scene s;
    s.redis.pause();
    s.expect_trouble();
    // All servers, or none.
    fixture::refused(s.alice, "/broadcast hear", 400);
    s.redis.go_on();
    s.expect_well(1);
}

BOOST_AUTO_TEST_CASE(a_broadcast_that_was_given_up_reaches_nobody_later) {
    const two_nodes both(impatient);
    auto alice = peer_at(both.a, "alice");
    auto bob = peer_at(both.b, "bob");
    ask_until(alice, "/privmsg " + bob.id() + " hello", "ack");
    bob.expect("privmsg");
    both.redis.pause();
    fixture::refused(alice, "/broadcast ghost", 400);
    // By Redis' clock, too, it is given up: another command may have been the one that came to its time-out.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    both.redis.go_on();
    ask_until(alice, "/privmsg " + bob.id() + " back", "ack");
    bob.expect("privmsg", {{"content", "back"}});
}

BOOST_AUTO_TEST_CASE(of_a_channel_nobody_here_has_redis_is_not_asked_for_ever) {
    scene s;
    s.redis.pause();
    for (const std::string command : {"/whois ", "/peers ", "/history "})
        fixture::refused(s.alice, command + make_channel(), 400);
    fixture::refused(s.alice, "/kick " + s.bob.id() + " " + make_channel(), 400);
    s.redis.go_on();
    s.expect_well(1);
}

BOOST_AUTO_TEST_CASE(redis_is_killed_and_comes_back_with_what_it_had) {
    scene s({"--appendonly", "yes", "--appendfsync", "always"});
    s.redis.kill();
    s.expect_trouble();
    s.redis.start();
    s.expect_well(1);
}

BOOST_AUTO_TEST_CASE(redis_takes_its_time_to_load_what_it_had) {
    // Half a millisecond for each of 10,000 keys; hidden settings, with which Redis tests itself.
    scene s({"--appendonly", "yes", "--appendfsync", "always", "--key-load-delay", "500",
             "--loading-process-events-interval-bytes", "1024"});
    s.redis.ask("EVAL \"for i = 1, 10000 do redis.call('SET', 'much' .. i, string.rep('x', 100)) end\" 0");
    s.redis.kill();
    s.redis.start_loading();
    s.expect_trouble();
    BOOST_TEST(s.redis.ask("PING").find("LOADING") != std::string::npos);
    s.expect_well(1);
}

BOOST_AUTO_TEST_CASE(who_only_listens_hears_again_when_redis_has_loaded) {
    redis_process redis(slow_to_load);
    const server_process a(with_store(redis.store()));
    const server_process b(with_store(redis.store()));
    auto alice = peer_at(a, "alice");
    auto bob = peer_at(b, "bob");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    redis.ask("EVAL \"for i = 1, 20000 do redis.call('SET', 'much' .. i, string.rep('x', 100)) end\" 0");
    redis.kill();
    redis.start_loading();
    // Connected, it answers LOADING to all that matters.
    expect_ready(b, 503);
    expect_ready(b, 200);
    const auto said = number_of(ask_until(alice, "/pubmsg " + channel + " back", "ack"), "seq");
    bob.expect("pubmsg", {{"content", "back"}, {"seq", said}});
}

BOOST_AUTO_TEST_CASE(redis_comes_back_empty_and_is_told_what_the_server_knows) {
    scene s;
    for (int i = 1; i <= 3; ++i) {
        s.alice.ask("/pubmsg " + s.channel + " " + std::to_string(i));
        s.bob.expect("pubmsg");
    }
    s.redis.kill();
    s.expect_trouble();
    s.redis.start();
    s.expect_well(4);
    // Others learn it from there.
    const server_process other(with_store(s.redis.store(), impatient));
    auto carol = peer_at(other, "carol");
    const auto joined = join(carol, s.channel, {&s.alice, &s.bob});
    BOOST_TEST(number_of(joined, "members") == 3);
    BOOST_TEST(number_of(joined, "seq") == 4);
    BOOST_TEST(text_of(joined, "owner") == s.alice.id());
    client thief(other.port());
    ask_until(carol, "/privmsg " + s.bob.id() + " hello", "ack");
    s.bob.expect("privmsg");
    thief.send("/descp {\"id\": \"" + s.bob.id() + "\"}");
    thief.expect_error(433);
}

BOOST_AUTO_TEST_CASE(redis_is_emptied_and_is_told_again_before_anything_is_changed) {
    scene s({}, {});
    const server_process other(with_store(s.redis.store()));
    for (int i = 1; i <= 3; ++i) {
        s.alice.ask("/pubmsg " + s.channel + " " + std::to_string(i));
        s.bob.expect("pubmsg");
    }
    s.redis.ask("FLUSHALL");
    BOOST_TEST(number_of(fixture::answered(s.alice, "/pubmsg " + s.channel + " four", "ack"), "seq") == 4);
    s.bob.expect("pubmsg", {{"content", "four"}});
    s.redis.ask("FLUSHALL");
    fixture::answered(s.alice, "/away lunch", "away");
    s.bob.expect("away");
    s.redis.ask("FLUSHALL");
    // By itself, too.
    for (const auto& key : {"{p:" + s.bob.id() + "}", "{c:" + s.channel.substr(1) + "}:state"})
        wait_until([&] { return s.redis.ask("EXISTS signaller:" + key) == "1"; });
    auto carol = peer_at(other, "carol");
    BOOST_TEST(text_of(join(carol, s.channel, {&s.alice, &s.bob}), "owner") == s.alice.id());
    ask_until(carol, "/privmsg " + s.bob.id() + " hello", "ack");
    s.bob.expect("privmsg");
    BOOST_TEST(number_of(fixture::answered(s.alice, "/pubmsg " + s.channel + " five", "ack"), "seq") == 5);
}

BOOST_AUTO_TEST_CASE(peers_that_leave_while_a_redis_that_came_back_empty_is_told_of_them_trouble_nobody) {
    redis_process redis;
    const server_process server(with_store(redis.store()));
    // Enough that some are being told of at any moment.
    constexpr int count = 1000;
    std::vector<client> peers;
    for (int i = 0; i < count; ++i) peers.push_back(peer_at(server, "peer"));
    redis.kill();
    redis.start();
    wait_until([&] { return std::stoi(redis.ask("DBSIZE")) >= count / 50; });
    redis.ask("CLIENT PAUSE 200 ALL");
    for (auto& one : peers) one.send("/quit");
    for (auto& one : peers) {
        one.expect("quit");
        one.expect_close(1000);
    }
    expect_ready(server, 200);
    auto alice = peer_at(server, "alice");
    fixture::answered(alice, "/join " + make_channel(), "joined");
}

BOOST_AUTO_TEST_CASE(a_channel_whose_topic_is_lost_while_it_is_read_is_read_again) {
    redis_process redis;
    const auto channel = make_channel();
    const forwarder way(redis.socket(), "{c:" + channel.substr(1) + "}:log", 1);
    const server_process near(with_store(redis.store()));
    const server_process far(with_store(way.store()));
    // Redis knows the script by now.
    auto carol = peer_at(near, "carol");
    join(carol, make_channel());
    auto alice = peer_at(far, "alice");
    alice.send("/join " + channel);
    way.wait_until_paused();
    redis.ask("CLIENT KILL TYPE pubsub");
    way.go_on();
    alice.expect_error(400);
    ask_until(alice, "/join " + channel, "joined");
    BOOST_TEST(number_of(fixture::answered(alice, "/pubmsg " + channel + " hello", "ack"), "seq") == 1);
}

BOOST_AUTO_TEST_CASE(redis_becomes_a_replica) {
    scene s;
    s.redis.ask("REPLICAOF 127.0.0.1 1");
    s.expect_trouble();
    s.redis.ask("REPLICAOF NO ONE");
    s.expect_well(1);
}

BOOST_AUTO_TEST_CASE(redis_has_no_memory_left) {
    scene s;
    s.redis.ask("CONFIG SET maxmemory 1");
    s.expect_trouble();
    s.redis.ask("CONFIG SET maxmemory 0");
    s.expect_well(1);
}

BOOST_AUTO_TEST_CASE(redis_forgets_the_scripts) {
    scene s;
    s.redis.ask("SCRIPT FLUSH");
    s.expect_well(1);
}

BOOST_AUTO_TEST_CASE(redis_is_busy_with_something_else_for_a_while) {
    scene s;
    s.redis.ask("DEBUG SLEEP 1 > /dev/null &");
    s.expect_well(1);
}

BOOST_AUTO_TEST_CASE(a_password_is_used_and_a_wrong_one_is_refused) {
    const std::string password = "p@ss:w/rd";
    redis_process redis({"--requirepass", password});
    const auto address = [&](const std::string& written) {
        return "redis://default:" + written + "@127.0.0.1:" + std::to_string(redis.port()) + "/3";
    };
    const server_process right(with_store(address("p%40ss%3Aw%2Frd"), impatient));
    auto alice = peer_at(right, "alice");
    join(alice, make_channel());
    const server_process wrong(with_store(address("guess"), impatient));
    client bob(wrong.port());
    bob.send("/descp {}");
    bob.expect_error(400);
    bob.send("/ping");
    bob.expect("pong");
}

BOOST_AUTO_TEST_CASE(nothing_is_asked_of_redis_before_it_knows_who_asks_and_of_which_database) {
    redis_process redis({"--requirepass", "secret"});
    // Two connections at the start; the third time it comes back.
    const forwarder way(redis.socket(), "AUTH", 3);
    const auto address = "redis://:secret@127.0.0.1:" + std::to_string(way.port()) + "/5";
    // Nobody waits for that long here.
    const server_process server(with_store(address, {"--store-timeout", "1m", "--threads", "1"}));
    const auto bob = peer_at(server, "bob");
    const std::string with_password = "-a secret --no-auth-warning -n ";
    redis.ask(with_password + "0 CLIENT KILL TYPE normal");
    way.wait_until_paused();
    client alice(server.port());
    alice.send("/descp {\"name\": \"alice\"}");
    alice.expect_error(400);
    way.go_on();
    ask_until(alice, "/descp {\"name\": \"alice\"}", "welcome");
    BOOST_TEST(redis.ask(with_password + "0 DBSIZE") == "0");
    BOOST_TEST(redis.ask(with_password + "5 DBSIZE") != "0");
}

BOOST_AUTO_TEST_CASE(a_way_that_drops_everything_and_comes_back_loses_and_doubles_nothing) {
    redis_process redis;
    forwarder way(redis.store().substr(5));
    const server_process near(with_store(redis.store(), impatient));
    const server_process far(with_store(way.store(), impatient));
    auto alice = peer_at(near, "alice");
    auto bob = peer_at(far, "bob");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    std::int64_t said = 0;
    std::int64_t heard = 0;
    const auto say = [&] {
        for (int i = 0; i < 20; ++i) BOOST_TEST(number_of(alice.ask("/pubmsg " + channel + " x"), "seq") == ++said);
    };
    for (int round = 0; round < 3; ++round) {
        say();
        for (; heard < said; ++heard) BOOST_TEST(number_of(bob.expect("pubmsg"), "seq") == heard + 1);
        way.kill();
        say();
        fixture::refused(bob, "/pubmsg " + channel + " cut off", 400);
        way.start();
        say();
        for (; heard < said; ++heard) BOOST_TEST(number_of(bob.expect("pubmsg"), "seq") == heard + 1);
    }
    bob.expect_nothing();
    BOOST_TEST(number_of(ask_until(bob, "/pubmsg " + channel + " back", "ack"), "seq") == said + 1);
    alice.expect("pubmsg", {{"seq", said + 1}});
}

BOOST_AUTO_TEST_SUITE_END()
