#include "ctl/http_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <stdexcept>
#include <string_view>

#include <sys/socket.h>
#include <sys/time.h>

namespace ctl {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr timeval patience{30, 0};

using socket = asio::generic::stream_protocol::socket;

/// "127.0.0.1:3013", "[::1]:3013".
std::pair<std::string, std::string> split_authority(std::string_view authority) {
    const auto colon = authority.rfind(':');
    if (colon == std::string_view::npos) throw std::runtime_error("the address has no port");
    auto host = authority.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return {std::string(host), std::string(authority.substr(colon + 1))};
}

void connect(socket& to, asio::io_context& context, const std::string& base) {
    constexpr std::string_view scheme = "http://";
    if (base.starts_with("unix:")) {
        to.connect(asio::local::stream_protocol::endpoint(base.substr(5)));
        return;
    }
    if (!base.starts_with(scheme)) throw std::runtime_error("http://HOST:PORT or unix:/PATH was expected");
    const std::string_view rest = std::string_view(base).substr(scheme.size());
    const auto [host, port] = split_authority(rest.substr(0, rest.find('/')));
    asio::ip::tcp::resolver resolver(context);
    boost::system::error_code ec = asio::error::host_not_found;
    for (const auto& place : resolver.resolve(host, port)) {
        to = socket(context);
        to.connect(place.endpoint(), ec);
        if (!ec) return;
    }
    throw boost::system::system_error(ec);
}

}  // namespace

http_answer ask(const std::string& base, const std::string& token, const std::string& method, const std::string& target,
                const std::string& body) {
    try {
        asio::io_context context;
        socket to(context);
        connect(to, context, base);
        ::setsockopt(to.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(to.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        http::request<http::string_body> request;
        request.method_string(method);
        request.target(target);
        request.version(11);
        request.set(http::field::host, "signaller");
        request.set(http::field::connection, "close");
        if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
        request.body() = body;
        request.prepare_payload();
        http::write(to, request);
        boost::beast::flat_buffer buffer;
        http::response_parser<http::string_body> response;
        response.body_limit(64 * 1024 * 1024);
        http::read(to, buffer, response);
        return {response.get().result_int(), response.get().body()};
    } catch (const boost::system::system_error& e) {
        throw std::runtime_error(base + ": " + e.code().message());
    }
}

}  // namespace ctl
