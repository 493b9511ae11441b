#include "integration/conformance/trio.hpp"

#include <numeric>

using namespace conformance;

namespace {

std::vector<std::int64_t> seqs_of(const event& history) {
    std::vector<std::int64_t> seqs;
    for (const auto& message : history.at("messages").as_array()) seqs.push_back(number_of(message.as_object(), "seq"));
    return seqs;
}

std::vector<std::int64_t> from_to(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> seqs(static_cast<std::size_t>(last - first + 1));
    std::iota(seqs.begin(), seqs.end(), first);
    return seqs;
}

struct talk : trio {
    explicit talk(std::vector<std::string> options = {}) : trio(std::move(options)) {}

    void say(client& who, int count) const {
        for (int i = 0; i < count; ++i) answered(who, "/pubmsg " + channel + " " + std::to_string(i), "ack");
    }
    void expect_seqs(client& asker, const std::string& parameters, const std::vector<std::int64_t>& seqs, bool more,
                     here at = here::current()) const {
        const auto got =
            answered(asker, "/history " + channel + parameters, "history", {{"channel", channel}, {"more", more}}, at);
        BOOST_TEST(seqs_of(got) == seqs, boost::test_tools::per_element());
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(history, talk)

BOOST_AUTO_TEST_CASE(without_messages_it_is_empty) {
    const auto reply = answered(bob, "/history " + channel, "history", {{"channel", channel}, {"more", false}});
    BOOST_TEST(support::fields_of(reply) == "channel label messages more type");
    BOOST_TEST(reply.at("messages").as_array().empty());
}

BOOST_AUTO_TEST_CASE(it_holds_the_events_as_members_got_them_oldest_first) {
    boost::json::array seen;
    for (const char* content : {"one", "  two \n\"2\"", "弹幕 \xF0\x9F\x8E\x89"}) {
        alice.send("/pubmsg " + channel + " " + content);
        seen.push_back(bob.expect("pubmsg", {{"content", content}}));
    }
    BOOST_TEST((answered(bob, "/history " + channel, "history").at("messages") == seen));
    // One's own are there too.
    BOOST_TEST((answered(alice, "/history " + channel, "history").at("messages") == seen));
}

BOOST_AUTO_TEST_CASE(fifty_are_given_if_count_is_left_out_and_a_hundred_are_kept) {
    say(alice, 120);
    expect_seqs(alice, "", from_to(71, 120), true);
    expect_seqs(alice, " ", from_to(71, 120), true);
    expect_seqs(alice, " 1", from_to(120, 120), true);
    expect_seqs(alice, " 99", from_to(22, 120), true);
    expect_seqs(alice, " 100", from_to(21, 120), false);
    // More than is kept: what there is.
    expect_seqs(alice, " 101", from_to(21, 120), false);
    expect_seqs(alice, " 99999999999999999999999", from_to(21, 120), false);
}

BOOST_AUTO_TEST_CASE(before_seq_pages_backwards) {
    say(alice, 10);
    expect_seqs(alice, " 4", from_to(7, 10), true);
    expect_seqs(alice, " 4 7", from_to(3, 6), true);
    expect_seqs(alice, " 4 3", from_to(1, 2), false);
    expect_seqs(alice, " 2 3", from_to(1, 2), false);
    expect_seqs(alice, " 4 1", {}, false);
    expect_seqs(alice, " 4 0", {}, false);
    expect_seqs(alice, " 4 1000", from_to(7, 10), true);
    expect_seqs(alice, " 4 99999999999999999999999", from_to(7, 10), true);
}

BOOST_AUTO_TEST_CASE(how_many_are_kept_is_configured) {
    talk few({"--history", "5"});
    few.say(few.alice, 8);
    few.expect_seqs(few.alice, " 50", from_to(4, 8), false);
    BOOST_TEST(few.alice.describe("\"name\": \"alice\"").at("limits").at("history").as_int64() == 5);
    talk none({"--history", "0"});
    none.say(none.alice, 2);
    none.expect_seqs(none.alice, "", {}, false);
}

BOOST_AUTO_TEST_CASE(names_are_as_they_were_then) {
    say(bob, 1);
    bob.send("/descp {\"name\": \"robert\"}");
    bob.expect("welcome");
    say(bob, 1);
    for (const char* type : {"pubmsg", "peer", "pubmsg"}) alice.expect(type);
    answered(alice, "/kick " + bob.id() + " " + channel, "kick");
    const auto messages = answered(alice, "/history " + channel, "history").at("messages").as_array();
    BOOST_REQUIRE(messages.size() == 2U);
    BOOST_TEST((messages[0].at("from") == named(bob, "bob")));
    BOOST_TEST((messages[1].at("from") == named(bob, "robert")));
}

BOOST_AUTO_TEST_CASE(who_comes_later_gets_what_was_said_before) {
    say(alice, 3);
    auto dave = peer("dave");
    const auto joined = dave.ask("/join " + channel);
    BOOST_TEST(number_of(joined, "seq") == 3);
    expect_seqs(dave, "", from_to(1, 3), false);
}

BOOST_AUTO_TEST_CASE(only_members_get_it) {
    say(alice, 1);
    auto outsider = peer("outsider");
    refused(outsider, "/history " + channel, 442, {{"command", "history"}, {"target", channel}});
    bob.expect("pubmsg");
    answered(bob, "/quit " + channel, "quit");
    refused(bob, "/history " + channel, 442);
}

BOOST_AUTO_TEST_CASE(it_is_kept_while_the_channel_is_empty) {
    say(alice, 3);
    for (client* const member : {&alice, &bob, &carol}) {
        member->send("/quit " + channel);
        while (id_in(member->skip_to("quit"), "peer") != member->id()) {
        }
    }
    BOOST_TEST(number_of(bob.ask("/join " + channel), "seq") == 3);
    expect_seqs(bob, "", from_to(1, 3), false);
    // And goes on where it was.
    say(bob, 1);
    expect_seqs(bob, "", from_to(1, 4), false);
}

BOOST_AUTO_TEST_CASE(it_ends_with_the_channel) {
    fixture quick({"--retention", "50ms", "--rate", "0"});
    auto dave = quick.peer("dave");
    const auto made = make_channel();
    join(dave, made);
    dave.ask("/pubmsg " + made + " hello");
    dave.ask("/quit " + made);
    while (text_of(dave.ask("/whois " + made), "type") == "whois") {
    }
    join(dave, made);
    BOOST_TEST(dave.ask("/history " + made).at("messages").as_array().empty());
}

BOOST_AUTO_TEST_CASE(long_messages_come_in_several_answers) {
    const std::string longest(65536, 'x');
    for (int i = 0; i < 10; ++i) {
        alice.send("/pubmsg " + channel + " " + longest);
        bob.expect("pubmsg");
        carol.expect("pubmsg");
    }
    std::vector<std::int64_t> seqs;
    std::string before;
    for (bool more = true; more;) {
        const auto page = answered(bob, "/history " + channel + " 100" + before, "history");
        auto found = seqs_of(page);
        BOOST_REQUIRE(!found.empty());
        before = " " + std::to_string(found.front());
        found.insert(found.end(), seqs.begin(), seqs.end());
        seqs = found;
        more = flag_of(page, "more");
    }
    BOOST_TEST(seqs == from_to(1, 10), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_refused) {
    const auto nowhere = make_channel();
    refused(bob, "/history", 461, {{"command", "history"}, {"target", nullptr}});
    refused(bob, "/history 5", 476, {{"target", "5"}});
    refused(bob, "/history " + channel + " 0", 461, {{"target", "0"}});
    for (const std::string bad : {"-1", "x", "1.5", "+1", "0x10", "1e3"}) {
        refused(bob, "/history " + channel + " " + bad, 461, {{"target", bad}});
        refused(bob, "/history " + channel + " 5 " + bad, 461, {{"target", bad}});
    }
    refused(bob, "/history " + channel + " 5 5 5", 461, {{"target", "5 5"}});
    refused(bob, "/history " + nowhere, 403, {{"target", nowhere}});
}

BOOST_AUTO_TEST_SUITE_END()
