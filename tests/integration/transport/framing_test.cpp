#include "integration/transport/conversation.hpp"
#include "integration/transport/raw_client.hpp"
#include "support/server_process.hpp"
#include "unit/net/client_frames.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace client_frames;
using namespace std::string_literals;
using transport::heard;
using transport::raw_client;

namespace {

/// What a client sends after the upgrade, and all that it hears up to the end.
struct row {
    std::string name;
    std::string sent;
    heard answer;
};

constexpr std::size_t in_one_piece = SIZE_MAX;

/// `/ping <content>` is answered by `pong`: the echo of this protocol.
std::string say(std::string_view content) { return whole(text, "/ping " + std::string(content)); }

std::string good_bye() { return whole(close_frame, close_payload(1000)); }

shape reserved_bits(unsigned bits) {
    shape how;
    how.reserved = static_cast<std::uint8_t>(bits);
    return how;
}

/// The last words of a server that refuses: the event first, since proxies lose close codes.
heard refused(const std::string& code, heard before = {}) {
    before.insert(before.end(), {"bye " + code, "CLOSE " + code, "end"});
    return before;
}

heard echoed(std::vector<std::string> contents) {
    for (auto& content : contents) content.insert(0, "pong ");
    contents.insert(contents.end(), {"CLOSE 1000", "end"});
    return contents;
}

class framing_server : public support::server_process {
public:
    framing_server() : server_process({"--rate", "0"}) {}

    void check(const row& r, std::size_t piece_bytes) const {
        BOOST_TEST_CONTEXT(
            r.name << (piece_bytes == in_one_piece ? "" : ", in pieces of " + std::to_string(piece_bytes))) {
            raw_client client(port());
            client.upgrade();
            client.send_in_pieces(r.sent, std::min(piece_bytes, std::max<std::size_t>(r.sent.size(), 1)));
            BOOST_TEST(transport::listen_to_end(client) == r.answer, boost::test_tools::per_element());
        }
    }

    void check_all(const std::vector<row>& rows) const {
        for (const auto& r : rows) {
            check(r, in_one_piece);
            check(r, r.sent.size() > 2000 ? 997 : 1);
        }
    }
};

}  // namespace

/// The cases of the Autobahn suite, by its sections. Rows that do not end the connection end with the client's close.
BOOST_FIXTURE_TEST_SUITE(framing, framing_server)

BOOST_AUTO_TEST_CASE(section_1_text_of_every_length_form_and_no_binary) {
    std::vector<row> rows;
    for (const std::size_t size : {1UL, 119UL, 120UL, 121UL, 122UL, 65529UL, 65530UL}) {
        const std::string content(size, '*');
        rows.push_back({"text of " + std::to_string(size), say(content) + good_bye(), echoed({content})});
    }
    rows.push_back(
        {"empty text of an undescribed peer", whole(text, "") + good_bye(), {"error 451", "CLOSE 1000", "end"}});
    for (const std::size_t size : {0UL, 125UL, 126UL, 65536UL}) {
        rows.push_back(
            {"binary of " + std::to_string(size), whole(binary, std::string(size, '\xfe')), refused("1003")});
    }
    check_all(rows);
}

BOOST_AUTO_TEST_CASE(section_2_pings_and_pongs) {
    const auto binary_payload = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"s;
    const std::string longest(125, '\xfe');
    std::string ten_pings;
    heard ten_pongs;
    for (int i = 0; i < 10; ++i) {
        ten_pings += whole(ping, "payload-" + std::to_string(i));
        ten_pongs.push_back("PONG payload-" + std::to_string(i));
    }
    ten_pongs.insert(ten_pongs.end(), {"CLOSE 1000", "end"});
    check_all({
        {"2.1 empty ping", whole(ping, "") + good_bye(), {"PONG ", "CLOSE 1000", "end"}},
        {"2.2 ping with text", whole(ping, "Hello, world!") + good_bye(), {"PONG Hello, world!", "CLOSE 1000", "end"}},
        {"2.3 ping with bytes",
         whole(ping, binary_payload) + good_bye(),
         {"PONG " + binary_payload, "CLOSE 1000", "end"}},
        {"2.4 longest ping", whole(ping, longest) + good_bye(), {"PONG " + longest, "CLOSE 1000", "end"}},
        {"2.5 ping too long", whole(ping, longest + "x"), refused("1002")},
        {"2.7 unasked pong", whole(pong, "") + good_bye(), {"CLOSE 1000", "end"}},
        {"2.9 unasked pong, then ping",
         whole(pong, "unasked") + whole(ping, "p") + good_bye(),
         {"PONG p", "CLOSE 1000", "end"}},
        {"2.10 ten pings", ten_pings + good_bye(), ten_pongs},
    });
}

BOOST_AUTO_TEST_CASE(section_3_reserved_bits) {
    std::vector<row> rows;
    for (unsigned bits = 1; bits <= 7; ++bits) {
        const auto name = "3 bits " + std::to_string(bits);
        rows.push_back({name, whole(text, "/ping a", reserved_bits(bits)), refused("1002")});
        rows.push_back({name + " after a message",
                        say("first") + whole(text, "/ping a", reserved_bits(bits)) + whole(ping, ""),
                        refused("1002", {"pong first"})});
        rows.push_back({name + " on a ping", whole(ping, "", reserved_bits(bits)), refused("1002")});
        rows.push_back({name + " on a close", whole(close_frame, "", reserved_bits(bits)), refused("1002")});
    }
    check_all(rows);
}

BOOST_AUTO_TEST_CASE(section_4_reserved_opcodes) {
    std::vector<row> rows;
    for (const unsigned number : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
        const auto opcode = static_cast<std::uint8_t>(number);
        const auto name = "4 opcode " + std::to_string(number);
        rows.push_back({name, whole(opcode, ""), refused("1002")});
        rows.push_back({name + " after a message", say("first") + whole(opcode, "x") + whole(ping, ""),
                        refused("1002", {"pong first"})});
    }
    check_all(rows);
}

BOOST_AUTO_TEST_CASE(section_5_fragmentation) {
    check_all({
        {"5.1 ping in fragments", part(ping, "frag") + whole(continuation, "ment"), refused("1002")},
        {"5.2 pong in fragments", part(pong, "frag") + whole(continuation, "ment"), refused("1002")},
        {"5.3 text in two", part(text, "/ping frag") + whole(continuation, "ment") + good_bye(), echoed({"fragment"})},
        {"5.6 ping in between",
         part(text, "/ping frag") + whole(ping, "p") + whole(continuation, "ment") + good_bye(),
         {"PONG p", "pong fragment", "CLOSE 1000", "end"}},
        {"5.9 continuation of nothing", whole(continuation, "x") + say("a"), refused("1002")},
        {"5.12 open continuation of nothing", part(continuation, "x") + say("a"), refused("1002")},
        {"5.15 continuation after the end",
         part(text, "/ping frag") + whole(continuation, "ment") + part(continuation, "x") + say("a"),
         refused("1002", {"pong fragment"})},
        {"5.16 continuation first", part(continuation, "frag") + part(text, "ment") + whole(continuation, "x"),
         refused("1002")},
        {"5.18 text inside a text", part(text, "/ping frag") + whole(text, "ment"), refused("1002")},
        {"5.19 five fragments, two pings",
         part(text, "/ping 1") + part(continuation, "2") + whole(ping, "a") + part(continuation, "3") +
             part(continuation, "4") + whole(ping, "b") + whole(continuation, "5") + good_bye(),
         {"PONG a", "PONG b", "pong 12345", "CLOSE 1000", "end"}},
        {"empty fragments",
         part(text, "") + part(continuation, "/ping x") + part(continuation, "") + whole(continuation, "") + good_bye(),
         echoed({"x"})},
        {"close inside a message", part(text, "/ping frag") + good_bye(), {"CLOSE 1000", "end"}},
    });
}

BOOST_AUTO_TEST_CASE(section_6_valid_utf8_comes_back) {
    const std::vector<std::string> texts{
        "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!",
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
        "\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80",
        "\x7f\xdf\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf",
        "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd",
        "\xef\xb7\x90\xef\xbf\xbe\xf0\x9f\xbf\xbe\xf4\x8f\xbf\xbe",
        "\xef\xbb\xbf\xe2\x80\x8b",
    };
    std::vector<row> rows;
    for (const auto& content : texts) {
        rows.push_back({"6 whole " + content, say(content) + good_bye(), echoed({content})});
        std::string fragments = part(text, "/ping ");
        for (const char c : content) fragments += part(continuation, std::string(1, c));
        rows.push_back({"6 in fragments of a byte " + content, fragments + whole(continuation, "") + good_bye(),
                        echoed({content})});
    }
    check_all(rows);
}

BOOST_AUTO_TEST_CASE(section_6_what_is_not_utf8_is_refused) {
    const std::vector<std::string> wrong{
        "\x80",
        "\xbf",
        "\x80\xbf\x80\xbf",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x80\xaf",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\xaf",
        "\xf0\x8f\xbf\xbf",
        "\xf8\x80\x80\x80\xaf",
        "\xfc\x80\x80\x80\x80\xaf",
        "\xed\xa0\x80",
        "\xed\xad\xbf",
        "\xed\xbf\xbf",
        "\xed\xa0\x80\xed\xb0\x80",
        "\xf4\x90\x80\x80",
        "\xf7\xbf\xbf\xbf",
        "\xfe",
        "\xff",
        "\xfe\xfe\xff\xff",
        "\xc3(",
        "\xe2\x82(",
        "\xf0\x9f\x8e(",
        "\xc3",
        "\xe2\x82",
        "\xf0\x9f\x8e",
    };
    std::vector<row> rows;
    for (const auto& bytes : wrong) {
        rows.push_back({"6 whole", say("good \xce\xba " + bytes), refused("1007")});
        rows.push_back({"6 in fragments", part(text, "/ping good ") + whole(continuation, bytes), refused("1007")});
    }
    check_all(rows);
}

BOOST_AUTO_TEST_CASE(section_6_4_wrong_utf8_is_refused_before_the_message_is_complete) {
    // Nothing comes after these: who waited for the rest would never answer.
    check_all({
        {"6.4.1 in a fragment", part(text, "/ping \xce\xba\xf4") + part(continuation, "\x90"), refused("1007")},
        {"6.4.2 across fragments", part(text, "/ping \xce\xba\xf4\x90") + part(continuation, ""), refused("1007")},
        {"6.4.3 in the middle of a frame", say("\xf4\x90\x80\x80" + std::string(100, 'x')).substr(0, 6 + 6 + 2),
         refused("1007")},
    });
}

BOOST_AUTO_TEST_CASE(section_7_closing) {
    const std::string longest(123, '*');
    std::vector<row> rows{
        {"7.1.1 message, then close", say("a") + good_bye(), echoed({"a"})},
        {"7.1.2 two closes", good_bye() + good_bye(), {"CLOSE 1000", "end"}},
        {"7.1.3 ping after close", good_bye() + whole(ping, ""), {"CLOSE 1000", "end"}},
        {"7.1.4 message after close", good_bye() + say("late"), {"CLOSE 1000", "end"}},
        {"7.3.1 no code", whole(close_frame, ""), {"CLOSE 1005", "end"}},
        {"7.3.2 half a code", whole(close_frame, "\x03"), refused("1002")},
        {"7.3.4 reason", whole(close_frame, close_payload(1000, "Hello World!")), {"CLOSE 1000", "end"}},
        {"7.3.5 longest reason", whole(close_frame, close_payload(1000, longest)), {"CLOSE 1000", "end"}},
        {"7.3.6 reason too long", whole(close_frame, close_payload(1000, longest + "*")), refused("1002")},
        {"7.5.1 reason not UTF-8", whole(close_frame, close_payload(1000, "\xce\xba\xed\xa0\x80")), refused("1007")},
    };
    for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U, 1013U, 1014U,
                                3000U, 3999U, 4000U, 4999U}) {
        rows.push_back(
            {"7.7 valid code", whole(close_frame, close_payload(code)), {"CLOSE " + std::to_string(code), "end"}});
    }
    for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65535U}) {
        rows.push_back({"7.9 invalid code", whole(close_frame, close_payload(code)), refused("1002")});
    }
    for (const auto& r : rows) check(r, in_one_piece);
}

BOOST_AUTO_TEST_CASE(section_9_long_messages_and_many) {
    // A content may have 65,536 bytes, a whole message 131,072.
    const std::string longest(65536, '*');
    std::string in_fragments = part(text, "/ping ");
    for (std::size_t at = 0; at < longest.size(); at += 64) in_fragments += part(continuation, longest.substr(at, 64));
    std::string many;
    std::vector<std::string> contents;
    for (int i = 0; i < 2000; ++i) {
        contents.push_back(std::to_string(i));
        many += say(contents.back());
    }
    const auto too_long_content = whole(text, "/ping " + std::string(131072 - 6, '*'));
    check_all({
        {"9.1 the longest content", say(longest) + good_bye(), echoed({longest})},
        {"9.3 in fragments of 64", in_fragments + whole(continuation, "") + good_bye(), echoed({longest})},
        {"9.7 two thousand messages", many + good_bye(), echoed(contents)},
        {"the longest message", too_long_content + good_bye(), {"error 417", "CLOSE 1000", "end"}},
        {"a byte more", whole(text, std::string(131073, '*')), refused("1009")},
    });
}

BOOST_AUTO_TEST_CASE(section_10_fragments_as_a_client_cuts_them) {
    const std::string content(65530, '*');
    const auto message = "/ping " + content;
    std::string bytes;
    for (std::size_t at = 0; at < message.size(); at += 1300) {
        bytes += (at + 1300 < message.size() ? part : [](std::uint8_t code, std::string_view payload) {
            return whole(code, payload);
        })(at == 0 ? text : continuation, std::string_view(message).substr(at, 1300));
    }
    check_all({{"10.1.1", bytes + good_bye(), echoed({content})}});
}

BOOST_AUTO_TEST_CASE(what_is_too_big_is_refused_at_its_header) {
    shape how;
    how.claims = true;
    how.claimed = 131073;
    shape open = how;
    open.final = false;
    shape huge = how;
    huge.claimed = (std::uint64_t{1} << 63U) - 1;
    shape top_bit = how;
    top_bit.claimed = std::uint64_t{1} << 63U;
    shape rest = how;
    rest.claimed = 131072 - 2;
    // None of these payloads is ever sent.
    check_all({
        {"one frame", whole(text, "", how), refused("1009")},
        {"a first fragment", whole(text, "", open), refused("1009")},
        {"exabytes", whole(text, "", huge), refused("1009")},
        {"the sum of fragments", part(text, "/pi") + whole(continuation, "", rest), refused("1009")},
        {"the top bit", whole(text, "", top_bit), refused("1002")},
    });
}

BOOST_AUTO_TEST_CASE(masks_and_shortest_lengths_are_required) {
    shape unmasked;
    unmasked.masked = false;
    shape two_bytes;
    two_bytes.length_bytes = 2;
    shape eight_bytes;
    eight_bytes.length_bytes = 8;
    check_all({
        {"unmasked text", whole(text, "/ping a", unmasked), refused("1002")},
        {"unmasked ping", whole(ping, "", unmasked), refused("1002")},
        {"unmasked close", whole(close_frame, close_payload(1000), unmasked), refused("1002")},
        {"two bytes for seven", whole(text, "/ping a", two_bytes), refused("1002")},
        {"eight bytes for seven", whole(text, "/ping a", eight_bytes), refused("1002")},
    });
}

BOOST_AUTO_TEST_CASE(a_refusal_says_that_coming_back_is_no_use) {
    raw_client client(port());
    client.upgrade();
    client.send(whole(binary, "x"));
    const auto frame = client.read_frame();
    BOOST_REQUIRE(frame);
    BOOST_TEST(transport::field_of(frame->payload, "type") == "bye");
    BOOST_TEST(transport::field_of(frame->payload, "code") == "1003");
    BOOST_TEST(transport::field_of(frame->payload, "reconnect") == "false");
    BOOST_TEST(transport::field_of(frame->payload, "retryAfter") == "null");
    BOOST_TEST(!transport::field_of(frame->payload, "reason").empty());
}

BOOST_AUTO_TEST_SUITE_END()
