#include "net/client_address.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using net::client_address;
using net::client_behind;
using net::forwarding_header;
using net::network_list;

namespace {

client_address at(const std::string& text) {
    const auto parsed = client_address::parse(text);
    BOOST_REQUIRE_MESSAGE(parsed.has_value(), text);
    return *parsed;
}

network_list networks(const std::string& text) {
    const auto parsed = network_list::parse(text);
    BOOST_REQUIRE_MESSAGE(parsed.has_value(), text);
    return *parsed;
}

std::string behind(const std::string& nearest, const std::string& header, const std::string& trusted,
                   forwarding_header kind = forwarding_header::x_forwarded_for) {
    return client_behind(at(nearest), header, kind, networks(trusted)).to_string();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(client_address_)

BOOST_AUTO_TEST_CASE(addresses_are_written_as_they_were_read) {
    for (const std::string text : {"192.0.2.1", "127.0.0.1", "2001:db8::1", "::1", "fe80::1"})
        BOOST_TEST(at(text).to_string() == text);
    BOOST_TEST(at("::ffff:192.0.2.1").to_string() == "192.0.2.1");
    BOOST_TEST(client_address().to_string() == "unix");
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_refused) {
    for (const std::string text : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "example.org", "2001:db8::1::2", " 1.2.3.4",
                                   "1.2.3.4 ", "[::1]", "fe80::1%eth0", "1.2.3.4/8"})
        BOOST_TEST(!client_address::parse(text).has_value(), text);
    BOOST_TEST(!client_address::parse(std::string(10000, '1')).has_value());
}

BOOST_AUTO_TEST_CASE(an_ipv6_customer_is_counted_as_one_and_ipv4_by_address) {
    BOOST_TEST((at("2001:db8:1:2:3::4").counted_as() == at("2001:db8:1:2:ffff::").counted_as()));
    BOOST_TEST((at("2001:db8:1:2::").counted_as() != at("2001:db8:1:3::").counted_as()));
    BOOST_TEST((at("192.0.2.1").counted_as() != at("192.0.2.2").counted_as()));
}

BOOST_AUTO_TEST_CASE(loopback_is_known_in_all_its_forms) {
    for (const auto* const text : {"127.0.0.1", "127.200.3.4", "::1", "::ffff:127.0.0.1"})
        BOOST_TEST(at(text).is_loopback(), text);
    for (const auto* const text : {"128.0.0.1", "::2", "::7f00:1"}) BOOST_TEST(!at(text).is_loopback(), text);
}

BOOST_AUTO_TEST_CASE(a_network_has_what_shares_its_prefix) {
    const auto list = networks("10.0.0.0/8, 192.0.2.7,2001:db8::/33");
    for (const auto* const text : {"10.255.0.1", "192.0.2.7", "2001:db8:7fff::1"})
        BOOST_TEST(list.contains(at(text)), text);
    for (const auto* const text : {"11.0.0.1", "192.0.2.8", "2001:db8:8000::1", "a00::1"})
        BOOST_TEST(!list.contains(at(text)), text);
    BOOST_TEST(networks("172.16.0.0/12").contains(at("172.31.255.255")));
    BOOST_TEST(!networks("172.16.0.0/12").contains(at("172.32.0.0")));
    BOOST_TEST(networks("0.0.0.0/0").contains(at("203.0.113.1")));
    BOOST_TEST(!networks("0.0.0.0/0").contains(at("2001:db8::1")));
    BOOST_TEST(!networks("::/0").contains(client_address()));
    BOOST_TEST(networks("::/0").contains(at("2001:db8::1")));
    BOOST_TEST(!networks("::/0").contains(at("203.0.113.1")));
    BOOST_TEST(!networks("::/64").contains(at("203.0.113.1")));
    BOOST_TEST(networks("unix").contains(client_address()));
    BOOST_TEST(!networks("").contains(at("127.0.0.1")));
}

BOOST_AUTO_TEST_CASE(a_malformed_network_is_refused) {
    for (const auto* const text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "localhost",
                                   "10.0.0.0/8;10.0.0.1", ",", "::"})
        BOOST_TEST(!network_list::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(nobody_but_a_trusted_proxy_is_believed) {
    BOOST_TEST(behind("203.0.113.9", "192.0.2.1", "10.0.0.0/8") == "203.0.113.9");
    BOOST_TEST(behind("10.0.0.1", "192.0.2.1", "10.0.0.0/8") == "192.0.2.1");
    BOOST_TEST(behind("10.0.0.1", "", "10.0.0.0/8") == "10.0.0.1");
}

BOOST_AUTO_TEST_CASE(what_the_client_wrote_itself_is_not_believed) {
    BOOST_TEST(behind("10.0.0.1", "1.1.1.1, 192.0.2.1, 10.0.0.2", "10.0.0.0/8") == "192.0.2.1");
    BOOST_TEST(behind("10.0.0.1", "1.1.1.1,garbage", "10.0.0.0/8") == "10.0.0.1");
    BOOST_TEST(behind("10.0.0.1", "unknown, 10.0.0.3", "10.0.0.0/8") == "10.0.0.3");
    BOOST_TEST(behind("10.0.0.1", "::", "10.0.0.0/8") == "10.0.0.1");
}

BOOST_AUTO_TEST_CASE(ports_and_brackets_are_taken_off) {
    BOOST_TEST(behind("10.0.0.1", "192.0.2.1:4711", "10.0.0.0/8") == "192.0.2.1");
    BOOST_TEST(behind("10.0.0.1", "[2001:db8::1]:4711", "10.0.0.0/8") == "2001:db8::1");
    BOOST_TEST(behind("10.0.0.1", "2001:db8::1", "10.0.0.0/8") == "2001:db8::1");
    BOOST_TEST(behind("10.0.0.1", "[2001:db8::1", "10.0.0.0/8") == "10.0.0.1");
}

BOOST_AUTO_TEST_CASE(forwarded_is_read_as_rfc_7239_writes_it) {
    constexpr auto kind = forwarding_header::forwarded;
    BOOST_TEST(behind("10.0.0.1", "for=192.0.2.60;proto=http;by=203.0.113.43", "10.0.0.0/8", kind) == "192.0.2.60");
    BOOST_TEST(behind("10.0.0.1", R"(For="[2001:db8:cafe::17]:4711")", "10.0.0.0/8", kind) == "2001:db8:cafe::17");
    BOOST_TEST(behind("10.0.0.1", "for=1.1.1.1, proto=https; for=192.0.2.43, for=10.1.1.1", "10.0.0.0/8", kind) ==
               "192.0.2.43");
    BOOST_TEST(behind("10.0.0.1", "for=_hidden", "10.0.0.0/8", kind) == "10.0.0.1");
    BOOST_TEST(behind("10.0.0.1", "for=\"", "10.0.0.0/8", kind) == "10.0.0.1");
    BOOST_TEST(behind("10.0.0.1", "by=1.2.3.4", "10.0.0.0/8", kind) == "10.0.0.1");
    BOOST_TEST(behind("10.0.0.1", R"(for="192.0.2.\6\0")", "10.0.0.0/8", kind) == "192.0.2.60");
}

BOOST_AUTO_TEST_CASE(a_host_in_quotes_names_no_client) {
    // The proxy wrote `for`; its client chose the host, and the quotes that it left open before.
    for (const std::string host :
         {R"(a, for=6.6.6.6)", R"(a, for=6.6.6.6;x)", R"(a;for=6.6.6.6)", R"(\", for=6.6.6.6;x=\")", R"(\\)"}) {
        for (const std::string own : {"", R"(for="1.1.1.1, )", R"(for=1.1.1.1", )", R"(host="a\, )"}) {
            for (const std::string& theirs :
                 {"for=192.0.2.60;host=\"" + host + "\"", "host=\"" + host + "\";for=192.0.2.60"})
                BOOST_TEST(behind("10.0.0.1", own + theirs, "10.0.0.0/8", forwarding_header::forwarded) == "192.0.2.60",
                           own + theirs);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
