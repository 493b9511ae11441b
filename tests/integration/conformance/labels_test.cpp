#include "integration/conformance/fixture.hpp"

using namespace conformance;

BOOST_FIXTURE_TEST_SUITE(labels, fixture)

BOOST_AUTO_TEST_CASE(a_label_comes_back_in_the_one_reply) {
    auto c = peer("c");
    for (const char* label : {"a", "A-Za.z0:9_", "1"}) {
        c.send(std::string("@label=") + label + " /ping x");
        BOOST_TEST(text_of(c.expect("pong"), "label") == label);
    }
    const std::string longest(64, 'l');
    c.send("@label=" + longest + " /ping");
    BOOST_TEST(text_of(c.expect("pong"), "label") == longest);
}

BOOST_AUTO_TEST_CASE(a_label_comes_back_in_an_error) {
    auto c = peer("c");
    c.send("@label=wrong /whois " + make_id());
    BOOST_TEST(text_of(c.expect_error(401), "label") == "wrong");
    c.send("@label=what /NonSense #507f1f77bcf86cd799439011 x");
    // What an unknown command is about is not known.
    support::require(c.expect_error(421), {{"label", "what"}, {"command", "nonsense"}, {"target", nullptr}});
}

BOOST_AUTO_TEST_CASE(without_a_label_there_is_none_in_the_reply) {
    auto c = peer("c");
    c.send("/ping");
    BOOST_TEST(!c.expect("pong").contains("label"));
}

BOOST_AUTO_TEST_CASE(a_malformed_label_is_461_without_label_and_nothing_is_carried_out) {
    auto c = peer("c");
    const auto channel = make_channel();
    for (const char* prefix : {"@label= ", "@label=ä ", "@label", "@", "@foo=bar ", "@label=a,b "}) {
        c.send(prefix + std::string("/join ") + channel);
        BOOST_TEST(!c.expect("error").contains("label"), prefix);
    }
    c.send("/whois " + channel);
    c.expect_error(403);
}

BOOST_AUTO_TEST_CASE(a_label_over_64_is_417_without_label) {
    auto c = peer("c");
    c.send("@label=" + std::string(65, 'x') + " /ping");
    BOOST_TEST(!c.expect_error(417).contains("label"));
}

BOOST_AUTO_TEST_CASE(a_label_is_looked_at_before_the_description) {
    auto c = stranger();
    c.send("@label=? /whois x");
    c.expect_error(461);
}

BOOST_AUTO_TEST_CASE(messages_are_acknowledged_only_if_labelled) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    alice.send("/pubmsg " + channel + " one");
    alice.send("/privmsg " + bob.id() + " two");
    alice.send("/broadcast three");
    alice.expect_nothing();
    auto ack = alice.ask("/pubmsg " + channel + " four");
    BOOST_TEST(text_of(ack, "type") == "ack");
    BOOST_TEST(text_of(ack, "command") == "pubmsg");
    BOOST_TEST(text_of(ack, "channel") == channel);
    BOOST_TEST(number_of(ack, "seq") == 2);
    BOOST_TEST(number_of(ack, "time") > 1600000000000);
    ack = alice.ask("/privmsg " + bob.id() + " five");
    BOOST_TEST(text_of(ack, "command") == "privmsg");
    BOOST_TEST(!flag_of(ack, "queued"));
    ack = alice.ask("/broadcast six");
    BOOST_TEST(text_of(ack, "command") == "broadcast");
    BOOST_TEST(number_of(ack, "time") > 1600000000000);
}

BOOST_AUTO_TEST_CASE(a_labelled_ack_has_no_reply_either) {
    auto c = peer("c", "\"resume\": true");
    c.send("@label=a /ack 0");
    c.expect_nothing();
}

BOOST_AUTO_TEST_CASE(replies_come_in_the_order_of_the_commands) {
    auto c = peer("c");
    const auto channel = make_channel();
    c.send("@label=1 /join " + channel);
    c.send("@label=2 /whois " + channel);
    c.send("@label=3 /pubmsg " + channel + " x");
    c.send("@label=4 /whois " + c.id());
    c.send("@label=5 /quit " + channel);
    for (const char* label : {"1", "2", "3", "4", "5"}) BOOST_TEST(text_of(c.next(), "label") == label);
}

BOOST_AUTO_TEST_SUITE_END()
