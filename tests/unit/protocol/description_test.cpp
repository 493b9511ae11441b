#include "protocol/description.hpp"

#include <boost/test/unit_test.hpp>

using namespace protocol;

namespace {

description_request accepted(std::string_view json, const limits& limits = {}) {
    auto result = parse_description(json, limits);
    if (const auto* const wrong = std::get_if<failure>(&result)) {
        BOOST_FAIL("refused: " << json << ": " << wrong->message);
    }
    return std::get<description_request>(std::move(result));
}

std::string description_of(std::string_view json) { return accepted(json).description; }

failure refused(std::string_view json, const limits& limits = {}) {
    auto result = parse_description(json, limits);
    if (!std::holds_alternative<failure>(result)) BOOST_FAIL("accepted: " << json);
    return std::get<failure>(std::move(result));
}

void check_refused(std::string_view json, numeric code, std::string_view mentions) {
    const auto wrong = refused(json);
    BOOST_TEST_CONTEXT("description: " << json << ", message: " << wrong.message) {
        BOOST_TEST((wrong.code == code));
        BOOST_TEST(wrong.message.find(mentions) != std::string::npos);
    }
}

std::string repeat(std::string_view text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out.append(text);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(description)

BOOST_AUTO_TEST_CASE(an_empty_object_asks_for_nothing) {
    for (const std::string_view json : {"{}", " { } ", "\t{\r\n}\n"}) {
        const auto request = accepted(json);
        BOOST_TEST(!request.id);
        BOOST_TEST(!request.name);
        BOOST_TEST(!request.session);
        BOOST_TEST(!request.token);
        BOOST_TEST(!request.resume);
        BOOST_TEST(!request.seen);
        BOOST_TEST(request.description == "");
    }
}

BOOST_AUTO_TEST_CASE(the_known_keys_are_taken_out_of_the_description) {
    const auto request =
        accepted(R"({"id": "507F1F77BCF86CD799439011", "name": "alice", "session": "s3cret", "token": "t",
                                      "resume": true, "seen": 32, "anything": "else"})");
    BOOST_TEST(request.id.value().hex() == "507f1f77bcf86cd799439011");
    BOOST_TEST(request.name.value() == "alice");
    BOOST_TEST(request.session.value() == "s3cret");
    BOOST_TEST(request.token.value() == "t");
    BOOST_TEST(request.resume.value() == true);
    BOOST_TEST(request.seen.value() == 32U);
    BOOST_TEST(request.description == R"("anything":"else")");
}

BOOST_AUTO_TEST_CASE(known_keys_are_known_unquoted_and_escaped_too) {
    BOOST_TEST(accepted("{name: \"bob\"}").name.value() == "bob");
    BOOST_TEST(accepted("{\"n\\u0061me\": \"bob\"}").name.value() == "bob");
    BOOST_TEST(accepted("{resume: false, seen: 0}").resume.value() == false);
}

BOOST_AUTO_TEST_CASE(known_keys_are_ordinary_inside_of_others) {
    const auto request = accepted(R"({"a": {"id": 1, "name": 2, "session": 3}, "Name": 4})");
    BOOST_TEST(!request.name);
    BOOST_TEST(request.description == R"("a":{"id":1,"name":2,"session":3},"Name":4)");
}

BOOST_AUTO_TEST_CASE(keys_may_stand_unquoted_at_any_depth) {
    BOOST_TEST(description_of("{a:1,_b:2,$c:3,d4_$:4}") == R"("a":1,"_b":2,"$c":3,"d4_$":4)");
    BOOST_TEST(description_of("{ a : { b\n:\t[ { c : { d : null } } ] } }") == R"("a":{"b":[{"c":{"d":null}}]})");
    BOOST_TEST(description_of("{true:true,false:false,null:null}") == R"("true":true,"false":false,"null":null)");
    BOOST_TEST(description_of(R"({a:"{b:1, c:2}","d":"\",e:\""})") == R"("a":"{b:1, c:2}","d":"\",e:\"")");
}

BOOST_AUTO_TEST_CASE(the_last_of_doubled_keys_wins_at_any_depth) {
    BOOST_TEST(description_of("{a:1,a:2}") == R"("a":2)");
    BOOST_TEST(description_of(R"({"a":1,b:2,a:{x:1,"x":2,y:[{z:1,z:2}]},"\u0061":{x:1,y:3,x:[4]}})") ==
               R"("b":2,"a":{"y":3,"x":[4]})");
    BOOST_TEST(description_of("{a:{b:1,b:2,c:3},d:[{e:1,e:2},{e:3}]}") == R"("a":{"b":2,"c":3},"d":[{"e":2},{"e":3}])");
    BOOST_TEST(accepted(R"({"name":7,"name":"x"})").name.value() == "x");
    BOOST_TEST(refused(R"({"name":"x","name":7})").target == "7");
}

BOOST_AUTO_TEST_CASE(numbers_keep_their_text) {
    for (const std::string number :
         {"0", "-0", "1", "1.0", "1.50", "1e3", "1E+3", "1e-300", "1e999", "-1.0e00", "123456789012345678901234567890",
          "0.1000000000000000055511151231257827", "18446744073709551616", "-9223372036854775809"}) {
        BOOST_TEST(description_of("{a:" + number + ",b:[" + number + "," + number + "]}") ==
                   "\"a\":" + number + ",\"b\":[" + number + "," + number + "]");
    }
}

BOOST_AUTO_TEST_CASE(strings_keep_their_characters) {
    BOOST_TEST(description_of(R"({a:"\u00e9\/\u0041\n\ud83d\ude00\u0000"})") ==
               "\"a\":\"\xc3\xa9/A\\n\xf0\x9f\x98\x80\\u0000\"");
    BOOST_TEST(description_of("{\"\\\"\\\\\":\"\xe5\xbc\xb9\"}") == "\"\\\"\\\\\":\"\xe5\xbc\xb9\"");
    BOOST_TEST(description_of(R"({"":"",a:[]})") == R"("":"","a":[])");
    const auto lengthy = repeat("\xe5\xbc\xb9", 1000);
    BOOST_TEST(description_of("{\"a\":\"" + lengthy + "\"}") == "\"a\":\"" + lengthy + "\"");
    const auto key = repeat("k\\n", 600);
    BOOST_TEST(description_of("{\"" + key + "\":1}") == "\"" + key + "\":1");
}

BOOST_AUTO_TEST_CASE(white_space_between_tokens_is_dropped_and_inside_strings_kept) {
    BOOST_TEST(description_of("\n{ \"a b\" : [ 1 , 2 , { \"c\" : \" d \" } ] ,\r\n \"e\" : { } }\t") ==
               R"("a b":[1,2,{"c":" d "}],"e":{})");
}

BOOST_AUTO_TEST_CASE(names_are_counted_in_code_points) {
    const auto longest = repeat("\xe5\xbc\xb9", 64);
    BOOST_TEST(accepted("{name:\"" + longest + "\"}").name.value() == longest);
    BOOST_TEST((refused("{name:\"" + longest + "x\"}").code == numeric::input_too_long));
    limits small;
    small.name_code_points = 2;
    BOOST_TEST(accepted("{name:\"ab\"}", small).name.value() == "ab");
    BOOST_TEST((refused("{name:\"abc\"}", small).code == numeric::input_too_long));
}

BOOST_AUTO_TEST_CASE(a_bad_name_is_461) {
    check_refused(R"({"name": ""})", numeric::need_more_params, "name must not be empty");
    for (const std::string_view json :
         {R"({"name": 5})", R"({"name": null})", R"({"name": ["a"]})", R"({"name": {}})", R"({"name": true})"}) {
        check_refused(json, numeric::need_more_params, "name must be a string");
    }
    for (const std::string_view json : {R"({"name": "a\nb"})", R"({"name": "\u0000"})", R"({"name": "\u007f"})",
                                        R"({"name": "x\u0080"})", R"({"name": "\u009f"})", "{\"name\": \"\x7f\"}"}) {
        check_refused(json, numeric::need_more_params, "control characters");
    }
    BOOST_TEST(accepted(R"({"name": " \u00a0 "})").name.value() == " \xc2\xa0 ");
}

BOOST_AUTO_TEST_CASE(a_bad_id_is_461_and_echoed) {
    for (const std::string_view json :
         {R"({"id": "507f1f77bcf86cd79943901"})", R"({"id": "#507f1f77bcf86cd799439011"})", R"({"id": ""})",
          R"({"id": null})", R"({"id": 5})", R"({"id": {"a": 1}})"}) {
        check_refused(json, numeric::need_more_params, "id must be a string of 24 hexadecimal digits");
    }
    BOOST_TEST(refused(R"({"id": "alice"})").target == "alice");
    BOOST_TEST(refused("{id: \"" + repeat("\xe5\xbc\xb9", 1000) + "\"}").target.size() == 126U);
}

BOOST_AUTO_TEST_CASE(secrets_are_strings_and_never_echoed) {
    for (const std::string key : {"session", "token"}) {
        for (const std::string value : {"null", "12345", "[\"s\"]", "{\"a\":\"s\"}", "true"}) {
            const auto wrong = refused("{" + key + ":" + value + "}");
            BOOST_TEST((wrong.code == numeric::need_more_params));
            BOOST_TEST(wrong.message.find(key + " must be a string") != std::string::npos);
            BOOST_TEST(wrong.target == "");
        }
    }
    const auto token = repeat("t", 8192);
    BOOST_TEST(accepted("{token:\"" + token + "\"}").token.value() == token);
    const auto over = refused("{token:\"" + token + "t\"}");
    BOOST_TEST((over.code == numeric::input_too_long));
    BOOST_TEST(over.target == "");
}

BOOST_AUTO_TEST_CASE(resume_is_a_boolean_and_seen_a_whole_number) {
    for (const std::string value : {"null", "0", "1", "\"true\"", "[]"}) {
        check_refused("{resume:" + value + "}", numeric::need_more_params, "resume must be true or false");
    }
    for (const std::string value : {"null", "-1", "-0", "1.0", "1e3", "\"1\"", "true", "[1]", "18446744073709551616"}) {
        check_refused("{seen:" + value + "}", numeric::need_more_params, "seen must be a whole number");
    }
    BOOST_TEST(accepted("{seen:18446744073709551615}").seen.value() == 18446744073709551615U);
}

BOOST_AUTO_TEST_CASE(the_canonical_description_is_what_counts) {
    limits small;
    small.description = 9;
    BOOST_TEST(accepted(R"({"abc":123})", small).description == R"("abc":123)");
    BOOST_TEST(accepted(R"({ abc : 123 , "name": "a name that does not count", abc: 123 })", small).description ==
               R"("abc":123)");
    BOOST_TEST((refused(R"({"abc":1234})", small).code == numeric::input_too_long));
    BOOST_TEST((refused("{abc:1234}", small).code == numeric::input_too_long));
    const auto just = repeat("x", 4096 - 6);
    BOOST_TEST(accepted("{a:\"" + just + "\"}").description.size() == 4096U);
    BOOST_TEST((refused("{a:\"" + just + "x\"}").code == numeric::input_too_long));
}

BOOST_AUTO_TEST_CASE(malformed_goes_before_too_long) {
    BOOST_TEST((refused("{a:\"" + repeat("x", 5000) + "\",seen:-1}").code == numeric::need_more_params));
    BOOST_TEST((refused("{name:\"" + repeat("x", 65) + "\",resume:1}").code == numeric::need_more_params));
}

BOOST_AUTO_TEST_CASE(without_keys_removes_members_of_the_outermost_level_alone) {
    const auto members = description_of(R"({id2:1,away:{id2:[1,{"away":2}]},"a,b":"x,\"away\":1",c:[1,2],d:{}})");
    BOOST_TEST(without_keys(members, {}) == members);
    BOOST_TEST(without_keys(members, {"nothing"}) == members);
    BOOST_TEST(without_keys(members, {"away"}) == R"("id2":1,"a,b":"x,\"away\":1","c":[1,2],"d":{})");
    BOOST_TEST(without_keys(members, {"id2", "d"}) ==
               R"("away":{"id2":[1,{"away":2}]},"a,b":"x,\"away\":1","c":[1,2])");
    BOOST_TEST(without_keys(members, {"id2", "away", "c", "d"}) == R"("a,b":"x,\"away\":1")");
    BOOST_TEST(without_keys(R"("id2":1)", {"id2"}) == "");
    BOOST_TEST(without_keys("", {"id2"}) == "");
}

BOOST_AUTO_TEST_SUITE_END()
