#include "server/ice_servers.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

using server::parse_ice_servers;

BOOST_AUTO_TEST_SUITE(ice_servers)

BOOST_AUTO_TEST_CASE(a_list_of_servers_is_made_compact) {
    BOOST_TEST((parse_ice_servers(" [ ] ") == "[]"));
    BOOST_TEST(
        (parse_ice_servers(R"([ {"urls" : "stun:stun.example.org"} ])") == R"([{"urls":"stun:stun.example.org"}])"));
    const std::string turn =
        R"([{"urls":["turn:a.example:3478?transport=udp","turns:a.example"],"username":"u","credential":"c"}])";
    BOOST_TEST((parse_ice_servers(turn) == turn));
}

BOOST_AUTO_TEST_CASE(what_a_browser_would_throw_at_is_refused) {
    for (const std::string_view text : {"",
                                        "{}",
                                        "null",
                                        "[null]",
                                        "[[]]",
                                        "[{}]",
                                        R"([{"urls":[]}])",
                                        R"([{"urls":1}])",
                                        R"([{"urls":[1]}])",
                                        R"([{"urls":""}])",
                                        R"([{"urls":"stun:"}])",
                                        R"([{"urls":"http://example.org"}])",
                                        R"([{"urls":["stun:a","b"]}])",
                                        R"([{"url":"stun:a"}])",
                                        R"([{"urls":"stun:a","username":1}])",
                                        R"([{"urls":"stun:a","credential":null}])",
                                        R"([{"urls":"turn:a","username":"u"}])",
                                        R"([{"urls":"turn:a","credential":"c"}])",
                                        R"([{"urls":"stun:a?transport=udp"}])",
                                        R"([{"urls":"turn:a?transport=sctp"}])",
                                        R"([{"urls":"turn:a?x"}])",
                                        R"([{"urls":"turn://a"}])",
                                        R"([{"urls":"turn:a:0"}])",
                                        R"([{"urls":"turn:a:65536"}])",
                                        R"([{"urls":"turn:a:"}])",
                                        R"([{"urls":"turn:a b"}])",
                                        R"([{"urls":"turn:::1"}])",
                                        R"([{"urls":"turn:[::1"}])",
                                        R"([{"urls":"turn:[::1]3478"}])",
                                        R"([{"urls":"turn:[]"}])",
                                        R"([{"urls":"stun:a"}],[{"urls":"stun:b"}])",
                                        "stun:a,",
                                        ",stun:a",
                                        "stun:a, stun:b",
                                        "stun.example.org",
                                        R"(stun:a,[{"urls":"stun:b"}])",
                                        R"([{"urls":"stun:a"}] x)",
                                        R"([{"urls":"stun:a"})",
                                        "[{urls:\"stun:a\"}]",
                                        "[{\"urls\":\"stun:\xff\"}]"}) {
        BOOST_TEST(!parse_ice_servers(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(urls_make_a_list_too) {
    BOOST_TEST((parse_ice_servers("stun:a.example") == R"([{"urls":["stun:a.example"]}])"));
    const std::string both = R"([{"urls":["stun:b:1","stuns:192.0.2.1"]},)"
                             R"({"urls":["turn:a:3478?transport=tcp","turns:[2001:db8::1]:5349"]}])";
    BOOST_TEST(
        (parse_ice_servers("turn:a:3478?transport=tcp,stun:b:1,turns:[2001:db8::1]:5349,stuns:192.0.2.1") == both));
}

BOOST_AUTO_TEST_CASE(only_turn_servers_without_a_credential_are_signed) {
    const auto mixed = parse_ice_servers(R"([{"urls":"stun:s"},{"urls":"turn:a","username":"u","credential":"c"},
        {"urls":["stun:b","turn:b"]},{"urls":"turns:c","x":1}])");
    BOOST_REQUIRE(mixed);
    const auto unsigned_urls = server::unsigned_turn_urls(*mixed);
    BOOST_TEST(unsigned_urls == (std::vector<std::string>{"turn:b", "turns:c"}), boost::test_tools::per_element());
    const auto servers = server::make_ice_servers(*mixed, "first,second", std::chrono::milliseconds(1500));
    BOOST_TEST((servers.ttl() == std::chrono::seconds(2)));
    const auto id = protocol::peer_id::make();
    const auto made = channel::make_turn_credential("first", 3, id.hex());
    const auto members = R"(,"username":")" + made.username + R"(","credential":")" + made.credential + "\"";
    const auto expected = R"([{"urls":"stun:s"},{"urls":"turn:a","username":"u","credential":"c"},)"
                          R"({"urls":["stun:b","turn:b"])" +
        members + R"(},{"urls":"turns:c","x":1)" + members + "}]";
    BOOST_TEST(servers.json_for(id, 1000) == expected);
}

BOOST_AUTO_TEST_CASE(without_a_secret_nothing_is_signed_and_nothing_expires) {
    const std::string text = R"([{"urls":"stun:a"},{"urls":"turn:a","username":"u","credential":"c"}])";
    const auto servers = server::make_ice_servers(text, "", std::chrono::hours(1));
    BOOST_TEST(!servers.expire());
    BOOST_TEST(servers.json_for(protocol::peer_id::make(), 0) == text);
    BOOST_TEST(!server::make_ice_servers(text, "s3cret", std::chrono::hours(1)).expire());
}

BOOST_AUTO_TEST_CASE(nesting_and_length_are_bounded) {
    BOOST_TEST(!parse_ice_servers(std::string(10000, '[')).has_value());
    const auto longest = R"([{"urls":"stun:)" + std::string(20000, 'a') + R"("}])";
    BOOST_TEST(!parse_ice_servers(longest).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
