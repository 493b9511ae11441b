#include "channel/secret.hpp"

#include "unit/channel/ids.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

using channel::session_token;
using channel::token_hash;

BOOST_AUTO_TEST_SUITE(secret)

BOOST_AUTO_TEST_CASE(no_two_secrets_are_the_same) {
    std::set<channel::secret::bytes_type> made;
    for (int i = 0; i < 1000; ++i) made.insert(channel::secret::make().bytes());
    BOOST_TEST(made.size() == 1000U);
}

BOOST_AUTO_TEST_CASE(a_secret_is_the_same_as_its_copy_and_as_no_other_by_a_single_bit) {
    const auto one = channel::secret::make();
    BOOST_TEST(one.same_as(channel::secret(one.bytes())));
    for (std::size_t bit = 0; bit < 128; ++bit) {
        auto bytes = one.bytes();
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        BOOST_TEST(!one.same_as(channel::secret(bytes)));
    }
}

BOOST_AUTO_TEST_CASE(a_session_is_the_id_and_the_secret_and_reads_back) {
    const session_token token{ids::peer(7), channel::secret::make()};
    const auto text = token.text();
    BOOST_TEST(text.size() == 56U);
    BOOST_TEST(text.starts_with(ids::peer(7).hex()));
    const auto parsed = session_token::parse(text);
    BOOST_REQUIRE(parsed);
    BOOST_TEST(parsed->id.hex() == ids::peer(7).hex());
    BOOST_TEST(parsed->proof.same_as(token.proof));
}

BOOST_AUTO_TEST_CASE(what_is_no_session_is_none) {
    const auto text = session_token{ids::peer(7), channel::secret::make()}.text();
    for (const auto& wrong :
         {std::string(), text.substr(1), text + "0", text.substr(0, 55) + "g", text.substr(0, 55) + " ",
          "x" + text.substr(1), std::string(56, '\0'), std::string(56, '\xff')}) {
        BOOST_TEST(!session_token::parse(wrong).has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_channel_token_opens_its_own_channel_only) {
    const token_hash key(ids::channel(1), "sesame");
    BOOST_TEST(key.same_as(token_hash(ids::channel(1), "sesame")));
    BOOST_TEST(key.same_as(token_hash(key.digest())));
    BOOST_TEST(!key.same_as(token_hash(ids::channel(1), "Sesame")));
    BOOST_TEST(!key.same_as(token_hash(ids::channel(1), "")));
    BOOST_TEST(!key.same_as(token_hash(ids::channel(2), "sesame")));
}

BOOST_AUTO_TEST_SUITE_END()
