#include "ctl/http_client.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <optional>
#include <stdexcept>
#include <string_view>

namespace ctl {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

using boost::system::error_code;
using socket = asio::generic::stream_protocol::socket;

/// For all steps of an exchange together. A socket's own time-out (SO_RCVTIMEO) would not do: Asio waits on after it.
class deadline {
public:
    deadline(asio::io_context& of, const std::string& whom, std::chrono::seconds patience)
        : of_(of),
          whom_(whom),
          patience_(patience),
          end_(std::chrono::steady_clock::now() + patience) {}

    /// `start` begins a step, with the handler that is told of its end. What is late goes with the io_context.
    template <class Start>
    [[nodiscard]] error_code wait_for(Start start) {
        std::optional<error_code> result;
        start([&result](error_code ec, const auto&...) { result = ec; });
        of_.restart();
        while (!result && of_.run_one_until(end_) > 0) continue;
        if (!result) throw std::runtime_error(whom_ + ": no answer within " + std::to_string(patience_.count()) + " s");
        return *result;
    }

private:
    asio::io_context& of_;
    const std::string& whom_;
    std::chrono::seconds patience_;
    std::chrono::steady_clock::time_point end_;
};

void check(error_code ec) {
    if (ec) throw boost::system::system_error(ec);
}

/// "127.0.0.1:3013", "[::1]:3013".
std::pair<std::string, std::string> split_authority(std::string_view authority) {
    const auto colon = authority.rfind(':');
    if (colon == std::string_view::npos) throw std::runtime_error("the address has no port");
    auto host = authority.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return {std::string(host), std::string(authority.substr(colon + 1))};
}

void connect(socket& to, asio::io_context& context, deadline& time, const std::string& base) {
    constexpr std::string_view scheme = "http://";
    if (base.starts_with("unix:")) {
        const asio::local::stream_protocol::endpoint place(base.substr(5));
        check(time.wait_for([&](auto handler) { to.async_connect(place, handler); }));
        return;
    }
    if (!base.starts_with(scheme)) throw std::runtime_error("http://HOST:PORT or unix:/PATH was expected");
    const std::string_view rest = std::string_view(base).substr(scheme.size());
    const auto [host, port] = split_authority(rest.substr(0, rest.find('/')));
    asio::ip::tcp::resolver resolver(context);
    asio::ip::tcp::resolver::results_type places;
    check(time.wait_for([&, &host = host, &port = port](auto handler) {
        resolver.async_resolve(host, port, [&places, handler](error_code ec, const auto& found) {
            places = found;
            handler(ec);
        });
    }));
    error_code ec = asio::error::host_not_found;
    for (const auto& place : places) {
        to = socket(context);
        ec = time.wait_for([&](auto handler) { to.async_connect(place.endpoint(), handler); });
        if (!ec) return;
    }
    check(ec);
}

}  // namespace

http_answer ask(const std::string& base, const std::string& token, const std::string& method, const std::string& target,
                const std::string& body, std::chrono::seconds patience) {
    try {
        asio::io_context context;
        deadline time(context, base, patience);
        socket to(context);
        connect(to, context, time, base);
        http::request<http::string_body> request;
        request.method_string(method);
        request.target(target);
        request.version(11);
        request.set(http::field::host, "signaller");
        request.set(http::field::connection, "close");
        if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
        request.body() = body;
        request.prepare_payload();
        check(time.wait_for([&](auto handler) { http::async_write(to, request, handler); }));
        boost::beast::flat_buffer buffer;
        http::response_parser<http::string_body> response;
        response.body_limit(64 * 1024 * 1024);
        check(time.wait_for([&](auto handler) { http::async_read(to, buffer, response, handler); }));
        return {response.get().result_int(), response.get().body()};
    } catch (const boost::system::system_error& e) {
        throw std::runtime_error(base + ": " + e.code().message());
    }
}

}  // namespace ctl
