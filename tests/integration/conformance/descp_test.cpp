#include "integration/conformance/fixture.hpp"

using namespace conformance;

BOOST_FIXTURE_TEST_SUITE(descp, fixture)

BOOST_AUTO_TEST_CASE(a_peer_without_wishes_gets_an_id_that_is_its_name) {
    auto c = stranger();
    const auto welcome = c.describe();
    BOOST_TEST(c.id().size() == 24U);
    BOOST_TEST(text_of(welcome, "name") == c.id());
    BOOST_TEST(!flag_of(welcome, "resumed"));
    BOOST_TEST(!flag_of(welcome, "lost"));
    BOOST_TEST(number_of(welcome, "missed") == 0);
    BOOST_TEST(number_of(welcome, "heartbeat") == 25);
    BOOST_TEST(welcome.at("channels").as_array().empty());
    BOOST_TEST(welcome.at("iceServers").is_array());
    BOOST_TEST(!text_of(welcome, "server").empty());
    BOOST_TEST(!text_of(welcome, "session").empty());
}

BOOST_AUTO_TEST_CASE(the_welcome_tells_the_limits) {
    auto c = stranger();
    const auto limits = c.describe().at("limits").as_object();
    const std::vector<std::pair<std::string, std::int64_t>> expected{
        {"message", 131072}, {"content", 65536},    {"name", 64},    {"label", 64},     {"description", 4096},
        {"token", 256},      {"accessToken", 8192}, {"reason", 256}, {"channels", 100}, {"members", 100000},
        {"page", 1000},      {"rate", 300},         {"burst", 600},  {"history", 100},  {"resumeWindow", 60}};
    for (const auto& [key, value] : expected) BOOST_TEST(number_of(limits, key) == value, key);
}

BOOST_AUTO_TEST_CASE(a_given_id_is_taken_in_either_case_and_sent_in_lower_case) {
    auto c = stranger();
    c.describe(R"("id": "507F1F77BCF86CD799439011", "name": "alice")");
    BOOST_TEST(c.id() == "507f1f77bcf86cd799439011");
}

BOOST_AUTO_TEST_CASE(keys_may_stand_unquoted_and_the_last_of_two_wins) {
    auto c = stranger();
    c.send("/descp {name: \"one\", \"name\": \"two\", deep: {$a_1: 1.50, $a_1: 1e2}}");
    BOOST_TEST(text_of(c.expect("welcome"), "name") == "two");
}

BOOST_AUTO_TEST_CASE(what_is_malformed_is_461_and_changes_nothing) {
    auto c = stranger();
    const std::string deep = "{\"a\":" + std::string(31, '[') + std::string(31, ']') + "}";
    const std::string too_deep = "{\"a\":" + std::string(32, '[') + std::string(32, ']') + "}";
    for (const std::string& bad : std::vector<std::string>{
             "/descp", "/descp ", "/descp []", "/descp {", "/descp {\"name\": 1}", "/descp {\"id\": \"xyz\"}",
             "/descp {\"id\": \"507f1f77bcf86cd79943901\"}", "/descp {\"name\": \"\"}",
             "/descp {\"name\": \"a\\u0007\"}", "/descp {\"name\": \"\\u0085\"}", "/descp {\"x\": \"\\ud800\"}",
             "/descp {\"resume\": 1}", "/descp {\"seen\": -1}", "/descp {'name': 1}", "/descp {\"a\": 01}",
             "/descp {\"a\": 1} x", "/descp {\"a\": tru}", "/descp {\"a\" 1}", "/descp {\"a\": 1,}"}) {
        c.send(bad);
        const auto error = c.expect_error(461);
        BOOST_TEST(text_of(error, "command") == "descp", bad);
        BOOST_TEST(text_of(error, "name") == "ERR_NEEDMOREPARAMS");
    }
    c.send("/descp " + too_deep);
    c.expect_error(461);
    c.send("/whois " + make_id());
    c.expect_error(451);
    c.send("/descp " + deep);
    c.expect("welcome");
}

BOOST_AUTO_TEST_CASE(a_name_has_1_to_64_code_points) {
    auto c = stranger();
    std::string name;
    for (int i = 0; i < 64; ++i) name += "弹";
    c.describe("\"name\": \"" + name + "\"");
    auto d = stranger();
    d.send("/descp {\"name\": \"" + name + "x\"}");
    d.expect_error(417);
}

BOOST_AUTO_TEST_CASE(the_description_has_4096_bytes_at_most) {
    auto c = stranger();
    c.send("/descp {\"a\": \"" + std::string(4097, 'x') + "\"}");
    c.expect_error(417);
    c.send("/descp {\"a\": \"" + std::string(4000, 'x') + "\"}");
    c.expect("welcome");
}

BOOST_AUTO_TEST_CASE(everything_but_ping_needs_a_description_first) {
    auto c = stranger();
    for (const char* command :
         {"/join #507f1f77bcf86cd799439011", "/whois x", "/nonsense", "nothing", "/ack 1", "/ice", "/quit", "/away"}) {
        c.send(command);
        c.expect_error(451);
    }
    c.send("/ping hello");
    BOOST_TEST(text_of(c.expect("pong"), "content") == "hello");
}

BOOST_AUTO_TEST_CASE(a_later_descp_changes_name_and_description_and_co_members_see_it_once) {
    auto alice = peer("alice", R"("mood": "good")");
    auto bob = peer("bob");
    const auto one = make_channel();
    const auto two = make_channel();
    join(alice, one);
    join(alice, two);
    join(bob, one, {&alice});
    join(bob, two, {&alice});
    alice.send("/descp {\"name\": \"alicia\", \"n\": 1.50}");
    BOOST_TEST(text_of(alice.expect("welcome"), "name") == "alicia");
    const auto seen = bob.expect("peer").at("peer").as_object();
    BOOST_TEST(text_of(seen, "id") == alice.id());
    BOOST_TEST(text_of(seen, "name") == "alicia");
    BOOST_TEST(!seen.contains("mood"));
    bob.expect_nothing();
    alice.send("/descp {\"n\": 1.50}");
    BOOST_TEST(text_of(alice.expect("welcome"), "name") == "alicia");
    bob.expect_nothing();
}

BOOST_AUTO_TEST_CASE(id_and_session_cannot_change) {
    auto alice = peer("alice");
    alice.send("/descp {\"id\": \"" + make_id() + "\"}");
    alice.expect_error(462);
    alice.send("/descp {\"session\": \"something else\"}");
    alice.expect_error(462);
    alice.send("/descp {" + alice.proof() + ", \"name\": \"same\"}");
    alice.expect("welcome");
}

BOOST_AUTO_TEST_CASE(an_id_that_is_held_is_433_for_others) {
    auto alice = peer("alice");
    auto thief = stranger();
    thief.send("/descp {\"id\": \"" + alice.id() + "\"}");
    BOOST_TEST(text_of(thief.expect_error(433), "name") == "ERR_NICKNAMEINUSE");
    thief.send("/descp {\"id\": \"" + alice.id() + "\", \"session\": \"" + alice.id() + std::string(32, '0') + "\"}");
    thief.expect_error(433);
    thief.describe("\"name\": \"somebody else\"");
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(an_unknown_session_with_a_free_id_is_a_new_start) {
    auto c = stranger();
    const auto id = make_id();
    const auto welcome = c.describe("\"id\": \"" + id + "\", \"session\": \"whatever\"");
    BOOST_TEST(!flag_of(welcome, "resumed"));
    BOOST_TEST(c.id() == id);
}

BOOST_AUTO_TEST_CASE(who_does_not_describe_itself_in_time_is_closed_with_4500) {
    fixture strict({"--describe-timeout", "200ms"});
    auto c = strict.stranger();
    const auto bye = c.expect_close(4500);
    BOOST_TEST(!flag_of(bye, "reconnect"));
    BOOST_TEST(bye.at("retryAfter").is_null());
}

BOOST_AUTO_TEST_SUITE_END()
