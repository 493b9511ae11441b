#include "protocol/command.hpp"
#include "protocol/text.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace protocol;
using namespace std::string_literals;

namespace {

const std::string p = "507f1f77bcf86cd799439011";
const std::string c = "#5f43a1b2c3d4e5f607182930";

/// A message whose form is refused, with what the error must say.
struct refusal {
    std::string message;
    int code;
    std::string target;
    std::string mentions;
};

parsed_command parse(std::string_view message) { return parse_command(message, limits{}); }

void check(const refusal& expected) {
    BOOST_TEST_CONTEXT("message: " << cut(expected.message, 100)) {
        const auto result = parse(expected.message);
        BOOST_REQUIRE((result.stage == parse_stage::bad_form));
        BOOST_TEST(!result.value);
        BOOST_REQUIRE(result.error);
        BOOST_TEST(static_cast<int>(result.error->code) == expected.code);
        BOOST_TEST(result.error->target == expected.target);
        BOOST_TEST(result.error->message.find(expected.mentions) != std::string::npos, result.error->message);
        BOOST_TEST(result.error->message.find("usage: /" + std::string(result.verb)) != std::string::npos,
                   result.error->message);
    }
}

void check(const std::vector<refusal>& table) {
    for (const auto& row : table) check(row);
}

void check_unlabelled(std::string_view message, numeric code) {
    BOOST_TEST_CONTEXT("message: " << cut(message, 100)) {
        const auto result = parse(message);
        BOOST_REQUIRE((result.stage == parse_stage::bad_label));
        BOOST_TEST(result.label.empty());
        BOOST_TEST(result.verb.empty());
        BOOST_TEST(!result.value);
        BOOST_REQUIRE(result.error);
        BOOST_TEST((result.error->code == code));
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(command_error)

BOOST_AUTO_TEST_CASE(a_missing_parameter_is_461_and_named) {
    check({
        {"/descp", 461, "", "description"},
        {"/descp ", 461, "", "description"},
        {"/join", 461, "", "channel is missing"},
        {"/join ", 461, "", "channel is missing"},
        {"/join  token", 461, "", "channel is missing"},
        {"/privmsg", 461, "", "peer is missing"},
        {"/privmsg  hi", 461, "", "peer is missing"},
        {"/privmsg " + p, 461, "", "content is missing"},
        {"/privmsg " + p + " ", 461, "", "content is missing"},
        {"/pubmsg", 461, "", "channel is missing"},
        {"/pubmsg " + c, 461, "", "content is missing"},
        {"/pubmsg " + c + " ", 461, "", "content is missing"},
        {"/broadcast", 461, "", "content is missing"},
        {"/broadcast ", 461, "", "content is missing"},
        {"/whois", 461, "", "peer is missing"},
        {"/whois ", 461, "", "peer is missing"},
        {"/peers", 461, "", "channel is missing"},
        {"/invite", 461, "", "peer is missing"},
        {"/kick", 461, "", "peer is missing"},
        {"/kick  " + c, 461, "", "peer is missing"},
        {"/ban", 461, "", "peer is missing"},
        {"/unban", 461, "", "peer is missing"},
        {"/bans", 461, "", "channel is missing"},
        {"/op", 461, "", "peer is missing"},
        {"/deop", 461, "", "peer is missing"},
        {"/history", 461, "", "channel is missing"},
        {"/ack", 461, "", "n is missing"},
        {"/ack ", 461, "", "n is missing"},
    });
}

BOOST_AUTO_TEST_CASE(a_malformed_peer_is_461_and_echoed) {
    for (const std::string verb : {"privmsg", "kick", "ban"}) {
        check({"/" + verb + " alice hi", 461, "alice", "24 hexadecimal digits"});
        check({"/" + verb + " " + c + " hi", 461, c, "24 hexadecimal digits"});
    }
    for (const std::string verb : {"invite", "unban", "op", "deop"}) {
        check({"/" + verb + " alice", 461, "alice", "24 hexadecimal digits"});
        check({"/" + verb + " alice " + c, 461, "alice", "24 hexadecimal digits"});
    }
    check({"/whois alice", 461, "alice", "24 hexadecimal digits"});
    check({"/whois " + p + " ", 461, p + " ", "24 hexadecimal digits"});
    check({"/whois " + p + "\n", 461, p + "\n", "24 hexadecimal digits"});
    check({"/whois  " + p, 461, " " + p, "24 hexadecimal digits"});
    check({"/peers " + c + " bob", 461, "bob", "after-peer must be 24 hexadecimal digits"});
    check({"/peers " + c + " " + p + " x", 461, p + " x", "after-peer"});
    check({"/peers " + c + "  " + p, 461, " " + p, "after-peer"});
}

BOOST_AUTO_TEST_CASE(a_malformed_channel_is_476_and_echoed) {
    const auto bare = c.substr(1);
    check({
        {"/join lobby", 476, "lobby", "not a channel id: expected # and 24 hexadecimal digits"},
        {"/join " + bare, 476, bare, "not a channel id"},
        {"/join #", 476, "#", "not a channel id"},
        {"/join " + c + "0 token", 476, c + "0", "not a channel id"},
        {"/join #" + c, 476, "#" + c, "not a channel id"},
        {"/quit good bye", 476, "good", "not a channel id"},
        {"/quit  bye", 476, "", "not a channel id"},
        {"/pubmsg lobby hi", 476, "lobby", "not a channel id"},
        {"/whois #", 476, "#", "not a channel id"},
        {"/whois " + c + " ", 476, c + " ", "not a channel id"},
        {"/peers lobby", 476, "lobby", "not a channel id"},
        {"/bans " + c + " x", 476, c + " x", "not a channel id"},
        {"/bans " + c + " ", 476, c + " ", "not a channel id"},
        {"/history lobby", 476, "lobby", "not a channel id"},
        {"/kick " + p + " for fun", 476, "for", "not a channel id"},
        {"/kick " + p + "  fun", 476, "", "not a channel id"},
        {"/ban " + p + " " + bare, 476, bare, "not a channel id"},
        {"/invite " + p + " " + c + " x", 476, c + " x", "not a channel id"},
        {"/unban " + p + " " + c + " ", 476, c + " ", "not a channel id"},
        {"/op " + p + " " + p, 476, p, "not a channel id"},
        {"/deop " + p + " #", 476, "#", "not a channel id"},
    });
}

BOOST_AUTO_TEST_CASE(numbers_are_digits_alone) {
    for (const std::string wrong : {"0", "-1", "+1", "1.5", "1e3", "0x10", "ten", "\xd9\xa1"}) {
        check({"/history " + c + " " + wrong, 461, wrong, "count must be a whole number of 1 or more"});
    }
    check({"/history " + c + "  5", 461, "", "count"});
    check({"/history " + c + " 5 -1", 461, "-1", "before-seq must be a whole number"});
    check({"/history " + c + " 5 6 7", 461, "6 7", "before-seq"});
    check({"/history " + c + " 5  6", 461, " 6", "before-seq"});
    check({"/history " + c + " 99999999999999999999999x", 461, "99999999999999999999999x", "count"});
    for (const std::string wrong : {"-1", "+1", "x", "1 ", " 1", "1 2", "1\n", "0.0"}) {
        check({"/ack " + wrong, 461, wrong, "n must be a whole number"});
    }
}

BOOST_AUTO_TEST_CASE(ice_with_parameters_is_461) {
    check({"/ice now", 461, "now", "no parameter"});
    check({"/ice  ", 461, " ", "no parameter"});
}

BOOST_AUTO_TEST_CASE(a_part_over_its_limit_is_417) {
    const limits defaults;
    const auto content = std::string(defaults.content + 1, 'c');
    const auto reason = std::string(defaults.reason + 1, 'r');
    const auto token = std::string(defaults.token + 1, 't');
    check({
        {"/privmsg " + p + " " + content, 417, "", "content is too long: at most 65536 bytes, not 65537"},
        {"/pubmsg " + c + " " + content, 417, "", "content is too long"},
        {"/broadcast " + content, 417, "", "content is too long"},
        {"/ping " + content, 417, "", "content is too long"},
        {"/join " + c + " " + token, 417, "", "token is too long: at most 256 bytes"},
        {"/quit " + c + " " + reason, 417, "", "reason is too long"},
        {"/kick " + p + " " + c + " " + reason, 417, "", "reason is too long"},
        {"/ban " + p + " " + c + " " + reason, 417, "", "reason is too long"},
        {"/away " + reason, 417, "", "message is too long"},
    });
}

BOOST_AUTO_TEST_CASE(limits_come_from_the_configuration) {
    limits small;
    small.content = 3;
    small.label = 2;
    BOOST_TEST((parse_command("/broadcast abc", small).stage == parse_stage::ok));
    BOOST_TEST((parse_command("/broadcast abcd", small).error.value().code == numeric::input_too_long));
    BOOST_TEST((parse_command("@label=ab /ping", small).stage == parse_stage::ok));
    BOOST_TEST((parse_command("@label=abc /ping", small).error.value().code == numeric::input_too_long));
}

BOOST_AUTO_TEST_CASE(of_several_mistakes_461_goes_before_476_before_417) {
    const auto reason = std::string(limits{}.reason + 1, 'r');
    const auto content = std::string(limits{}.content + 1, 'c');
    check({
        {"/kick alice lobby " + reason, 461, "alice", "peer"},
        {"/kick " + p + " lobby " + reason, 476, "lobby", "channel"},
        {"/pubmsg lobby", 461, "", "content is missing"},
        {"/pubmsg lobby " + content, 476, "lobby", "channel"},
        {"/privmsg alice " + content, 461, "alice", "peer"},
        {"/peers lobby bob", 461, "bob", "after-peer"},
        {"/history lobby 0", 461, "0", "count"},
        {"/history lobby 0 x", 461, "0", "count"},
        {"/history lobby 5 x", 461, "x", "before-seq"},
        {"/op alice lobby", 461, "alice", "peer"},
        {"/quit lobby " + reason, 476, "lobby", "channel"},
    });
}

BOOST_AUTO_TEST_CASE(an_unknown_command_is_421_with_its_verb) {
    for (const std::string verb :
         {"nope", "NoPe", "privmsgx", "privms", "privmsg\n", "\xe5\xbc\xb9", "/join", "@label=x", "op\t"}) {
        const auto message = "@label=l /" + verb + " a b";
        const auto result = parse(message);
        BOOST_TEST((result.stage == parse_stage::unknown_command));
        BOOST_TEST(!result.value);
        BOOST_TEST(result.label == "l");
        BOOST_TEST(result.verb.empty());
        BOOST_TEST((result.error.value().code == numeric::unknown_command));
        // The verb is told as `command`; what it was meant for is not known.
        BOOST_TEST(result.error.value().target.empty());
    }
    BOOST_TEST(parse("/NoPe x").unknown_verb == "nope");
    BOOST_TEST(parse("/privmsg\thi").unknown_verb == "privmsg\thi");
}

BOOST_AUTO_TEST_CASE(a_long_unknown_verb_is_cut_at_a_character) {
    const auto result = parse("/" + std::string(63, 'V') + "\xc3\xa9 x");
    BOOST_TEST(result.unknown_verb == std::string(63, 'v'));
    std::string endless = "/";
    for (int i = 0; i < 40000; ++i) endless += "\xe5\xbc\xb9";
    const auto cut_result = parse(endless);
    BOOST_TEST(cut_result.unknown_verb.size() == 63U);
    BOOST_TEST(is_valid_utf8(cut_result.unknown_verb));
}

BOOST_AUTO_TEST_CASE(a_message_without_a_command_is_421_without_a_verb) {
    for (const std::string_view message :
         {"", " ", "hello", "/", "/ ", "/ ping", " /ping", "\n/ping", "#x", "label=x /ping"}) {
        const auto result = parse(message);
        BOOST_TEST_CONTEXT("message: " << message) {
            BOOST_TEST((result.stage == parse_stage::unknown_command));
            BOOST_TEST(result.verb.empty());
            BOOST_TEST(result.unknown_verb.empty());
            BOOST_TEST(result.label.empty());
            BOOST_TEST((result.error.value().code == numeric::unknown_command));
            BOOST_TEST(result.error.value().target.empty());
            BOOST_TEST(result.error.value().message.find("no command") != std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_label_without_a_command_is_421_with_the_label) {
    for (const std::string_view message :
         {"@label=x", "@label=x ", "@label=x hello", "@label=x  /ping", "@label=x @label=y /ping", "@label=x /"}) {
        const auto result = parse(message);
        BOOST_TEST_CONTEXT("message: " << message) {
            BOOST_TEST((result.stage == parse_stage::unknown_command));
            BOOST_TEST(result.label == "x");
            BOOST_TEST(result.unknown_verb.empty());
            BOOST_TEST((result.error.value().code == numeric::unknown_command));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_malformed_label_is_461_and_nothing_else_is_looked_at) {
    for (const std::string_view message :
         {"@", "@ /ping", "@label /ping", "@label= /ping", "@label=", "@LABEL=x /ping", "@label=a,b /ping",
          "@label=\xc3\xa9 /ping", "@label=a\n/ping", "@label=a/ping", "@label=\"a\" /ping", "@foo=x /ping",
          "@ label=x /ping", "@label=a;b=c /nope", "@labels=x /ping"}) {
        check_unlabelled(message, numeric::need_more_params);
    }
    check_unlabelled("@label=" + std::string(100, 'x') + "! /ping", numeric::need_more_params);
    check_unlabelled("@" + std::string(100000, 'x'), numeric::need_more_params);
}

BOOST_AUTO_TEST_CASE(a_label_over_64_characters_is_417) {
    check_unlabelled("@label=" + std::string(65, 'x') + " /ping", numeric::input_too_long);
    check_unlabelled("@label=" + std::string(100000, 'x'), numeric::input_too_long);
}

BOOST_AUTO_TEST_CASE(a_form_error_keeps_label_and_verb) {
    const auto result = parse("@label=l /JOIN lobby");
    BOOST_TEST((result.stage == parse_stage::bad_form));
    BOOST_TEST(result.label == "l");
    BOOST_TEST(result.verb == "join");
}

BOOST_AUTO_TEST_CASE(targets_echo_no_more_than_128_bytes) {
    std::string endless;
    for (int i = 0; i < 30000; ++i) endless += "\xe5\xbc\xb9";
    for (const auto& message :
         {"/whois " + endless, "/join " + endless, "/ack " + endless, "/ice " + endless, "@" + endless}) {
        const auto result = parse(message);
        BOOST_REQUIRE(result.error);
        BOOST_TEST(result.error->target.size() <= 128U);
        BOOST_TEST(result.error->target.size() > 120U);
        BOOST_TEST(is_valid_utf8(result.error->target));
        BOOST_TEST(result.error->message.size() < 300U);
    }
}

BOOST_AUTO_TEST_SUITE_END()
