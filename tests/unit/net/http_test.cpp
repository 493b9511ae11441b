#include "net/http.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <tuple>

using namespace std::string_literals;
using namespace std::string_view_literals;
using net::http_status;
namespace data = boost::unit_test::data;

namespace {

const net::http_limits limits;

std::string get(std::string_view target, std::string_view more_fields = {}) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: example.org\r\n" + std::string(more_fields) + "\r\n";
}

unsigned status_in(std::string_view response) {
    BOOST_REQUIRE(response.starts_with("HTTP/1.1 "));
    return static_cast<unsigned>(std::stoul(std::string(response.substr(9, 3))));
}

/// 0: not refused.
unsigned refusal_of(std::string_view received) {
    const auto parsed = net::parse_http(received, limits);
    if (parsed.status != http_status::refused) return 0;
    BOOST_TEST(parsed.response.find("\r\nConnection: close\r\n") != std::string::npos);
    return status_in(parsed.response);
}

net::http_request request_in(std::string_view received) {
    auto parsed = net::parse_http(received, limits);
    BOOST_REQUIRE((parsed.status == http_status::complete));
    BOOST_TEST(parsed.consumed == received.size());
    return parsed.request;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http)

// --- requests

BOOST_AUTO_TEST_CASE(a_request_is_taken_apart) {
    const auto request =
        request_in(get("/app.js?v=1&x=/ws", "Origin: https://a.example\r\nIf-None-Match: \"abc\"\r\n"));
    BOOST_TEST(request.method == "GET");
    BOOST_TEST(request.path == "/app.js");
    BOOST_TEST(request.query == "v=1&x=/ws");
    BOOST_TEST(request.host == "example.org");
    BOOST_TEST(request.origin == "https://a.example");
    BOOST_TEST(request.if_none_match == "\"abc\"");
    BOOST_TEST(request.keep_alive);
    BOOST_TEST(!request.head);
    BOOST_TEST(!request.upgrade);
}

BOOST_AUTO_TEST_CASE(every_prefix_of_a_header_needs_more) {
    const auto whole = get("/", "User-Agent: a\r\nConnection: keep-alive\r\n");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto parsed = net::parse_http(std::string_view(whole).substr(0, size), limits);
        BOOST_TEST((parsed.status == http_status::need_more), "at " << size);
    }
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_taken_one_by_one) {
    std::string received = get("/1") + get("/2") + get("/3");
    for (const auto* const path : {"/1", "/2", "/3"}) {
        const auto parsed = net::parse_http(received, limits);
        BOOST_REQUIRE((parsed.status == http_status::complete));
        BOOST_TEST(parsed.request.path == path);
        received.erase(0, parsed.consumed);
    }
    BOOST_TEST(received.empty());
}

BOOST_AUTO_TEST_CASE(frames_behind_an_upgrade_are_not_consumed) {
    const auto header = get("/", "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    const auto parsed = net::parse_http(header + "\x81\x80\r\n\r\n", limits);
    BOOST_REQUIRE((parsed.status == http_status::complete));
    BOOST_TEST(parsed.consumed == header.size());
}

BOOST_AUTO_TEST_CASE(an_absolute_target_has_a_path_too) {
    const auto path_and_query = [](std::string_view target) {
        const auto request = request_in(get(target));
        return request.path + " " + request.query;
    };
    BOOST_TEST(path_and_query("http://example.org/ws?a=b") == "/ws a=b");
    BOOST_TEST(path_and_query("http://example.org") == "/ ");
    BOOST_TEST(path_and_query("http://example.org/") == "/ ");
    BOOST_TEST(path_and_query("http://example.org?next=/ws") == "/ next=/ws");
    BOOST_TEST(path_and_query("/go?to=http://example.org/ws") == "/go to=http://example.org/ws");
    BOOST_TEST(path_and_query("//example.org/ws") == "//example.org/ws ");
    BOOST_TEST(path_and_query("/?") == "/ ");
}

BOOST_AUTO_TEST_CASE(keep_alive_follows_version_and_connection) {
    BOOST_TEST(request_in(get("/")).keep_alive);
    BOOST_TEST(!request_in(get("/", "Connection: close\r\n")).keep_alive);
    BOOST_TEST(!request_in("GET / HTTP/1.0\r\n\r\n").keep_alive);
    BOOST_TEST(request_in("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

BOOST_AUTO_TEST_CASE(head_is_known) {
    const auto request = request_in("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    BOOST_TEST(request.head);
    BOOST_TEST(request.method == "HEAD");
}

BOOST_AUTO_TEST_CASE(a_folded_field_is_one_field) {
    // RFC 9112, 5.2, lets a server choose between a refusal and spaces.
    BOOST_TEST(request_in(get("/", "Origin: https://a\r\n .example\r\n")).origin == "https://a .example");
}

BOOST_AUTO_TEST_CASE(an_empty_body_may_be_announced) { request_in(get("/", "Content-Length: 0\r\n")); }

// --- refusals

BOOST_DATA_TEST_CASE(what_is_not_http_is_a_bad_request,
                     data::make<std::string>({
                         "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s,
                         "\r\n\r\n",
                         "hello\r\n\r\n",
                         "GET\r\n\r\n",
                         "GET /\r\n\r\n",
                         " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                         "GET  HTTP/1.1\r\nHost: a\r\n\r\n",
                         "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
                         "GET / HTTP/1.1\r\n: a\r\n\r\n",
                         "GET / HTTP/1.1\r\nHost\r\n\r\n",
                         "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n",
                         "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"s,
                         "GET / HTTP/1.1\r\nHost: a\n\r\n\r\n",
                         "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
                         "G\xc3\x84T / HTTP/1.1\r\nHost: a\r\n\r\n",
                         "GET / HTTP/1.1\r\nHost: a\r\nConnection: @\r\n\r\n",
                         "SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
                         "/descp {\"name\": \"a\"}\r\n\r\n",
                     }),
                     garbage) {
    BOOST_TEST(refusal_of(garbage) == 400U);
}

BOOST_AUTO_TEST_CASE(garbage_is_refused_without_waiting_for_its_end) {
    BOOST_TEST(refusal_of("\x16\x03\x01\x02"sv) == 400U);
    BOOST_TEST(refusal_of("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"sv) == 400U);
}

BOOST_AUTO_TEST_CASE(a_host_is_named_exactly_once) {
    BOOST_TEST(refusal_of("GET / HTTP/1.1\r\n\r\n") == 400U);
    BOOST_TEST(refusal_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == 400U);
    BOOST_TEST(refusal_of("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n") == 400U);
    BOOST_TEST(refusal_of("GET / HTTP/1.0\r\n\r\n") == 0U);
}

BOOST_DATA_TEST_CASE(other_versions_are_refused,
                     data::make<std::string>({"HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/3.0"}), version) {
    BOOST_TEST(refusal_of("GET / " + version + "\r\nHost: a\r\n\r\n") == 505U);
}

BOOST_DATA_TEST_CASE(what_is_no_version_is_no_request,
                     data::make<std::string>({"HTTP/1.1 ", "HTTP/1.1\n", "HTTP/11", "HTTP/1.x", "http/1.1", "FTP/1.1",
                                              ""}),
                     version) {
    BOOST_TEST(refusal_of("GET / " + version + "\r\nHost: a\r\n\r\n") == 400U);
}

BOOST_AUTO_TEST_CASE(a_line_ends_in_both_characters) {
    BOOST_TEST(refusal_of("GET / HTTP/1.1\nHost: a\n\n") == 400U);
    BOOST_TEST(refusal_of("GET / HTTP/1.1\r\nHost: a\n\r\n") == 400U);
}

BOOST_AUTO_TEST_CASE(the_preface_of_http_2_is_refused) {
    BOOST_TEST(refusal_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505U);
}

BOOST_AUTO_TEST_CASE(bodies_are_refused_at_the_header) {
    const auto post = [](std::string_view fields) {
        return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
    };
    BOOST_TEST(refusal_of(post("Content-Length: 1\r\n")) == 413U);
    BOOST_TEST(refusal_of(post("Content-Length: 18446744073709551615\r\n")) == 413U);
    BOOST_TEST(refusal_of(post("Transfer-Encoding: chunked\r\n")) == 413U);
    BOOST_TEST(refusal_of(post("Transfer-Encoding: gzip\r\n")) == 501U);
    BOOST_TEST(refusal_of(post("Transfer-Encoding: chunked, gzip\r\n")) == 501U);
}

BOOST_AUTO_TEST_CASE(a_body_may_be_as_large_as_its_limit) {
    net::http_limits large = limits;
    large.body_bytes = 3 * 1024 * 1024;
    const auto post = [&](std::size_t bytes) {
        const auto length = std::to_string(bytes);
        return net::parse_http(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + length + "\r\n\r\n" + std::string(bytes, 'x'), large);
    };
    const auto largest = post(large.body_bytes);
    BOOST_REQUIRE((largest.status == http_status::complete));
    BOOST_TEST(largest.request.body.size() == large.body_bytes);
    const auto larger = post(large.body_bytes + 1);
    BOOST_REQUIRE((larger.status == http_status::refused));
    BOOST_TEST(status_in(larger.response) == 413U);
}

BOOST_AUTO_TEST_CASE(lengths_that_contradict_themselves_are_refused) {
    for (const auto* const fields :
         {"Content-Length: 0\r\nContent-Length: 1\r\n", "Content-Length: -1\r\n", "Content-Length: 0x1\r\n",
          "Content-Length: \r\n", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
          "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
        BOOST_TEST(refusal_of(get("/", fields)) == 400U, fields);
    }
}

BOOST_AUTO_TEST_CASE(a_header_may_be_as_long_as_the_limit_and_not_a_byte_longer) {
    const auto padded_to = [](std::size_t size) {
        const auto around = get("/", "X: \r\n").size();
        return get("/", "X: " + std::string(size - around, 'x') + "\r\n");
    };
    BOOST_TEST(padded_to(1000).size() == 1000U);
    BOOST_TEST(refusal_of(padded_to(limits.header_bytes)) == 0U);
    BOOST_TEST(refusal_of(padded_to(limits.header_bytes + 1)) == 431U);
    BOOST_TEST(refusal_of(get("/" + std::string(limits.header_bytes, 'p'))) == 431U);
    // Bytes behind the header do not count.
    const auto parsed =
        net::parse_http(padded_to(limits.header_bytes) + std::string(limits.header_bytes, '\x81'), limits);
    BOOST_TEST((parsed.status == http_status::complete));
}

BOOST_AUTO_TEST_CASE(a_header_without_an_end_is_refused_at_the_limit) {
    const auto endless = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(limits.header_bytes, 'x');
    BOOST_TEST((net::parse_http(endless.substr(0, limits.header_bytes - 1), limits).status == http_status::need_more));
    BOOST_TEST(refusal_of(endless.substr(0, limits.header_bytes + 1)) == 431U);
    std::string many_fields = "GET / HTTP/1.1\r\nHost: a\r\n";
    while (many_fields.size() <= limits.header_bytes) many_fields += "A: b\r\n";
    BOOST_TEST(refusal_of(many_fields) == 431U);
}

// --- responses

BOOST_AUTO_TEST_CASE(a_response_says_how_long_it_is_and_whether_the_connection_stays) {
    auto request = request_in(get("/"));
    const auto response = net::make_response(request, 200, "text/plain", "ok\n", "Cache-Control: no-store\r\n");
    BOOST_TEST(response.starts_with("HTTP/1.1 200 OK\r\nDate: "));
    BOOST_TEST(response.find("\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n") != std::string::npos);
    BOOST_TEST(response.find("\r\nX-Content-Type-Options: nosniff\r\n") != std::string::npos);
    BOOST_TEST(response.find("\r\nConnection: keep-alive\r\n") != std::string::npos);
    BOOST_TEST(response.ends_with("\r\nCache-Control: no-store\r\n\r\nok\n"));
    request.keep_alive = false;
    BOOST_TEST(net::make_response(request, 200, "text/plain", "ok\n").find("\r\nConnection: close\r\n") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_answer_to_head_has_a_length_and_no_body) {
    const auto response =
        net::make_response(request_in("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), 200, "text/plain", "ok\n");
    BOOST_TEST(response.find("\r\nContent-Length: 3\r\n") != std::string::npos);
    BOOST_TEST(response.ends_with("\r\n\r\n"));
}

BOOST_DATA_TEST_CASE(every_refusal_has_its_reason_phrase,
                     data::make<std::string>({"400 Bad Request", "404 Not Found", "405 Method Not Allowed",
                                              "408 Request Timeout", "413 Payload Too Large", "426 Upgrade Required",
                                              "431 Request Header Fields Too Large", "501 Not Implemented",
                                              "503 Service Unavailable", "505 HTTP Version Not Supported"}),
                     line) {
    const auto response = net::make_refusal(static_cast<unsigned>(std::stoul(line.substr(0, 3))), "why");
    const std::string connection = line.starts_with("426") ? "close, Upgrade" : "close";
    BOOST_TEST(response.starts_with("HTTP/1.1 " + line + "\r\n"));
    BOOST_TEST(response.find("\r\nConnection: " + connection + "\r\n") != std::string::npos);
    BOOST_TEST(response.ends_with("\r\n\r\nwhy\n"));
}

BOOST_AUTO_TEST_CASE(an_access_token_is_found_in_the_header_and_in_the_query) {
    const auto token = [](std::string_view target, std::string_view field = {}) {
        return net::bearer_token(request_in(get(target, field)));
    };
    BOOST_TEST(token("/", "Authorization: Bearer a.b.c\r\n") == "a.b.c");
    BOOST_TEST(token("/?access_token=x", "authorization: bearer  a.b.c\r\n") == "a.b.c");
    BOOST_TEST(token("/?access_token=a.b.c") == "a.b.c");
    BOOST_TEST(token("/ws?x=1&access_token=a.b.c&access_token=d") == "a.b.c");
    BOOST_TEST(token("/?access_token=a.b.c", "Authorization: Basic eDp5\r\n") == "a.b.c");
    for (const char* const none : {"/", "/?", "/?&&", "/?access_token", "/?access_token=", "/?xaccess_token=a"})
        BOOST_TEST(token(none).empty(), none);
    BOOST_TEST(token("/", "Authorization: Bearer\r\n").empty());
    BOOST_TEST(token("/", "Authorization: Bearera.b.c\r\n").empty());
}

BOOST_AUTO_TEST_SUITE_END()
