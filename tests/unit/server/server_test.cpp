#include "server/server.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>

BOOST_AUTO_TEST_SUITE(server_)

BOOST_AUTO_TEST_CASE(a_signal_between_listening_and_serving_is_not_lost) {
    server::config config;
    config.port = 0;
    server::server service(config);
    BOOST_TEST(service.addresses().front().starts_with("ws://127.0.0.1:"));
    std::raise(SIGTERM);
    service.run();
}

BOOST_AUTO_TEST_CASE(all_interfaces_are_no_place_for_a_browser_to_go_to) {
    server::config config;
    config.port = 0;
    config.address = "0.0.0.0,[::1]:0";
    const server::server service(config);
    BOOST_TEST(service.addresses().front().starts_with("ws://0.0.0.0:"));
    BOOST_TEST(service.pages().front().starts_with("http://127.0.0.1:"));
    BOOST_TEST(service.pages().back().starts_with("http://[::1]:"));
}

BOOST_AUTO_TEST_SUITE_END()
