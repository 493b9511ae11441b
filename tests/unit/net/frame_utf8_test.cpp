#include "unit/net/client_frames.hpp"
#include "unit/net/frame_reading.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace std::string_literals;
using namespace client_frames;
using namespace frame_reading;

namespace {

const auto good = "good \xce\xba "s;

/// A text that is wrong, and how many of its bytes could still have become a right one.
struct wrong_text {
    std::string bytes;
    std::size_t good_bytes = 0;
};

/// Refused as soon as the first impossible byte is there, whole or cut anywhere, and never before.
void check_wrong(const wrong_text& wrong) {
    check(whole(text, wrong.bytes), {failure(1007)});
    check(whole(text, good + wrong.bytes + good), {failure(1007)});
    for (std::size_t at = 0; at <= wrong.bytes.size(); ++at) {
        check(part(text, wrong.bytes.substr(0, at)) + whole(continuation, wrong.bytes.substr(at)), {failure(1007)});
    }
    if (wrong.good_bytes == wrong.bytes.size()) return;
    const auto content = good + wrong.bytes + std::string(60, ' ');
    const auto bytes = whole(text, content);
    const auto impossible = bytes.size() - content.size() + good.size() + wrong.good_bytes;
    reading cut;
    cut.feed(bytes.substr(0, impossible));
    BOOST_TEST(cut.seen.empty());
    cut.feed(bytes.substr(impossible, 1));
    BOOST_TEST(cut.seen == events{failure(1007)}, boost::test_tools::per_element());
}

void check_all(const std::vector<wrong_text>& rows) {
    for (const auto& row : rows) {
        std::string name;
        for (const char byte : row.bytes) name += "\\x" + std::to_string(static_cast<unsigned char>(byte));
        BOOST_TEST_CONTEXT(name) { check_wrong(row); }
    }
}

/// Accepted whole, and cut anywhere by fragments.
void check_right(const std::string& content) {
    check(whole(text, content), {text_event(content)});
    check(whole(text, good + content + good), {text_event(good + content + good)});
    for (std::size_t at = 0; at <= content.size(); ++at) {
        check(part(text, content.substr(0, at)) + whole(continuation, content.substr(at)), {text_event(content)});
    }
}

std::string byte(unsigned value) { return std::string(1, static_cast<char>(value)); }

/// UTF-8 by its definition (RFC 3629, 3).
std::string encoded(std::uint32_t point) {
    if (point < 0x80) return byte(point);
    if (point < 0x800) return byte(0xc0U | point >> 6U) + byte(0x80U | (point & 63U));
    if (point < 0x10000)
        return byte(0xe0U | point >> 12U) + byte(0x80U | (point >> 6U & 63U)) + byte(0x80U | (point & 63U));
    return byte(0xf0U | point >> 18U) + byte(0x80U | (point >> 12U & 63U)) + byte(0x80U | (point >> 6U & 63U)) +
        byte(0x80U | (point & 63U));
}

constexpr std::uint32_t last_point = 0x10ffff;

bool is_surrogate(std::uint32_t point) { return point >= 0xd800 && point <= 0xdfff; }

}  // namespace

/// What the Autobahn suite's section 6 tests, by its numbers.
BOOST_AUTO_TEST_SUITE(frame_utf8)

BOOST_AUTO_TEST_CASE(empty_texts_in_any_number_of_fragments_6_1) {
    check(whole(text, ""), {text_event("")});
    check(part(text, "") + part(continuation, "") + whole(continuation, ""), {text_event("")});
    check(part(text, "") + part(continuation, "middle frame payload") + whole(continuation, ""),
          {text_event("middle frame payload")});
}

BOOST_AUTO_TEST_CASE(texts_of_all_lengths_of_characters_6_2_and_6_5) {
    check_right("Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!");
    check_right("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5");
    check_right("\xf0\x9f\x98\x80 \xe5\xbc\xb9\xe5\xb9\x95");
    check_right("\0"s);
    check_right("\xef\xbb\xbf");
}

BOOST_AUTO_TEST_CASE(a_text_that_was_cut_off_is_wrong_at_its_end_6_6) {
    const auto full = "\xce\xba\xe1\xbd\xb9\xf0\x9f\x98\x80"s;
    for (std::size_t size = 1; size <= full.size(); ++size) {
        const auto begun = full.substr(0, size);
        if (size == 2 || size == 5 || size == 9) {
            check_right(begun);
        } else {
            check_wrong({begun, size});
        }
    }
}

BOOST_AUTO_TEST_CASE(the_first_and_the_last_of_each_length_6_7_to_6_11) {
    for (const std::uint32_t point :
         {0x0U, 0x7fU, 0x80U, 0x7ffU, 0x800U, 0xffffU, 0x10000U, last_point, 0xd7ffU, 0xe000U, 0xfffdU})
        check_right(encoded(point));
    check_all({{encoded(last_point + 1), 1},
               {"\xf7\xbf\xbf\xbf", 0},
               {"\xf8\x88\x80\x80\x80", 0},
               {"\xfb\xbf\xbf\xbf\xbf", 0},
               {"\xfc\x84\x80\x80\x80\x80", 0},
               {"\xfd\xbf\xbf\xbf\xbf\xbf", 0}});
}

BOOST_AUTO_TEST_CASE(continuation_bytes_without_a_beginning_6_12) {
    std::string all;
    for (unsigned value = 0x80; value <= 0xbf; ++value) {
        all += byte(value);
        check_wrong({byte(value), 0});
    }
    check_wrong({all, 0});
    for (std::size_t count = 2; count <= 7; ++count) check_wrong({std::string(count, '\x80'), 0});
}

BOOST_AUTO_TEST_CASE(beginnings_without_a_continuation_6_13) {
    for (unsigned value = 0xc0; value <= 0xff; ++value) {
        const bool may_begin = value >= 0xc2 && value <= 0xf4;
        check_wrong({byte(value) + " ", may_begin ? 1U : 0U});
        check_wrong({byte(value) + byte(0xc3), may_begin ? 1U : 0U});
    }
}

BOOST_AUTO_TEST_CASE(characters_without_their_last_byte_6_14_and_6_15) {
    const std::vector<wrong_text> cut_off{
        {"\xc0", 0},      {"\xe0\x80", 1},      {"\xf0\x80\x80", 1},     {"\xf8\x80\x80\x80", 0},
        {"\xdf", 1},      {"\xef\xbf", 2},      {"\xf7\xbf\xbf", 0},     {"\xfb\xbf\xbf\xbf", 0},
        {"\xe0\xa0", 2},  {"\xed\x9f", 2},      {"\xf4\x8f\xbf", 3},     {"\xfd\xbf\xbf\xbf\xbf", 0},
        {"\xe0\xa0 ", 2}, {"\xf0\x90\x80 ", 3}, {"\xf4\x8f\xbf\xc2", 3},
    };
    check_all(cut_off);
    std::string together;
    for (const auto& each : cut_off) together += each.bytes;
    check_wrong({together, 0});
}

BOOST_AUTO_TEST_CASE(bytes_that_never_occur_6_16) {
    for (const unsigned value : {0xc0U, 0xc1U, 0xf5U, 0xf6U, 0xf7U, 0xf8U, 0xfbU, 0xfcU, 0xfdU, 0xfeU, 0xffU})
        check_wrong({byte(value), 0});
    check_wrong({"\xfe\xfe\xff\xff", 0});
}

BOOST_AUTO_TEST_CASE(longer_forms_than_needed_6_17_to_6_19) {
    check_all({{"\xc0\xaf", 0},
               {"\xe0\x80\xaf", 1},
               {"\xf0\x80\x80\xaf", 1},
               {"\xf8\x80\x80\x80\xaf", 0},
               {"\xfc\x80\x80\x80\x80\xaf", 0},
               {"\xc1\xbf", 0},
               {"\xe0\x9f\xbf", 1},
               {"\xf0\x8f\xbf\xbf", 1},
               {"\xf8\x87\xbf\xbf\xbf", 0},
               {"\xfc\x83\xbf\xbf\xbf\xbf", 0},
               {"\xc0\x80", 0},
               {"\xe0\x80\x80", 1},
               {"\xf0\x80\x80\x80", 1},
               {"\xf8\x80\x80\x80\x80", 0},
               {"\xfc\x80\x80\x80\x80\x80", 0}});
}

BOOST_AUTO_TEST_CASE(surrogates_single_and_in_pairs_6_20_and_6_21) {
    for (const std::uint32_t high : {0xd800U, 0xdb7fU, 0xdb80U, 0xdbffU}) {
        check_wrong({encoded(high), 1});
        for (const std::uint32_t low : {0xdc00U, 0xdfffU}) check_wrong({encoded(high) + encoded(low), 1});
    }
    for (const std::uint32_t low : {0xdc00U, 0xdf80U, 0xdfffU}) check_wrong({encoded(low), 1});
}

BOOST_AUTO_TEST_CASE(noncharacters_are_characters_6_22_and_6_23) {
    for (std::uint32_t plane = 0; plane <= 16; ++plane) {
        check_right(encoded(plane << 16U | 0xfffeU));
        check_right(encoded(plane << 16U | 0xffffU));
    }
    for (std::uint32_t point = 0xfdd0; point <= 0xfdef; ++point) check_right(encoded(point));
    for (std::uint32_t point = 0xfff9; point <= 0xffff; ++point) check_right(encoded(point));
}

BOOST_AUTO_TEST_CASE(every_code_point_arrives_however_the_input_is_cut) {
    constexpr std::uint32_t points_per_message = 16384;
    for (std::uint32_t first = 0; first <= last_point; first += points_per_message) {
        std::string content;
        for (auto point = first; point < first + points_per_message; ++point) {
            if (!is_surrogate(point)) content += encoded(point);
        }
        if (content.empty()) continue;
        const auto bytes = whole(text, content);
        BOOST_TEST((read_whole(bytes) == events{text_event(content)}));
        reading cut;
        for (std::size_t at = 0; at < bytes.size(); at += 997) cut.feed(bytes.substr(at, 997));
        BOOST_TEST((cut.seen == events{text_event(content)}));
    }
}

BOOST_AUTO_TEST_SUITE_END()
