#include "integration/conformance/trio.hpp"

#include <array>
#include <cctype>

using namespace conformance;

namespace {

/// What a client might say that a server could harm.
const std::array<std::string, 14> delicate{
    "x",
    " leading and trailing ",
    "   ",
    "\n\nlines\r\nof\ttext\n",
    "v=0\r\no=- 46117317 2 IN IP4 127.0.0.1\r\ns=-\r\na=fingerprint:sha-256 4A:AD\r\n",
    R"({"candidate":"candidate:1 1 UDP 2122 192.0.2.1 54400 typ host","sdpMid":"0"})",
    R"("quoted" \ back \\ \" \n \u0041 \ud83d)",
    "弹幕 😀 \xF4\x8F\xBF\xBF \xEF\xBB\xBF \xE2\x80\xA8 é",
    std::string("a\0b\0", 4),
    "\x01\x02\x08\x0C\x1F\x7F\xC2\x80",
    "</script><!-- & ' %s %n {} $1",
    "/quit",
    "@label=a /ping",
    "#507f1f77bcf86cd799439011 507f1f77bcf86cd799439011",
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(messages, trio)

BOOST_AUTO_TEST_CASE(a_privmsg_reaches_its_peer_alone) {
    alice.send("/privmsg " + bob.id() + " hello");
    const auto got = bob.expect("privmsg", {{"from", named(alice, "alice")}, {"to", bob.id()}, {"content", "hello"}});
    BOOST_TEST(support::fields_of(got) == "content from time to type");
    BOOST_TEST(number_of(got, "time") > 1600000000000);
    expect_silence_between(alice, carol);
    expect_silence_between(bob, alice);
    expect_silence_between(alice, bob);
}

BOOST_AUTO_TEST_CASE(a_privmsg_needs_no_common_channel) {
    auto other = peer("other");
    auto upper = bob.id();
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    other.send("/privmsg " + upper + " hello");
    bob.expect("privmsg", {{"from", named(other, "other")}, {"to", bob.id()}});
}

BOOST_AUTO_TEST_CASE(a_privmsg_to_oneself_arrives) {
    alice.send("/privmsg " + alice.id() + " note");
    alice.expect("privmsg", {{"from", named(alice, "alice")}, {"to", alice.id()}, {"content", "note"}});
    alice.send("@label=mine /privmsg " + alice.id() + " note");
    // Both come, in either order, the acknowledgement alone with the label.
    auto first = alice.next();
    auto second = alice.next();
    if (text_of(first, "type") == "ack") std::swap(first, second);
    support::require(first, {{"type", "privmsg"}, {"content", "note"}});
    BOOST_TEST(!first.contains("label"));
    support::require(second, {{"type", "ack"}, {"label", "mine"}, {"command", "privmsg"}, {"queued", false}});
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(a_pubmsg_reaches_every_other_member) {
    auto outsider = peer("outsider");
    alice.send("/pubmsg " + channel + " hello");
    for (client* const member : {&bob, &carol}) {
        const auto got = member->expect(
            "pubmsg", {{"channel", channel}, {"from", named(alice, "alice")}, {"content", "hello"}, {"seq", 1}});
        BOOST_TEST(support::fields_of(got) == "channel content from seq time type");
        BOOST_TEST(number_of(got, "time") > 1600000000000);
    }
    alice.expect_nothing();
    expect_silence_between(bob, outsider);
    expect_silence_between(bob, alice);
}

BOOST_AUTO_TEST_CASE(a_broadcast_reaches_every_other_connected_peer_once) {
    auto outsider = peer("outsider");
    const auto unknown = stranger();
    alice.send("/broadcast to all");
    for (client* const other : {&bob, &carol, &outsider}) {
        const auto got = other->expect("broadcast", {{"from", named(alice, "alice")}, {"content", "to all"}});
        BOOST_TEST(support::fields_of(got) == "content from time type");
        BOOST_TEST(number_of(got, "time") > 1600000000000);
        expect_silence_between(alice, *other);
    }
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(who_has_not_described_itself_gets_no_broadcast) {
    auto late = stranger();
    alice.ask("/broadcast to all");
    bob.expect("broadcast");
    late.expect_nothing();
    late.describe();
    expect_silence_between(bob, late);
}

BOOST_AUTO_TEST_CASE(a_broadcast_where_it_is_forbidden_is_481) {
    fixture strict({"--broadcast", "nobody"});
    auto one = strict.peer("one");
    auto two = strict.peer("two");
    refused(one, "/broadcast hello", 481,
            {{"name", "ERR_NOPRIVILEGES"}, {"command", "broadcast"}, {"target", nullptr}});
    refused(one, "/broadcast ", 461);
    refused(one, "/broadcast " + std::string(65537, 'x'), 417);
    expect_silence_between(one, two);
}

BOOST_AUTO_TEST_CASE(content_is_kept_byte_for_byte) {
    for (const auto& content : delicate) {
        alice.send("/privmsg " + bob.id() + " " + content);
        BOOST_TEST(text_of(bob.expect("privmsg"), "content") == content);
        alice.send("/pubmsg " + channel + " " + content);
        for (client* const member : {&bob, &carol}) BOOST_TEST(text_of(member->expect("pubmsg"), "content") == content);
        alice.send("/broadcast " + content);
        for (client* const other : {&bob, &carol})
            BOOST_TEST(text_of(other->expect("broadcast"), "content") == content);
        BOOST_TEST(text_of(alice.ask("/ping " + content), "content") == content);
    }
    const auto kept = bob.ask("/history " + channel).at("messages").as_array();
    BOOST_REQUIRE(kept.size() == delicate.size());
    for (std::size_t i = 0; i < kept.size(); ++i) BOOST_TEST(text_of(kept[i].as_object(), "content") == delicate[i]);
}

BOOST_AUTO_TEST_CASE(every_code_point_of_one_to_four_bytes_is_kept) {
    std::string content;
    for (std::uint32_t point = 1; point < 0x110000; point += point < 0x900 ? 1 : 0x3FD) {
        if (point >= 0xD800 && point < 0xE000) continue;
        const auto tail = [point](unsigned shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
        if (point < 0x80) {
            content += static_cast<char>(point);
        } else if (point < 0x800) {
            content += {static_cast<char>(0xC0 | (point >> 6)), tail(0)};
        } else if (point < 0x10000) {
            content += {static_cast<char>(0xE0 | (point >> 12)), tail(6), tail(0)};
        } else {
            content += {static_cast<char>(0xF0 | (point >> 18)), tail(12), tail(6), tail(0)};
        }
    }
    alice.send("/pubmsg " + channel + " " + content);
    BOOST_TEST((text_of(bob.expect("pubmsg"), "content") == content));
    alice.send("/privmsg " + bob.id() + " " + content);
    BOOST_TEST((text_of(bob.expect("privmsg"), "content") == content));
}

BOOST_AUTO_TEST_CASE(names_are_kept_byte_for_byte_too) {
    const std::string name = R"(a "b" \ </i> 弹幕 😀)";
    auto odd = stranger();
    odd.describe(R"("name": "a \"b\" \\ </i> \u5f39\u5e55 \ud83d\ude00")");
    odd.send("/privmsg " + bob.id() + " x");
    bob.expect("privmsg", {{"from", named(odd, name)}});
    conformance::join(odd, channel, {});
    bob.expect("join", {{"peer", named(odd, name)}});
    odd.send("/pubmsg " + channel + " x");
    bob.expect("pubmsg", {{"from", named(odd, name)}});
}

BOOST_AUTO_TEST_CASE(a_new_name_goes_with_the_next_message) {
    alice.send("/descp {\"name\": \"alicia\"}");
    alice.expect("welcome");
    alice.send("/pubmsg " + channel + " x");
    bob.expect("peer");
    bob.expect("pubmsg", {{"from", named(alice, "alicia")}});
}

BOOST_AUTO_TEST_CASE(empty_content_is_461) {
    const std::array<std::string, 8> empty{"/privmsg " + bob.id(),
                                           "/privmsg " + bob.id() + " ",
                                           "/pubmsg " + channel,
                                           "/pubmsg " + channel + " ",
                                           "/broadcast",
                                           "/broadcast ",
                                           "/privmsg",
                                           "/pubmsg "};
    for (const auto& command : empty)
        refused(alice, command, 461, {{"name", "ERR_NEEDMOREPARAMS"}, {"target", nullptr}});
    expect_silence(alice, {&bob, &carol});
    expect_silence_between(alice, bob);
}

BOOST_AUTO_TEST_CASE(a_privmsg_to_nobody_is_401) {
    const auto nobody = make_id();
    refused(alice, "/privmsg " + nobody + " x", 401,
            {{"name", "ERR_NOSUCHNICK"}, {"command", "privmsg"}, {"target", nobody}});
    bob.drop();
    alice.expect("quit");
    refused(alice, "/privmsg " + bob.id() + " x", 401);
}

BOOST_AUTO_TEST_CASE(a_pubmsg_where_one_is_not_a_member_is_442_or_403) {
    auto other = peer("other");
    refused(other, "/pubmsg " + channel + " x", 442, {{"command", "pubmsg"}, {"target", channel}});
    const auto nowhere = make_channel();
    refused(alice, "/pubmsg " + nowhere + " x", 403, {{"command", "pubmsg"}, {"target", nowhere}});
    refused(alice, "/pubmsg " + bob.id() + " x", 476, {{"command", "pubmsg"}, {"target", bob.id()}});
    refused(alice, "/privmsg " + channel + " x", 461, {{"command", "privmsg"}, {"target", channel}});
    // What was refused took no number.
    answered(alice, "/pubmsg " + channel + " x", "ack", {{"seq", 1}});
}

BOOST_AUTO_TEST_CASE(an_ack_has_time_and_seq_of_the_message) {
    const auto ack =
        answered(alice, "/pubmsg " + channel + " x", "ack", {{"command", "pubmsg"}, {"channel", channel}, {"seq", 1}});
    BOOST_TEST(support::fields_of(ack) == "channel command label seq time type");
    bob.expect("pubmsg", {{"seq", 1}, {"time", number_of(ack, "time")}});
    const auto relayed =
        answered(alice, "/privmsg " + bob.id() + " x", "ack", {{"command", "privmsg"}, {"queued", false}});
    BOOST_TEST(support::fields_of(relayed) == "command label queued time type");
    bob.expect("privmsg", {{"time", number_of(relayed, "time")}});
    const auto shouted = answered(alice, "/broadcast x", "ack", {{"command", "broadcast"}});
    BOOST_TEST(support::fields_of(shouted) == "command label time type");
    bob.expect("broadcast", {{"time", number_of(shouted, "time")}});
}

BOOST_AUTO_TEST_CASE(a_privmsg_to_an_absent_resumable_peer_is_queued_and_delivered_once) {
    auto dave = peer("dave", "\"resume\": true");
    dave.drop();
    while (flag_of(alice.ask("/whois " + dave.id()).at("peer").as_object(), "connected")) {
    }
    answered(alice, "/privmsg " + dave.id() + " while you were away", "ack", {{"queued", true}});
    answered(alice, "/broadcast which is missed", "ack");
    auto again = stranger();
    BOOST_TEST(number_of(again.describe(dave.proof() + ", \"seen\": 0"), "missed") == 1);
    again.expect("privmsg", {{"content", "while you were away"}, {"from", named(alice, "alice")}});
    answered(alice, "/privmsg " + dave.id() + " welcome back", "ack", {{"queued", false}});
    again.expect("privmsg", {{"content", "welcome back"}});
}

BOOST_AUTO_TEST_CASE(a_privmsg_to_one_who_is_away_is_delivered_and_the_sender_is_told) {
    answered(bob, "/away lunch", "away");
    alice.expect("away");
    answered(alice, "/privmsg " + bob.id() + " x", "ack", {{"queued", false}});
    const auto told = alice.expect("away", {{"peer", named(bob, "bob")}, {"away", true}, {"message", "lunch"}});
    BOOST_TEST(!told.contains("label"));
    bob.expect("privmsg", {{"content", "x"}});
    alice.send("/privmsg " + bob.id() + " y");
    alice.expect("away", {{"peer", named(bob, "bob")}});
    bob.expect("privmsg", {{"content", "y"}});
    answered(bob, "/away", "away", {{"away", false}});
    alice.expect("away", {{"away", false}});
    answered(alice, "/privmsg " + bob.id() + " z", "ack");
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(what_is_said_before_arrives_before_across_verbs) {
    const auto other = make_channel();
    conformance::join(alice, other);
    conformance::join(bob, other, {&alice});
    for (int round = 0; round < 50; ++round) {
        alice.send("/pubmsg " + channel + " 1");
        alice.send("/privmsg " + bob.id() + " 2");
        alice.send("/pubmsg " + other + " 3");
        alice.send("/broadcast 4");
        alice.send("/pubmsg " + channel + " 5");
        alice.send("/kick " + bob.id() + " " + other + " 6");
        alice.send("/privmsg " + bob.id() + " 7");
        for (const char* type : {"pubmsg", "privmsg", "pubmsg", "broadcast", "pubmsg", "kick", "privmsg"})
            bob.expect(type);
        alice.expect("kick");
        bob.ask("/join " + other);
        alice.expect("join");
    }
}

BOOST_AUTO_TEST_CASE(seq_is_without_gaps_and_the_order_the_same_for_every_member) {
    constexpr int each = 100;
    const std::array<client*, 3> members{&alice, &bob, &carol};
    auto listener = peer("listener");
    conformance::join(listener, channel, {&alice, &bob, &carol});
    for (int i = 0; i < each; ++i) {
        for (client* const member : members)
            member->send("@label=" + std::to_string(i) + " /pubmsg " + channel + " " + member->id() +
                         std::to_string(i));
    }
    std::vector<std::string> log;
    std::array<int, 3> said{};
    for (int seq = 1; seq <= 3 * each; ++seq) {
        const auto got = listener.expect("pubmsg", {{"seq", seq}});
        log.push_back(text_of(got, "content"));
        for (std::size_t m = 0; m < members.size(); ++m) {
            if (id_in(got, "from") != members[m]->id()) continue;
            // Each one's own are in the order in which they were sent.
            BOOST_TEST(log.back() == members[m]->id() + std::to_string(said[m]++));
        }
    }
    for (client* const member : members) {
        int last = 0;
        int acknowledged = 0;
        for (int seq = 1; seq <= 3 * each; ++seq) {
            const auto got = member->next();
            const auto number = static_cast<std::size_t>(number_of(got, "seq"));
            if (text_of(got, "type") == "ack") {
                BOOST_TEST(text_of(got, "label") == std::to_string(acknowledged));
                BOOST_TEST(log.at(number - 1) == member->id() + std::to_string(acknowledged++));
            } else {
                BOOST_TEST(static_cast<int>(number) > last);
                last = static_cast<int>(number);
                BOOST_TEST(log.at(number - 1) == text_of(got, "content"));
            }
        }
        BOOST_TEST(acknowledged == each);
        member->expect_nothing();
    }
}

BOOST_AUTO_TEST_CASE(each_channel_counts_for_itself) {
    const auto second = make_channel();
    conformance::join(alice, second);
    for (int seq = 1; seq <= 3; ++seq) {
        answered(alice, "/pubmsg " + channel + " x", "ack", {{"channel", channel}, {"seq", seq}});
        answered(alice, "/pubmsg " + second + " x", "ack", {{"channel", second}, {"seq", seq}});
    }
    // Joins and kicks take no number.
    alice.ask("/kick " + carol.id() + " " + channel);
    answered(alice, "/pubmsg " + channel + " x", "ack", {{"seq", 4}});
}

BOOST_AUTO_TEST_SUITE_END()
