#include "auth/key_ring.hpp"

#include "support/token.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace {

using support::token_issuer;

/// A file that is gone after the test.
struct file {
    std::filesystem::path path;

    explicit file(const std::string& content) {
        std::string name = (std::filesystem::temp_directory_path() / "auth_key_XXXXXX").string();
        const int made = ::mkstemp(name.data());
        BOOST_REQUIRE(made >= 0);
        path = name;
        std::ofstream(path, std::ios::binary) << content;
    }
    ~file() { std::filesystem::remove(path); }
    file(const file&) = delete;
    file& operator=(const file&) = delete;
};

std::string problem(const std::string& entries) {
    try {
        (void)auth::key_ring::load(entries);
    } catch (const std::runtime_error& e) {
        return e.what();
    }
    return "loaded";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string secret = "0123456789abcdef0123456789abcdef";
constexpr const char* ed25519_x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

std::string set_of(const std::string& keys) { return R"({"keys":[)" + keys + "]}"; }

}  // namespace

BOOST_AUTO_TEST_SUITE(key_ring)

BOOST_AUTO_TEST_CASE(entries_have_one_syntax) {
    for (const char* const good : {"HS256:inline:x", "k1=RS256:file:/etc/a.pem", "jwks:file:/etc/keys.json",
                                   "a=ES256:inline:MFk=,b=EdDSA:file:b"})
        BOOST_TEST(auth::key_ring::is_well_formed(good), good);
    for (const char* const bad :
         {"", ",", "HS256:inline:", "HS256:x", "none:inline:x", "HS384:inline:x", "hs256:inline:x", "=HS256:inline:x",
          "jwks:inline:{}", "k=jwks:file:x", "HS256:inline:a b", "HS256:inline:a#b", "HS256:inline:x,", "HS256"})
        BOOST_TEST(!auth::key_ring::is_well_formed(bad), bad);
}

BOOST_AUTO_TEST_CASE(keys_come_from_pem_files_and_inline) {
    for (const char* const algorithm : {"RS256", "ES256", "EdDSA"}) {
        const token_issuer issuer(algorithm);
        const file pem(issuer.public_pem());
        const auto from_file = auth::key_ring::load("k=" + std::string(algorithm) + ":file:" + pem.path.string());
        const auto in_line = auth::key_ring::load(issuer.option());
        const auto token = issuer.issue("{}");
        BOOST_REQUIRE(from_file.find("k", algorithm));
        BOOST_TEST(from_file.find("k", algorithm)->has_signed(token));
        BOOST_REQUIRE(in_line.find(std::nullopt, algorithm));
        BOOST_TEST(in_line.find(std::nullopt, algorithm)->has_signed(token));
    }
}

BOOST_AUTO_TEST_CASE(a_secret_in_a_file_may_end_in_a_newline) {
    const file content(secret + "\r\n");
    const auto keys = auth::key_ring::load("HS256:file:" + content.path.string());
    const auto token = token_issuer::with_secret(secret).issue("{}");
    BOOST_TEST(keys.find(std::nullopt, "HS256")->has_signed(token));
}

BOOST_AUTO_TEST_CASE(a_key_set_gives_each_key_its_one_algorithm) {
    const std::string ed = R"({"kty":"OKP","crv":"Ed25519","kid":"ed","x":")" + std::string(ed25519_x) + "\"}";
    const std::string other_use = R"({"kty":"oct","kid":"enc","use":"enc","k":"AAAA"})";
    const std::string other_algorithm = R"({"kty":"oct","kid":"hs512","alg":"HS512","k":"AAAA"})";
    const file set(set_of(ed + "," + other_use + "," + other_algorithm));
    const auto keys = auth::key_ring::load("jwks:file:" + set.path.string());
    BOOST_TEST(keys.size() == 1);
    BOOST_TEST(keys.find("ed", "EdDSA"));
    BOOST_TEST(!keys.find("ed", "HS256"));
    BOOST_TEST(!keys.find("enc", "HS256"));
}

BOOST_AUTO_TEST_CASE(weak_private_and_wrong_keys_are_refused_without_showing_them) {
    BOOST_TEST(has(problem("HS256:inline:short-secret"), "32 bytes"));
    BOOST_TEST(!has(problem("HS256:inline:short-secret"), "short-secret"));
    const token_issuer rsa("RS256");
    const file private_key(rsa.private_pem());
    BOOST_TEST(has(problem("RS256:file:" + private_key.path.string()), "private"));
    BOOST_TEST(has(problem("ES256:inline:" + rsa.public_base64()), "not a key for ES256"));
    BOOST_TEST(has(problem("RS256:inline:AAAA"), "PEM"));
    BOOST_TEST(has(problem("RS256:file:/nowhere/key.pem"), "cannot be read"));
    const file secret_half(set_of(R"({"kty":"OKP","crv":"Ed25519","d":"AAAA","x":")" + std::string(ed25519_x) + "\"}"));
    BOOST_TEST(has(problem("jwks:file:" + secret_half.path.string()), "private"));
    const file broken(set_of(R"({"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"})"));
    BOOST_TEST(has(problem("jwks:file:" + broken.path.string()), "not a valid public key"));
    const file small(set_of(R"({"kty":"RSA","e":"AQAB","n":")" + support::base64url(std::string(128, '\xC7')) + "\"}"));
    BOOST_TEST(has(problem("jwks:file:" + small.path.string()), "2048"));
    for (const char* const no_set : {"[]", "{}", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":[7,null]})", "x"}) {
        const file set(no_set);
        BOOST_TEST(problem("jwks:file:" + set.path.string()) != "loaded", no_set);
    }
}

BOOST_AUTO_TEST_CASE(keys_that_could_be_taken_for_one_another_are_refused) {
    BOOST_TEST(has(problem("a=HS256:inline:" + secret + ",a=HS256:inline:1" + secret), "twice"));
    BOOST_TEST(has(problem("HS256:inline:" + secret + ",HS256:inline:1" + secret), "kid"));
    BOOST_TEST(problem("a=HS256:inline:" + secret + ",b=HS256:inline:1" + secret) == "loaded");
}

BOOST_AUTO_TEST_CASE(a_key_is_found_by_kid_and_algorithm_together) {
    const auto keys = auth::key_ring::load("a=HS256:inline:" + secret + ",b=HS256:inline:1" + secret);
    BOOST_TEST(keys.find("a", "HS256")->id() == "a");
    BOOST_TEST(!keys.find("c", "HS256"));
    BOOST_TEST(!keys.find("a", "RS256"));
    BOOST_TEST(!keys.find(std::nullopt, "HS256"));
    BOOST_TEST(!keys.find("a", "none"));
    const auto nameless = auth::key_ring::load("HS256:inline:" + secret);
    BOOST_TEST(nameless.find("whatever", "HS256"));
}

BOOST_AUTO_TEST_SUITE_END()
