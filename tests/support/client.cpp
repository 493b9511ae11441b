#include "support/client.hpp"

#include "protocol/object_id.hpp"
#include "support/server_process.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace support {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

namespace {

[[noreturn]] void complain(here at, const std::string& what) {
    throw std::runtime_error(std::string(at.file_name()) + ":" + std::to_string(at.line()) + ": " + what);
}

std::string shown(const event& e) { return boost::json::serialize(e); }

std::string close_text(const websocket::close_reason& reason) {
    return reason.code == 0 ? std::string() : ", code " + std::to_string(reason.code);
}

}  // namespace

struct client::connection {
    asio::io_context context{1};
    websocket::stream<asio::ip::tcp::socket> stream{context};
    beast::flat_buffer buffer;
    std::string subprotocol;
    bool is_reading = false;
    std::optional<beast::error_code> read_result;

    /// Runs the context until `finished`, or not longer than `limit`; what is there already is done in no time at all.
    template <class Condition>
    bool run(Condition finished, std::chrono::milliseconds limit) {
        const auto deadline = std::chrono::steady_clock::now() + limit;
        context.restart();
        while (!finished()) {
            if (context.poll_one() == 0 && context.run_one_until(deadline) == 0) break;
        }
        return finished();
    }

    /// Runs one operation to its end, or the time limit, and keeps its result alive for an operation that outlives us.
    template <class Start>
    beast::error_code complete(Start start) {
        const auto result = std::make_shared<std::optional<beast::error_code>>();
        start([result](beast::error_code ec, auto&&...) { *result = ec; });
        const bool finished = run([&] { return result->has_value(); }, patience());
        return finished ? **result : make_error_code(asio::error::timed_out);
    }

    /// Nothing is read from the socket but here: a client that does not ask is a slow reader. A read that took too long
    /// goes on in the next call.
    std::optional<beast::error_code> read(std::chrono::milliseconds limit) {
        if (!is_reading) {
            is_reading = true;
            read_result.reset();
            buffer.clear();
            stream.async_read(buffer, [this](beast::error_code ec, std::size_t) { read_result = ec; });
        }
        if (run([&] { return read_result.has_value(); }, limit)) is_reading = false;
        return read_result;
    }
};

client::client(std::uint16_t port) : client(port, options{}) {}

client::client(std::uint16_t port, options wanted) : connection_(std::make_unique<connection>()) {
    auto& stream = connection_->stream;
    auto& socket = stream.next_layer();
    socket.open(asio::ip::tcp::v4());
    if (wanted.receive_buffer_bytes > 0)
        socket.set_option(asio::socket_base::receive_buffer_size(wanted.receive_buffer_bytes));
    socket.connect({asio::ip::make_address(wanted.address), port});
    socket.set_option(asio::ip::tcp::no_delay(true));
    stream.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
        if (!wanted.subprotocols.empty()) request.set(beast::http::field::sec_websocket_protocol, wanted.subprotocols);
        if (!wanted.authorization.empty()) request.set(beast::http::field::authorization, wanted.authorization);
    }));
    stream.read_message_max(64 * 1024 * 1024);
    websocket::response_type response;
    const auto ec = connection_->complete(
        [&](auto done) { stream.async_handshake(response, wanted.address, wanted.path, std::move(done)); });
    if (ec)
        throw std::runtime_error("no WebSocket: " + ec.message() + ", status " + std::to_string(response.result_int()));
    connection_->subprotocol = response[beast::http::field::sec_websocket_protocol];
}

client::~client() = default;
client::client(client&&) noexcept = default;
client& client::operator=(client&&) noexcept = default;

void client::send(std::string_view message) {
    auto& stream = connection_->stream;
    stream.text(true);
    const auto ec = connection_->complete(
        [&](auto done) { stream.async_write(asio::const_buffer(message.data(), message.size()), std::move(done)); });
    if (ec) throw std::runtime_error("cannot send: " + ec.message());
}

void client::send_binary(std::string_view message) {
    connection_->stream.binary(true);
    const auto ec = connection_->complete([&](auto done) {
        connection_->stream.async_write(asio::const_buffer(message.data(), message.size()), std::move(done));
    });
    if (ec) throw std::runtime_error("cannot send: " + ec.message());
}

std::string client::read_message(here at) {
    const auto result = connection_->read(patience());
    if (!result) complain(at, "no event in time");
    if (*result) complain(at, "no event but: " + result->message() + close_text(connection_->stream.reason()));
    return beast::buffers_to_string(connection_->buffer.data());
}

std::optional<event> client::poll(std::chrono::milliseconds limit, here at) {
    const auto result = connection_->read(limit);
    if (!result) return std::nullopt;
    if (*result) complain(at, "no event but: " + result->message() + close_text(connection_->stream.reason()));
    return boost::json::parse(beast::buffers_to_string(connection_->buffer.data())).as_object();
}

event client::next(here at) { return boost::json::parse(read_message(at)).as_object(); }

event client::expect(std::string_view type, here at) {
    auto got = next(at);
    if (text_of(got, "type") != type) complain(at, "expected " + std::string(type) + ", got " + shown(got));
    return got;
}

event client::expect(std::string_view type, const event& fields, here at) {
    auto got = expect(type, at);
    require(got, fields, at);
    return got;
}

event client::expect_error(int code, here at) {
    auto got = expect("error", at);
    if (number_of(got, "code") != code) complain(at, "expected error " + std::to_string(code) + ", got " + shown(got));
    return got;
}

event client::skip_to(std::string_view type, here at) {
    for (;;) {
        auto got = next(at);
        if (text_of(got, "type") == type) return got;
    }
}

void client::expect_nothing(here at) {
    const auto label = "nothing." + std::to_string(++labels_);
    send("@label=" + label + " /ping");
    const auto got = next(at);
    if (text_of(got, "type") != "pong" || text_of(got, "label") != label)
        complain(at, "expected nothing, got " + shown(got));
}

event client::expect_close(int code, here at) {
    event bye;
    if (code != 1000) {
        bye = expect("bye", at);
        if (number_of(bye, "code") != code)
            complain(at, "expected bye " + std::to_string(code) + ", got " + shown(bye));
    }
    expect_close_frame(code, at);
    return bye;
}

event client::skip_to_close(int code, here at) {
    auto bye = skip_to("bye", at);
    if (number_of(bye, "code") != code) complain(at, "expected bye " + std::to_string(code) + ", got " + shown(bye));
    expect_close_frame(code, at);
    return bye;
}

void client::expect_close_frame(int code, here at) {
    const auto ec = connection_->read(patience());
    if (!ec) complain(at, "expected the close, got nothing");
    if (!*ec) complain(at, "expected the close, got " + beast::buffers_to_string(connection_->buffer.data()));
    if (*ec != websocket::error::closed) complain(at, "expected a close frame, got " + ec->message());
    const int got = connection_->stream.reason().code;
    if (got != code) complain(at, "expected close code " + std::to_string(code) + ", got " + std::to_string(got));
}

event client::ask(std::string_view command, here at) {
    const auto label = "ask." + std::to_string(++labels_);
    send("@label=" + label + " " + std::string(command));
    auto got = next(at);
    if (!got.contains("label") || text_of(got, "label") != label)
        complain(at, "expected the reply to " + std::string(command.substr(0, 100)) + ", got " + shown(got));
    return got;
}

event client::describe(std::string_view json, here at) {
    send("/descp {" + std::string(json) + "}");
    auto welcome = expect("welcome", at);
    id_ = text_of(welcome, "id");
    session_ = text_of(welcome, "session");
    return welcome;
}

std::string client::proof() const { return R"("id": ")" + id_ + R"(", "session": ")" + session_ + '"'; }

void client::drop() { connection_->stream.next_layer().close(); }

void client::close(int code) {
    const auto ec = connection_->complete([&](auto done) {
        connection_->stream.async_close(websocket::close_reason(static_cast<websocket::close_code>(code)),
                                        std::move(done));
    });
    if (ec) throw std::runtime_error("the closing handshake failed: " + ec.message());
}

std::string client::selected_subprotocol() const { return connection_->subprotocol; }

void require(const event& got, const event& fields, here at) {
    for (const auto& [key, value] : fields) {
        const auto* const found = got.if_contains(key);
        if (!found || *found != value) complain(at, "expected " + shown(fields) + " in " + shown(got));
    }
}

std::string fields_of(const event& from) {
    std::vector<std::string> names;
    for (const auto& [key, value] : from) names.emplace_back(key);
    std::ranges::sort(names);
    std::string list;
    for (const auto& name : names) list.append(list.empty() ? "" : " ").append(name);
    return list;
}

std::string make_id() { return protocol::peer_id::make().hex(); }

std::string make_channel() { return "#" + protocol::channel_id::make().hex(); }

std::string text_of(const event& from, std::string_view key) {
    const auto* const value = from.if_contains(key);
    if (!value || !value->is_string())
        throw std::runtime_error("no text \"" + std::string(key) + "\" in " + shown(from));
    return std::string(value->as_string());
}

std::int64_t number_of(const event& from, std::string_view key) {
    const auto* const value = from.if_contains(key);
    if (!value || !value->is_number())
        throw std::runtime_error("no number \"" + std::string(key) + "\" in " + shown(from));
    return value->to_number<std::int64_t>();
}

bool flag_of(const event& from, std::string_view key) {
    const auto* const value = from.if_contains(key);
    if (!value || !value->is_bool())
        throw std::runtime_error("no truth \"" + std::string(key) + "\" in " + shown(from));
    return value->as_bool();
}

std::string id_in(const event& from, std::string_view key) {
    const auto* const value = from.if_contains(key);
    if (!value || !value->is_object())
        throw std::runtime_error("no object \"" + std::string(key) + "\" in " + shown(from));
    return text_of(value->as_object(), "id");
}

event ask_until(client& who, const std::string& command, std::string_view type, here at) {
    const auto deadline = std::chrono::steady_clock::now() + patience();
    for (;;) {
        auto answer = who.ask(command, at);
        if (text_of(answer, "type") == type) return answer;
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("never answered by " + std::string(type) + ": " + command);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

}  // namespace support
