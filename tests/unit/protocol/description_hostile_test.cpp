#include "protocol/canonical_json.hpp"
#include "protocol/description.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <vector>

using namespace protocol;

namespace {

std::string repeat(std::string_view text, std::size_t times) {
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) out.append(text);
    return out;
}

/// The error of a text that is malformed.
failure malformed(std::string_view json) {
    auto result = parse_description(json, limits{});
    BOOST_REQUIRE_MESSAGE(std::holds_alternative<failure>(result), "accepted: " << json.substr(0, 100));
    auto& wrong = std::get<failure>(result);
    BOOST_TEST((wrong.code == numeric::need_more_params), json.substr(0, 100));
    BOOST_TEST(wrong.message.size() < 200U);
    BOOST_TEST(wrong.target.size() <= 128U);
    return wrong;
}

/// A description that is well-formed, whatever its length.
std::string description_of(const std::string& json) {
    limits wide;
    wide.description = static_cast<std::size_t>(-1);
    auto result = parse_description(json, wide);
    BOOST_REQUIRE(std::holds_alternative<description_request>(result));
    return std::get<description_request>(std::move(result)).description;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(description_hostile)

BOOST_AUTO_TEST_CASE(what_is_not_an_object_is_refused) {
    for (const std::string_view json :
         {"", " ", "[]", "[{}]", "null", "true", "1", "\"{}\"", "a", "a:1", "}", "\xef\xbb\xbf{}", "//{}", "name"}) {
        BOOST_TEST(malformed(json).message.find("expected a JSON object") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(no_leniency_but_unquoted_keys) {
    for (const std::string_view json : {"{",
                                        "{}}",
                                        "{} {}",
                                        "{}x",
                                        "{a}",
                                        "{a:}",
                                        "{a:1,}",
                                        "{,a:1}",
                                        "{a:1,,b:2}",
                                        "{a:1 b:2}",
                                        "{a 1}",
                                        "{:1}",
                                        "{a:1:2}",
                                        "{a:[1,]}",
                                        "{a:[1 2]}",
                                        "{a:[,1]}",
                                        "{a:[a:1]}",
                                        "{a:[1,b:2]}",
                                        "{a:b}",
                                        "{a:b:1}",
                                        "{a:{b}}",
                                        "{1a:1}",
                                        "{a-b:1}",
                                        "{a.b:1}",
                                        "{a b:1}",
                                        "{'a':1}",
                                        "{a:'b'}",
                                        "{`a`:1}",
                                        "{a:True}",
                                        "{a:nul}",
                                        "{a:undefined}",
                                        "{a:NaN}",
                                        "{a:Infinity}",
                                        "{a:-Infinity}",
                                        "{a:+1}",
                                        "{a:01}",
                                        "{a:.5}",
                                        "{a:1.}",
                                        "{a:1e}",
                                        "{a:0x10}",
                                        "{a:1_000}",
                                        "{a:--1}",
                                        "{a:1//c\n}",
                                        "{/*c*/a:1}",
                                        "{a:1}//",
                                        "{a:(1)}",
                                        "{a:1;b:2}",
                                        "{a=1}",
                                        "{\"a\" 1}",
                                        "{\"a\":}",
                                        "{\"a}",
                                        "{\"a\":\"}",
                                        "{\"a\":\"\\\"}",
                                        "{[]:1}",
                                        "{{}:1}",
                                        "{a:]}",
                                        "{a:[}",
                                        "{a:[}]}",
                                        "{a:{]}",
                                        "{null}",
                                        "{...a}",
                                        "{\"a\"b:1}",
                                        "{a\"b\":1}",
                                        "{\xc3\xa9:1}",
                                        "{a\xc3\xa9:1}",
                                        "{a:1}\v",
                                        "{\fa:1}",
                                        "{\xc2\xa0:1}",
                                        "{a:\"\\x41\"}",
                                        "{a:\"\\'\"}",
                                        "{a:\"\\u12\"}",
                                        "{a:\"\\u00g0\"}",
                                        "{\\u0061:1}",
                                        "{#:1}",
                                        "{a:#}",
                                        "{@:1}"}) {
        malformed(json);
    }
    using namespace std::string_literals;
    for (const auto& json : {"{\"a\":\"\n\"}"s, "{\"a\":\"\t\"}"s, "{\"a\":\"\0\"}"s, "{\"a\":1}\0"s, "\0{}"s, "{\0}"s,
                             "{a\0:1}"s, "{\"\x1f\":1}"s}) {
        malformed(json);
    }
}

BOOST_AUTO_TEST_CASE(lone_surrogates_are_refused_in_keys_and_values) {
    for (const std::string_view text : {R"(\ud800)", R"(\udbff)", R"(\udc00)", R"(\udfff)", R"(\ud800\ud800)",
                                        R"(\udc00\ud800)", R"(\ud800x)", R"(\ud800\n)", R"(\ud800\u0041)", R"(\uD83D)",
                                        R"(\ud83d\ude0)", R"(\ud83d\\ude00)", R"(a\ud83d\ude00\ude00)"}) {
        malformed("{\"a\":\"" + std::string(text) + "\"}");
        malformed("{\"" + std::string(text) + "\":1}");
        malformed("{a:[{\"b\":\"" + std::string(text) + "\"}]}");
        malformed("{\"name\":\"" + std::string(text) + "\"}");
    }
    BOOST_TEST(description_of(R"({a:"\uD83D\uDE00"})") == "\"a\":\"\xf0\x9f\x98\x80\"");
}

BOOST_AUTO_TEST_CASE(the_error_says_at_which_byte) {
    BOOST_TEST(malformed("{a:1,bc:x}").message.find("at byte 8:") != std::string::npos);
    BOOST_TEST(malformed("{\"a\":1,\"bc\":x}").message.find("at byte 12:") != std::string::npos);
    BOOST_TEST(malformed("{a:1} x").message.find("at byte 6:") != std::string::npos);
    BOOST_TEST(malformed("  []").message.find("at byte 2:") != std::string::npos);
    BOOST_TEST(malformed("{a:{b:{c:1}}").message.find("at byte 12:") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(thirty_two_levels_pass_and_one_more_does_not) {
    for (const auto& [open, close] : {std::pair{"{a:", "}"}, std::pair{"{\"a\":", "}"}}) {
        description_of(repeat(open, 31) + "{}" + repeat(close, 31));
        const auto wrong = malformed(repeat(open, 32) + "{}" + repeat(close, 32));
        BOOST_TEST(wrong.message.find("nested deeper than 32") != std::string::npos, wrong.message);
    }
    description_of("{a:" + repeat("[", 31) + repeat("]", 31) + "}");
    malformed("{a:" + repeat("[", 32) + repeat("]", 32) + "}");
    description_of("{a:" + repeat("[", 31) + repeat("]", 31) + ",b:" + repeat("[", 31) + repeat("]", 31) + "}");
}

BOOST_AUTO_TEST_CASE(endless_nesting_is_refused) {
    for (const std::string_view open : {"{a:", "{\"a\":", "[", "{a:["}) malformed("{a:" + repeat(open, 30000));
    malformed(repeat("{", 100000));
    malformed("{a:" + repeat("]", 100000));
}

// Each of these is quadratic, or worse, for a parser that scans back, compares every pair of keys, or looks ahead
// twice.
BOOST_AUTO_TEST_CASE(hostile_sizes_finish) {
    constexpr std::size_t size = 100000;
    malformed("{\"a\":\"" + repeat("x", size));
    malformed("{\"" + repeat("\\\"", size / 2));
    malformed("{\"a\":\"" + repeat("\\", size));
    malformed("{" + repeat("a", size));
    malformed("{" + repeat("a ", size / 2));
    malformed("{" + repeat("a,", size / 2));
    malformed("{" + repeat(",", size));
    malformed("{" + repeat(":", size));
    malformed("{a" + repeat(" ", size));
    malformed("{a:" + repeat("1", size));
    malformed("{a:" + repeat("-", size));
    malformed("{a:1" + repeat(" ", size));
    malformed("{" + repeat("a\n\n\n\n\n\n\n\n\n", size / 10));
    malformed("{a:[" + repeat("a ,", size / 3));
    malformed("{a:" + repeat("\"x\",", size / 4));
    malformed("{a:1}" + repeat(" ", size) + "x");
    malformed("{" + repeat("\"a\"", size / 3));
    BOOST_TEST(description_of(repeat(" ", size) + "{a:1}" + repeat("\n", size)) == R"("a":1)");
    BOOST_TEST(description_of("{a:" + repeat("1", size) + "}").size() == size + 4);
    BOOST_TEST(description_of("{a:1e" + repeat("0", size) + "}").size() == size + 6);
    BOOST_TEST(description_of("{a:0." + repeat("0", size) + "1}").size() == size + 7);
    BOOST_TEST(description_of("{a:[" + repeat("[],", size / 3) + "1]}").size() == size / 3 * 3 + 7);
}

BOOST_AUTO_TEST_CASE(many_doubled_keys_finish_at_every_depth) {
    BOOST_TEST(description_of("{" + repeat("a:1,", 25000) + "a:2}") == R"("a":2)");
    const auto key = repeat("k", 2000);
    BOOST_TEST(description_of("{" + repeat(key + ":1,", 50) + "a:2}").size() == key.size() + 4 + 6);
    std::string nested = "1";
    for (int depth = 0; depth < 32; ++depth) nested = "{a:0," + repeat("b:0,", 800) + "a:" + nested + "}";
    std::string expected = "1";
    for (int depth = 0; depth < 32; ++depth) expected = "{\"b\":0,\"a\":" + expected + "}";
    BOOST_TEST(description_of(nested) == expected.substr(1, expected.size() - 2));
}

BOOST_AUTO_TEST_CASE(many_different_keys_with_a_long_common_beginning_finish) {
    std::string json = "{";
    for (int i = 0; i < 1000; ++i) json += repeat("p", 90) + std::to_string(1000 + i) + ":1,";
    const auto members = description_of(json + "z:{}}");
    BOOST_TEST(boost::json::parse("{" + members + "}").get_object().size() == 1001U);
}

BOOST_AUTO_TEST_CASE(a_number_with_an_exponent_beyond_32_bits_is_refused) {
    malformed("{a:1e2147483648}");
    malformed("{a:1e-99999999999999999999}");
    BOOST_TEST(description_of("{a:1e2147483647}") == R"("a":1e2147483647)");
}

BOOST_AUTO_TEST_CASE(the_canonical_form_is_a_fixed_point) {
    for (const std::string_view json : {R"({a:1,"b":{c:[1.50,{d:"\u0001\"\\"}],c:2},"":null})",
                                        R"({$:-0,_:[[],{},"",true]})", "{a:\"\xe5\xbc\xb9\x7f\"}"}) {
        const auto once = std::get<std::string>(canonical_members(json));
        BOOST_TEST(std::get<std::string>(canonical_members("{" + once + "}")) == once);
        BOOST_TEST(quote_keys("{" + once + "}") == "{" + once + "}");
    }
}

BOOST_AUTO_TEST_CASE(only_keys_are_quoted) {
    BOOST_TEST(quote_keys("{a:1}") == R"({"a":1})");
    BOOST_TEST(quote_keys("{ a : b, c :d}") == R"({ "a" : b, "c" :d})");
    BOOST_TEST(quote_keys(R"({"a,b:1":c})") == R"({"a,b:1":c})");
    BOOST_TEST(quote_keys("[true,false]") == "[true,false]");
    BOOST_TEST(quote_keys("{a b:1}") == "{a b:1}");
    BOOST_TEST(quote_keys("{a") == "{a");
    BOOST_TEST(quote_keys("{\"a\\") == "{\"a\\");
    BOOST_TEST(quote_keys("") == "");
}

BOOST_AUTO_TEST_SUITE_END()
