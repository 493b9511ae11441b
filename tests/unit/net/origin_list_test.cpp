#include "net/origin_list.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

bool admits(const char* patterns, const std::string& origin) {
    const auto list = net::origin_list::parse(patterns);
    BOOST_REQUIRE(list);
    return list->admits(origin);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(origin_list)

BOOST_AUTO_TEST_CASE(an_empty_list_admits_everybody) {
    BOOST_TEST(admits("", "https://anywhere.example"));
    BOOST_TEST(admits("", "nonsense"));
}

BOOST_AUTO_TEST_CASE(a_request_without_origin_is_no_browsers_and_admitted) {
    BOOST_TEST(admits("https://example.org", ""));
}

BOOST_AUTO_TEST_CASE(scheme_host_and_port_must_be_the_same) {
    BOOST_TEST(admits("https://example.org", "https://example.org"));
    BOOST_TEST(admits("https://example.org", "HTTPS://Example.ORG"));
    BOOST_TEST(admits("https://example.org:443", "https://example.org"));
    BOOST_TEST(admits("http://a.example, https://[2001:db8::1]:8443", "https://[2001:DB8::1]:8443"));
    for (const auto* other : {"http://example.org", "https://example.org:8443", "https://www.example.org",
                              "https://example.org.evil.example", "https://evilexample.org", "null"})
        BOOST_TEST(!admits("https://example.org", other), other);
}

BOOST_AUTO_TEST_CASE(a_star_stands_for_one_or_more_labels) {
    BOOST_TEST(admits("https://*.example.org", "https://a.example.org"));
    BOOST_TEST(admits("https://*.example.org", "https://a.b.example.org"));
    for (const auto* other : {"https://example.org", "https://evilexample.org", "https://.example.org",
                              "https://a.example.org:8443", "https://a.example.org.evil.example"})
        BOOST_TEST(!admits("https://*.example.org", other), other);
}

BOOST_AUTO_TEST_CASE(a_star_as_port_stands_for_any) {
    BOOST_TEST(admits("http://localhost:*", "http://localhost:5173"));
    BOOST_TEST(admits("http://localhost:*", "http://localhost"));
    BOOST_TEST(!admits("http://localhost:*", "https://localhost:5173"));
}

BOOST_AUTO_TEST_CASE(an_opaque_origin_is_admitted_by_name_only) {
    BOOST_TEST(admits("null", "null"));
    BOOST_TEST(!admits("null", "https://null"));
}

BOOST_AUTO_TEST_CASE(what_is_no_origin_is_not_admitted) {
    for (const auto* other :
         {"example.org", "https://", "https://evil.example/.example.org", "https://a b.example.org",
          "https://evil.example,https://a.example.org", "https://u@a.example.org", "https://*.example.org",
          "https://a.example.org:", "https://a.example.org:*", "https://a..example.org"})
        BOOST_TEST(!admits("https://*.example.org", other), other);
}

BOOST_AUTO_TEST_CASE(malformed_patterns_are_refused) {
    for (const auto* text :
         {"example.org", "https://", "https://*", "https://*.", "https://a.*.org", "https://*a.org", "*",
          "https://a.org,", ",https://a.org", "https://a.org/", "https://a.org:123456", "https://a.org:x"})
        BOOST_TEST(!net::origin_list::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()
