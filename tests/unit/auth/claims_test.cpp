#include "auth/claims.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using auth::grant;
using auth::objection;

constexpr grant::wall_time now{std::chrono::seconds(2'000'000'000)};

std::variant<grant, objection> read(const std::string& more, const auth::claim_policy& policy = {}) {
    return auth::read_claims(R"({"sub":"alice","exp":2000000060)" + more + "}", policy, now);
}

grant good(const std::string& more, const auth::claim_policy& policy = {}) {
    const auto got = read(more, policy);
    if (const auto* const why = std::get_if<objection>(&got)) BOOST_FAIL(more + ": " + why->why);
    return std::get<grant>(got);
}

std::string refused(const std::variant<grant, objection>& got) {
    const auto* const why = std::get_if<objection>(&got);
    return why ? why->why : "taken";
}

std::string payload_refused(const std::string& payload) { return refused(auth::read_claims(payload, {}, now)); }

constexpr const char* listed = "5f1f77bcf86cd79943901100";

protocol::channel_id channel(const char* hex) { return protocol::channel_id(*protocol::parse_object_id(hex)); }

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(claims)

BOOST_AUTO_TEST_CASE(an_object_id_as_sub_is_the_peer_id) {
    BOOST_TEST(auth::peer_of_subject("507F1F77bcf86cd799439011").hex() == "507f1f77bcf86cd799439011");
}

BOOST_AUTO_TEST_CASE(any_other_sub_has_an_id_of_its_own_that_stays_the_same) {
    // The first 12 bytes of SHA-256("alice").
    BOOST_TEST(auth::peer_of_subject("alice").hex() == "2bd806c97f0e00af1a1fc332");
    BOOST_TEST(auth::peer_of_subject("alice2").hex() != auth::peer_of_subject("alice").hex());
}

BOOST_AUTO_TEST_CASE(a_token_without_further_claims_allows_what_everybody_may) {
    const auto got = good("");
    BOOST_TEST(got.id.hex() == auth::peer_of_subject("alice").hex());
    BOOST_TEST(!got.name);
    BOOST_TEST(got.allows(channel(listed), auth::join));
    BOOST_TEST(got.allows(channel(listed), auth::send));
    BOOST_TEST(got.allows(channel(listed), auth::create));
    BOOST_TEST(!got.allows(channel(listed), auth::op));
    BOOST_TEST(!got.broadcast);
}

BOOST_AUTO_TEST_CASE(channels_that_are_listed_are_the_only_ones) {
    const auto got = good(R"(,"channels":{"#5f1f77bcf86cd79943901100":["join","op"]})");
    BOOST_TEST(got.allows(channel(listed), auth::join));
    BOOST_TEST(got.allows(channel(listed), auth::op));
    BOOST_TEST(!got.allows(channel(listed), auth::send));
    BOOST_TEST(!got.allows(channel("5f1f77bcf86cd79943901101"), auth::join));
}

BOOST_AUTO_TEST_CASE(a_star_is_for_the_channels_that_are_not_listed) {
    const auto got = good(R"(,"channels":{"*":["join","send"],"5F1F77BCF86CD79943901100":[]})");
    BOOST_TEST(!got.allows(channel(listed), auth::join));
    BOOST_TEST(got.allows(channel("5f1f77bcf86cd79943901101"), auth::send));
    BOOST_TEST(!got.allows(channel("5f1f77bcf86cd79943901101"), auth::create));
}

BOOST_AUTO_TEST_CASE(an_admin_may_do_everything_everywhere) {
    const auto got = good(R"(,"channels":{},"admin":true)");
    BOOST_TEST(got.allows(channel(listed), auth::op));
}

BOOST_AUTO_TEST_CASE(malformed_channels_are_refused_and_not_read_as_something_else) {
    for (const char* const wrong :
         {R"([])", R"("*")", R"({"*":"join"})", R"({"*":["JOIN"]})", R"({"*":[1]})", R"({"x":["join"]})", "null",
          R"({"5f1f77bcf86cd79943901100":["join"],"#5F1F77bcf86cd79943901100":["op"]})", R"({"##":[]})"})
        BOOST_TEST(has(refused(read(R"(,"channels":)" + std::string(wrong))), "channels"), wrong);
}

BOOST_AUTO_TEST_CASE(times_decide_to_the_millisecond_with_leeway) {
    const auth::claim_policy exact{.issuer = {}, .audience = {}, .leeway = std::chrono::milliseconds(0)};
    const auto at = [&](const std::string& claims) {
        return refused(auth::read_claims(R"({"sub":"a",)" + claims + "}", exact, now));
    };
    BOOST_TEST(at(R"("exp":2000000000)") == "has expired");
    BOOST_TEST(at(R"("exp":2000000000.001)") == "taken");
    BOOST_TEST(at(R"("exp":2000000001,"nbf":2000000000)") == "taken");
    BOOST_TEST(at(R"("exp":2000000001,"nbf":2000000000.5)") == "is not valid yet");
    BOOST_TEST(refused(auth::read_claims(R"({"sub":"a","exp":1999999996,"nbf":2000000004})", {}, now)) == "taken");
}

BOOST_AUTO_TEST_CASE(an_end_is_needed_and_must_be_a_time) {
    BOOST_TEST(has(payload_refused(R"({"sub":"a"})"), "exp"));
    for (const char* const wrong : {R"("2000000060")", "null", "-1", "1e300", "[]", "true", "253402300800"})
        BOOST_TEST(has(payload_refused(R"({"sub":"a","exp":)" + std::string(wrong) + "}"), "exp"), wrong);
    BOOST_TEST(has(refused(read(R"(,"nbf":"soon")")), "nbf"));
    BOOST_TEST(has(refused(read(R"(,"iat":{})")), "iat"));
}

BOOST_AUTO_TEST_CASE(issuer_and_audience_must_be_ours_where_we_have_one) {
    const auth::claim_policy ours{.issuer = "https://id.example.org", .audience = "signaller"};
    const std::string by_us = R"(,"iss":"https://id.example.org")";
    BOOST_TEST(refused(read(by_us + R"(,"aud":"signaller")", ours)) == "taken");
    BOOST_TEST(refused(read(by_us + R"(,"aud":["other","signaller"])", ours)) == "taken");
    for (const char* const wrong : {R"(,"aud":"Signaller")", "", R"(,"aud":[])", R"(,"aud":{"signaller":1})",
                                    R"(,"aud":[["signaller"]])", R"(,"aud":null)"})
        BOOST_TEST(has(refused(read(by_us + wrong, ours)), "aud"), wrong);
    BOOST_TEST(has(refused(read(R"(,"aud":"signaller")", ours)), "iss"));
    BOOST_TEST(has(refused(read(R"(,"iss":["https://id.example.org"],"aud":"signaller")", ours)), "iss"));
    BOOST_TEST(has(refused(read(R"(,"aud":"another")")), "aud"));
    BOOST_TEST(refused(read(R"(,"iss":"whoever")")) == "taken");
}

BOOST_AUTO_TEST_CASE(a_subject_is_a_string_that_is_not_empty) {
    for (const char* const wrong : {R"("")", "1", "null", R"(["a"])"})
        BOOST_TEST(has(payload_refused(R"({"exp":2000000060,"sub":)" + std::string(wrong) + "}"), "sub"), wrong);
    BOOST_TEST(has(payload_refused(R"({"exp":2000000060,"sub":")" + std::string(257, 'a') + "\"}"), "sub"));
    BOOST_TEST(has(payload_refused(R"({"exp":2000000060})"), "sub"));
}

BOOST_AUTO_TEST_CASE(a_name_is_one_that_a_peer_may_have) {
    BOOST_TEST(good(R"(,"name":"Ada Lovelace")").name.value() == "Ada Lovelace");
    for (const std::string wrong : {R"("")", R"("a\nb")", "7", R"("a\u0000b")"})
        BOOST_TEST(refused(read(R"(,"name":)" + wrong)) != "taken", wrong);
    BOOST_TEST(has(refused(read(R"(,"name":")" + std::string(65, 'a') + "\"")), "name"));
}

BOOST_AUTO_TEST_CASE(flags_are_true_or_false_and_nothing_that_looks_like_it) {
    BOOST_TEST(good(R"(,"broadcast":true)").broadcast);
    BOOST_TEST(!good(R"(,"admin":false)").admin);
    for (const char* const wrong : {"1", R"("true")", "null", "{}"}) {
        BOOST_TEST(has(refused(read(R"(,"admin":)" + std::string(wrong))), "admin"), wrong);
        BOOST_TEST(has(refused(read(R"(,"broadcast":)" + std::string(wrong))), "broadcast"), wrong);
    }
}

BOOST_AUTO_TEST_CASE(doubled_claims_are_refused_at_any_depth) {
    BOOST_TEST(has(refused(read(R"(,"sub":"bob")")), "twice"));
    BOOST_TEST(has(refused(read(R"(,"\u0073ub":"bob")")), "twice"));
    BOOST_TEST(has(refused(read(R"(,"channels":{"*":[],"*":["op"]})")), "twice"));
}

BOOST_AUTO_TEST_CASE(what_is_no_object_is_refused) {
    for (const std::string wrong : {"", "[]", "null", "7", R"("x")", "{", R"({"sub":"a","exp":2000000060)",
                                    R"({"sub":"a","exp":2000000060} )"
                                    "x",
                                    "{sub:1}", "\xFF\xFE{}", R"({"sub":"\ud800"})"})
        BOOST_TEST(payload_refused(wrong) != "taken", wrong);
    const std::string deep = R"({"sub":"a","exp":2000000060,"x":)" + std::string(100000, '[');
    BOOST_TEST(has(payload_refused(deep), "malformed"));
}

BOOST_AUTO_TEST_SUITE_END()
