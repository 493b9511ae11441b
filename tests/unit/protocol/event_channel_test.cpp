#include "protocol/event.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <array>

using namespace protocol;

namespace {

peer_id peer_of(std::string_view hex) { return peer_id(parse_object_id(hex).value()); }

const event::peer_ref alice{peer_of("507f1f77bcf86cd799439011"), "alice"};
const event::peer_ref bob{peer_of("507f1f77bcf86cd799439012"), "bob"};
const channel_id room(parse_object_id("5f43a1b2c3d4e5f607182930").value());
constexpr std::string_view alice_json = R"({"id":"507f1f77bcf86cd799439011","name":"alice"})";
constexpr std::string_view bob_json = R"({"id":"507f1f77bcf86cd799439012","name":"bob"})";
constexpr std::string_view room_json = R"("#5f43a1b2c3d4e5f607182930")";

/// The event that these members, in which A, B and C stand for alice, bob and the room, make.
std::string expected(std::string_view members) {
    std::string out = "{";
    for (const char c : members) {
        if (c == 'A') {
            out.append(alice_json);
        } else if (c == 'B') {
            out.append(bob_json);
        } else if (c == 'C') {
            out.append(room_json);
        } else {
            out.push_back(c);
        }
    }
    return out + "}";
}

template <class... Parameters, class... Arguments>
std::string encoded(void (*encode)(std::string&, Parameters...), Arguments&&... arguments) {
    std::string out = "kept";
    encode(out, std::forward<Arguments>(arguments)...);
    BOOST_TEST(out.starts_with("kept{"));
    boost::json::error_code ec;
    boost::json::parse(out.substr(4), ec);
    BOOST_TEST(!ec, out);
    return out.substr(4);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(event_channel)

BOOST_AUTO_TEST_CASE(joined_tells_the_joiner_where_it_stands) {
    BOOST_TEST(
        encoded(event::joined, "l", event::joined_fields{room, true, alice.id, true, 1, 0}) ==
        expected(
            R"("type":"joined","label":"l","channel":C,"created":true,"owner":"507f1f77bcf86cd799439011","operator":true,"members":1,"seq":0)"));
    BOOST_TEST(
        encoded(event::joined, "", event::joined_fields{room, false, alice.id, false, 100000, 99}) ==
        expected(
            R"("type":"joined","channel":C,"created":false,"owner":"507f1f77bcf86cd799439011","operator":false,"members":100000,"seq":99)"));
}

BOOST_AUTO_TEST_CASE(join_and_quit_tell_the_others) {
    BOOST_TEST(encoded(event::join, room, alice) == expected(R"("type":"join","channel":C,"peer":A)"));
    BOOST_TEST(encoded(event::quit, "", room, alice, "connection lost") ==
               expected(R"("type":"quit","channel":C,"peer":A,"reason":"connection lost")"));
    BOOST_TEST(encoded(event::quit, "l", std::nullopt, alice, std::nullopt) ==
               expected(R"("type":"quit","label":"l","channel":null,"peer":A,"reason":null)"));
    BOOST_TEST(encoded(event::quit, "", room, alice, "") ==
               expected(R"("type":"quit","channel":C,"peer":A,"reason":"")"));
}

BOOST_AUTO_TEST_CASE(peers_lists_a_page) {
    const std::array entries{event::peers_entry{alice, true, false}, event::peers_entry{bob, false, true}};
    BOOST_TEST(
        encoded(event::peers, "l", room, entries, std::uint64_t{5}, bob.id) ==
        expected(
            R"("type":"peers","label":"l","channel":C,"peers":[{"id":"507f1f77bcf86cd799439011","name":"alice","operator":true,)"
            R"("away":false},{"id":"507f1f77bcf86cd799439012","name":"bob","operator":false,"away":true}],)"
            R"("total":5,"next":"507f1f77bcf86cd799439012")"));
    BOOST_TEST(encoded(event::peers, "", room, std::span<const event::peers_entry>(), std::uint64_t{0}, std::nullopt) ==
               expected(R"("type":"peers","channel":C,"peers":[],"total":0,"next":null)"));
}

BOOST_AUTO_TEST_CASE(invitations_go_both_ways) {
    BOOST_TEST(encoded(event::inviting, "l", room, bob) ==
               expected(R"("type":"inviting","label":"l","channel":C,"peer":B)"));
    BOOST_TEST(encoded(event::invite, room, alice) == expected(R"("type":"invite","channel":C,"from":A)"));
}

BOOST_AUTO_TEST_CASE(kick_and_ban_tell_who_did_it_and_why) {
    BOOST_TEST(encoded(event::kick, "l", room, bob, alice, "spam") ==
               expected(R"("type":"kick","label":"l","channel":C,"peer":B,"by":A,"reason":"spam")"));
    BOOST_TEST(encoded(event::kick, "", room, bob, alice, std::nullopt) ==
               expected(R"("type":"kick","channel":C,"peer":B,"by":A,"reason":null)"));
    BOOST_TEST(encoded(event::ban, "l", room, bob, alice, "spam") ==
               expected(R"("type":"ban","label":"l","channel":C,"peer":B,"by":A,"reason":"spam")"));
    BOOST_TEST(encoded(event::ban, "", room, bob, alice, std::nullopt) ==
               expected(R"("type":"ban","channel":C,"peer":B,"by":A,"reason":null)"));
    BOOST_TEST(encoded(event::unban, "l", room, bob) == expected(R"("type":"unban","label":"l","channel":C,"peer":B)"));
}

BOOST_AUTO_TEST_CASE(bans_lists_who_is_kept_out) {
    const std::array entries{event::bans_entry{bob.id, alice, 1700000000123, "spam"},
                             event::bans_entry{alice.id, bob, 1, std::nullopt}};
    BOOST_TEST(
        encoded(event::bans, "l", room, entries) ==
        expected(
            R"("type":"bans","label":"l","channel":C,"bans":[{"id":"507f1f77bcf86cd799439012","by":A,"time":1700000000123,)"
            R"("reason":"spam"},{"id":"507f1f77bcf86cd799439011","by":B,"time":1,"reason":null}])"));
    BOOST_TEST(encoded(event::bans, "", room, std::span<const event::bans_entry>()) ==
               expected(R"("type":"bans","channel":C,"bans":[])"));
}

BOOST_AUTO_TEST_CASE(op_and_deop_tell_who_did_it_if_anybody_did) {
    BOOST_TEST(encoded(event::op, "l", room, bob, alice) ==
               expected(R"("type":"op","label":"l","channel":C,"peer":B,"by":A)"));
    BOOST_TEST(encoded(event::op, "", room, bob, std::nullopt) ==
               expected(R"("type":"op","channel":C,"peer":B,"by":null)"));
    BOOST_TEST(encoded(event::deop, "l", room, bob, alice) ==
               expected(R"("type":"deop","label":"l","channel":C,"peer":B,"by":A)"));
}

BOOST_AUTO_TEST_CASE(presence_and_lost_are_counts) {
    BOOST_TEST(encoded(event::presence, room, std::uint64_t{300}) ==
               expected(R"("type":"presence","channel":C,"members":300)"));
    BOOST_TEST(encoded(event::lost, room, std::uint64_t{4}, std::uint64_t{9}) ==
               expected(R"("type":"lost","channel":C,"from":4,"to":9)"));
}

BOOST_AUTO_TEST_CASE(history_holds_the_events_as_they_were) {
    std::string first;
    std::string second;
    event::pubmsg(first, room, alice, "one", 1, 1);
    event::pubmsg(second, room, bob, "two", 2, 2);
    const std::array<std::string_view, 2> messages{first, second};
    BOOST_TEST(
        encoded(event::history, "l", room, messages, true) ==
        expected(
            R"("type":"history","label":"l","channel":C,"messages":[{"type":"pubmsg","channel":C,"from":A,"content":"one","time":1,)"
            R"("seq":1},{"type":"pubmsg","channel":C,"from":B,"content":"two","time":2,"seq":2}],"more":true)"));
    BOOST_TEST(encoded(event::history, "", room, std::span<const std::string_view>(), false) ==
               expected(R"("type":"history","channel":C,"messages":[],"more":false)"));
}

BOOST_AUTO_TEST_SUITE_END()
