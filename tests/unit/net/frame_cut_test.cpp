#include "net/frame.hpp"

#include "unit/net/client_frames.hpp"
#include "unit/net/frame_reading.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace std::string_literals;
using namespace client_frames;
using namespace frame_reading;
namespace data = boost::unit_test::data;

namespace {

shape claiming(std::uint64_t length) {
    shape how;
    how.claims = true;
    how.claimed = length;
    return how;
}

shape claiming_part(std::uint64_t length) {
    shape how = claiming(length);
    how.final = false;
    return how;
}

/// Streams that end well, and in every way badly.
std::vector<std::string> streams() {
    const auto wide = "\xf0\x9f\x8e\x89"s;
    return {
        whole(text, "hello") + whole(ping, "p") + whole(text, "") + whole(close_frame, close_payload(1000, "bye")),
        part(text, "a" + wide.substr(0, 2)) + whole(ping, "in between") + part(continuation, wide.substr(2, 1)) +
            whole(continuation, wide.substr(3)) + whole(text, std::string(130, 'x')),
        part(text, "") + whole(pong, "") + whole(continuation, "") + whole(close_frame, ""),
        whole(text, "ok") + part(text, "x") + whole(text, "y"),
        whole(text, "ok") + whole(continuation, "y"),
        whole(text, "ok") + whole(binary, "y"),
        whole(text, "ok") + whole(text, "ab\xff" + std::string(20, 'c')),
        part(text, "\xf4") + whole(ping, "") + whole(continuation, "\x90\x80\x80"),
        whole(text, "cut \xe2\x82") + whole(text, "more"),
        whole(text, "ok") + whole(close_frame, close_payload(1005)),
        whole(text, "ok") + whole(close_frame, close_payload(1000, "\xc0")),
        whole(text, "ok") + whole(text, "", claiming(1U << 20U)),
        whole(ping, std::string(125, 'p')) + whole(11, ""),
    };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(frame_cut)

// --- however the input is cut

BOOST_DATA_TEST_CASE(every_cut_in_two_gives_the_same_events, data::make(streams()), bytes) {
    const auto wanted = read_whole(bytes);
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
        reading cut;
        cut.feed(bytes.substr(0, at));
        cut.feed(bytes.substr(at));
        BOOST_TEST(cut.seen == wanted, boost::test_tools::per_element());
    }
}

BOOST_DATA_TEST_CASE(every_cut_in_three_gives_the_same_events, data::make(streams()), bytes) {
    const auto wanted = read_whole(bytes);
    for (std::size_t first = 0; first <= bytes.size(); ++first) {
        for (std::size_t second = first; second <= bytes.size(); second += 3) {
            reading cut;
            cut.feed(bytes.substr(0, first));
            cut.feed(bytes.substr(first, second - first));
            cut.feed(bytes.substr(second));
            BOOST_REQUIRE(cut.seen == wanted);
        }
    }
}

BOOST_AUTO_TEST_CASE(long_messages_cut_at_random_arrive_whole) {
    std::mt19937 random(6455);
    const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    };
    for (int round = 0; round < 40; ++round) {
        std::string bytes;
        events wanted;
        for (int message = 0; message < 4; ++message) {
            std::string payload;
            const auto size = below(message == 0 ? 70000 : 300);
            while (payload.size() < size) payload += below(9) == 0 ? "\xe5\xbc\xb9" : "danmaku";
            const auto first = below(payload.size() + 1);
            const bool fragmented = below(2) == 0;
            shape how;
            for (auto& byte : how.mask) byte = static_cast<char>(below(256));
            bytes += fragmented ? part(text, payload.substr(0, first)) + whole(continuation, payload.substr(first), how)
                                : whole(text, payload, how);
            wanted.push_back(text_event(payload));
        }
        reading cut;
        for (std::size_t at = 0; at < bytes.size();) {
            const auto size = 1 + below(below(10) == 0 ? 40000 : 200);
            cut.feed(bytes.substr(at, size));
            at += size;
        }
        BOOST_TEST(cut.seen == wanted, boost::test_tools::per_element());
    }
}

// --- limits, and what is held

BOOST_AUTO_TEST_CASE(a_message_over_the_limit_fails_at_its_header) {
    constexpr std::size_t limit = 300;
    check(whole(text, "", claiming(301)), {failure(1009)}, limit);
    check(whole(text, "", claiming_part(301)), {failure(1009)}, limit);
    check(whole(text, std::string(301, 'a')), {failure(1009)}, limit);
    check(whole(text, std::string(300, 'a')), {text_event(std::string(300, 'a'))}, limit);
}

BOOST_AUTO_TEST_CASE(fragments_are_counted_together) {
    constexpr std::size_t limit = 300;
    const std::string half(150, 'a');
    check(part(text, half) + part(continuation, half) + whole(continuation, ""), {text_event(half + half)}, limit);
    check(part(text, half) + part(continuation, half) + whole(continuation, "", claiming(1)), {failure(1009)}, limit);
    check(part(text, half) + whole(continuation, "", claiming(151)), {failure(1009)}, limit);
    check(part(text, half) + whole(continuation, "", claiming((std::uint64_t{1} << 63U) - 1)), {failure(1009)}, limit);
}

BOOST_AUTO_TEST_CASE(the_limit_starts_again_with_each_message) {
    constexpr std::size_t limit = 300;
    const std::string most(300, 'a');
    check(whole(text, most) + part(text, most) + whole(continuation, "") + whole(text, most),
          {text_event(most), text_event(most), text_event(most)}, limit);
}

BOOST_AUTO_TEST_CASE(control_frames_have_their_own_limit) {
    const std::string most(125, 'p');
    check(whole(ping, most) + part(text, "a") + whole(ping, most) + whole(continuation, ""),
          {{frame_kind::ping, most, 0}, {frame_kind::ping, most, 0}, text_event("a")}, 10);
}

BOOST_AUTO_TEST_CASE(only_what_came_is_held) {
    reading slow;
    BOOST_TEST(slow.reader.pending_bytes() == 0U);
    const auto all_bytes = whole(text, std::string(limit_bytes, 'a'));
    slow.feed(all_bytes.substr(0, 14 + 100));
    BOOST_TEST(slow.reader.pending_bytes() == 100U);
    slow.feed(all_bytes.substr(14 + 100));
    BOOST_TEST(slow.seen.size() == 1U);
    slow.feed("");
    BOOST_TEST(slow.reader.pending_bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_reader_can_be_moved_in_the_middle_of_a_message) {
    auto first = part(text, "ab");
    std::span<char> input(first);
    net::message_reader from;
    BOOST_TEST((from.next(input, limit_bytes).kind == frame_kind::need_more));
    net::message_reader to(std::move(from));
    auto rest = whole(continuation, "c");
    input = rest;
    const auto event = to.next(input, limit_bytes);
    BOOST_TEST((event.kind == frame_kind::text));
    BOOST_TEST(event.payload == "abc");
}

BOOST_AUTO_TEST_CASE(no_input_is_no_event) {
    net::message_reader reader;
    std::span<char> nothing;
    BOOST_TEST((reader.next(nothing, limit_bytes).kind == frame_kind::need_more));
}

// --- what the server writes

BOOST_AUTO_TEST_CASE(control_frames_are_written_unmasked) {
    std::string out = "before";
    net::append_ping(out, "");
    net::append_pong(out, "\xff\x00"s);
    net::append_close(out, 1001, "going");
    net::append_close(out, 1005, "a code that is never on the wire");
    BOOST_TEST(out == "before\x89\x00\x8a\x02\xff\x00\x88\x07\x03\xe9going\x88\x00"s);
}

BOOST_AUTO_TEST_CASE(no_control_frame_is_written_over_125_bytes) {
    std::string reason;
    while (reason.size() < 200) reason += "\xe5\xbc\xb9";
    std::string out;
    net::append_close(out, 4000, reason);
    // 41 characters of three bytes fit into the 123 that the code leaves.
    BOOST_TEST(out == "\x88\x7d\x0f\xa0"s + reason.substr(0, 123));
    out.clear();
    net::append_close(out, 4000, "x" + reason);
    BOOST_TEST(out == "\x88\x7b\x0f\xa0x"s + reason.substr(0, 120));
    out.clear();
    net::append_ping(out, reason);
    BOOST_TEST(out == "\x89\x7b"s + reason.substr(0, 123));
    out.clear();
    net::append_pong(out, std::string(126, '\xff'));
    BOOST_TEST(out == "\x8a\x7d"s + std::string(125, '\xff'));
}

BOOST_AUTO_TEST_SUITE_END()
