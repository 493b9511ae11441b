#include "net/proxy_header.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <string_view>

using net::proxy_header_reader;
using state = proxy_header_reader::state;
using namespace std::string_literals;

namespace {

struct outcome {
    state end = state::need_more;
    std::string source;
    std::size_t taken = 0;
};

/// As a session does it: what the reader wants, or less, until it wants no more or nothing is left.
outcome read(std::string_view bytes, std::size_t most_at_once = 1000) {
    proxy_header_reader reader;
    outcome result;
    while (reader.wanted() > 0 && result.taken < bytes.size()) {
        const auto count = std::min({reader.wanted(), most_at_once, bytes.size() - result.taken});
        result.end = reader.feed(bytes.substr(result.taken, count));
        result.taken += count;
    }
    if (reader.source()) result.source = reader.source()->to_string();
    return result;
}

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string v4_addresses = "\xC0\x00\x02\x01\xC6\x33\x64\x01\x12\x34\x01\xBB"s;
const std::string v4 = signature + "\x21\x11\x00\x0C"s + v4_addresses;

}  // namespace

BOOST_AUTO_TEST_SUITE(proxy_header)

BOOST_AUTO_TEST_CASE(both_versions_name_the_client_and_nothing_behind_is_taken) {
    const std::string v6 =
        signature + "\x21\x21\x00\x24"s + "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\x01"s + std::string(20, 'x');
    const struct {
        std::string header;
        std::string source;
    } cases[] = {
        {v4, "192.0.2.1"},
        {v6, "2001:db8::1"},
        {"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "192.0.2.1"},
        {"PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n", "2001:db8::1"},
        {"PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 56324 443\r\n", "192.0.2.1"},
        {"PROXY TCP6 :: 2001:db8::2 56324 443\r\n", ""},
        {"PROXY UNKNOWN\r\n", ""},
        {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", ""},
        {signature + "\x20\x00\x00\x00"s, ""},
        {signature + "\x21\x31\x00\x02xx"s, ""},
        {signature + "\x21\x11\x00\x10"s + v4_addresses + "\x04\x00\x01x"s, "192.0.2.1"},
    };
    for (const auto& [header, source] : cases) {
        for (const std::size_t at_once : {1U, 3U, 1000U}) {
            const auto got = read(header + "GET / HTTP/1.1", at_once);
            BOOST_TEST((got.end == state::complete));
            BOOST_TEST(got.source == source);
            BOOST_TEST(got.taken == header.size());
        }
    }
}

BOOST_AUTO_TEST_CASE(anything_else_fails) {
    const std::string cases[] = {
        "GET / HTTP/1.1\r\n",
        "PROXY TCP4 192.0.2.1\n" + std::string(100, 'x'),
        "PROXY TCP4 2001:db8::1 ::1 1 2\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP4 192.0.2.1\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 65536\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 1\r\n",
        "PROXY TCP4 192.0.2.1 nowhere 56324 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\nGET / HTTP/1.1\r\n",
        "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 " + std::string(200, '1'),
        "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"s,
        signature + "\x11\x11\x00\x0C"s + v4_addresses,
        signature + "\x22\x11\x00\x0C"s + v4_addresses,
        signature + "\x21\x11\x00\x0B"s + v4_addresses,
        signature + "\x21\x21\x00\x0C"s + v4_addresses,
        signature + "\x21\x11\xFF\xFF"s + v4_addresses,
    };
    for (const auto& bytes : cases) BOOST_TEST((read(bytes).end == state::failed), bytes);
}

BOOST_AUTO_TEST_CASE(a_header_that_is_cut_stays_open) {
    for (std::size_t size = 1; size < v4.size(); ++size) BOOST_TEST((read(v4.substr(0, size)).end == state::need_more));
}

BOOST_AUTO_TEST_SUITE_END()
