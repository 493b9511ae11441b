#include "integration/conformance/trio.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <random>

using namespace conformance;

namespace {

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

std::string repeated(std::string_view piece, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += piece;
    return text;
}

std::string with_nul(std::string before, const std::string& after = {}) {
    before.push_back('\0');
    return before + after;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(hostile, fixture)

BOOST_AUTO_TEST_CASE(json_is_nested_32_deep_at_most) {
    auto c = peer("c");
    const auto nested = [](std::size_t levels, const std::string& open, const std::string& close) {
        return "/descp {\"a\":" + repeated(open, levels - 1) + "1" + repeated(close, levels - 1) + "}";
    };
    for (const auto& [open, close] : {std::pair{"[", "]"}, std::pair{"{\"a\":", "}"}, std::pair{"{a:", "}"}}) {
        answered(c, nested(32, open, close), "welcome");
        refused(c, nested(33, open, close), 461, {{"command", "descp"}});
        refused(c, nested(5000, open, close), 461);
    }
    refused(c, "/descp " + std::string(130000, '{'), 461);
    refused(c, "/descp {\"a\":" + std::string(130000, '['), 461);
    refused(c, "/descp " + repeated("{a:", 40000), 461);
    refused(c, "/descp {\"a\":\"" + repeated("\\", 130000), 461);
    refused(c, "/descp {" + repeated("\"", 130000), 461);
    refused(c, "/descp {" + repeated("a,", 60000) + "}", 461);
    c.expect_nothing();
}

BOOST_AUTO_TEST_CASE(lone_surrogates_are_461_wherever_they_stand) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    for (const std::string lone : {R"(\ud800)", R"(\uDFFF)", R"(\udc00\ud800)", R"(\ud83d\ud83d)", R"(\ud83dx)",
                                   R"(\ud83d\n)", R"(x\udbff)", R"(\ud83d\u0041)", R"(\uD83D\\uDE00)"}) {
        for (const std::string& json : {"{\"name\":\"" + lone + "\"}", "{\"a\":\"" + lone + "\"}",
                                        "{\"" + lone + "\":1}", "{\"a\":[{\"b\":{\"" + lone + "\":1}}]}",
                                        "{\"id\":\"" + lone + "\"}", "{\"session\":\"" + lone + "\"}"}) {
            refused(alice, "/descp " + json, 461, {{"command", "descp"}});
        }
    }
    const auto shown = answered(bob, "/whois " + alice.id(), "whois").at("peer").as_object();
    BOOST_TEST(text_of(shown, "name") == "alice");
    answered(alice, R"(/descp {"name":"\ud83d\ude00","a\uD83D\uDE00":"\uDBFF\uDFFF"})", "welcome", {{"name", "😀"}});
    const auto paired = answered(bob, "/whois " + alice.id(), "whois").at("peer").as_object();
    BOOST_TEST(text_of(paired, "a😀") == "\xF4\x8F\xBF\xBF");
}

BOOST_AUTO_TEST_CASE(of_doubled_keys_the_last_wins_however_they_are_spelt) {
    auto c = stranger();
    const auto id = make_id();
    const auto welcome = c.describe("\"id\": 7, \"name\": \"one\", id: \"" + id +
                                    R"(", "n\u0061me": "two", a: 1, "\u0061": {b: 1, "b": 2})");
    support::require(welcome, {{"id", id}, {"name", "two"}});
    const auto shown = answered(c, "/whois " + id, "whois").at("peer").as_object();
    BOOST_TEST((shown.at("a") == event{{"b", 2}}));
    std::string many;
    for (int i = 0; i < 10000; ++i) many += "\"k\":" + std::to_string(i) + ",";
    answered(c, "/descp {" + many + "\"k\":\"last\"}", "welcome");
    BOOST_TEST(text_of(answered(c, "/whois " + id, "whois").at("peer").as_object(), "k") == "last");
}

BOOST_AUTO_TEST_CASE(keys_with_the_names_of_the_servers_fields_do_not_hide_them) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    answered(
        alice,
        R"(/descp {"channels":["#x"],"connected":false,"connectedAt":1,"idle":-1,"\u0061way":"never","type":"x","__proto__":{"id":1}})",
        "welcome");
    const auto whois = answered(bob, "/whois " + alice.id(), "whois");
    const auto shown = whois.at("peer").as_object();
    support::require(shown, {{"id", alice.id()}, {"away", nullptr}, {"connected", true}, {"type", "x"}});
    BOOST_TEST(shown.at("channels").as_array().empty());
    BOOST_TEST(number_of(shown, "connectedAt") > 1600000000000);
    BOOST_TEST(number_of(shown, "idle") >= 0);
    BOOST_TEST(support::fields_of(shown) == "__proto__ away channels connected connectedAt id idle name type");
}

BOOST_AUTO_TEST_CASE(control_characters_do_not_get_into_names) {
    auto c = peer("c");
    for (const std::string name : {R"(\u0000)", R"(a\nb)", R"(\u001f)", R"(\u007f)", R"(\u0080)", R"(\u009F)", "\x7F",
                                   "\xC2\x85", "a\nb", "\x01", ""}) {
        refused(c, "/descp {\"name\":\"" + name + "\"}", 461, {{"command", "descp"}});
    }
    refused(c, "/descp {\"name\":\"" + with_nul("a", "b") + "\"}", 461);
    // What a description holds is nobody's line of a log: escaped they may be there.
    answered(c, R"(/descp {"name":"\u00a0 \u200b","a":"\u0000\u007f\n"})", "welcome");
    const auto shown = answered(c, "/whois " + c.id(), "whois").at("peer").as_object();
    BOOST_TEST(text_of(shown, "a") == with_nul("", "\x7F\n"));
}

BOOST_AUTO_TEST_CASE(numbers_of_any_size_are_answered) {
    auto c = peer("c");
    const auto channel = make_channel();
    conformance::join(c, channel);
    for (int i = 0; i < 3; ++i) c.send("/pubmsg " + channel + " x");
    const std::string huge(1000, '9');
    const auto all = answered(c, "/history " + channel + " " + huge, "history", {{"more", false}});
    BOOST_TEST(all.at("messages").as_array().size() == 3U);
    BOOST_TEST(answered(c, "/history " + channel + " 1 " + huge, "history", {{"more", true}})
                   .at("messages")
                   .as_array()
                   .size() == 1U);
    BOOST_TEST(answered(c, "/history " + channel + " 5 0", "history").at("messages").as_array().empty());
    for (const std::string wrong : {"0", "-1", "+1", "1.0", "1e3", "0x10", " 1", "１", "1,000", "nan", "1 2 3", "1\n"})
        refused(c, "/history " + channel + " " + wrong, 461, {{"command", "history"}});
    for (const std::string& wrong : std::vector<std::string>{"-1", "1.5", "1e2", "1" + huge, "\"1\"", "null"})
        refused(c, "/descp {\"seen\": " + wrong + "}", 461);
    answered(c, "/descp {\"big\": " + huge.substr(0, 300) + ", \"small\": -0.000e-0, \"one\": 1E+02}", "welcome");
    BOOST_TEST(answered(c, "/whois " + c.id(), "whois").at("peer").as_object().at("one").to_number<double>() == 100);
    c.send("/ack " + huge);
    c.expect_nothing();
}

BOOST_AUTO_TEST_CASE(ids_in_upper_case_are_the_same_ids) {
    trio three;
    const auto channel = upper(three.channel);
    const auto bob = upper(three.bob.id());
    three.alice.send("/pubmsg " + channel + " x");
    three.bob.expect("pubmsg", {{"channel", three.channel}, {"from", named(three.alice, "alice")}});
    three.alice.send("/privmsg " + bob + " x");
    three.bob.expect("privmsg", {{"to", three.bob.id()}});
    answered(three.alice, "/whois " + channel, "whois");
    answered(three.alice, "/whois " + bob, "whois");
    answered(three.alice, "/history " + channel, "history", {{"channel", three.channel}});
    const auto page = answered(three.alice, "/peers " + channel + " " + bob, "peers", {{"total", 3}});
    for (const auto& other : page.at("peers").as_array()) BOOST_TEST(text_of(other.as_object(), "id") > three.bob.id());
    answered(three.alice, "/op " + bob + " " + channel, "op",
             {{"channel", three.channel}, {"peer", named(three.bob, "bob")}});
    three.bob.expect("op");
    answered(three.alice, "/deop " + bob + " " + channel, "deop", {{"peer", named(three.bob, "bob")}});
    three.bob.expect("deop");
    answered(three.alice, "/ban " + bob + " " + channel, "ban", {{"peer", named(three.bob, "bob")}});
    three.bob.expect("ban", {{"channel", three.channel}});
    refused(three.bob, "/join " + three.channel, 474);
    answered(three.alice, "/unban " + bob + " " + channel, "unban", {{"peer", named(three.bob, "bob")}});
    answered(three.alice, "/invite " + bob + " " + channel, "inviting", {{"peer", named(three.bob, "bob")}});
    three.bob.expect("invite", {{"channel", three.channel}});
    answered(three.bob, "/descp {\"id\": \"" + bob + "\"}", "welcome", {{"id", three.bob.id()}});
}

BOOST_AUTO_TEST_CASE(nul_and_other_odd_bytes_end_nothing) {
    auto alice = peer("alice");
    const auto channel = make_channel();
    for (const auto& message : {with_nul(""), with_nul("/ping"), with_nul("/pi", "ng"), with_nul("", "/ping")})
        refused(alice, message, 421);
    alice.send(with_nul(""));
    alice.expect_error(421);
    alice.send(with_nul("@label=a", " /ping"));
    BOOST_TEST(!alice.expect_error(461).contains("label"));
    const auto odd = with_nul(channel);
    refused(alice, "/join " + odd, 476, {{"target", odd}});
    refused(alice, with_nul("/privmsg " + alice.id(), " x"), 461, {{"target", with_nul(alice.id())}});
    refused(alice, "/join\t" + channel, 421);
    refused(alice, "/join  " + channel, 461);
    refused(alice, "/join " + channel.substr(0, 10) + " " + channel.substr(10), 476);
    refused(alice, "/join " + channel + "\n", 476);
    refused(alice, "/whois " + alice.id() + " ", 461);
    refused(alice, "/whois " + channel, 403);
    const auto token = with_nul("key", "hole");
    conformance::join(alice, channel, {}, token);
    auto bob = peer("bob");
    refused(bob, "/join " + channel + " key", 475);
    conformance::join(bob, channel, {&alice}, token);
}

BOOST_AUTO_TEST_CASE(what_is_not_utf8_closes_with_1007) {
    const std::array<std::string, 7> wrong{"\xFF",
                                           "/ping \xC3",
                                           "/ping \xC0\x80",
                                           "/ping \xED\xA0\x80 x",
                                           "/ping \xF4\x90\x80\x80",
                                           "/ping \x80",
                                           "/descp {\"name\":\"\xE5\xBC\"}"};
    for (const auto& message : wrong) {
        auto c = peer("c");
        c.send(message);
        support::require(c.expect_close(1007), {{"reconnect", false}, {"retryAfter", nullptr}});
    }
}

BOOST_AUTO_TEST_CASE(an_error_echoes_little_and_whole_characters) {
    auto c = peer("c");
    for (const std::string piece : {"x", "弹", "😀", "\"", "\\", "\x01"}) {
        const auto written = repeated(piece, 20000);
        for (const std::string command : {"/join ", "/privmsg ", "/ack ", "/", "/ice "}) {
            const auto error = answered(c, command + written + " x", "error");
            const auto* const target = error.at("target").if_string();
            const auto shown = text_of(error, "command") + (target ? std::string(*target) : std::string());
            BOOST_TEST(shown.size() <= 200U);
            BOOST_TEST(text_of(error, "message").size() <= 200U);
        }
        const auto error = answered(c, "/descp {\"id\": \"" + repeated("x", 20000) + "\"}", "error", {{"code", 461}});
        BOOST_TEST(text_of(error, "target").size() <= 200U);
    }
}

BOOST_AUTO_TEST_CASE(secrets_are_shown_to_nobody) {
    auto alice = peer("alice", R"("token": "ticket-7", "mood": "good")");
    auto bob = peer("bob");
    const auto channel = make_channel();
    conformance::join(alice, channel, {}, "sesame");
    conformance::join(bob, channel, {&alice}, "sesame");
    alice.send(R"(/descp {"name": "alicia", "token": "ticket-8", "resume": true})");
    alice.expect("welcome");
    const std::vector<event> shown{bob.expect("peer"),
                                   answered(bob, "/whois " + alice.id(), "whois"),
                                   answered(bob, "/whois " + channel, "whois"),
                                   answered(bob, "/peers " + channel, "peers"),
                                   answered(bob, R"(/descp {"session": "ticket-9"})", "error"),
                                   answered(bob, "/descp {\"id\": \"" + alice.id() + "\"}", "error")};
    for (const auto& seen : shown) {
        const auto text = boost::json::serialize(seen);
        for (const auto& secret : {std::string("ticket"), std::string("sesame"), std::string("\"resume\""),
                                   std::string("\"token\""), std::string("\"session\""), alice.session()})
            BOOST_TEST(text.find(secret) == std::string::npos, text);
    }
}

BOOST_AUTO_TEST_CASE(a_session_cannot_be_guessed_from_a_part_of_it) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    auto changed = alice.session();
    changed.back() = changed.back() == '0' ? '1' : '0';
    const auto id = "\"id\": \"" + alice.id() + "\", ";
    for (const auto& session :
         {changed, alice.session().substr(0, alice.session().size() - 1), alice.session() + "0",
          upper(alice.session()) + " ", alice.id(), bob.session(), std::string(), std::string(100000, '0')}) {
        auto thief = stranger();
        refused(thief, "/descp {" + id + "\"session\": \"" + session + "\"}", 433);
    }
    auto thief = stranger();
    refused(thief, "/descp {\"session\": \"" + changed + "\"}", 433, {{"target", nullptr}});
    refused(thief, "/descp {" + id + "\"session\": null}", 461);
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(asking_for_channels_that_are_not_there_makes_none) {
    fixture fast({"--rate", "0"});
    auto c = fast.peer("c");
    for (int i = 0; i < 2000; ++i) {
        const auto channel = make_channel();
        for (const auto& command : {"/pubmsg " + channel + " x", "/quit " + channel, "/whois " + channel,
                                    "/kick " + c.id() + " " + channel, "/invite " + c.id() + " " + channel})
            c.send(command);
        for (int answers = 0; answers < 5; ++answers) c.expect_error(403);
    }
    c.expect_nothing();
}

BOOST_AUTO_TEST_CASE(thousands_of_channels_come_and_go) {
    fixture fast({"--rate", "0"});
    auto c = fast.peer("c");
    auto other = fast.peer("other");
    const auto stays = make_channel();
    conformance::join(c, stays);
    conformance::join(other, stays, {&c});
    for (int i = 0; i < 5000; ++i) {
        const auto channel = make_channel();
        c.send("/join " + channel);
        c.send("/quit " + channel);
        c.expect("joined", {{"channel", channel}, {"created", true}});
        c.expect("quit", {{"channel", channel}});
    }
    answered(c, "/pubmsg " + stays + " x", "ack", {{"seq", 1}});
    other.expect("pubmsg");
    c.send("/quit");
    other.expect("quit", {{"channel", stays}});
}

BOOST_AUTO_TEST_CASE(whatever_is_said_has_one_answer_in_its_order) {
    fixture fast({"--rate", "0"});
    auto c = fast.peer("c");
    auto friendly = fast.peer("friendly");
    const auto channel = make_channel();
    conformance::join(friendly, channel);
    conformance::join(c, channel, {&friendly});
    const std::array<std::string, 20> verbs{"descp",  "join",    "privmsg", "pubmsg", "broadcast", "whois",  "peers",
                                            "invite", "away",    "kick",    "ban",    "unban",     "bans",   "op",
                                            "deop",   "history", "ice",     "ping",   "quit #",    "unknown"};
    const std::array<std::string, 18> pieces{
        " ", channel, friendly.id(), make_id(), make_channel(),        "{", "}", "\"id\":", "name", ":", "\"", "1",
        "0", "\n",    "#",           "😀",       std::string(300, 'x'), ","};
    std::mt19937 random(20240229);
    const auto below = [&](std::size_t limit) { return random() % limit; };
    for (int i = 0; i < 5000; ++i) {
        std::string message = "@label=" + std::to_string(i) + " /" + verbs[below(verbs.size())];
        for (auto count = below(6); count > 0; --count) message += (below(2) ? " " : "") + pieces[below(pieces.size())];
        c.send(message);
        for (;;) {
            const auto got = c.next();
            if (!got.contains("label")) continue;
            BOOST_REQUIRE_MESSAGE(text_of(got, "label") == std::to_string(i), message << " got " << got);
            break;
        }
    }
    // Nothing of it has taken the other one's place.
    friendly.send("@label=last /whois " + channel);
    auto got = friendly.next();
    while (!got.contains("label")) got = friendly.next();
    support::require(got.at("channel").as_object(), {{"id", channel}, {"owner", friendly.id()}});
}

BOOST_AUTO_TEST_SUITE_END()
