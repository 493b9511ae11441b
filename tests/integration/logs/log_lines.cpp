#include "integration/logs/log_lines.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <istream>
#include <iterator>
#include <sstream>

#include <sys/socket.h>
#include <sys/time.h>

namespace logs {

std::vector<logged> all_lines(support::server_process& server) {
    server.terminate();
    BOOST_REQUIRE(server.wait_exit() == 0);
    const auto text = server.errors();
    BOOST_REQUIRE(text.ends_with('\n'));
    std::vector<logged> all;
    std::istringstream lines(text);
    for (std::string each; std::getline(lines, each);) {
        boost::json::error_code ec;
        const auto value = boost::json::parse(each, ec);
        BOOST_REQUIRE_MESSAGE(!ec && value.is_object(), "no JSON object: " << each);
        all.push_back(value.as_object());
        for (const auto* const key : {"time", "level", "event"})
            BOOST_REQUIRE_MESSAGE(all.back().contains(key), "no " << key << ": " << each);
    }
    return all;
}

std::vector<logged> of(const std::vector<logged>& lines, std::string_view event) {
    std::vector<logged> found;
    std::copy_if(lines.begin(), lines.end(), std::back_inserter(found),
                 [event](const logged& line) { return text_in(line, "event") == event; });
    return found;
}

logged only(const std::vector<logged>& lines, std::string_view event) {
    const auto found = of(lines, event);
    BOOST_REQUIRE_MESSAGE(found.size() == 1, found.size() << " lines of " << event << ", expected one");
    return found.front();
}

std::string text_in(const logged& line, std::string_view key) {
    const auto* const value = line.if_contains(key);
    BOOST_REQUIRE_MESSAGE(value && value->is_string(), "no text " << key);
    return std::string(value->as_string());
}

std::int64_t number_in(const logged& line, std::string_view key) {
    const auto* const value = line.if_contains(key);
    BOOST_REQUIRE_MESSAGE(value && value->is_int64(), "no number " << key);
    return value->as_int64();
}

std::string ask_upgrade(std::uint16_t port, std::string_view target, std::string_view more_fields) {
    namespace asio = boost::asio;
    asio::io_context context;
    asio::ip::tcp::socket socket(context);
    socket.connect({asio::ip::address_v4::loopback(), port});
    const auto patience = std::chrono::duration_cast<std::chrono::seconds>(support::patience());
    const timeval limit{patience.count(), 0};
    BOOST_REQUIRE(::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    std::string request = "GET ";
    request.append(target).append(" HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
    request.append("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    request.append(more_fields).append("\r\n");
    asio::write(socket, asio::buffer(request));
    asio::streambuf answer;
    asio::read_until(socket, answer, "\r\n");
    std::istream stream(&answer);
    std::string status;
    std::getline(stream, status);
    return status;
}

}  // namespace logs
