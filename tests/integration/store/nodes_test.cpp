#include "integration/store/fixture.hpp"

using namespace stored;

namespace {

struct meeting : two_nodes {
    client alice = peer_at(a, "alice");
    client bob = peer_at(b, "bob");
    std::string channel = make_channel();

    meeting() {
        join(alice, channel, {}, "sesame");
        join(bob, channel, {&alice}, "sesame");
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(nodes)

BOOST_FIXTURE_TEST_CASE(members_of_two_servers_are_members_of_one_channel, meeting) {
    auto carol = peer_at(b, "carol");
    fixture::refused(carol, "/join " + channel, 475);
    fixture::refused(carol, "/join " + channel + " wrong", 475);
    const auto joined = join(carol, channel, {&alice, &bob}, "sesame");
    BOOST_TEST(number_of(joined, "members") == 3);
    BOOST_TEST(text_of(joined, "owner") == alice.id());
    for (client* const who : {&alice, &bob, &carol}) {
        const auto list = who->ask("/peers " + channel);
        BOOST_TEST(list.at("peers").as_array().size() == 3U);
        BOOST_TEST(number_of(who->ask("/whois " + channel).at("channel").as_object(), "members") == 3);
    }
    bob.drop();
    for (client* const who : {&alice, &carol}) BOOST_TEST(text_of(who->expect("quit"), "reason") == "connection lost");
}

BOOST_FIXTURE_TEST_CASE(public_messages_have_one_order_everywhere, meeting) {
    constexpr int count = 200;
    for (int i = 0; i < count; ++i) {
        alice.send("@label=x /pubmsg " + channel + " a" + std::to_string(i));
        bob.send("@label=x /pubmsg " + channel + " b" + std::to_string(i));
    }
    // What each learns of a number: its own acknowledgement or the other's message.
    std::vector<std::string> heard[2];
    client* const both[]{&alice, &bob};
    for (int which : {0, 1}) {
        auto& texts = heard[which];
        texts.resize(2 * count);
        int acknowledged = 0;
        for (int i = 0; i < 2 * count; ++i) {
            const auto got = both[which]->next();
            const bool own = text_of(got, "type") == "ack";
            const auto seq = static_cast<std::size_t>(number_of(got, "seq"));
            BOOST_REQUIRE(seq >= 1 && seq <= texts.size());
            BOOST_TEST(texts[seq - 1].empty());
            texts[seq - 1] = own ? (which == 0 ? "a" : "b") + std::to_string(acknowledged++) : text_of(got, "content");
        }
    }
    BOOST_TEST(heard[0] == heard[1]);
    const auto page_of = [&](client& who) { return who.ask("/history " + channel + " 100").at("messages"); };
    BOOST_TEST((page_of(alice) == page_of(bob)));
}

BOOST_FIXTURE_TEST_CASE(a_private_message_finds_its_peer, meeting) {
    const auto sent = alice.ask("/privmsg " + bob.id() + " hello");
    BOOST_TEST(text_of(sent, "type") == "ack");
    BOOST_TEST(!flag_of(sent, "queued"));
    bob.expect("privmsg", {{"content", "hello"}, {"from", named(alice, "alice")}});
    bob.ask("/away lunch");
    alice.expect("away");
    alice.send("@label=x /privmsg " + bob.id() + " there?");
    alice.expect("ack");
    alice.expect("away", {{"message", "lunch"}});
    bob.expect("privmsg");
    fixture::refused(alice, "/privmsg " + make_id() + " nobody", 401);
    bob.close();
    alice.expect("quit");
    fixture::refused(alice, "/privmsg " + bob.id() + " gone", 401);
}

BOOST_FIXTURE_TEST_CASE(whois_tells_of_a_peer_elsewhere, meeting) {
    const auto other = make_channel();
    join(bob, other);
    const auto told = fixture::answered(alice, "/whois " + bob.id(), "whois").at("peer").as_object();
    BOOST_TEST(told.at("channels").as_array().size() == 1U);
    BOOST_TEST(text_of(told, "name") == "bob");
    BOOST_TEST(flag_of(told, "connected"));
    bob.close();
    alice.expect("quit");
    fixture::refused(alice, "/whois " + bob.id(), 401);
}

BOOST_FIXTURE_TEST_CASE(operators_rule_across_servers, meeting) {
    fixture::refused(bob, "/kick " + alice.id() + " " + channel, 482);
    fixture::answered(alice, "/op " + bob.id() + " " + channel, "op");
    bob.expect("op");
    fixture::answered(alice, "/deop " + bob.id() + " " + channel, "deop");
    bob.expect("deop");
    fixture::answered(alice, "/kick " + bob.id() + " " + channel + " out", "kick");
    bob.expect("kick", {{"reason", "out"}});
    fixture::refused(bob, "/pubmsg " + channel + " x", 442);
    join(bob, channel, {&alice}, "sesame");
    fixture::answered(alice, "/ban " + bob.id() + " " + channel, "ban");
    bob.expect("ban");
    fixture::refused(bob, "/join " + channel + " sesame", 474);
    fixture::answered(alice, "/unban " + bob.id() + " " + channel, "unban");
    auto carol = peer_at(b, "carol");
    fixture::answered(alice, "/invite " + carol.id() + " " + channel, "inviting");
    carol.expect("invite");
    join(carol, channel, {&alice});
}

BOOST_FIXTURE_TEST_CASE(who_was_kicked_does_not_come_back_by_reconnecting, meeting) {
    bob.drop();
    alice.expect("quit");
    client back(b.port());
    BOOST_TEST(come_back(back, bob).at("channels").as_array().size() == 1U);
    alice.expect("join");
    fixture::answered(alice, "/kick " + bob.id() + " " + channel, "kick");
    back.expect("kick");
    back.drop();
    client again(b.port());
    BOOST_TEST(come_back(again, bob).at("channels").as_array().empty());
}

BOOST_FIXTURE_TEST_CASE(broadcast_reaches_everybody, meeting) {
    auto carol = peer_at(a, "carol");
    alice.ask("/broadcast hear");
    bob.expect("broadcast", {{"content", "hear"}});
    carol.expect("broadcast", {{"content", "hear"}});
    alice.expect_nothing();
}

BOOST_FIXTURE_TEST_CASE(an_id_belongs_to_one_session_on_all_servers, meeting) {
    client thief(a.port());
    thief.send("/descp {\"id\": \"" + bob.id() + "\"}");
    thief.expect_error(433);
    client guess(a.port());
    guess.send("/descp {\"session\": \"" + alice.session() + "\", \"id\": \"" + bob.id() + "\"}");
    guess.expect_error(433);
    alice.expect_nothing();
}

BOOST_FIXTURE_TEST_CASE(a_session_is_taken_over_at_another_server, meeting) {
    client again(a.port());
    const auto welcome = come_back(again, bob);
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(text_of(welcome, "name") == "bob");
    BOOST_TEST(welcome.at("channels").as_array().size() == 1U);
    bob.expect_close(4501);
    // Nobody saw it leave or come.
    alice.expect_nothing();
    again.ask("/pubmsg " + channel + " from a");
    alice.expect("pubmsg", {{"content", "from a"}});
    alice.ask("/privmsg " + again.id() + " hello");
    again.expect("privmsg");
}

BOOST_FIXTURE_TEST_CASE(what_was_missed_follows_at_another_server_once_and_in_order, meeting) {
    auto dave = peer_at(b, "dave", "\"resume\": true");
    join(dave, channel, {&alice, &bob}, "sesame");
    alice.ask("/pubmsg " + channel + " seen");
    dave.expect("pubmsg");
    bob.expect("pubmsg");
    dave.drop();
    constexpr int count = 50;
    for (int i = 0; i < count; ++i) {
        alice.ask("/pubmsg " + channel + " p" + std::to_string(i));
        bob.expect("pubmsg");
        bob.ask("/privmsg " + dave.id() + " q" + std::to_string(i));
    }
    client again(a.port());
    const auto welcome = come_back(again, dave, "\"seen\": 2");
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(!flag_of(welcome, "lost"));
    BOOST_TEST(number_of(welcome, "missed") == 2 * count);
    int next_public = 0;
    int next_private = 0;
    for (int i = 0; i < 2 * count; ++i) {
        const auto got = again.next();
        const bool is_public = text_of(got, "type") == "pubmsg";
        const auto wanted = is_public ? "p" + std::to_string(next_public++) : "q" + std::to_string(next_private++);
        BOOST_TEST(text_of(got, "content") == wanted);
    }
    again.expect_nothing();
}

BOOST_FIXTURE_TEST_CASE(a_session_goes_round_the_servers_and_counts_on, meeting) {
    const server_process* const places[]{&a, &b};
    auto dave = peer_at(a, "dave", "\"resume\": true");
    join(dave, channel, {&alice, &bob}, "sesame");
    std::int64_t seen = 1;
    for (int round = 0; round < 6; ++round) {
        alice.ask("/pubmsg " + channel + " " + std::to_string(round));
        bob.expect("pubmsg");
        dave.drop();
        client next(places[(round + 1) % 2]->port());
        const auto welcome = come_back(next, dave, "\"seen\": " + std::to_string(seen));
        BOOST_TEST(!flag_of(welcome, "lost"));
        BOOST_TEST(number_of(welcome, "missed") == 1);
        next.expect("pubmsg", {{"content", std::to_string(round)}});
        ++seen;
        if (round % 2 == 0) next.send("/ack " + std::to_string(seen));
        dave = std::move(next);
    }
    dave.expect_nothing();
}

BOOST_FIXTURE_TEST_CASE(graceful_end_of_one_server_moves_its_peers_to_the_other, two_nodes) {
    auto alice = peer_at(a, "alice");
    const auto channel = make_channel();
    join(alice, channel);
    std::string proof;
    {
        const server_process third(with_store(redis.store()));
        auto bob = peer_at(third, "bob", "\"resume\": true");
        join(bob, channel, {&alice});
        third.terminate();
        BOOST_TEST(number_of(bob.expect("bye"), "code") == 1001);
        proof = bob.proof();
    }
    alice.ask("/pubmsg " + channel + " meanwhile");
    client again(b.port());
    const auto welcome = again.describe(proof);
    BOOST_TEST(flag_of(welcome, "resumed"));
    again.skip_to("pubmsg");
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(servers_with_several_threads_are_one_too) {
    const two_nodes both({"--threads", "4"});
    const auto channel = make_channel();
    std::vector<client> members;
    constexpr std::size_t count = 12;
    for (std::size_t i = 0; i < count; ++i) {
        auto& member = members.emplace_back(peer_at(i % 2 == 0 ? both.a : both.b, "m" + std::to_string(i)));
        member.ask("/join " + channel);
    }
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t later = i + 1; later < count; ++later)
            BOOST_TEST(id_in(members[i].expect("join"), "peer") == members[later].id());
    }
    for (std::size_t i = 0; i < count; ++i) {
        members[i].ask("/pubmsg " + channel + " " + std::to_string(i));
        for (std::size_t other = 0; other < count; ++other) {
            if (other != i)
                BOOST_TEST(number_of(members[other].expect("pubmsg"), "seq") == static_cast<std::int64_t>(i + 1));
        }
    }
}

BOOST_AUTO_TEST_CASE(services_in_two_databases_of_one_redis_do_not_hear_each_other) {
    const redis_process redis;
    const server_process a(with_store(redis.store()));
    const server_process b(with_store(redis.store() + "?database=5"));
    auto alice = peer_at(a, "alice");
    auto bob = peer_at(b, "bob");
    const auto channel = make_channel();
    join(alice, channel);
    BOOST_TEST(flag_of(join(bob, channel), "created"));
    fixture::answered(alice, "/broadcast to database 0", "ack");
    for (int i = 1; i <= 3; ++i) BOOST_TEST(number_of(alice.ask("/pubmsg " + channel + " in database 0"), "seq") == i);
    // Heard on bob's topic, behind all that Redis has published so far.
    BOOST_TEST(number_of(bob.ask("/pubmsg " + channel + " in database 5"), "seq") == 1);
    bob.expect_nothing();
    alice.expect_nothing();
    // The second server of a service hears the first.
    const server_process c(with_store(redis.store() + "?database=5"));
    auto carol = peer_at(c, "carol");
    join(carol, channel, {&bob});
    fixture::answered(carol, "/privmsg " + bob.id() + " hello", "ack");
    bob.expect("privmsg", {{"content", "hello"}});
    fixture::answered(carol, "/broadcast to database 5", "ack");
    bob.expect("broadcast", {{"content", "to database 5"}});
    alice.expect_nothing();
}

BOOST_AUTO_TEST_SUITE_END()
