#include "integration/conformance/fixture.hpp"

#include <boost/json/parse.hpp>

using namespace conformance;

BOOST_FIXTURE_TEST_SUITE(ice, fixture)

BOOST_AUTO_TEST_CASE(without_configuration_there_are_none) {
    auto c = stranger();
    BOOST_TEST(c.describe().at("iceServers").as_array().empty());
    const auto reply = c.ask("/ice");
    BOOST_TEST(support::fields_of(reply) == "iceServers label ttl type");
    BOOST_TEST(text_of(reply, "type") == "ice");
    BOOST_TEST(reply.at("iceServers").as_array().empty());
    BOOST_TEST(number_of(reply, "ttl") > 0);
}

BOOST_AUTO_TEST_CASE(configured_servers_are_told_in_the_welcome_and_by_ice) {
    const std::string configured = R"([{"urls": "stun:stun.example.org:3478"},
        {"urls": ["turn:turn.example.org", "turns:turn.example.org:5349?transport=tcp"],
         "username": "u \"#1\"", "credential": "c"}])";
    fixture with({"--ice-servers", configured});
    const auto expected = boost::json::parse(configured);
    auto c = with.stranger();
    BOOST_TEST((c.describe().at("iceServers") == expected));
    BOOST_TEST((c.ask("/ice").at("iceServers") == expected));
    // And in every later one.
    BOOST_TEST((c.describe("\"name\": \"c\"").at("iceServers") == expected));
}

BOOST_AUTO_TEST_CASE(who_comes_back_is_told_again) {
    fixture with({"--ice-servers", R"([{"urls": "stun:stun.example.org"}])"});
    auto c = with.peer("c", "\"resume\": true");
    c.drop();
    auto again = with.stranger();
    const auto welcome = again.describe(c.proof() + ", \"seen\": 0");
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(welcome.at("iceServers").as_array().size() == 1U);
}

BOOST_AUTO_TEST_CASE(it_takes_no_parameter_and_needs_a_description) {
    auto c = stranger();
    c.send("/ice");
    c.expect_error(451);
    c.describe();
    c.send("/ice now");
    support::require(c.expect_error(461), {{"command", "ice"}, {"target", "now"}});
    c.send("/ICE");
    c.expect("ice");
}

BOOST_AUTO_TEST_CASE(an_event_of_a_resumable_session_counts) {
    auto c = peer("c", "\"resume\": true");
    c.send("/ice");
    c.expect("ice");
    c.send("/ack 1");
    c.send("/ack 2");
    support::require(c.expect_error(461), {{"command", "ack"}});
}

BOOST_AUTO_TEST_SUITE_END()
