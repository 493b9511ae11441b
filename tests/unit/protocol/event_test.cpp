#include "protocol/event.hpp"

#include "protocol/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <limits>

using namespace protocol;
using namespace std::chrono_literals;

namespace {

peer_id peer_of(std::string_view hex) { return peer_id(parse_object_id(hex).value()); }
channel_id channel_of(std::string_view hex) { return channel_id(parse_object_id(hex).value()); }

const event::peer_ref alice{peer_of("507f1f77bcf86cd799439011"), "alice"};
const event::peer_ref bob{peer_of("507F1F77BCF86CD799439012"), "b\"ob"};
const channel_id room = channel_of("5f43a1b2c3d4e5f607182930");
constexpr std::int64_t now = 1700000000123;

/// What the encoder appends, after checking that it appends, and that it is JSON.
template <class... Parameters, class... Arguments>
std::string encoded(void (*encode)(std::string&, Parameters...), Arguments&&... arguments) {
    std::string out = "kept";
    encode(out, std::forward<Arguments>(arguments)...);
    BOOST_TEST(out.starts_with("kept{"));
    auto json = out.substr(4);
    boost::json::error_code ec;
    boost::json::parse(json, ec);
    BOOST_TEST(!ec, json);
    return json;
}

std::string welcome_of(const event::welcome_fields& fields, const limits& limits = {}) {
    return encoded(event::welcome, "", fields, limits);
}

std::string whois_of(const event::whois_peer_fields& fields) {
    return encoded<std::string_view, const event::whois_peer_fields&>(event::whois, "", fields);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(event)

BOOST_AUTO_TEST_CASE(welcome_tells_everything_a_client_has_to_know) {
    const std::array channels{
        protocol::event::joined_fields{room, false, alice.id, true, 3, 17},
        protocol::event::joined_fields{channel_of("000000000000000000000001"), true, bob.id, false, 1, 0}};
    protocol::event::welcome_fields fields{
        alice.id, "alice", "s3cret", true, 5, false, channels, R"([{"urls":"stun:x"}])", 25, "signaller 1"};
    BOOST_TEST(
        encoded(protocol::event::welcome, "l1", fields, limits{}) ==
        R"({"type":"welcome","label":"l1","id":"507f1f77bcf86cd799439011","name":"alice","session":"s3cret","resumed":true,"missed":5,)"
        R"("lost":false,"channels":[{"channel":"#5f43a1b2c3d4e5f607182930","created":false,"owner":"507f1f77bcf86cd799439011",)"
        R"("operator":true,"members":3,"seq":17},{"channel":"#000000000000000000000001","created":true,)"
        R"("owner":"507f1f77bcf86cd799439012","operator":false,"members":1,"seq":0}],"iceServers":[{"urls":"stun:x"}],"heartbeat":25,)"
        R"("limits":{"message":131072,"content":65536,"name":64,"label":64,"description":4096,"token":256,"accessToken":8192,"reason":256,)"
        R"("channels":100,"members":100000,"page":1000,"rate":300,"burst":600,"history":100,"resumeWindow":60,)"
        R"("resumeEvents":1000,"resumeBytes":262144},"server":"signaller 1"})");
}

BOOST_AUTO_TEST_CASE(a_first_welcome_has_no_channels) {
    protocol::event::welcome_fields fields;
    fields.lost = true;
    const auto json = welcome_of(fields);
    BOOST_TEST(json.starts_with(
        R"({"type":"welcome","id":"000000000000000000000000","name":"","session":"","resumed":false,"missed":0,"lost":true,"channels":[],"iceServers":[],)"));
}

BOOST_AUTO_TEST_CASE(the_resume_window_is_told_in_seconds) {
    const auto window = [](std::chrono::milliseconds duration) {
        limits custom;
        custom.resume_window = duration;
        const auto json = welcome_of({}, custom);
        const auto begin = json.find("\"resumeWindow\":") + 15;
        return json.substr(begin, json.find(',', begin) - begin);
    };
    BOOST_TEST(window(0ms) == "0");
    BOOST_TEST(window(60s) == "60");
    BOOST_TEST(window(1500ms) == "1.5");
    BOOST_TEST(window(250ms) == "0.25");
    BOOST_TEST(window(1001ms) == "1.001");
    BOOST_TEST(window(2010ms) == "2.01");
    BOOST_TEST(window(2100ms) == "2.1");
    BOOST_TEST(window(999ms) == "0.999");
}

BOOST_AUTO_TEST_CASE(messages_carry_sender_content_and_time) {
    BOOST_TEST(
        encoded(protocol::event::privmsg, alice, bob.id, "v=0\r\n\"x\"", now) ==
        R"({"type":"privmsg","from":{"id":"507f1f77bcf86cd799439011","name":"alice"},"to":"507f1f77bcf86cd799439012",)"
        R"("content":"v=0\r\n\"x\"","time":1700000000123})");
    BOOST_TEST(encoded(protocol::event::pubmsg, room, bob, "\xe5\xbc\xb9", now, std::uint64_t{42}) ==
               "{\"type\":\"pubmsg\",\"channel\":\"#5f43a1b2c3d4e5f607182930\",\"from\":{\"id\":"
               "\"507f1f77bcf86cd799439012\",\"name\":\"b\\\"ob\"},"
               "\"content\":\"\xe5\xbc\xb9\",\"time\":1700000000123,\"seq\":42}");
    BOOST_TEST(
        encoded(protocol::event::broadcast, alice, "all", now) ==
        R"({"type":"broadcast","from":{"id":"507f1f77bcf86cd799439011","name":"alice"},"content":"all","time":1700000000123})");
}

BOOST_AUTO_TEST_CASE(acks_name_the_command_they_answer) {
    BOOST_TEST(encoded(protocol::event::ack_privmsg, "l", now, true) ==
               R"({"type":"ack","label":"l","command":"privmsg","time":1700000000123,"queued":true})");
    BOOST_TEST(
        encoded(protocol::event::ack_pubmsg, "l", now, room, std::uint64_t{7}) ==
        R"({"type":"ack","label":"l","command":"pubmsg","time":1700000000123,"channel":"#5f43a1b2c3d4e5f607182930","seq":7})");
    BOOST_TEST(encoded(protocol::event::ack_broadcast, "l", now) ==
               R"({"type":"ack","label":"l","command":"broadcast","time":1700000000123})");
}

BOOST_AUTO_TEST_CASE(whois_shows_the_description_between_the_fields_of_the_server) {
    const std::array channels{room, channel_of("000000000000000000000001")};
    BOOST_TEST(
        whois_of({alice, R"("lang":"en","x":{"id":1})", std::nullopt, channels, true, now, 12}) ==
        R"({"type":"whois","peer":{"id":"507f1f77bcf86cd799439011","name":"alice","lang":"en","x":{"id":1},"away":null,)"
        R"("channels":["#5f43a1b2c3d4e5f607182930","#000000000000000000000001"],"connected":true,"connectedAt":1700000000123,"idle":12}})");
    BOOST_TEST(
        whois_of({alice, "", "", {}, false, now, 0}) ==
        R"({"type":"whois","peer":{"id":"507f1f77bcf86cd799439011","name":"alice","away":"","channels":[],"connected":false,)"
        R"("connectedAt":1700000000123,"idle":0}})");
}

BOOST_AUTO_TEST_CASE(the_fields_of_the_server_win_in_whois) {
    const auto json = whois_of(
        {alice,
         R"("id":"x","away":"y","keep":1,"name":"z","channels":[],"connected":0,"connectedAt":1,"idle":2,"Idle":3)",
         "lunch",
         {},
         true,
         now,
         5});
    BOOST_TEST(
        json ==
        R"({"type":"whois","peer":{"id":"507f1f77bcf86cd799439011","name":"alice","keep":1,"Idle":3,"away":"lunch","channels":[],)"
        R"("connected":true,"connectedAt":1700000000123,"idle":5}})");
    BOOST_TEST(whois_of({alice, R"("id":"x")", "lunch", {}, true, now, 5}).find("\"name\":\"alice\",\"away\"") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(whois_of_a_channel_names_it_as_commands_do) {
    const std::array operators{alice.id, bob.id};
    const protocol::event::whois_channel_fields fields{room, alice.id, operators, 2, true, now, now + 1};
    BOOST_TEST(
        (encoded<std::string_view, const protocol::event::whois_channel_fields&>(protocol::event::whois, "l",
                                                                                 fields)) ==
        R"({"type":"whois","label":"l","channel":{"id":"#5f43a1b2c3d4e5f607182930","owner":"507f1f77bcf86cd799439011",)"
        R"("operators":["507f1f77bcf86cd799439011","507f1f77bcf86cd799439012"],"members":2,"protected":true,)"
        R"("createdAt":1700000000123,"updatedAt":1700000000124}})");
    BOOST_TEST(encoded(protocol::event::whois_protected, "", room) ==
               R"({"type":"whois","channel":{"id":"#5f43a1b2c3d4e5f607182930","protected":true}})");
}

BOOST_AUTO_TEST_CASE(away_tells_whether_and_why) {
    BOOST_TEST(
        encoded(protocol::event::away, "l", alice, true, "lunch") ==
        R"({"type":"away","label":"l","peer":{"id":"507f1f77bcf86cd799439011","name":"alice"},"away":true,"message":"lunch"})");
    BOOST_TEST(
        encoded(protocol::event::away, "", alice, false, std::nullopt) ==
        R"({"type":"away","peer":{"id":"507f1f77bcf86cd799439011","name":"alice"},"away":false,"message":null})");
}

BOOST_AUTO_TEST_CASE(peer_shows_name_and_description_and_the_server_wins) {
    BOOST_TEST(encoded(protocol::event::peer, alice, R"("id":1,"away":"mine","name":2)") ==
               R"({"type":"peer","peer":{"id":"507f1f77bcf86cd799439011","name":"alice","away":"mine"}})");
    BOOST_TEST(encoded(protocol::event::peer, alice, "") ==
               R"({"type":"peer","peer":{"id":"507f1f77bcf86cd799439011","name":"alice"}})");
}

BOOST_AUTO_TEST_CASE(ice_and_pong_answer_their_commands) {
    BOOST_TEST(encoded(protocol::event::ice, "l", R"([{"urls":["stun:a"]}])", std::uint64_t{600}) ==
               R"({"type":"ice","label":"l","iceServers":[{"urls":["stun:a"]}],"ttl":600})");
    BOOST_TEST(encoded(protocol::event::ice, "", "", std::uint64_t{0}) == R"({"type":"ice","iceServers":[],"ttl":0})");
    BOOST_TEST(encoded(protocol::event::pong, "l", "a\nb") == R"({"type":"pong","label":"l","content":"a\nb"})");
    BOOST_TEST(encoded(protocol::event::pong, "", "") == R"({"type":"pong","content":""})");
}

BOOST_AUTO_TEST_CASE(bye_says_whether_and_when_to_come_back) {
    BOOST_TEST(encoded(protocol::event::bye, close_code::going_away, "going away", true, 1500ms) ==
               R"({"type":"bye","code":1001,"reason":"going away","reconnect":true,"retryAfter":1500})");
    BOOST_TEST(encoded(protocol::event::bye, close_code::too_big, "too big", false, std::nullopt) ==
               R"({"type":"bye","code":1009,"reason":"too big","reconnect":false,"retryAfter":null})");
}

BOOST_AUTO_TEST_CASE(errors_tell_code_name_command_target_and_message) {
    BOOST_TEST(
        encoded(protocol::event::error, "l", "privmsg", failure(numeric::no_such_nick, "no such peer", "507f\"x"),
                std::nullopt) ==
        R"({"type":"error","label":"l","code":401,"name":"ERR_NOSUCHNICK","command":"privmsg","target":"507f\"x","message":"no such peer"})");
    BOOST_TEST(
        encoded(protocol::event::error, "", "", failure(numeric::unknown_command, "no command"), std::nullopt) ==
        R"({"type":"error","code":421,"name":"ERR_UNKNOWNCOMMAND","command":"","target":null,"message":"no command"})");
}

BOOST_AUTO_TEST_CASE(only_263_says_when_to_try_again) {
    BOOST_TEST(
        encoded(protocol::event::error, "", "ping", failure(numeric::try_again, "too fast"), 40ms) ==
        R"({"type":"error","code":263,"name":"RPL_TRYAGAIN","command":"ping","target":null,"message":"too fast","retryAfter":40})");
    BOOST_TEST(
        encoded(protocol::event::error, "", "ping", failure(numeric::unknown_error, "no"), 40ms).find("retryAfter") ==
        std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_error_echoes_no_more_than_128_bytes) {
    std::string hostile;
    for (int i = 0; i < 30000; ++i) hostile += "\xe5\xbc\xb9";
    const auto json = encoded(protocol::event::error, "", hostile.substr(0, 63),
                              failure(numeric::no_such_nick, "no such peer", hostile), std::nullopt);
    BOOST_TEST(is_valid_utf8(json));
    const auto read = boost::json::parse(json);
    BOOST_TEST(read.at("target").get_string().size() == 126U);
}

BOOST_AUTO_TEST_CASE(hostile_text_never_leaves_its_string) {
    std::string hostile = "\"},{\"type\":\"error\\\n\t\x7f</script>\xe2\x80\xa8";
    for (char c = 0; c < 0x20; ++c) hostile.push_back(c);
    const protocol::event::peer_ref mallory{alice.id, hostile};
    const auto read =
        boost::json::parse(encoded(protocol::event::pubmsg, room, mallory, hostile, now, std::uint64_t{1}));
    BOOST_TEST(read.get_object().size() == 6U);
    BOOST_TEST((read.at("content").get_string() == hostile));
    BOOST_TEST((read.at("from").at("name").get_string() == hostile));
    const auto quit = boost::json::parse(encoded(protocol::event::quit, "", std::nullopt, mallory, hostile));
    BOOST_TEST((quit.at("reason").get_string() == hostile));
}

BOOST_AUTO_TEST_CASE(numbers_at_their_ends_are_written) {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    BOOST_TEST(encoded(protocol::event::lost, room, most, most).find("18446744073709551615") != std::string::npos);
    BOOST_TEST(encoded(protocol::event::broadcast, alice, "", std::int64_t{0}).find("\"time\":0}") !=
               std::string::npos);
    BOOST_TEST(encoded(protocol::event::broadcast, alice, "", std::int64_t{-5}).find("\"time\":-5}") !=
               std::string::npos);
    BOOST_TEST(encoded(protocol::event::broadcast, alice, "", std::numeric_limits<std::int64_t>::min())
                   .find("\"time\":-9223372036854775808}") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
