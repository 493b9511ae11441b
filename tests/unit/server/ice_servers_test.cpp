#include "server/ice_servers.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

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
                                        R"([{"urls":"stun:a"}] x)",
                                        R"([{"urls":"stun:a"})",
                                        "[{urls:\"stun:a\"}]",
                                        "[{\"urls\":\"stun:\xff\"}]"}) {
        BOOST_TEST(!parse_ice_servers(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(nesting_and_length_are_bounded) {
    BOOST_TEST(!parse_ice_servers(std::string(10000, '[')).has_value());
    const auto longest = R"([{"urls":"stun:)" + std::string(20000, 'a') + R"("}])";
    BOOST_TEST(!parse_ice_servers(longest).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
