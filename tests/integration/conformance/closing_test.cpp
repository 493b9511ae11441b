#include "integration/conformance/fixture.hpp"

using namespace conformance;

BOOST_FIXTURE_TEST_SUITE(closing, fixture)

BOOST_AUTO_TEST_CASE(quit_closes_with_1000_and_no_bye) {
    auto c = peer("c");
    const auto quit = c.ask("/quit");
    BOOST_TEST(text_of(quit, "type") == "quit");
    BOOST_TEST(quit.at("channel").is_null());
    BOOST_TEST(id_in(quit, "peer") == c.id());
    c.expect_close(1000);
}

BOOST_AUTO_TEST_CASE(commands_behind_quit_are_not_carried_out) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    bob.send("/quit");
    bob.send("/privmsg " + alice.id() + " too late");
    bob.expect("quit");
    bob.expect_close(1000);
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(the_clients_close_is_answered_and_its_channels_are_left) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    bob.close(1000);
    BOOST_TEST(id_in(alice.expect("quit"), "peer") == bob.id());
}

BOOST_AUTO_TEST_CASE(a_binary_message_closes_with_1003) {
    auto c = peer("c");
    c.send_binary("/ping");
    const auto bye = c.expect_close(1003);
    BOOST_TEST(!flag_of(bye, "reconnect"));
    BOOST_TEST(bye.at("retryAfter").is_null());
}

BOOST_AUTO_TEST_CASE(a_message_over_the_limit_closes_with_1009) {
    auto c = peer("c");
    c.send("/ping " + std::string(131072, 'x'));
    c.expect_close(1009);
}

BOOST_AUTO_TEST_CASE(a_server_that_ends_says_bye_1001_with_a_retry_after) {
    auto alice = peer("alice");
    auto bob = peer("bob");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    server.terminate();
    for (client* const c : {&alice, &bob}) {
        const auto bye = c->expect_close(1001);
        BOOST_TEST(flag_of(bye, "reconnect"));
        BOOST_TEST(number_of(bye, "retryAfter") >= 1000);
        BOOST_TEST(number_of(bye, "retryAfter") <= 11000);
    }
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
