#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

namespace support {

using event = boost::json::object;
using here = std::source_location;

/// One client of the server, as a browser would be one. Synchronous; every wait is bounded by patience(), and what does
/// not come throws with the line of the test that waited for it.
class client {
public:
    struct options {
        std::string path = "/";
        int receive_buffer_bytes = 0;  ///< small, so that a client that does not read is noticed soon; 0: the system's
        std::string subprotocols = {};
        std::string address = "127.0.0.1";
        std::string authorization = {};  ///< the header of the upgrade request; empty: none
    };

    explicit client(std::uint16_t port);
    client(std::uint16_t port, options wanted);
    ~client();
    client(client&&) noexcept;
    client& operator=(client&&) noexcept;

    void send(std::string_view message);
    void send_binary(std::string_view message);

    /// The next event.
    [[nodiscard]] event next(here at = here::current());
    /// The next event, which has to be of this type.
    event expect(std::string_view type, here at = here::current());
    /// The same, with these fields among its own.
    event expect(std::string_view type, const event& fields, here at = here::current());
    /// The next event, which has to be this error.
    event expect_error(int code, here at = here::current());
    /// The next event if it comes within `limit`; for programs that drive several clients in turns.
    std::optional<event> poll(std::chrono::milliseconds limit, here at = here::current());
    /// Everything up to the next event of this type, which is returned; the others are dropped.
    event skip_to(std::string_view type, here at = here::current());
    /// Nothing is under way: the answer to a ping is what comes next.
    void expect_nothing(here at = here::current());
    /// The connection closes with this code; before it comes `bye`, unless the code is 1000. Returns the `bye`.
    event expect_close(int code, here at = here::current());
    /// The same after any other events, which are dropped.
    event skip_to_close(int code, here at = here::current());

    /// Sends the command with a label, and returns its reply.
    event ask(std::string_view command, here at = here::current());

    /// Describes itself and keeps id and session from the `welcome`, which is returned. `json` without braces: `"name":
    /// "alice"`.
    event describe(std::string_view json = {}, here at = here::current());
    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] const std::string& session() const { return session_; }
    /// `"id": …, "session": …` for another client that takes over or comes back.
    [[nodiscard]] std::string proof() const;

    /// Ends the connection without a word.
    void drop();
    /// The closing handshake, asked for by the client.
    void close(int code = 1000);

    [[nodiscard]] std::string selected_subprotocol() const;

private:
    struct connection;
    [[nodiscard]] std::string read_message(here at);
    void expect_close_frame(int code, here at);

    std::unique_ptr<connection> connection_;
    std::string id_;
    std::string session_;
    unsigned labels_ = 0;
};

/// Throws with the line of the caller unless all `fields` are among the event's.
void require(const event& got, const event& fields, here at = here::current());
/// The names of an event's fields in order, with spaces between.
[[nodiscard]] std::string fields_of(const event& from);

/// 24 hexadecimal digits that nobody else has.
[[nodiscard]] std::string make_id();
/// A channel's name, with its `#`.
[[nodiscard]] std::string make_channel();

[[nodiscard]] std::string text_of(const event& from, std::string_view key);
[[nodiscard]] std::int64_t number_of(const event& from, std::string_view key);
[[nodiscard]] bool flag_of(const event& from, std::string_view key);
/// `peer.id` of an event, say.
[[nodiscard]] std::string id_in(const event& from, std::string_view key);

/// Sends `command` until its reply is of this type: for what needs a moment to be known, with an answer each time.
event ask_until(client& who, const std::string& command, std::string_view type, here at = here::current());

}  // namespace support
