#include "channel/ice_servers.hpp"

#include "unit/channel/ids.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using channel::make_turn_credential;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(ice_servers)

BOOST_AUTO_TEST_CASE(a_credential_is_what_coturn_computes_from_the_same_secret) {
    const auto made = make_turn_credential("s3cret", 1700000000, "alice");
    BOOST_TEST(made.username == "1700000000:alice");
    BOOST_TEST(made.credential == "TtElzSjT0GdnTQ9xdcRNxx96yQs=");
}

BOOST_AUTO_TEST_CASE(a_credential_for_nobody_in_particular_is_the_expiry_alone) {
    BOOST_TEST(make_turn_credential("s3cret", 1700000000, "").username == "1700000000");
}

BOOST_AUTO_TEST_CASE(long_secrets_and_names_are_signed_whole) {
    const std::string secret(256, 's');
    const auto one = make_turn_credential(secret, 1, std::string(128, 'n'));
    BOOST_TEST(one.credential.size() == 28U);
    BOOST_TEST(one.credential != make_turn_credential(secret.substr(1), 1, std::string(128, 'n')).credential);
    BOOST_TEST(one.credential != make_turn_credential(secret, 1, std::string(127, 'n') + "m").credential);
}

BOOST_AUTO_TEST_CASE(without_any_there_is_an_empty_list_that_does_not_expire) {
    const channel::ice_servers none;
    BOOST_TEST(none.json_for(ids::peer(1), 0) == "[]");
    BOOST_TEST(!none.expire());
    BOOST_TEST((none.ttl() == channel::ice_servers::static_ttl));
}

BOOST_AUTO_TEST_CASE(every_piece_gets_the_credential_of_the_one_who_asks) {
    const channel::ice_servers servers({R"([{"urls":"turn:a",)", R"(},{"urls":"turn:b",)", "}]"}, "s3cret", 100s);
    const auto id = ids::peer(7);
    const auto made = make_turn_credential("s3cret", 1101, id.hex());
    const auto members = R"("username":")" + made.username + R"(","credential":")" + made.credential + "\"";
    // A part of a second counts as a whole one: good for the ttl at least.
    BOOST_TEST(servers.json_for(id, 1000001) ==
               R"([{"urls":"turn:a",)" + members + R"(},{"urls":"turn:b",)" + members + "}]");
    BOOST_TEST(servers.json_for(ids::peer(8), 1000001) != servers.json_for(id, 1000001));
    BOOST_TEST((servers.ttl() == 100s));
    BOOST_TEST((servers.push_after() == 80s));
}

BOOST_AUTO_TEST_SUITE_END()
