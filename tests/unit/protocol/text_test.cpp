#include "protocol/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <vector>

using namespace protocol;
using namespace std::string_literals;

namespace {

/// Texts that are valid UTF-8: the ends of every range of RFC 3629, section 4.
const std::vector<std::string> valid_texts{
    ""s,
    "a"s,
    "\0"s,
    "\x7f"s,
    "\xc2\x80"s,
    "\xdf\xbf"s,
    "\xe0\xa0\x80"s,
    "\xe0\xbf\xbf"s,
    "\xe1\x80\x80"s,
    "\xec\xbf\xbf"s,
    "\xed\x80\x80"s,
    "\xed\x9f\xbf"s,
    "\xee\x80\x80"s,
    "\xef\xbf\xbf"s,
    "\xf0\x90\x80\x80"s,
    "\xf0\xbf\xbf\xbf"s,
    "\xf1\x80\x80\x80"s,
    "\xf3\xbf\xbf\xbf"s,
    "\xf4\x80\x80\x80"s,
    "\xf4\x8f\xbf\xbf"s,
    "\xef\xbb\xbf"s,  // a byte order mark is a character like any other
    "\xe5\xbc\xb9\xe5\xb9\x95"s,
};

struct invalid_text {
    std::string bytes;
    std::size_t fails_at;  ///< index of the byte at which no continuation could make it valid
};

const std::vector<invalid_text> invalid_texts{
    {"\x80"s, 0},  // continuation without a start
    {"\xbf"s, 0},
    {"\xc0\x80"s, 0},  // overlong, two bytes
    {"\xc1\xbf"s, 0},
    {"\xe0\x80\x80"s, 1},  // overlong, three bytes
    {"\xe0\x9f\xbf"s, 1},
    {"\xf0\x80\x80\x80"s, 1},  // overlong, four bytes
    {"\xf0\x8f\xbf\xbf"s, 1},
    {"\xed\xa0\x80"s, 1},  // surrogates
    {"\xed\xaf\xbf"s, 1},
    {"\xed\xb0\x80"s, 1},
    {"\xed\xbf\xbf"s, 1},
    {"\xf4\x90\x80\x80"s, 1},  // above U+10FFFF
    {"\xf5\x80\x80\x80"s, 0},
    {"\xf8\x88\x80\x80\x80"s, 0},
    {"\xfc\x84\x80\x80\x80\x80"s, 0},
    {"\xfe"s, 0},
    {"\xff"s, 0},
    {"\xc2\x41"s, 1},  // cut off by another character
    {"\xe1\x80\x41"s, 2},
    {"\xf1\x80\x80\x41"s, 3},
    {"\xc2\xc2"s, 1},
    {"\xe1\x80\xe1"s, 2},
    {"\xf1\x80\x80\xc0"s, 3},
    {"\xf1\x7f"s, 1},
    {"abcdefghijk\xff"s, 11},
    {"\xe5\xbc\xb9\xe5\xb9\x95\x80"s, 6},
};

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(valid_utf8_is_accepted_whole_and_byte_by_byte) {
    for (const auto& bytes : valid_texts) {
        BOOST_TEST(is_valid_utf8(bytes));
        utf8_validator validator;
        for (const char byte : bytes) BOOST_TEST(validator.feed({&byte, 1}));
        BOOST_TEST(validator.complete());
    }
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_refused_at_the_first_impossible_byte) {
    for (const auto& [bytes, fails_at] : invalid_texts) {
        BOOST_TEST(!is_valid_utf8(bytes));
        utf8_validator validator;
        for (std::size_t i = 0; i < fails_at; ++i) BOOST_TEST(validator.feed({&bytes[i], 1}));
        BOOST_TEST(!validator.feed({&bytes[fails_at], 1}), json_string(std::to_string(fails_at)));
    }
}

BOOST_AUTO_TEST_CASE(invalid_bytes_are_found_at_every_place_of_a_long_text) {
    for (std::size_t place = 0; place < 40; ++place) {
        for (const auto& invalid : invalid_texts) {
            std::string text(place, 'a');
            text.append(invalid.bytes).append(20, 'b');
            BOOST_TEST(!is_valid_utf8(text));
        }
        for (const auto& valid : valid_texts) {
            std::string text(place, 'a');
            text.append(valid).append(20, 'b').append(valid);
            BOOST_TEST(is_valid_utf8(text));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_text_that_ends_inside_a_character_is_not_complete) {
    for (const auto& bytes : valid_texts) {
        if (bytes.size() < 2 || count_code_points(bytes) != 1) continue;
        for (std::size_t size = 1; size < bytes.size(); ++size) {
            utf8_validator validator;
            BOOST_TEST(validator.feed(std::string_view(bytes).substr(0, size)));
            BOOST_TEST(!validator.complete());
            BOOST_TEST(!is_valid_utf8(std::string_view(bytes).substr(0, size)));
            validator.reset();
            BOOST_TEST(validator.complete());
            BOOST_TEST(validator.feed("a"));
        }
    }
}

// Against the definition: a code point, encoded, is valid; everything of up to three bytes that is no such encoding is
// not.
BOOST_AUTO_TEST_CASE(every_text_of_up_to_three_bytes_is_judged_right) {
    const auto reference = [](const std::string& text) {
        std::size_t i = 0;
        while (i < text.size()) {
            const auto at = [&](std::size_t k) {
                return static_cast<std::uint32_t>(static_cast<unsigned char>(text[k]));
            };
            const auto lead = at(i);
            const std::size_t more = lead < 0x80 ? 0
                : lead >= 0xC0 && lead < 0xE0    ? 1
                : lead >= 0xE0 && lead < 0xF0    ? 2
                                                 : 3;
            if (lead >= 0x80 && (lead < 0xC0 || lead >= 0xF0)) return false;  // four bytes never fit here
            if (i + more >= text.size()) return false;
            auto point = more == 0 ? lead : lead & (0x3FU >> more);
            for (std::size_t k = 1; k <= more; ++k) {
                if ((at(i + k) & 0xC0) != 0x80) return false;
                point = point << 6 | (at(i + k) & 0x3F);
            }
            constexpr std::uint32_t least[] = {0, 0x80, 0x800};
            if (point < least[more] || (point >= 0xD800 && point <= 0xDFFF)) return false;
            i += more + 1;
        }
        return true;
    };
    std::size_t wrong = 0;
    // The third byte only matters by its class: the ends of each class are enough.
    constexpr unsigned char thirds[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xff};
    for (unsigned a = 0; a < 256; ++a) {
        for (unsigned b = 0; b < 256; ++b) {
            std::string text{static_cast<char>(a), static_cast<char>(b)};
            wrong += is_valid_utf8(text) != reference(text);
            for (const auto c : thirds) {
                const auto longer = text + static_cast<char>(c);
                wrong += is_valid_utf8(longer) != reference(longer);
            }
        }
    }
    BOOST_TEST(wrong == 0U);
}

BOOST_AUTO_TEST_CASE(code_points_are_counted_not_bytes) {
    BOOST_TEST(count_code_points("") == 0U);
    BOOST_TEST(count_code_points("abc") == 3U);
    BOOST_TEST(count_code_points("\xc3\xa9") == 1U);
    BOOST_TEST(count_code_points("\xe5\xbc\xb9\xe5\xb9\x95") == 2U);
    BOOST_TEST(count_code_points("a\xf0\x9f\x98\x80z") == 3U);
}

BOOST_AUTO_TEST_CASE(c0_del_and_c1_are_control_characters_and_nothing_else) {
    std::size_t wrong = 0;
    for (std::uint32_t point = 0; point < 0x800; ++point) {
        std::string text = "ab";
        if (point < 0x80) {
            text += static_cast<char>(point);
        } else {
            text += static_cast<char>(0xC0 | point >> 6);
            text += static_cast<char>(0x80 | (point & 0x3F));
        }
        const bool expected = point < 0x20 || (point >= 0x7F && point < 0xA0);
        wrong += has_control_characters(text + "z") != expected;
        wrong += has_control_characters(text) != expected;
    }
    BOOST_TEST(wrong == 0U);
    BOOST_TEST(!has_control_characters(""));
    BOOST_TEST(!has_control_characters("\xe5\xbc\xb9\xe2\x82\x85\xf0\x9f\x98\x80"));  // their second bytes look like C1
}

BOOST_AUTO_TEST_CASE(quotes_backslashes_and_c0_are_escaped_and_nothing_else) {
    BOOST_TEST(json_string("") == R"("")");
    BOOST_TEST(json_string("plain text, long enough for whole words") ==
               R"("plain text, long enough for whole words")");
    BOOST_TEST(json_string("\"\\/") == R"("\"\\/")");
    BOOST_TEST(json_string("\b\t\n\f\r") == R"("\b\t\n\f\r")");
    BOOST_TEST(json_string("\0\x01\x1f"s) == R"("\u0000\u0001\u001f")");
    BOOST_TEST(json_string("\x7f\xc2\x80\xe2\x80\xa8\xf0\x9f\x98\x80") ==
               "\"\x7f\xc2\x80\xe2\x80\xa8\xf0\x9f\x98\x80\"");
    BOOST_TEST(json_string("v=0\r\no=- 1\r\n") == R"("v=0\r\no=- 1\r\n")");
    // At every place of a word, and of the parts in which it is done.
    for (std::size_t at = 0; at < 2100; ++at) {
        std::string text(2100, 'x');
        auto wanted = text;
        text[at] = '\x1f';
        wanted.replace(at, 1, "\\u001f");
        BOOST_REQUIRE(json_string(text) == "\"" + wanted + "\"");
    }
    BOOST_TEST(json_string(std::string(3000, '\n')).size() == 6002U);
}

BOOST_AUTO_TEST_CASE(escaping_appends_and_touches_nothing_else) {
    std::string out = "before";
    append_json_string(out, "a\"b");
    BOOST_TEST(out == "before\"a\\\"b\"");
}

BOOST_AUTO_TEST_CASE(each_byte_is_escaped_right_at_each_place_of_a_word) {
    for (unsigned value = 0; value < 0x80; ++value) {
        for (std::size_t place = 0; place < 20; ++place) {
            std::string text(20, 'x');
            text[place] = static_cast<char>(value);
            text[19 - place] = static_cast<char>(value);
            const auto read = boost::json::parse(json_string(text));
            BOOST_REQUIRE(std::string_view(read.get_string().data(), read.get_string().size()) == text);
        }
    }
}

BOOST_AUTO_TEST_CASE(bytes_above_ascii_next_to_an_escape_are_kept) {
    for (unsigned value = 0x80; value < 0x800; value += 0x11) {
        const std::string character{static_cast<char>(0xC0 | value >> 6), static_cast<char>(0x80 | (value & 0x3F))};
        for (const std::string_view special : {"\"", "\\", "\n", "\x01"}) {
            std::string text;
            for (int i = 0; i < 5; ++i) text.append(character).append(special).append("a");
            const auto read = boost::json::parse(json_string(text));
            BOOST_REQUIRE(std::string_view(read.get_string().data(), read.get_string().size()) == text);
        }
    }
}

BOOST_AUTO_TEST_CASE(numbers_of_all_sizes_are_written) {
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{10},
                                      std::uint64_t{1700000000000}, std::numeric_limits<std::uint64_t>::max()}) {
        std::string out = "n";
        append_number(out, value);
        BOOST_TEST(out == "n" + std::to_string(value));
    }
}

BOOST_AUTO_TEST_CASE(a_cut_never_splits_a_character) {
    BOOST_TEST(cut("abc", 3) == "abc");
    BOOST_TEST(cut("abcd", 3) == "abc");
    BOOST_TEST(cut("abc", 0) == "");
    BOOST_TEST(cut("", 5) == "");
    BOOST_TEST(cut("ab\xc3\xa9", 3) == "ab");
    BOOST_TEST(cut("ab\xc3\xa9", 4) == "ab\xc3\xa9");
    BOOST_TEST(cut("\xf0\x9f\x98\x80", 3) == "");
    const std::string smileys = "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xe5\xbc\xb9z";
    for (std::size_t limit = 0; limit <= smileys.size() + 1; ++limit) {
        const auto kept = cut(smileys, limit);
        BOOST_TEST(kept.size() <= limit);
        BOOST_TEST(is_valid_utf8(kept));
        BOOST_TEST(kept.size() + 4 > std::min(limit, smileys.size()));
    }
}

BOOST_AUTO_TEST_SUITE_END()
