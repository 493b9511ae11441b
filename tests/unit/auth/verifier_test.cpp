#include "auth/verifier.hpp"

#include "support/token.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using auth::grant;
using auth::objection;
using support::base64url;
using support::token_issuer;

constexpr grant::wall_time now{std::chrono::seconds(2'000'000'000)};
constexpr std::size_t most_bytes = 8192;
const std::string good_claims = R"({"sub":"alice","exp":2000000060})";

auth::verifier verifier_for(const std::string& keys) {
    return {auth::key_ring::load(keys), auth::claim_policy{}, most_bytes};
}

std::string verdict(const auth::verifier& by, const std::string& token) {
    const auto got = by.verify(token, now);
    const auto* const why = std::get_if<objection>(&got);
    return why ? why->why : "good";
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

/// With a key of each kind.
struct all_kinds {
    token_issuer hs{"HS256"};
    token_issuer rs{"RS256"};
    token_issuer es{"ES256"};
    token_issuer ed{"EdDSA"};
    auth::verifier all = verifier_for(hs.option() + "," + rs.option() + "," + es.option() + "," + ed.option());
};

}  // namespace

BOOST_AUTO_TEST_SUITE(verifier)

BOOST_FIXTURE_TEST_CASE(tokens_of_all_four_algorithms_are_good, all_kinds) {
    for (const auto* const issuer : {&hs, &rs, &es, &ed})
        BOOST_TEST(verdict(all, issuer->issue(good_claims)) == "good");
}

BOOST_FIXTURE_TEST_CASE(tokens_of_other_keys_are_not, all_kinds) {
    for (const char* const algorithm : {"HS256", "RS256", "ES256", "EdDSA"})
        BOOST_TEST(has(verdict(all, token_issuer(algorithm).issue(good_claims)), "not signed"), algorithm);
}

BOOST_FIXTURE_TEST_CASE(one_changed_bit_anywhere_is_noticed, all_kinds) {
    for (const auto* const issuer : {&hs, &rs, &es, &ed}) {
        const auto token = issuer->issue(good_claims);
        for (std::size_t i = 0; i < token.size(); i += 7) {
            auto changed = token;
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            if (changed != token) BOOST_TEST(verdict(all, changed) != "good");
        }
    }
}

BOOST_FIXTURE_TEST_CASE(a_token_cut_short_anywhere_is_refused, all_kinds) {
    for (const auto* const issuer : {&hs, &es}) {
        const auto token = issuer->issue(good_claims);
        for (std::size_t size = 0; size < token.size(); ++size)
            BOOST_TEST(verdict(all, token.substr(0, size)) != "good");
    }
}

BOOST_FIXTURE_TEST_CASE(no_algorithm_is_no_signature, all_kinds) {
    for (const char* const header :
         {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":""})", R"({"alg":null})", R"({"alg":["HS256"]})", "{}"}) {
        const auto unsigned_part = base64url(header) + "." + base64url(good_claims) + ".";
        BOOST_TEST(verdict(all, unsigned_part) != "good", header);
        BOOST_TEST(verdict(all, hs.issue(header, good_claims)) != "good", header);
    }
    const auto stripped = base64url(R"({"alg":"HS256"})") + "." + base64url(good_claims) + ".";
    BOOST_TEST(has(verdict(all, stripped), "not signed"));
}

BOOST_AUTO_TEST_CASE(a_public_key_is_never_a_secret) {
    const token_issuer rs("RS256");
    const auto one = verifier_for("k=" + rs.option());
    for (const auto& known : {rs.public_pem(), rs.public_base64()}) {
        const auto forger = token_issuer::with_secret(known);
        BOOST_TEST(has(verdict(one, forger.issue(R"({"alg":"HS256","kid":"k"})", good_claims)), "no key"));
        BOOST_TEST(has(verdict(one, forger.issue(R"({"alg":"RS256","kid":"k"})", good_claims)), "not signed"));
    }
}

BOOST_AUTO_TEST_CASE(a_key_signs_by_its_own_algorithm_only) {
    const token_issuer hs("HS256");
    const auto one = verifier_for("k=" + hs.option());
    for (const char* const other : {"HS384", "HS512", "RS256", "PS256", "ES256", "EdDSA", "hs256"})
        BOOST_TEST(
            has(verdict(one, hs.issue(R"({"kid":"k","alg":")" + std::string(other) + "\"}", good_claims)), "no key"));
}

BOOST_AUTO_TEST_CASE(the_kid_decides_whose_signature_counts) {
    const token_issuer a("HS256");
    const token_issuer b("HS256");
    const auto one = verifier_for("a=" + a.option() + ",b=" + b.option());
    BOOST_TEST(verdict(one, a.issue(R"({"alg":"HS256","kid":"a"})", good_claims)) == "good");
    BOOST_TEST(has(verdict(one, a.issue(R"({"alg":"HS256","kid":"b"})", good_claims)), "not signed"));
    BOOST_TEST(has(verdict(one, a.issue(R"({"alg":"HS256","kid":"c"})", good_claims)), "no key"));
    BOOST_TEST(has(verdict(one, a.issue(R"({"alg":"HS256","kid":7})", good_claims)), "strings"));
    BOOST_TEST(has(verdict(one, a.issue(good_claims)), "no key"));
}

BOOST_FIXTURE_TEST_CASE(a_token_brings_no_key_of_its_own, all_kinds) {
    for (const char* const parameter :
         {R"("jku":"http://127.0.0.1:1/keys")", R"("x5u":"http://127.0.0.1:1/c.pem")", R"("x5c":["AAAA"])",
          R"("jwk":{"kty":"oct","k":"AAAA"})", R"("crit":["exp"])", R"("zip":"DEF")", R"("b64":false)"}) {
        const auto header = R"({"alg":"HS256",)" + std::string(parameter) + "}";
        BOOST_TEST(has(verdict(all, hs.issue(header, good_claims)), "header"), parameter);
    }
}

BOOST_FIXTURE_TEST_CASE(a_doubled_header_parameter_is_refused, all_kinds) {
    const char* const header = R"({"alg":"RS256","alg":"HS256"})";
    BOOST_TEST(has(verdict(all, hs.issue(header, good_claims)), "twice"));
}

BOOST_FIXTURE_TEST_CASE(the_claims_count_when_the_signature_is_good, all_kinds) {
    BOOST_TEST(verdict(all, hs.issue(R"({"sub":"a","exp":1000})")) == "has expired");
    BOOST_TEST(has(verdict(all, hs.issue(R"({"sub":"a","sub":"b","exp":2000000060})")), "twice"));
    BOOST_TEST(has(verdict(all, hs.issue("{")), "malformed"));
}

BOOST_FIXTURE_TEST_CASE(huge_deep_and_misshapen_tokens_are_refused, all_kinds) {
    const std::string padded = R"({"sub":"a","exp":2000000060,"x":")" + std::string(most_bytes, 'x') + "\"}";
    BOOST_TEST(has(verdict(all, hs.issue(padded)), "longer"));
    BOOST_TEST(verdict(all, hs.issue(std::string(6000, '['))) != "good");
    BOOST_TEST(verdict(all, hs.issue(std::string(6000, '{'), good_claims)) != "good");
    const auto token = hs.issue(good_claims);
    for (const std::string& wrong :
         {std::string(), std::string("."), std::string(".."), std::string("..."), std::string(8000, '.'), token + ".",
          token + "." + token, "." + token, token + "=", token + "\n", " " + token, "Bearer " + token,
          token.substr(0, token.rfind('.')), std::string("\0.\0.\0", 5), std::string(8000, 'A')})
        BOOST_TEST(verdict(all, wrong) != "good", wrong.substr(0, 100));
}

BOOST_AUTO_TEST_SUITE_END()
