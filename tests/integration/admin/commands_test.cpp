#include "integration/admin/fixture.hpp"

using namespace admin;

namespace {

labels command(const std::string& verb, const std::string& result) { return {{"verb", verb}, {"result", result}}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(commands)

BOOST_AUTO_TEST_CASE(each_is_counted_by_verb_and_result) {
    const watched at;
    auto alice = at.peer("alice");
    auto bob = at.peer("bob");
    const auto channel = make_channel();
    const auto before = at.page();
    alice.ask("/join " + channel + " key");
    bob.ask("/join " + channel + " wrong");
    bob.ask("/join " + channel + " wrong again");
    bob.ask("/join " + channel + " key");
    alice.expect("join");
    alice.ask("/pubmsg " + channel + " hello");
    bob.expect("pubmsg");
    bob.ask("/kick " + alice.id() + " " + channel);
    bob.ask("/privmsg " + support::make_id() + " anybody");
    bob.ask("/privmsg");
    bob.ask("/dance");
    bob.ask("/" + std::string(30, 'z'));
    alice.ask("/ping");
    const auto after = at.page();
    const struct {
        std::string verb;
        std::string result;
        double count;
    } rows[] = {{"join", "ok", 2},     {"join", "475", 2},    {"pubmsg", "ok", 1},   {"kick", "482", 1},
                {"privmsg", "401", 1}, {"privmsg", "461", 1}, {"unknown", "421", 2}, {"ping", "ok", 1}};
    for (const auto& [verb, result, count] : rows) {
        BOOST_TEST_CONTEXT(verb << ' ' << result) {
            BOOST_TEST(growth(before, after, "commands_total", command(verb, result)) == count);
        }
    }
}

BOOST_AUTO_TEST_CASE(every_verb_has_a_name_of_its_own) {
    const watched at;
    auto alice = at.peer("alice");
    for (const std::string verb : {"privmsg", "pubmsg", "broadcast", "whois", "peers", "invite", "kick", "ban", "unban",
                                   "bans", "op", "deop", "history", "join", "ack"}) {
        alice.send("/" + verb);
        alice.expect_error(461);
        BOOST_TEST(at.page().value("commands_total", command(verb, "461")) == 1, verb);
    }
    for (const std::string verb : {"away", "ice", "ping", "descp", "quit"}) {
        alice.ask("/" + verb + (verb == "descp" ? " {}" : ""));
        const auto expected = verb == "descp" ? 2 : 1;
        BOOST_TEST(at.page().value("commands_total", command(verb, "ok")) == expected, verb);
    }
}

BOOST_AUTO_TEST_CASE(what_is_too_early_or_too_fast_is_counted_by_its_verb) {
    const watched at({"--rate", "1", "--burst", "2"});
    auto hasty = at.stranger();
    hasty.send("/whois " + support::make_id());
    hasty.expect_error(451);
    hasty.send("/ping");
    hasty.expect("pong");
    hasty.send("/ping");
    hasty.expect_error(263);
    const auto page = at.page();
    BOOST_TEST(page.value("commands_total", command("whois", "451")) == 1);
    BOOST_TEST(page.value("commands_total", command("ping", "ok")) == 1);
    BOOST_TEST(page.value("commands_total", command("ping", "263")) == 1);
}

BOOST_AUTO_TEST_CASE(a_malformed_label_is_of_no_verb) {
    const watched at;
    auto alice = at.peer("alice");
    alice.send("@label=/// /ping");
    alice.expect_error(461);
    BOOST_TEST(at.page().value("commands_total", command("unknown", "461")) == 1);
    BOOST_TEST(at.page().value("commands_total", command("ping", "ok")) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
