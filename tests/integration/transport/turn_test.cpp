#include "integration/transport/raw_client.hpp"
#include "support/server_process.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <string>
#include <vector>

using support::server_process;
using transport::http_response;
using transport::raw_client;

namespace {

const std::vector<std::string> configured{
    "--ice-servers",   "stun:s.example,turn:t.example,turns:t.example:5349?transport=tcp",
    "--turn-secret",   "s3cret",
    "--turn-ttl",      "10m",
    "--turn-rest-key", "the+key/of&the=app"};
const std::string key = "key=the+key/of%26the%3dapp";

http_response get(const server_process& server, const std::string& target, const std::string& method = "GET") {
    raw_client client(server.port());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return client.read_response(method != "HEAD");
}

std::string credential_for(const std::string& secret, const std::string& username) {
    std::array<unsigned char, 20> digest{};
    unsigned size = 0;
    HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(username.data()), username.size(), digest.data(), &size);
    std::array<unsigned char, 29> encoded{};
    EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
    return reinterpret_cast<const char*>(encoded.data());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(turn)

BOOST_AUTO_TEST_CASE(an_application_server_with_the_key_gets_credentials) {
    server_process server(configured);
    const auto response = get(server, "/turn?service=turn&" + key + "&username=alice");
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(response.has_line("Content-Type: application/json"));
    BOOST_TEST(response.has_line("Cache-Control: no-store"));
    const auto got = boost::json::parse(response.body).as_object();
    const std::string username{got.at("username").as_string()};
    BOOST_TEST(username.ends_with(":alice"));
    BOOST_TEST(std::string(got.at("password").as_string()) == credential_for("s3cret", username));
    BOOST_TEST(got.at("ttl").as_int64() == 600);
    BOOST_TEST((got.at("uris") == boost::json::parse(R"(["turn:t.example","turns:t.example:5349?transport=tcp"])")));
}

BOOST_AUTO_TEST_CASE(without_a_username_the_credential_is_for_anybody) {
    server_process server(configured);
    const auto response = get(server, "/turn?other=1&" + key + "&service=turn");
    const auto got = boost::json::parse(response.body).as_object();
    const std::string username{got.at("username").as_string()};
    BOOST_TEST(username.find_first_not_of("0123456789") == std::string::npos);
    BOOST_TEST(std::string(got.at("password").as_string()) == credential_for("s3cret", username));
    BOOST_TEST(get(server, "/turn?service=turn&" + key, "HEAD").status == 200U);
}

BOOST_AUTO_TEST_CASE(nobody_gets_any_without_the_key) {
    server_process server(configured);
    for (const char* const query : {"", "?", "?service=turn", "?service=turn&key=", "?service=turn&key=the",
                                    "?service=turn&key=the+key/of%26the%3dapp0", "?service=turn&KEY=the+key",
                                    "?service=turn&key=%00", "?x=key=the+key"}) {
        const auto response = get(server, std::string("/turn") + query);
        BOOST_TEST((response.status == 403 || response.status == 400), query);
        BOOST_TEST(response.body.find("password") == std::string::npos);
    }
    BOOST_TEST(get(server, "/turn?service=turn&" + key, "POST").status == 405U);
}

BOOST_AUTO_TEST_CASE(what_is_malformed_is_refused_by_name) {
    server_process server(configured);
    for (const auto& [query, named] : std::vector<std::pair<std::string, std::string>>{
             {key, "service"},
             {key + "&service=stun", "service"},
             {key + "&service=turn&service=turn", "doubled"},
             {key + "&service=turn&" + key, "doubled"},
             {key + "&service=turn&username=a%3Ab", "username"},
             {key + "&service=turn&username=%22", "username"},
             {key + "&service=turn&username=%0a", "username"},
             {key + "&service=turn&username=" + std::string(129, 'a'), "username"},
             {key + "&service=turn&username=%4", "encoded"},
             {key + "&service=turn&username=%zz", "encoded"},
             {key + "&service=turn&username", "empty"}}) {
        const auto response = get(server, "/turn?" + query);
        BOOST_TEST(response.status == 400U, query);
        BOOST_TEST(response.body.find(named) != std::string::npos, query);
    }
}

BOOST_AUTO_TEST_CASE(it_is_not_there_unless_a_key_is_configured) {
    server_process server;
    BOOST_TEST(get(server, "/turn?service=turn").status == 404U);
    BOOST_TEST(get(server, "/turn?service=turn&key=").status == 404U);
}

BOOST_AUTO_TEST_SUITE_END()
