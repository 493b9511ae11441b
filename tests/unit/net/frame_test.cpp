#include "net/frame.hpp"

#include "unit/net/client_frames.hpp"
#include "unit/net/frame_reading.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace std::string_literals;
using namespace client_frames;
using namespace frame_reading;
namespace data = boost::unit_test::data;

namespace {

shape with_length_bytes(int count) {
    shape how;
    how.length_bytes = count;
    return how;
}

shape claiming(std::uint64_t length) {
    shape how;
    how.claims = true;
    how.claimed = length;
    return how;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(frame)

// --- what is taken

BOOST_DATA_TEST_CASE(text_of_every_length_form_arrives_byte_for_byte,
                     data::make<std::size_t>({0, 1, 3, 4, 7, 8, 9, 125, 126, 127, 128, 65535, 65536, 65537,
                                              limit_bytes}),
                     size) {
    std::string payload;
    for (std::size_t i = 0; i < size; ++i) payload.push_back(static_cast<char>('a' + i % 26));
    check(whole(text, payload), {text_event(payload)});
}

BOOST_AUTO_TEST_CASE(the_example_of_the_rfc_is_hello) {
    check("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s, {text_event("Hello")});
}

BOOST_AUTO_TEST_CASE(a_mask_of_zeros_is_a_mask) {
    shape how;
    how.mask = {};
    check(whole(text, "plain", how), {text_event("plain")});
}

BOOST_AUTO_TEST_CASE(messages_that_come_together_are_given_one_by_one) {
    check(
        whole(text, "one") + whole(ping, "p") + whole(text, "") + whole(pong, "q") + whole(text, "two"),
        {text_event("one"), {frame_kind::ping, "p", 0}, text_event(""), {frame_kind::pong, "q", 0}, text_event("two")});
}

BOOST_AUTO_TEST_CASE(fragments_are_put_together_and_control_frames_may_come_between) {
    check(part(text, "a") + whole(ping, "p1") + part(continuation, "") + whole(pong, "") + part(continuation, "b") +
              whole(ping, "p2") + whole(continuation, "c") + whole(text, "next"),
          {{frame_kind::ping, "p1", 0},
           {frame_kind::pong, "", 0},
           {frame_kind::ping, "p2", 0},
           text_event("abc"),
           text_event("next")});
}

BOOST_AUTO_TEST_CASE(a_close_inside_a_fragmented_message_is_a_close) {
    check(part(text, "a") + whole(close_frame, close_payload(1001)), {{frame_kind::close, "", 1001}});
}

BOOST_AUTO_TEST_CASE(a_message_of_empty_fragments_is_empty) {
    std::string bytes = part(text, "");
    for (int i = 0; i < 100; ++i) bytes += part(continuation, "");
    check(bytes + whole(continuation, ""), {text_event("")});
}

BOOST_AUTO_TEST_CASE(control_payload_of_any_bytes_comes_back_as_it_was) {
    std::string payload;
    for (int i = 0; i < 125; ++i) payload.push_back(static_cast<char>(131 + i));
    check(whole(ping, payload) + whole(pong, payload),
          {{frame_kind::ping, payload, 0}, {frame_kind::pong, payload, 0}});
}

BOOST_AUTO_TEST_CASE(a_character_may_be_cut_by_a_fragment) {
    const auto text_with_wide = "\xce\xba\xe1\xbd\xb9\xf0\x9f\x8e\x89"s;
    for (std::size_t at = 0; at <= text_with_wide.size(); ++at) {
        check(part(text, text_with_wide.substr(0, at)) + whole(ping, "") +
                  whole(continuation, text_with_wide.substr(at)),
              {{frame_kind::ping, "", 0}, text_event(text_with_wide)});
    }
}

// --- what is refused, and with which code

BOOST_DATA_TEST_CASE(reserved_bits_are_refused, data::make({1, 2, 3, 4, 5, 6, 7}), bits) {
    shape how;
    how.reserved = static_cast<std::uint8_t>(bits);
    for (const std::uint8_t code : {text, ping, continuation, close_frame})
        check(whole(code, "ab", how), {failure(1002)});
    check(whole(text, "good") + whole(text, "bad", how), {text_event("good"), failure(1002)});
    check(part(text, "good") + whole(continuation, "bad", how), {failure(1002)});
}

BOOST_DATA_TEST_CASE(reserved_opcodes_are_refused, data::make({3, 4, 5, 6, 7, 11, 12, 13, 14, 15}), code) {
    check(whole(static_cast<std::uint8_t>(code), ""), {failure(1002)});
    check(whole(text, "a") + whole(static_cast<std::uint8_t>(code), "b"), {text_event("a"), failure(1002)});
    check(part(text, "a") + whole(static_cast<std::uint8_t>(code), "b"), {failure(1002)});
}

BOOST_AUTO_TEST_CASE(unmasked_frames_are_refused) {
    shape how;
    how.masked = false;
    for (const std::uint8_t code : {text, ping, pong, close_frame})
        check(whole(code, close_payload(1000), how), {failure(1002)});
    check(whole(text, "", how), {failure(1002)});
    check(part(text, "a") + whole(continuation, "b", how), {failure(1002)});
}

BOOST_AUTO_TEST_CASE(lengths_must_be_in_their_shortest_form) {
    check(whole(text, "hello", with_length_bytes(2)), {failure(1002)});
    check(whole(text, std::string(125, 'a'), with_length_bytes(2)), {failure(1002)});
    check(whole(text, "hello", with_length_bytes(8)), {failure(1002)});
    check(whole(text, std::string(65535, 'a'), with_length_bytes(8)), {failure(1002)});
    check(part(text, "a") + whole(continuation, "b", with_length_bytes(2)), {failure(1002)});
    check(whole(text, std::string(126, 'a'), with_length_bytes(2)), {text_event(std::string(126, 'a'))});
}

BOOST_AUTO_TEST_CASE(the_top_bit_of_a_length_must_be_clear) {
    check(whole(text, "", claiming(std::uint64_t{1} << 63U)), {failure(1002)});
    check(whole(text, "", claiming(~std::uint64_t{0})), {failure(1002)});
    check(whole(text, "", claiming((std::uint64_t{1} << 63U) - 1)), {failure(1009)});
}

BOOST_AUTO_TEST_CASE(control_frames_are_whole_and_short) {
    for (const std::uint8_t code : {close_frame, ping, pong}) {
        check(part(code, "ab"), {failure(1002)});
        check(whole(code, std::string(126, 'a')), {failure(1002)});
        check(whole(code, std::string(70000, 'a')), {failure(1002)});
        check(whole(code, "ab", with_length_bytes(2)), {failure(1002)});
        check(whole(code, "ab", with_length_bytes(8)), {failure(1002)});
    }
}

BOOST_AUTO_TEST_CASE(a_fault_in_the_first_two_bytes_is_seen_at_the_second) {
    for (const auto& bytes : {"\xc1\x80"s, "\x83\x80"s, "\x81\x05"s, "\x09\x80"s, "\x89\xfe"s})
        check(bytes, {failure(1002)});
}

BOOST_AUTO_TEST_CASE(a_continuation_needs_something_to_continue) {
    check(whole(continuation, "a"), {failure(1002)});
    check(part(continuation, "a"), {failure(1002)});
    check(whole(text, "a") + whole(continuation, "b"), {text_event("a"), failure(1002)});
    check(part(text, "a") + whole(continuation, "b") + whole(continuation, "c"), {text_event("ab"), failure(1002)});
}

BOOST_AUTO_TEST_CASE(a_message_inside_a_fragmented_one_is_refused) {
    check(part(text, "a") + whole(text, "b"), {failure(1002)});
    check(part(text, "a") + part(continuation, "b") + part(text, "c"), {failure(1002)});
}

BOOST_AUTO_TEST_CASE(binary_messages_are_refused_at_their_header) {
    check(whole(binary, "\x00\x01"s), {failure(1003)});
    check(part(binary, ""), {failure(1003)});
    check(whole(binary, "", claiming(1000000)), {failure(1003)});
    check(whole(text, "a") + whole(binary, ""), {text_event("a"), failure(1003)});
}

BOOST_DATA_TEST_CASE(close_codes_that_may_be_sent_are_taken,
                     data::make({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999,
                                 4000, 4999}),
                     code) {
    const auto number = static_cast<unsigned>(code);
    check(whole(close_frame, close_payload(number)), {{frame_kind::close, "", number}});
    check(whole(close_frame, close_payload(number, "why \xe2\x82\xac")),
          {{frame_kind::close, "why \xe2\x82\xac", number}});
}

BOOST_DATA_TEST_CASE(close_codes_that_may_not_be_sent_are_refused,
                     data::make({0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 32768, 65535}),
                     code) {
    check(whole(close_frame, close_payload(static_cast<unsigned>(code))), {failure(1002)});
    check(whole(close_frame, close_payload(static_cast<unsigned>(code), "\xff")), {failure(1002)});
}

BOOST_AUTO_TEST_CASE(a_close_without_code_counts_as_1005) {
    check(whole(close_frame, ""), {{frame_kind::close, "", 1005}});
}

BOOST_AUTO_TEST_CASE(half_a_close_code_is_refused) { check(whole(close_frame, "\x03"), {failure(1002)}); }

BOOST_AUTO_TEST_CASE(a_close_reason_may_fill_the_frame_and_must_be_utf8) {
    const std::string longest(123, 'r');
    check(whole(close_frame, close_payload(1000, longest)), {{frame_kind::close, longest, 1000}});
    check(whole(close_frame, close_payload(1000, longest + "r")), {failure(1002)});
    check(whole(close_frame, close_payload(1000, "\xed\xa0\x80")), {failure(1007)});
    check(whole(close_frame, close_payload(1000, "\xe2\x82")), {failure(1007)});
}

// --- UTF-8

BOOST_DATA_TEST_CASE(text_that_is_not_utf8_is_refused,
                     data::make<std::string>({"\x80", "\xbf", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
                                              "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80",
                                              "\xf8\x88\x80\x80\x80", "\xfe", "\xff",
                                              "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64"}),
                     wrong) {
    check(whole(text, wrong), {failure(1007)});
    check(whole(text, "good text before " + wrong), {failure(1007)});
    check(part(text, wrong), {failure(1007)});
    check(part(text, "a") + part(continuation, wrong), {failure(1007)});
}

BOOST_DATA_TEST_CASE(text_that_ends_inside_a_character_is_refused,
                     data::make<std::string>({"\xc2", "\xe2\x82", "\xf0\x9f", "\xf0\x9f\x8e"}), wrong) {
    check(whole(text, wrong), {failure(1007)});
    check(part(text, wrong) + whole(continuation, ""), {failure(1007)});
    // No character comes true by what a later message begins with.
    check(whole(text, wrong) + whole(text, "\x82"), {failure(1007)});
}

BOOST_AUTO_TEST_CASE(wrong_utf8_fails_in_the_middle_of_a_frame) {
    const auto all_bytes = whole(text, "ab\xed\xa0\x80" + std::string(1000, 'c'));
    const std::size_t header = 8;
    reading cut;
    cut.feed(all_bytes.substr(0, header + 3));
    BOOST_TEST(cut.seen.empty());
    cut.feed(all_bytes.substr(header + 3, 1));
    BOOST_TEST(cut.seen == events{failure(1007)}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(wrong_utf8_fails_across_fragments_before_the_message_is_complete) {
    check(part(text, "\xf4") + part(continuation, "\x90"), {failure(1007)});
    check(part(text, "\xed") + whole(ping, "") + part(continuation, "\xa0"),
          {{frame_kind::ping, "", 0}, failure(1007)});
}

BOOST_AUTO_TEST_SUITE_END()
