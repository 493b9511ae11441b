#include "logging/escape.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

namespace {

std::string quoted(std::string_view value) {
    std::string text;
    logging::append_quoted(text, value);
    return text;
}

std::string word(std::string_view value) {
    std::string text;
    logging::append_word(text, value);
    return text;
}

const std::string replacement = "\xef\xbf\xbd";

}  // namespace

BOOST_AUTO_TEST_SUITE(escape)

BOOST_AUTO_TEST_CASE(what_json_needs_escaped_is) {
    BOOST_TEST(quoted("a\"b\\c") == R"("a\"b\\c")");
    BOOST_TEST(quoted("a\nb\x1b[2J\x7f") == R"("a\u000ab\u001b[2J\u007f")");
    BOOST_TEST(quoted(std::string_view("\0", 1)) == R"("\u0000")");
    BOOST_TEST(quoted("") == R"("")");
}

BOOST_AUTO_TEST_CASE(letters_of_all_lengths_stay) { BOOST_TEST(quoted("é€😀") == "\"é€😀\""); }

BOOST_AUTO_TEST_CASE(terminals_get_nothing_to_obey) {
    BOOST_TEST(quoted("\xc2\x9b") == R"("\u009b")");
    BOOST_TEST(quoted("\xe2\x80\xae") == R"("\u202e")");
    BOOST_TEST(quoted("\xe2\x80\xa8") == R"("\u2028")");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_utf8_are_replaced_one_by_one) {
    BOOST_TEST(quoted("\xff") == "\"" + replacement + "\"");
    BOOST_TEST(quoted("\xc0\x80") == "\"" + replacement + replacement + "\"");
    BOOST_TEST(quoted("\xed\xa0\x80") == "\"" + replacement + replacement + replacement + "\"");
    BOOST_TEST(quoted("\xf4\x90\x80\x80") == "\"" + replacement + replacement + replacement + replacement + "\"");
    BOOST_TEST(quoted("\xe2\x82") == "\"" + replacement + replacement + "\"");
}

BOOST_AUTO_TEST_CASE(long_values_are_cut_between_characters) {
    const std::string fits(logging::value_bytes, 'x');
    BOOST_TEST(quoted(fits) == "\"" + fits + "\"");
    BOOST_TEST(quoted(fits + "y") == "\"" + fits + "…\"");
    const std::string one_less(logging::value_bytes - 1, 'x');
    BOOST_TEST(quoted(one_less + "é") == "\"" + one_less + "…\"");
}

BOOST_AUTO_TEST_CASE(only_plain_words_go_without_quotes) {
    BOOST_TEST(word("ws://[::1]:3012/") == R"("ws://[::1]:3012/")");
    BOOST_TEST(word("192.0.2.7") == "192.0.2.7");
    BOOST_TEST(word("a b") == R"("a b")");
    BOOST_TEST(word("a=b") == R"("a=b")");
    BOOST_TEST(word("") == R"("")");
    BOOST_TEST(word(std::string(logging::value_bytes + 1, 'x')).front() == '"');
}

BOOST_AUTO_TEST_CASE(random_bytes_give_valid_json) {
    std::mt19937 random(4711);
    for (int i = 0; i < 20000; ++i) {
        std::string bytes(random() % 260, '\0');
        for (auto& c : bytes) c = static_cast<char>(random() % 3 == 0 ? random() : 0x80U | (random() & 0x7fU));
        const auto text = quoted(bytes);
        boost::json::error_code ec;
        boost::json::parse(text, ec);
        BOOST_REQUIRE(!ec);
        BOOST_REQUIRE(text.size() <= 6 * logging::value_bytes + 5);
    }
}

BOOST_AUTO_TEST_SUITE_END()
