#include "store/redis_address.hpp"
#include "store/redis_tls.hpp"

#include <boost/test/unit_test.hpp>

namespace {

store::redis_address accepted(std::string_view text) {
    std::string problem;
    const auto parsed = store::redis_address::parse(text, problem);
    BOOST_REQUIRE_MESSAGE(parsed, text << ": " << problem);
    return *parsed;
}

std::string refused(std::string_view text) {
    std::string problem;
    BOOST_TEST(!store::redis_address::parse(text, problem).has_value(), text);
    return problem;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_address)

BOOST_AUTO_TEST_CASE(a_host_alone_has_the_usual_port_and_database) {
    const auto to = accepted("redis://cache");
    BOOST_REQUIRE(to.endpoints.size() == 1U);
    BOOST_TEST(to.endpoints[0].host == "cache");
    BOOST_TEST(to.endpoints[0].port == 6379);
    BOOST_TEST(to.database == 0U);
    BOOST_TEST(!to.has_sentinels());
}

BOOST_AUTO_TEST_CASE(everything_can_be_said) {
    const auto to = accepted("redis://me:p%40ss%2F%23@[::1]:7000/12");
    BOOST_TEST(to.user == "me");
    BOOST_TEST(to.password == "p@ss/#");
    BOOST_TEST(to.endpoints[0].host == "::1");
    BOOST_TEST(to.endpoints[0].port == 7000);
    BOOST_TEST(to.database == 12U);
}

BOOST_AUTO_TEST_CASE(several_addresses_are_sentinels) {
    const auto to = accepted("redis://:word@a:26379,b:26380,c/3?master=main");
    BOOST_TEST(to.has_sentinels());
    BOOST_TEST(to.endpoints.size() == 3U);
    BOOST_TEST(to.endpoints[1].host == "b");
    BOOST_TEST(to.endpoints[1].port == 26380);
    BOOST_TEST(to.master == "main");
    BOOST_TEST(to.user.empty());
    BOOST_TEST(to.password == "word");
    BOOST_TEST(to.database == 3U);
}

BOOST_AUTO_TEST_CASE(a_unix_socket_has_a_path) {
    const auto to = accepted("unix:/run/redis.sock?database=7");
    BOOST_TEST(to.endpoints[0].host == "/run/redis.sock");
    BOOST_TEST(to.endpoints[0].port == 0);
    BOOST_TEST(to.database == 7U);
}

BOOST_AUTO_TEST_CASE(what_is_shown_has_no_password) {
    for (const auto* const text : {"redis://me:secret@[::1]:7000/12", "redis://:secret@a:1,b:2"}) {
        const auto shown = accepted(text).shown();
        BOOST_TEST(shown.find("secret") == std::string::npos);
        BOOST_TEST(shown.find("me") == std::string::npos);
    }
    BOOST_TEST(accepted("redis://me:x@[::1]:7000/12").shown() == "redis://[::1]:7000/12");
    BOOST_TEST(accepted("unix:/a?database=2").shown() == "unix:/a?database=2");
}

BOOST_AUTO_TEST_CASE(tls_is_asked_for_by_one_letter) {
    if (!store::has_redis_tls()) {
        BOOST_TEST(refused("rediss://host").find("no TLS") != std::string::npos);
        return;
    }
    const auto to = accepted("rediss://:word@host:7000/3?ca=/etc/redis/ca.pem&master=main");
    BOOST_TEST(to.tls);
    BOOST_TEST(to.authorities == "/etc/redis/ca.pem");
    BOOST_TEST(to.master == "main");
    BOOST_TEST(to.password == "word");
    BOOST_TEST(to.endpoints[0].port == 7000);
    BOOST_TEST(to.shown() == "rediss://host:7000/3");
    for (const auto* const text : {"rediss://h?ca=", "rediss://h?ca=a/b", "rediss:///3"})
        BOOST_TEST(!refused(text).empty(), text);
}

BOOST_AUTO_TEST_CASE(what_is_malformed_is_told) {
    BOOST_TEST(!accepted("redis://host").tls);
    for (const auto* const text : {"",
                                   "host",
                                   "http://host",
                                   "redis://",
                                   "redis://:port",
                                   "redis://h:0",
                                   "redis://h:65536",
                                   "redis://h:x",
                                   "redis://user@h",
                                   "redis://u:%4@h",
                                   "redis://u:%zz@h",
                                   "redis://h/x",
                                   "redis://h/-1",
                                   "redis://h/99999999999",
                                   "redis://[::1",
                                   "redis://[::1]x",
                                   "unix:",
                                   "unix:run/x",
                                   "unix:/x?database=",
                                   "redis://h?master=",
                                   "redis://h?timeout=1",
                                   "redis://h?ca=/a",
                                   "redis://h?master=a&&database=1",
                                   "unix:/x?ca=/a",
                                   "redis://a,,b"})
        BOOST_TEST(!refused(text).empty(), text);
}

BOOST_AUTO_TEST_SUITE_END()
