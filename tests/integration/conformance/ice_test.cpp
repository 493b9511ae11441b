#include "integration/conformance/fixture.hpp"

#include <boost/json/parse.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <chrono>

using namespace conformance;

namespace {

/// As a TURN server does it (coturn's use-auth-secret), on its own.
std::string credential_for(const std::string& secret, const std::string& username) {
    std::array<unsigned char, 20> digest{};
    unsigned size = 0;
    HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(username.data()), username.size(), digest.data(), &size);
    std::array<unsigned char, 29> encoded{};
    EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
    return reinterpret_cast<const char*>(encoded.data());
}

std::int64_t now_seconds() {
    using namespace std::chrono;
    return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

struct turn_entry {
    std::string username;
    std::int64_t expiry = 0;
};

/// The one TURN server of an event, whose credential has to be right and this peer's.
turn_entry checked_turn(const event& from, const client& whose, const std::string& secret) {
    const auto& entry = from.at("iceServers").as_array().at(1).as_object();
    turn_entry got{text_of(entry, "username"), 0};
    got.expiry = std::stoll(got.username);
    BOOST_TEST(got.username == std::to_string(got.expiry) + ":" + whose.id());
    BOOST_TEST(text_of(entry, "credential") == credential_for(secret, got.username));
    return got;
}

std::vector<std::string> turn_options(const std::string& ttl) {
    return {"--ice-servers", "stun:s.example",
            "--ice-servers", "turn:t.example:3478?transport=udp",
            "--turn-secret", "s3cret",
            "--turn-secret", "older",
            "--turn-ttl",    ttl};
}

}  // namespace

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

BOOST_AUTO_TEST_CASE(the_check_vector_of_the_credential_holds) {
    BOOST_TEST(credential_for("s3cret", "1700000000:alice") == "TtElzSjT0GdnTQ9xdcRNxx96yQs=");
}

BOOST_AUTO_TEST_CASE(turn_credentials_are_the_peers_own_signed_by_the_first_secret_and_good_for_the_ttl) {
    fixture with(turn_options("1h"));
    const auto before = now_seconds();
    auto c = with.stranger();
    const auto welcome = c.describe();
    const auto& servers = welcome.at("iceServers").as_array();
    BOOST_TEST(servers.size() == 2U);
    BOOST_TEST((servers.at(0) == boost::json::parse(R"({"urls": ["stun:s.example"]})")));
    BOOST_TEST((servers.at(1).at("urls") == boost::json::parse(R"(["turn:t.example:3478?transport=udp"])")));
    const auto first = checked_turn(welcome, c, "s3cret");
    BOOST_TEST(first.expiry >= before + 3600);
    BOOST_TEST(first.expiry <= now_seconds() + 3601);
    const auto reply = c.ask("/ice");
    BOOST_TEST(number_of(reply, "ttl") == 3600);
    BOOST_TEST(checked_turn(reply, c, "s3cret").expiry >= first.expiry);
    // And in a later welcome, and another peer's.
    checked_turn(c.describe("\"name\": \"c\""), c, "s3cret");
    auto other = with.stranger();
    checked_turn(other.describe(), other, "s3cret");
}

BOOST_AUTO_TEST_CASE(fresh_credentials_come_unasked_again_and_again_before_the_old_ones_expire) {
    fixture with(turn_options("2s"));
    auto c = with.stranger();
    const auto welcome = c.describe();
    auto last = checked_turn(welcome, c, "s3cret");
    for (int i = 0; i < 2; ++i) {
        const auto pushed = c.expect("ice");
        BOOST_TEST(support::fields_of(pushed) == "iceServers ttl type");
        BOOST_TEST(number_of(pushed, "ttl") == 2);
        const auto fresh = checked_turn(pushed, c, "s3cret");
        BOOST_TEST(fresh.expiry > last.expiry);
        last = fresh;
    }
}

BOOST_AUTO_TEST_CASE(who_has_just_asked_is_not_pushed_what_would_be_no_fresher) {
    fixture with(turn_options("2s"));
    auto asks = with.peer("asks");
    auto waits = with.peer("waits");
    // The first ten answers would be followed by ten events if each left its own deadline behind.
    for (int i = 0; i < 10; ++i) asks.ask("/ice");
    waits.expect("ice");
    asks.expect("ice");
    waits.expect("ice");
    asks.expect("ice");
}

BOOST_AUTO_TEST_CASE(pushed_events_count_in_a_resumable_session_and_pause_with_its_connection) {
    fixture with(turn_options("1s"));
    auto c = with.peer("c", "\"resume\": true");
    c.expect("ice");
    c.send("/ack 1");
    c.drop();
    // While it is away, nothing is kept that would be out of date: two others see their events go by first.
    auto other = with.peer("other");
    other.expect("ice");
    other.expect("ice");
    auto again = with.stranger();
    const auto welcome = again.describe(c.proof() + ", \"seen\": 1");
    BOOST_TEST(flag_of(welcome, "resumed"));
    BOOST_TEST(number_of(welcome, "missed") == 0);
    checked_turn(welcome, again, "s3cret");
    again.expect("ice");
    again.send("/ack 2");
    again.send("/ack 9");
    again.expect_error(461);
}

BOOST_AUTO_TEST_CASE(credentials_of_a_peer_that_left_are_pushed_to_nobody) {
    auto options = turn_options("1s");
    options.insert(options.end(), {"--retention", "10ms"});
    fixture with(options);
    auto gone = with.peer("gone");
    auto quits = with.peer("quits");
    gone.drop();
    quits.send("/quit");
    quits.expect("quit");
    quits.expect_close(1000);
    auto stays = with.peer("stays");
    stays.expect("ice");
    stays.expect("ice");
}

BOOST_AUTO_TEST_SUITE_END()
