#include "integration/store/fixture.hpp"

#include <memory>

using namespace stored;

namespace {

/// A server that crashes and is started again, on the same Redis.
struct service {
    redis_process redis;
    std::vector<std::string> options;
    std::unique_ptr<server_process> server;

    explicit service(std::vector<std::string> more = {}, std::vector<std::string> of_redis = {})
        : redis(std::move(of_redis)),
          options(with_store(redis.store(), more)) {
        start();
    }
    void start() { server = std::make_unique<server_process>(options); }
    void crash() const {
        server->kill();
        server->wait_exit();
    }
    [[nodiscard]] client peer(const std::string& name, const std::string& more = {}) const {
        return peer_at(*server, name, more);
    }
    [[nodiscard]] client stranger() const { return client(server->port()); }
};

/// The highest number of which one of them was told before its connection ended.
std::int64_t last_acknowledged(std::vector<client>& senders) {
    std::int64_t highest = 0;
    for (auto& sender : senders) {
        try {
            for (;;) {
                const auto got = sender.next();
                if (text_of(got, "type") == "ack") highest = std::max(highest, number_of(got, "seq"));
            }
        } catch (const std::exception&) {
            // The end of what came before the crash.
        }
    }
    return highest;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crash)

BOOST_AUTO_TEST_CASE(everything_that_was_acknowledged_is_there_after_a_crash) {
    service s;
    auto alice = s.peer("alice", "\"colour\": \"red\"");
    auto bob = s.peer("bob");
    const auto channel = make_channel();
    const auto banned = make_id();
    join(alice, channel, {}, "sesame");
    join(bob, channel, {&alice}, "sesame");
    alice.ask("/op " + bob.id() + " " + channel);
    alice.ask("/ban " + banned + " " + channel + " spam");
    alice.ask("/away lunch");
    for (int i = 1; i <= 5; ++i)
        BOOST_TEST(number_of(alice.ask("/pubmsg " + channel + " " + std::to_string(i)), "seq") == i);
    s.crash();
    s.start();
    auto again = s.stranger();
    const auto welcome = come_back(again, alice);
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(text_of(welcome, "name") == "alice");
    const auto& channels = welcome.at("channels").as_array();
    BOOST_REQUIRE(channels.size() == 1U);
    BOOST_TEST(text_of(channels.at(0).as_object(), "channel") == channel);
    BOOST_TEST(flag_of(channels.at(0).as_object(), "operator"));
    BOOST_TEST(number_of(channels.at(0).as_object(), "seq") == 5);
    const auto self = again.ask("/whois " + again.id()).at("peer").as_object();
    BOOST_TEST(text_of(self, "away") == "lunch");
    BOOST_TEST(text_of(self, "colour") == "red");
    auto bob_again = s.stranger();
    const auto bobs = come_back(bob_again, bob);
    BOOST_TEST(flag_of(bobs.at("channels").as_array().at(0).as_object(), "operator"));
    const auto bans = again.ask("/bans " + channel).at("bans").as_array();
    BOOST_REQUIRE(bans.size() == 1U);
    BOOST_TEST(text_of(bans.at(0).as_object(), "id") == banned);
    auto carol = s.peer("carol");
    fixture::refused(carol, "/join " + channel, 475);
    join(carol, channel, {&again, &bob_again}, "sesame");
    // The numbers go on, and the history is what it was.
    BOOST_TEST(number_of(again.ask("/pubmsg " + channel + " six"), "seq") == 6);
    carol.expect("pubmsg");
    const auto page = carol.ask("/history " + channel).at("messages").as_array();
    BOOST_REQUIRE(page.size() == 6U);
    BOOST_TEST(text_of(page.at(0).as_object(), "content") == "1");
}

BOOST_AUTO_TEST_CASE(who_comes_back_gets_what_it_had_not_seen_once_and_in_order) {
    service s;
    auto alice = s.peer("alice");
    auto bob = s.peer("bob", "\"resume\": true");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    constexpr int count = 100;
    for (int i = 0; i < count; ++i) alice.ask("/pubmsg " + channel + " " + std::to_string(i));
    // Of which it has seen a half, and confirmed some.
    for (int i = 0; i < count / 2; ++i) bob.expect("pubmsg", {{"content", std::to_string(i)}});
    bob.send("/ack 20");
    s.crash();
    s.start();
    auto again = s.stranger();
    const auto welcome = come_back(again, bob, "\"seen\": " + std::to_string(1 + count / 2));
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(!flag_of(welcome, "lost"));
    for (int i = count / 2; i < count; ++i) again.expect("pubmsg", {{"content", std::to_string(i)}});
    auto alice_again = s.stranger();
    come_back(alice_again, alice);
    alice_again.ask("/pubmsg " + channel + " new");
    again.expect("pubmsg", {{"content", "new"}, {"seq", count + 1}});
    again.expect_nothing();
}

BOOST_AUTO_TEST_CASE(a_crash_under_full_load_loses_nothing_acknowledged_and_uses_no_number_twice) {
    service s({"--history", "1000"});
    const auto channel = make_channel();
    std::vector<client> senders;
    for (int i = 0; i < 4; ++i) senders.push_back(s.peer("sender " + std::to_string(i)));
    for (auto& sender : senders) sender.ask("/join " + channel);
    auto reader = s.peer("reader", "\"resume\": true");
    reader.ask("/join " + channel);
    std::int64_t last = 0;
    for (int round = 0; round < 3; ++round) {
        for (auto& sender : senders) {
            for (int i = 0; i < 1000; ++i) sender.send("@label=x /pubmsg " + channel + " " + std::to_string(round));
        }
        // In the middle of it.
        for (int i = 0; i < 300; ++i) {
            const auto got = reader.expect("pubmsg");
            BOOST_TEST(number_of(got, "seq") == last + 1);
            last = number_of(got, "seq");
        }
        s.crash();
        const auto acknowledged = last_acknowledged(senders);
        s.start();
        client again(s.server->port());
        const auto seen = std::to_string(1 + last);
        const auto welcome = come_back(again, reader, "\"seen\": " + seen);
        BOOST_TEST(flag_of(welcome, "resumed"));
        BOOST_TEST(!flag_of(welcome, "lost"));
        const auto seq = number_of(welcome.at("channels").as_array().at(0).as_object(), "seq");
        BOOST_TEST(seq >= acknowledged);
        for (; last < seq; ++last) BOOST_TEST(number_of(again.expect("pubmsg"), "seq") == last + 1);
        again.expect_nothing();
        reader = std::move(again);
        for (auto& sender : senders) {
            client next(s.server->port());
            come_back(next, sender);
            sender = std::move(next);
        }
    }
}

BOOST_AUTO_TEST_CASE(an_id_is_kept_for_who_crashed_and_free_after_the_retention_time) {
    service s({"--retention", "300ms", "--resume-window", "100ms"});
    auto alice = s.peer("alice");
    s.crash();
    s.start();
    auto thief = s.stranger();
    thief.send("/descp {\"id\": \"" + alice.id() + "\"}");
    thief.expect_error(433);
    // Heartbeats are missed for five seconds before a server is dead.
    ask_until(thief, "/descp {\"id\": \"" + alice.id() + "\"}", "welcome");
}

BOOST_AUTO_TEST_CASE(redis_itself_may_crash_where_it_keeps_a_log) {
    service s({}, {"--appendonly", "yes", "--appendfsync", "always"});
    auto alice = s.peer("alice");
    const auto channel = make_channel();
    join(alice, channel, {}, "sesame");
    for (int i = 0; i < 20; ++i) alice.ask("/pubmsg " + channel + " " + std::to_string(i));
    s.redis.kill();
    fixture::refused(alice, "/pubmsg " + channel + " nowhere", 400);
    s.redis.start();
    BOOST_TEST(number_of(ask_until(alice, "/pubmsg " + channel + " back", "ack"), "seq") == 21);
    // And both at once.
    s.crash();
    s.redis.kill();
    s.redis.start();
    s.start();
    auto again = s.stranger();
    const auto welcome = come_back(again, alice);
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(number_of(welcome.at("channels").as_array().at(0).as_object(), "seq") == 21);
}

BOOST_AUTO_TEST_CASE(no_secret_is_stored) {
    service s;
    auto alice = s.peer("alice", "\"resume\": true");
    join(alice, make_channel(), {}, "opensesame");
    const auto proof = alice.session().substr(24);
    for (const auto& command : {"--scan"}) {
        const auto keys = s.redis.ask(command);
        BOOST_TEST(keys.find("signaller:") != std::string::npos);
        std::string content;
        for (std::size_t at = 0; at < keys.size();) {
            const auto end = std::min(keys.find('\n', at), keys.size());
            content += s.redis.ask("DUMP '" + keys.substr(at, end - at) + "'");
            at = end + 1;
        }
        BOOST_TEST(content.find("opensesame") == std::string::npos);
        BOOST_TEST(content.find(proof) == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(every_key_has_a_prefix_a_hash_tag_and_an_end) {
    service s;
    auto alice = s.peer("alice", "\"resume\": true");
    const auto channel = make_channel();
    join(alice, channel);
    alice.ask("/pubmsg " + channel + " x");
    alice.ask("/ban " + make_id() + " " + channel);
    const auto keys = s.redis.ask("--scan");
    for (std::size_t at = 0; at < keys.size();) {
        const auto end = std::min(keys.find('\n', at), keys.size());
        const auto key = keys.substr(at, end - at);
        at = end + 1;
        BOOST_TEST_INFO(key);
        BOOST_TEST(key.starts_with("signaller:{"));
        BOOST_TEST(key.find('}') != std::string::npos);
        BOOST_TEST(s.redis.ask("PTTL '" + key + "'")[0] != '-');
    }
}

BOOST_AUTO_TEST_SUITE_END()
