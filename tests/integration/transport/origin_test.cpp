#include "integration/transport/conversation.hpp"
#include "integration/transport/raw_client.hpp"
#include "support/server_process.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

using support::server_process;
using transport::raw_client;

namespace {

constexpr const char* key_fields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

unsigned status_for(const server_process& server, const std::string& origin_fields) {
    raw_client client(server.port());
    client.send("GET /ws HTTP/1.1\r\nHost: localhost\r\n" + std::string(key_fields) + origin_fields + "\r\n");
    return client.read_response(false).status;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(origin)

BOOST_AUTO_TEST_CASE(pages_of_other_origins_are_refused_before_the_upgrade) {
    server_process server(
        {"--allowed-origin", "https://example.org", "--allowed-origin", "https://*.example.net,http://localhost:*"});
    for (const std::string good : {"https://example.org", "https://a.example.net", "http://localhost:5173"}) {
        raw_client client(server.port());
        client.upgrade("/", "Origin: " + good + "\r\n");
        transport::describe(client);
    }
    BOOST_TEST(status_for(server, "") == 101U);
    for (const std::string bad : {"https://evil.example", "https://example.net", "http://example.org", "null"})
        BOOST_TEST(status_for(server, "Origin: " + bad + "\r\n") == 403U, bad);
    BOOST_TEST(status_for(server, "Origin: https://example.org\r\nOrigin: https://evil.example\r\n") == 403U);
}

BOOST_AUTO_TEST_CASE(plain_requests_are_answered_whatever_their_origin) {
    server_process server({"--allowed-origin", "https://example.org"});
    raw_client client(server.port());
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n");
    BOOST_TEST(client.read_response().status == 200U);
}

BOOST_AUTO_TEST_CASE(without_a_list_every_origin_may_connect) {
    server_process server;
    BOOST_TEST(status_for(server, "Origin: https://anywhere.example\r\n") == 101U);
}

BOOST_AUTO_TEST_CASE(a_malformed_origin_is_no_option) {
    BOOST_CHECK_THROW(server_process({"--allowed-origin", "example.org"}), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
