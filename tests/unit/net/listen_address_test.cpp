#include "net/listen_address.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using net::parse_listen_addresses;

namespace {

/// "host port unix plain", with "-" for no port.
std::string shown(const std::string& text) {
    const auto all = parse_listen_addresses(text);
    if (!all) return "malformed";
    std::string out;
    for (const auto& one : *all) {
        out += out.empty() ? "" : "; ";
        out += one.host + " " + (one.port ? std::to_string(*one.port) : "-");
        out += one.is_unix ? " unix" : "";
        out += one.is_plain ? " plain" : "";
    }
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(listen_address)

BOOST_AUTO_TEST_CASE(every_form_is_read) {
    BOOST_TEST(shown("127.0.0.1") == "127.0.0.1 -");
    BOOST_TEST(shown("127.0.0.1:80") == "127.0.0.1 80");
    BOOST_TEST(shown("::1") == "::1 -");
    BOOST_TEST(shown("[::]") == ":: -");
    BOOST_TEST(shown("[::]:443") == ":: 443");
    BOOST_TEST(shown("unix:/run/signaller.sock") == "/run/signaller.sock - unix");
    BOOST_TEST(shown("0.0.0.0:443, plain:127.0.0.1:3012 ,unix:/a b") ==
               "0.0.0.0 443; 127.0.0.1 3012 plain; /a b - unix");
}

BOOST_AUTO_TEST_CASE(anything_else_is_malformed) {
    for (const std::string text :
         {"", ",", "127.0.0.1,", "localhost", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "[::1", "[::1]x",
          "[::1]:", "[127.0.0.1:1]", "unix:", "unix:relative", "plain:", "tcp:127.0.0.1", "1.2.3.4:5:6"})
        BOOST_TEST(shown(text) == "malformed", text);
    for (const std::string text : {"unix:/a#b", "unix:/a\nb", "unix:/a\x7F", "unix:/a\tb"})
        BOOST_TEST(shown(text) == "malformed", text);
    BOOST_TEST(shown("unix:/" + std::string(107, 'x')) == "malformed");
}

BOOST_AUTO_TEST_SUITE_END()
