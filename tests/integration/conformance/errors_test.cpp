#include "integration/conformance/trio.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

using namespace conformance;

namespace {

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

/// Alice's channel, with one outsider, and ids that nobody has.
struct with_outsider : trio {
    client dave = peer("dave");
    std::string nobody = make_id();
    std::string nowhere = make_channel();

    explicit with_outsider(std::vector<std::string> options = {}) : trio(std::move(options)) {}

    /// Nobody has heard of what was refused.
    void nothing_happened() {
        expect_silence(alice, {&bob, &carol});
        expect_silence(bob, {&alice, &carol});
        expect_silence_between(bob, dave);
        answered(alice, "/whois " + channel, "whois");
        BOOST_TEST(operators_of(alice, channel) == std::vector{alice.id()}, boost::test_tools::per_element());
        answered(alice, "/peers " + channel, "peers", {{"total", 3}});
        BOOST_TEST(answered(alice, "/bans " + channel, "bans").at("bans").as_array().empty());
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(errors, with_outsider)

BOOST_AUTO_TEST_CASE(each_numeric_has_its_name_verb_and_target) {
    struct row {
        client* who;
        std::string command;
        int code;
        std::string name;
        std::string verb;
        std::optional<std::string> target;
    };
    const auto long_text = std::string(257, 'x');
    const std::vector<row> table{
        {&alice, "/whois " + nobody, 401, "ERR_NOSUCHNICK", "whois", nobody},
        {&alice, "/privmsg " + nobody + " x", 401, "ERR_NOSUCHNICK", "privmsg", nobody},
        {&alice, "/invite " + nobody + " " + channel, 401, "ERR_NOSUCHNICK", "invite", nobody},
        {&alice, "/kick " + nobody + " " + channel, 401, "ERR_NOSUCHNICK", "kick", nobody},
        {&alice, "/op " + nobody + " " + channel, 401, "ERR_NOSUCHNICK", "op", nobody},
        {&alice, "/deop " + nobody + " " + channel, 401, "ERR_NOSUCHNICK", "deop", nobody},
        {&alice, "/whois " + nowhere, 403, "ERR_NOSUCHCHANNEL", "whois", nowhere},
        {&alice, "/peers " + nowhere, 403, "ERR_NOSUCHCHANNEL", "peers", nowhere},
        {&alice, "/history " + nowhere, 403, "ERR_NOSUCHCHANNEL", "history", nowhere},
        {&alice, "/bans " + nowhere, 403, "ERR_NOSUCHCHANNEL", "bans", nowhere},
        {&alice, "/quit " + nowhere, 403, "ERR_NOSUCHCHANNEL", "quit", nowhere},
        {&alice, "/pubmsg " + nowhere + " x", 403, "ERR_NOSUCHCHANNEL", "pubmsg", nowhere},
        {&alice, "/quit " + channel + " " + long_text, 417, "ERR_INPUTTOOLONG", "quit", std::nullopt},
        {&alice, "/away " + long_text, 417, "ERR_INPUTTOOLONG", "away", std::nullopt},
        {&alice, "/nonsense", 421, "ERR_UNKNOWNCOMMAND", "nonsense", std::nullopt},
        {&alice, "hello", 421, "ERR_UNKNOWNCOMMAND", "", std::nullopt},
        {&alice, "/kick " + dave.id() + " " + channel, 441, "ERR_USERNOTINCHANNEL", "kick", dave.id()},
        {&alice, "/op " + dave.id() + " " + channel, 441, "ERR_USERNOTINCHANNEL", "op", dave.id()},
        {&alice, "/deop " + dave.id() + " " + channel, 441, "ERR_USERNOTINCHANNEL", "deop", dave.id()},
        {&dave, "/pubmsg " + channel + " x", 442, "ERR_NOTONCHANNEL", "pubmsg", channel},
        {&dave, "/quit " + channel, 442, "ERR_NOTONCHANNEL", "quit", channel},
        {&dave, "/history " + channel, 442, "ERR_NOTONCHANNEL", "history", channel},
        {&dave, "/bans " + channel, 442, "ERR_NOTONCHANNEL", "bans", channel},
        {&bob, "/invite " + carol.id() + " " + channel, 443, "ERR_USERONCHANNEL", "invite", carol.id()},
        {&alice, "/privmsg bob x", 461, "ERR_NEEDMOREPARAMS", "privmsg", "bob"},
        {&alice, "/whois", 461, "ERR_NEEDMOREPARAMS", "whois", std::nullopt},
        {&alice, "/history " + channel + " 0", 461, "ERR_NEEDMOREPARAMS", "history", "0"},
        {&alice, "/history " + channel + " 5 -1", 461, "ERR_NEEDMOREPARAMS", "history", "-1"},
        {&alice, "/peers " + channel + " bob", 461, "ERR_NEEDMOREPARAMS", "peers", "bob"},
        {&alice, "/ack", 461, "ERR_NEEDMOREPARAMS", "ack", std::nullopt},
        {&alice, "/ack 1x", 461, "ERR_NEEDMOREPARAMS", "ack", "1x"},
        {&alice, "/ice now", 461, "ERR_NEEDMOREPARAMS", "ice", "now"},
        {&alice, "/descp {\"id\": \"" + nobody + "\"}", 462, "ERR_ALREADYREGISTERED", "descp", nobody},
        {&alice, "/descp {\"session\": \"x\"}", 462, "ERR_ALREADYREGISTERED", "descp", std::nullopt},
        {&alice, "/whois #chat", 476, "ERR_BADCHANMASK", "whois", "#chat"},
        {&alice, "/pubmsg chat x", 476, "ERR_BADCHANMASK", "pubmsg", "chat"},
        {&bob, "/kick " + carol.id() + " " + channel, 482, "ERR_CHANOPRIVSNEEDED", "kick", channel},
        {&bob, "/bans " + channel, 482, "ERR_CHANOPRIVSNEEDED", "bans", channel},
        {&alice, "/deop " + alice.id() + " " + channel, 482, "ERR_CHANOPRIVSNEEDED", "deop", alice.id()},
    };
    for (const auto& [who, command, code, name, verb, target] : table) {
        BOOST_TEST_CONTEXT(command) {
            event fields{{"code", code}, {"name", name}, {"command", verb}, {"target", nullptr}};
            if (target) fields["target"] = *target;
            const auto labelled = answered(*who, command, "error", fields);
            BOOST_TEST(support::fields_of(labelled) == "code command label message name target type");
            BOOST_TEST(!text_of(labelled, "message").empty());
            who->send(command);
            BOOST_TEST(support::fields_of(who->expect("error", fields)) == "code command message name target type");
        }
    }
    nothing_happened();
}

BOOST_AUTO_TEST_CASE(a_missing_or_malformed_parameter_is_named_with_what_was_expected) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"/join", "channel"},
        {"/privmsg", "peer"},
        {"/privmsg x y", "24 hexadecimal digits"},
        {"/privmsg " + bob.id(), "content"},
        {"/pubmsg " + channel, "content"},
        {"/broadcast", "content"},
        {"/invite", "peer"},
        {"/kick", "peer"},
        {"/history " + channel + " many", "count"},
        {"/history " + channel + " 1 last", "before-seq"},
        {"/peers " + channel + " last", "after-peer"},
        {"/ack", "n is missing"},
        {"/descp", "JSON"},
        {"/descp {\"name\": 7}", "name"},
        {"/descp {\"resume\": \"yes\"}", "true or false"},
        {"/descp {\"a\": [1, 2}", "at byte 11"},
    };
    for (const auto& [command, part] : table) {
        const auto error = answered(alice, command, "error", {{"code", 461}});
        BOOST_TEST(text_of(error, "message").find(part) != std::string::npos,
                   command << ": " << text_of(error, "message"));
    }
    nothing_happened();
}

BOOST_AUTO_TEST_CASE(a_target_is_shown_as_it_was_written) {
    const auto odd_channel = upper(channel);
    const auto odd_nowhere = upper(nowhere);
    const auto odd_nobody = upper(nobody);
    refused(alice, "/WhoIs " + odd_nobody, 401, {{"command", "whois"}, {"target", odd_nobody}});
    refused(alice, "/pubmsg " + odd_nowhere + " x", 403, {{"target", odd_nowhere}});
    refused(alice, "/kick " + odd_nobody + " " + odd_nowhere, 403, {{"target", odd_nowhere}});
    refused(dave, "/pubmsg " + odd_channel + " x", 442, {{"target", odd_channel}});
    refused(dave, "/quit " + odd_channel, 442, {{"target", odd_channel}});
    refused(dave, "/bans " + odd_channel, 442, {{"target", odd_channel}});
    refused(bob, "/kick " + carol.id() + " " + odd_channel, 482, {{"target", odd_channel}});
    refused(alice, "/kick " + upper(dave.id()) + " " + odd_channel, 441, {{"target", upper(dave.id())}});
    refused(bob, "/invite " + upper(carol.id()) + " " + odd_channel, 443, {{"target", upper(carol.id())}});
    refused(alice, "/ban " + upper(alice.id()) + " " + odd_channel, 482, {{"target", upper(alice.id())}});
    refused(alice, "/descp {\"id\": \"" + odd_nobody + "\"}", 462, {{"target", odd_nobody}});
    auto thief = stranger();
    refused(thief, "/descp {\"id\": \"" + upper(bob.id()) + "\"}", 433,
            {{"name", "ERR_NICKNAMEINUSE"}, {"command", "descp"}, {"target", upper(bob.id())}});
    auto resuming = peer("resuming", "\"resume\": true");
    for (const std::string n : {"1", "0099", "18446744073709551615", "99999999999999999999999"})
        refused(resuming, "/ack " + n, 461, {{"command", "ack"}, {"target", n}});
    nothing_happened();
}

BOOST_AUTO_TEST_CASE(an_unknown_command_is_421_with_its_verb_in_lower_case) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"", ""},
        {" ", ""},
        {"/", ""},
        {"/ ", ""},
        {"/ ping", ""},
        {"ping", ""},
        {" /ping", ""},
        {"//ping", "/ping"},
        {"/pingx", "pingx"},
        {"/PinG\n", "ping\n"},
        {"\n/ping", ""},
        {"/Nick a", "nick"},
        {"/ÄB", "Äb"},
        {"#chan", ""},
        {"{\"type\":\"join\"}", ""},
        {"\xEF\xBB\xBF/ping", ""},
    };
    for (const auto& [message, verb] : table) {
        alice.send(message);
        alice.expect("error", {{"code", 421}, {"name", "ERR_UNKNOWNCOMMAND"}, {"command", verb}, {"target", nullptr}});
        answered(alice, message, "error", {{"code", 421}, {"command", verb}, {"target", nullptr}});
    }
    // What is too long to be a verb is cut, never in the middle of a character.
    alice.send("/" + std::string(63, 'v') + "弹" + std::string(1000, 'v'));
    alice.expect("error", {{"code", 421}, {"command", std::string(63, 'v')}});
    nothing_happened();
}

BOOST_AUTO_TEST_CASE(a_label_is_checked_before_263_and_that_before_451) {
    fixture slow({"--rate", "1", "--burst", "1"});
    auto one = slow.stranger();
    one.send("/ping");
    one.expect("pong");
    one.send("@label=? /join x");
    support::require(one.expect_error(461), {{"command", ""}});
    one.send("@label=" + std::string(65, 'a') + " /join x");
    one.expect_error(417);
    for (const char* command : {"/join x", "/nonsense", "/privmsg", "hello"}) {
        one.send(std::string("@label=a ") + command);
        const auto error = one.expect_error(263);
        support::require(error, {{"name", "RPL_TRYAGAIN"}, {"label", "a"}, {"target", nullptr}});
        BOOST_TEST(support::fields_of(error) == "code command label message name retryAfter target type");
    }
}

BOOST_AUTO_TEST_CASE(the_description_is_asked_for_before_the_verb_and_the_form) {
    auto unknown = stranger();
    for (const std::string command :
         {"/nonsense", "hello", "", "/join", "/join x", "/privmsg", "/quit", "/ack 5", "/ack", "/ice", "/away"}) {
        refused(unknown, command, 451, {{"name", "ERR_NOTREGISTERED"}, {"target", nullptr}});
    }
    refused(unknown, "/Whois " + nobody, 451, {{"command", "whois"}, {"target", nullptr}});
    refused(unknown, "/Hello", 451, {{"command", "hello"}});
    answered(unknown, "/ping", "pong");
    refused(unknown, "/ping " + std::string(65537, 'x'), 417);
}

BOOST_AUTO_TEST_CASE(the_form_is_checked_before_everything_it_names_in_the_order_461_476_417) {
    const auto long_reason = std::string(257, 'r');
    const auto long_content = std::string(65537, 'c');
    refused(dave, "/kick nobody nochannel " + long_reason, 461, {{"target", "nobody"}});
    refused(dave, "/kick " + nobody + " nochannel " + long_reason, 476, {{"target", "nochannel"}});
    refused(dave, "/kick " + nobody + " " + nowhere + " " + long_reason, 417);
    refused(dave, "/ban " + nobody + " " + nowhere + " " + long_reason, 417);
    refused(dave, "/quit nochannel " + long_reason, 476);
    refused(dave, "/quit " + nowhere + " " + long_reason, 417);
    refused(dave, "/pubmsg nochannel", 461);
    refused(dave, "/pubmsg nochannel " + long_content, 476);
    refused(dave, "/pubmsg " + nowhere + " " + long_content, 417);
    refused(dave, "/privmsg nobody " + long_content, 461);
    refused(dave, "/privmsg " + nobody + " " + long_content, 417);
    refused(dave, "/pubmsg " + nowhere, 461);
    refused(dave, "/history nochannel 0", 461);
    refused(dave, "/history " + nowhere + " 0", 461);
    refused(dave, "/peers nochannel nobody", 461);
    refused(dave, "/peers " + nowhere + " nobody", 461);
    refused(dave, "/join nochannel " + std::string(257, 't'), 476);
    refused(dave, "/join " + channel + " " + std::string(257, 't'), 417);
    for (const std::string verb : {"invite", "unban", "op", "deop"}) {
        refused(dave, "/" + verb + " nobody nochannel", 461);
        refused(dave, "/" + verb + " " + nobody + " nochannel", 476);
    }
    nothing_happened();
}

BOOST_AUTO_TEST_CASE(then_come_403_442_482_401_and_441_or_443) {
    for (const std::string verb : {"kick", "ban", "unban", "op", "deop"}) {
        BOOST_TEST_CONTEXT(verb) {
            const auto command = "/" + verb + " ";
            refused(dave, command + nobody + " " + nowhere, 403, {{"command", verb}, {"target", nowhere}});
            refused(dave, command + nobody + " " + channel, 442, {{"command", verb}, {"target", channel}});
            refused(dave, command + alice.id() + " " + channel, 442, {{"target", channel}});
            refused(bob, command + nobody + " " + channel, 482, {{"command", verb}, {"target", channel}});
            refused(bob, command + dave.id() + " " + channel, 482, {{"target", channel}});
            refused(bob, command + bob.id() + " " + channel, 482, {{"target", channel}});
            if (verb == "ban" || verb == "unban") continue;
            refused(alice, command + nobody + " " + channel, 401, {{"command", verb}, {"target", nobody}});
            refused(alice, command + dave.id() + " " + channel, 441, {{"command", verb}, {"target", dave.id()}});
        }
    }
    // Who is no operator is told so, before whom it is about.
    refused(bob, "/kick " + alice.id() + " " + channel, 482, {{"target", channel}});
    refused(dave, "/invite " + nobody + " " + nowhere, 403, {{"target", nowhere}});
    refused(dave, "/invite " + nobody + " " + channel, 442, {{"target", channel}});
    refused(dave, "/invite " + bob.id() + " " + channel, 442, {{"target", channel}});
    refused(bob, "/invite " + nobody + " " + channel, 401, {{"target", nobody}});
    refused(bob, "/invite " + carol.id() + " " + channel, 443, {{"target", carol.id()}});
    nothing_happened();
}

BOOST_AUTO_TEST_CASE(a_description_is_read_before_it_is_compared) {
    auto thief = stranger();
    const auto taken = "\"id\": \"" + bob.id() + "\"";
    refused(thief, "/descp {" + taken + ", \"name\": 1}", 461);
    refused(thief, "/descp {" + taken + ", \"name\": \"" + std::string(65, 'n') + "\"}", 417);
    refused(thief, "/descp {" + taken + "}", 433);
    // Wrong in one place and too long in another.
    refused(thief, "/descp {\"name\": \"" + std::string(65, 'n') + "\", \"resume\": 1}", 461);
    const auto other = "\"id\": \"" + nobody + "\"";
    refused(alice, "/descp {" + other + ", \"name\": \"\"}", 461);
    refused(alice, "/descp {" + other + ", \"x\": \"" + std::string(4097, 'x') + "\"}", 417);
    refused(alice, "/descp {" + other + ", \"name\": \"alicia\", \"x\": 1}", 462);
    // Nothing of a refused description is kept.
    const auto whois = answered(bob, "/whois " + alice.id(), "whois").at("peer").as_object();
    support::require(whois, {{"name", "alice"}});
    BOOST_TEST(!whois.contains("x"));
    refused(thief, "/whois " + bob.id(), 451);
    thief.describe();
    nothing_happened();
}

BOOST_AUTO_TEST_SUITE_END()
