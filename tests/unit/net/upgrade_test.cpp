#include "net/http.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace data = boost::unit_test::data;

namespace {

/// The request of RFC 6455, 1.2, with one field changed.
struct upgrade_fields {
    std::string method = "GET";
    std::string target = "/";
    std::string version = "HTTP/1.1";
    std::string connection = "Connection: Upgrade\r\n";
    std::string upgrade = "Upgrade: websocket\r\n";
    std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    std::string websocket_version = "Sec-WebSocket-Version: 13\r\n";
    std::string protocol;

    [[nodiscard]] std::string text() const {
        return method + " " + target + " " + version + "\r\nHost: server.example.com\r\n" + connection + upgrade + key +
            websocket_version + protocol + "\r\n";
    }
};

net::http_request request_of(const upgrade_fields& fields) {
    auto parsed = net::parse_http(fields.text(), {});
    BOOST_REQUIRE((parsed.status == net::http_status::complete));
    return parsed.request;
}

bool asks_for_upgrade(const upgrade_fields& fields) { return request_of(fields).upgrade; }

std::string answer_to(const upgrade_fields& fields) {
    const auto request = request_of(fields);
    BOOST_TEST(request.upgrade);
    const auto answer = net::answer_upgrade(request);
    BOOST_TEST(answer.accepted == answer.response.starts_with("HTTP/1.1 101 "));
    return answer.response;
}

bool has_status(const std::string& response, std::string_view status) {
    return response.starts_with("HTTP/1.1 " + std::string(status) + " ");
}

bool has_line(const std::string& response, std::string_view line) {
    return response.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(upgrade)

BOOST_AUTO_TEST_CASE(the_example_of_the_rfc_is_accepted) {
    const auto response = answer_to({});
    BOOST_TEST(has_status(response, "101"));
    BOOST_TEST(has_line(response, "Upgrade: websocket"));
    BOOST_TEST(has_line(response, "Connection: Upgrade"));
    BOOST_TEST(has_line(response, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    BOOST_TEST(response.find("Sec-WebSocket-Protocol") == std::string::npos);
    BOOST_TEST(response.find("Sec-WebSocket-Extensions") == std::string::npos);
    BOOST_TEST(response.ends_with("\r\n\r\n"));
}

BOOST_DATA_TEST_CASE(upgrades_are_at_the_root_and_at_ws,
                     data::make<std::string>({"/", "/ws", "/?token=a", "/ws?x=1", "http://server.example.com/ws"}),
                     target) {
    upgrade_fields fields;
    fields.target = target;
    BOOST_TEST(has_status(answer_to(fields), "101"));
}

BOOST_DATA_TEST_CASE(upgrades_elsewhere_are_not_found,
                     data::make<std::string>({"/ws/", "/WS", "//", "/healthz", "/index.html", "*"}), target) {
    upgrade_fields fields;
    fields.target = target;
    BOOST_TEST(has_status(answer_to(fields), "404"));
}

BOOST_DATA_TEST_CASE(other_versions_of_websocket_are_told_ours, data::make<std::string>({"", "8", "14", "13, 8", "x"}),
                     version) {
    upgrade_fields fields;
    fields.websocket_version = version.empty() ? "" : "Sec-WebSocket-Version: " + version + "\r\n";
    const auto response = answer_to(fields);
    BOOST_TEST(has_status(response, "426"));
    BOOST_TEST(has_line(response, "Sec-WebSocket-Version: 13"));
    BOOST_TEST(has_line(response, "Upgrade: websocket"));
    BOOST_TEST(has_line(response, "Connection: close, Upgrade"));
}

BOOST_AUTO_TEST_CASE(an_upgrade_is_a_get) {
    upgrade_fields fields;
    fields.method = "POST";
    const auto response = answer_to(fields);
    BOOST_TEST(has_status(response, "405"));
    BOOST_TEST(has_line(response, "Allow: GET"));
}

BOOST_DATA_TEST_CASE(
    a_key_is_the_base64_of_16_bytes,
    data::make<std::string>({"", "x", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZWE=",
                             "dGhlIHNhbXBsZSBub25jZWFi", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZ!==",
                             "dGhl====bXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ=="}),
    key) {
    upgrade_fields fields;
    fields.key = "Sec-WebSocket-Key: " + key + "\r\n";
    BOOST_TEST(has_status(answer_to(fields), "400"));
}

BOOST_AUTO_TEST_CASE(a_key_comes_exactly_once) {
    upgrade_fields fields;
    fields.key += fields.key;
    BOOST_TEST(has_status(answer_to(fields), "400"));
    fields.key.clear();
    BOOST_TEST(has_status(answer_to(fields), "400"));
}

BOOST_DATA_TEST_CASE(the_subprotocol_is_selected_if_it_is_offered,
                     data::make<std::string>({"signaller.v1", "chat, signaller.v1", "signaller.v1,chat",
                                              "a\r\nSec-WebSocket-Protocol: signaller.v1"}),
                     offer) {
    upgrade_fields fields;
    fields.protocol = "Sec-WebSocket-Protocol: " + offer + "\r\n";
    const auto response = answer_to(fields);
    BOOST_TEST(has_status(response, "101"));
    BOOST_TEST(has_line(response, "Sec-WebSocket-Protocol: signaller.v1"));
}

BOOST_DATA_TEST_CASE(other_subprotocols_are_accepted_without_one,
                     data::make<std::string>({"chat", "signaller.v2", "signaller.v1x", "Signaller.V1",
                                              "chat, superchat"}),
                     offer) {
    upgrade_fields fields;
    fields.protocol = "Sec-WebSocket-Protocol: " + offer + "\r\n";
    const auto response = answer_to(fields);
    BOOST_TEST(has_status(response, "101"));
    BOOST_TEST(response.find("Sec-WebSocket-Protocol") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_extension_that_is_offered_is_declined) {
    upgrade_fields fields;
    fields.protocol = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    const auto response = answer_to(fields);
    BOOST_TEST(has_status(response, "101"));
    BOOST_TEST(response.find("Sec-WebSocket-Extensions") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(words_are_found_in_lists_of_any_case_and_in_repeated_fields) {
    upgrade_fields fields;
    fields.connection = "connection: Keep-Alive, uPGRADE\r\n";
    fields.upgrade = "UPGRADE: WebSocket\r\n";
    BOOST_TEST(asks_for_upgrade(fields));
    fields.connection = "Connection: keep-alive\r\nConnection: Upgrade\r\n";
    BOOST_TEST(asks_for_upgrade(fields));
}

BOOST_AUTO_TEST_CASE(both_words_are_needed) {
    upgrade_fields fields;
    fields.upgrade.clear();
    BOOST_TEST(!asks_for_upgrade(fields));
    fields.upgrade = "Upgrade: h2c\r\n";
    BOOST_TEST(!asks_for_upgrade(fields));
    fields = {};
    fields.connection = "Connection: keep-alive\r\n";
    BOOST_TEST(!asks_for_upgrade(fields));
    fields = {};
    fields.version = "HTTP/1.0";
    BOOST_TEST(!asks_for_upgrade(fields));
}

BOOST_AUTO_TEST_SUITE_END()
