#include "integration/conformance/trio.hpp"

using namespace conformance;

namespace {

/// `count` times a character of four bytes.
std::string four_byte_characters(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "\xF0\x9F\x98\x80";
    return text;
}

/// A command of exactly so many bytes that describes nothing.
std::string padded_descp(std::size_t bytes) { return "/descp {" + std::string(bytes - 9, ' ') + "}"; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(limits, fixture)

BOOST_AUTO_TEST_CASE(the_welcome_tells_what_was_configured) {
    fixture other(
        {"--max-message",     "4096", "--max-content",   "1000",   "--max-name",      "8",   "--max-label",    "9",
         "--max-description", "100",  "--max-token",     "10",     "--max-reason",    "11",  "--max-channels", "12",
         "--max-members",     "13",   "--page",          "14",     "--rate",          "150", "--burst",        "160",
         "--history",         "17",   "--resume-window", "1500ms", "--resume-events", "19",  "--resume-bytes", "2048"});
    auto c = other.stranger();
    const auto limits = c.describe().at("limits").as_object();
    BOOST_TEST((limits ==
                event{{"message", 4096},
                      {"content", 1000},
                      {"name", 8},
                      {"label", 9},
                      {"description", 100},
                      {"token", 10},
                      {"accessToken", 4096},
                      {"reason", 11},
                      {"channels", 12},
                      {"members", 13},
                      {"page", 14},
                      {"rate", 150},
                      {"burst", 160},
                      {"history", 17},
                      {"resumeWindow", 1.5},
                      {"resumeEvents", 19},
                      {"resumeBytes", 2048}}),
               limits);
    // And keeps to it.
    refused(c, "/away " + std::string(12, 'a'), 417);
    answered(c, "/away " + std::string(11, 'a'), "away");
    refused(c, "/join " + make_channel() + " " + std::string(11, 't'), 417);
    refused(c, "/broadcast " + std::string(1001, 'b'), 417);
    refused(c, "/descp {\"name\": \"ninechars\"}", 417);
    c.send("@label=0123456789 /ping");
    c.expect_error(417);
    c.send(std::string(4097, 'x'));
    c.expect_close(1009);
}

BOOST_AUTO_TEST_CASE(a_message_over_the_limit_is_closed_with_1009_and_one_at_it_is_read) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    conformance::join(alice, channel);
    conformance::join(bob, channel, {&alice});
    alice.send(padded_descp(131072));
    alice.expect("welcome", {{"name", "alice"}});
    alice.send(padded_descp(131073));
    const auto bye = alice.expect_close(1009);
    support::require(bye, {{"reconnect", false}, {"retryAfter", nullptr}});
    BOOST_TEST(!text_of(bye, "reason").empty());
    bob.expect("quit", {{"channel", channel}, {"peer", named(alice, "alice")}});
}

BOOST_AUTO_TEST_CASE(what_is_no_command_is_too_big_for_a_stranger_too) {
    auto c = stranger();
    c.send(std::string(131072, 'x'));
    c.expect_error(451);
    c.send(std::string(131073, 'x'));
    c.expect_close(1009);
}

BOOST_AUTO_TEST_CASE(content_has_65536_bytes_at_most) {
    trio three;
    const auto longest = four_byte_characters(16384);
    const std::vector<std::string> commands{"/privmsg " + three.bob.id() + " ", "/pubmsg " + three.channel + " ",
                                            "/broadcast "};
    for (const auto& command : commands) {
        const auto error = answered(three.alice, command + longest + "x", "error",
                                    {{"code", 417}, {"name", "ERR_INPUTTOOLONG"}, {"target", nullptr}});
        BOOST_TEST(text_of(error, "message").find("65536") != std::string::npos);
        answered(three.alice, command + longest, "ack");
        BOOST_TEST((text_of(three.bob.next(), "content") == longest));
    }
    BOOST_TEST((text_of(three.alice.ask("/ping " + longest), "content") == longest));
    refused(three.alice, "/ping " + longest + "x", 417);
    expect_silence_between(three.alice, three.bob);
}

BOOST_AUTO_TEST_CASE(content_of_the_longest_escapes_arrives_whole) {
    trio three;
    const std::string controls(65536, '\x01');
    answered(three.alice, "/pubmsg " + three.channel + " " + controls, "ack");
    BOOST_TEST((text_of(three.bob.expect("pubmsg"), "content") == controls));
    answered(three.alice, "/privmsg " + three.bob.id() + " " + controls, "ack");
    BOOST_TEST((text_of(three.bob.expect("privmsg"), "content") == controls));
    const auto kept = answered(three.bob, "/history " + three.channel, "history").at("messages").as_array();
    BOOST_TEST((text_of(kept.at(0).as_object(), "content") == controls));
}

BOOST_AUTO_TEST_CASE(a_name_has_64_code_points_at_most) {
    auto c = stranger();
    const auto longest = four_byte_characters(64);
    const auto error = answered(c, "/descp {\"name\": \"" + longest + "x\"}", "error", {{"code", 417}});
    BOOST_TEST(text_of(error, "message").find("64") != std::string::npos);
    answered(c, "/descp {\"name\": \"" + longest + "\"}", "welcome", {{"name", longest}});
    std::string escaped;
    for (int i = 0; i < 64; ++i) escaped += "\\ud83d\\ude00";
    answered(c, "/descp {\"name\": \"" + escaped + "\"}", "welcome", {{"name", longest}});
    refused(c, "/descp {\"name\": \"" + escaped + "\\u0041\"}", 417);
}

BOOST_AUTO_TEST_CASE(a_description_has_4096_bytes_at_most_without_white_space_and_what_is_the_servers) {
    auto c = stranger();
    // "a":"xx…"
    const std::string longest(4096 - 6, 'x');
    const auto error = answered(c, "/descp {\"a\":\"" + longest + "x\"}", "error", {{"code", 417}});
    BOOST_TEST(text_of(error, "message").find("4096") != std::string::npos);
    answered(c, "/descp { \"name\": \"carol\", \"resume\": false,\n a : \"" + longest + "\" }", "welcome");
    refused(c, "/descp {\"a\":\"" + longest + "\",\"b\":1}", 417);
    const auto shown = answered(c, "/whois " + text_of(c.ask("/descp {\"a\":\"" + longest + "\"}"), "id"), "whois");
    BOOST_TEST((text_of(shown.at("peer").as_object(), "a") == longest));
}

BOOST_AUTO_TEST_CASE(a_label_has_64_characters_at_most) {
    auto c = peer("c");
    c.send("@label=" + std::string(64, 'l') + " /ping");
    c.expect("pong", {{"label", std::string(64, 'l')}});
    c.send("@label=" + std::string(65, 'l') + " /ping");
    BOOST_TEST(!c.expect_error(417).contains("label"));
}

BOOST_AUTO_TEST_CASE(a_channels_token_has_256_bytes_at_most) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    const auto longest = four_byte_characters(64);
    refused(alice, "/join " + channel + " " + longest + "x", 417, {{"command", "join"}, {"target", nullptr}});
    refused(alice, "/whois " + channel, 403);
    conformance::join(alice, channel, {}, longest);
    refused(bob, "/join " + channel + " " + longest.substr(0, 252), 475);
    conformance::join(bob, channel, {&alice}, longest);
}

BOOST_AUTO_TEST_CASE(reasons_and_away_messages_have_256_bytes_at_most) {
    trio three;
    const auto longest = four_byte_characters(64);
    const auto commands = {"/kick " + three.bob.id() + " " + three.channel + " ",
                           "/ban " + three.carol.id() + " " + three.channel + " ", "/quit " + three.channel + " "};
    for (const auto& command : commands) {
        const auto error = answered(three.alice, command + longest + "x", "error", {{"code", 417}});
        BOOST_TEST(text_of(error, "message").find("256") != std::string::npos);
    }
    refused(three.alice, "/away " + longest + "x", 417);
    three.expect_silence(three.alice, {&three.bob, &three.carol});
    answered(three.alice, "/away " + longest, "away", {{"message", longest}});
    for (const auto& command : commands) BOOST_TEST(text_of(three.alice.ask(command + longest), "reason") == longest);
}

BOOST_AUTO_TEST_CASE(a_peer_is_in_100_channels_at_most) {
    auto alice = peer("alice");
    std::string first;
    for (int i = 0; i < 100; ++i) {
        const auto channel = make_channel();
        if (first.empty()) first = channel;
        conformance::join(alice, channel);
    }
    const auto error = answered(alice, "/join " + make_channel(), "error", {{"code", 405}});
    BOOST_TEST(text_of(error, "message").find("100") != std::string::npos);
    alice.ask("/quit " + first);
    conformance::join(alice, make_channel());
    refused(alice, "/join " + make_channel(), 405);
    // All of them are left with the connection, and come back.
    const auto proof = alice.proof();
    alice.drop();
    auto again = stranger();
    const auto channels = again.describe(proof).at("channels").as_array();
    BOOST_TEST(channels.size() == 100U);
    refused(again, "/join " + make_channel(), 405);
}

BOOST_AUTO_TEST_CASE(a_channel_keeps_100_messages) {
    trio three;
    for (int i = 1; i <= 101; ++i) three.alice.send("/pubmsg " + three.channel + " " + std::to_string(i));
    answered(three.alice, "/ping", "pong");
    const auto history = answered(three.alice, "/history " + three.channel + " 1000", "history", {{"more", false}});
    const auto messages = history.at("messages").as_array();
    BOOST_REQUIRE(messages.size() == 100U);
    BOOST_TEST(number_of(messages.front().as_object(), "seq") == 2);
    BOOST_TEST(number_of(messages.back().as_object(), "seq") == 101);
}

BOOST_AUTO_TEST_CASE(events_for_an_absent_session_are_kept_up_to_their_limit) {
    for (const int over : {0, 1}) {
        fixture few({"--resume-events", "3"});
        auto alice = few.peer("alice");
        auto bob = few.peer("bob", "\"resume\": true");
        bob.drop();
        while (flag_of(alice.ask("/whois " + bob.id()).at("peer").as_object(), "connected")) {
        }
        for (int i = 0; i < 3 + over; ++i)
            answered(alice, "/privmsg " + bob.id() + " " + std::to_string(i), "ack", {{"queued", true}});
        auto again = few.stranger();
        const auto welcome = again.describe(bob.proof() + ", \"seen\": 0");
        support::require(welcome, {{"resumed", true}, {"missed", over ? 0 : 3}, {"lost", over == 1}});
        for (int i = 0; i < (over ? 0 : 3); ++i) again.expect("privmsg", {{"content", std::to_string(i)}});
        again.expect_nothing();
    }
}

BOOST_AUTO_TEST_SUITE_END()
