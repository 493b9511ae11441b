#include "integration/admin/fixture.hpp"
#include "support/redis_process.hpp"

#include <boost/json/parse.hpp>

using namespace admin;
using support::run_to_end;
using support::server_process;

BOOST_AUTO_TEST_SUITE(front)

BOOST_AUTO_TEST_CASE(without_an_address_of_their_own_metrics_are_on_the_main_port) {
    const server_process server;
    BOOST_TEST(server.admin_port() == 0U);
    BOOST_TEST(admin::metrics_page::of(server.port()).value("connections") == 1);
    BOOST_TEST(admin::metrics_page::of(server.port()).value("http_requests_total") == 2);
}

BOOST_AUTO_TEST_CASE(with_one_they_are_only_there) {
    const watched at;
    BOOST_TEST(at.server.admin_port() != at.server.port());
    BOOST_TEST(admin::get(at.server.port(), "/metrics").status == 404U);
    BOOST_TEST(admin::get(at.server.admin_port(), "/metrics").status == 200U);
    for (const std::string path : {"/healthz", "/readyz", "/version"}) {
        BOOST_TEST(admin::get(at.server.port(), path).status == 200U, path);
        BOOST_TEST(admin::get(at.server.admin_port(), path).status == 200U, path);
    }
    // The page and the client module are for the clients' port.
    BOOST_TEST(admin::get(at.server.port(), "/signaller.js").status == 200U);
    BOOST_TEST(admin::get(at.server.admin_port(), "/signaller.js").status == 404U);
    BOOST_TEST(admin::get(at.server.admin_port(), "/").status == 404U);
    transport::raw_client upgrade(at.server.admin_port());
    upgrade.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    BOOST_TEST(upgrade.read_response().status == 404U);
}

BOOST_AUTO_TEST_CASE(it_may_be_a_unix_socket) {
    const support::scratch_folder folder;
    const server_process server({"--admin-address", "unix:" + folder.path("admin")});
    transport::raw_client client(transport::connect_unix(folder.path("admin")));
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    BOOST_TEST(admin::metrics_page(client.read_response().body).value("connections") == 0);
}

BOOST_AUTO_TEST_CASE(a_place_that_cannot_be_had_is_one_line_and_an_exit_code) {
    const server_process other;
    const auto taken = "127.0.0.1:" + std::to_string(other.port());
    const auto in_use = run_to_end({"--admin-address", taken});
    BOOST_TEST(in_use.code == 1);
    BOOST_TEST(in_use.errors.find(taken) != std::string::npos, in_use.errors);
    for (const std::string wrong :
         {"127.0.0.1", "3013", "plain:127.0.0.1:3013", "127.0.0.1:3013,", "localhost:1", ""}) {
        const auto ended = run_to_end({"--admin-address", wrong});
        BOOST_TEST(ended.code == 2, wrong);
        BOOST_TEST(ended.errors.find("--admin-address") != std::string::npos, ended.errors);
    }
}

BOOST_AUTO_TEST_CASE(the_version_is_told_as_json) {
    const server_process server;
    const auto response = admin::get(server.port(), "/version");
    BOOST_TEST(response.has_line("Content-Type: application/json"));
    const auto told = boost::json::parse(response.body).as_object();
    BOOST_TEST(support::text_of(told, "name") == "signaller");
    BOOST_TEST(support::text_of(told, "version") == "1.0.0");
}

BOOST_AUTO_TEST_CASE(only_reading_is_allowed) {
    const watched at;
    for (const auto port : {at.server.port(), at.server.admin_port()}) {
        transport::raw_client client(port);
        client.send("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
        const auto refused = client.read_response();
        BOOST_TEST(refused.status == 405U);
        BOOST_TEST(refused.has_line("Allow: GET, HEAD"));
        client.send("HEAD /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
        BOOST_TEST(client.read_response(false).status == 200U);
    }
}

BOOST_AUTO_TEST_CASE(a_server_that_ends_says_so_until_the_last_has_gone) {
    watched at({"--close-timeout", "10m", "--shutdown-timeout", "10m"});
    transport::raw_client last(at.server.port());
    last.upgrade();
    BOOST_TEST(admin::get(at.server.admin_port(), "/readyz").status == 200U);
    at.server.terminate();
    const auto ending = at.page_with("draining", {}, 1);
    BOOST_TEST(ending.value("connections") == 1);
    const auto ready = admin::get(at.server.admin_port(), "/readyz");
    BOOST_TEST(ready.status == 503U);
    BOOST_TEST(ready.body == "draining\n");
    BOOST_TEST(admin::get(at.server.admin_port(), "/healthz").status == 200U);
    at.page_with("websockets_closed_total", {{"code", "1001"}}, 1);
    // Who keeps a connection to the administration open does not hold up the end.
    transport::raw_client idle(at.server.admin_port());
    idle.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    BOOST_TEST(idle.read_response().status == 200U);
    last.shutdown_write();
    BOOST_TEST(at.server.wait_exit() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
