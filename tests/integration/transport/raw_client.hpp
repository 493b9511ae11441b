#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace transport {

using std::chrono::milliseconds;

/// A frame as the server sent it.
struct server_frame {
    std::uint8_t opcode = 0;
    std::string payload;

    /// Of a close frame; 1005 if it has no code.
    [[nodiscard]] unsigned close_code() const;
};

struct http_response {
    unsigned status = 0;
    std::string header;
    std::string body;

    [[nodiscard]] bool has_line(std::string_view line) const;
};

/// A client that can do everything wrong: plain sockets, no library in between. Every wait is bounded by
/// support::patience() and fails the test there.
class raw_client {
public:
    /// Connects. `receive_buffer`: a small one (0: the system's) fills up soon.
    explicit raw_client(std::uint16_t port, int receive_buffer = 0);
    /// Takes over a connected socket.
    struct connected {
        int fd;
    };
    explicit raw_client(connected socket);
    ~raw_client();
    raw_client(const raw_client&) = delete;
    raw_client& operator=(const raw_client&) = delete;

    /// Sends all; bytes that the server does not take because it closed are dropped.
    void send(std::string_view bytes);
    /// The same, in packets of so many bytes.
    void send_in_pieces(std::string_view bytes, std::size_t piece_bytes);
    /// Sends what goes at once; 0 if the socket stays full for so long, or the server closed.
    std::size_t send_some(std::string_view bytes, milliseconds wait);
    void shutdown_write();

    /// Upgrades on `target`; `more_fields` are complete lines, `early` comes in the same packet. Requires 101, and
    /// gives the response.
    http_response upgrade(std::string_view target = "/", std::string_view more_fields = {},
                          std::string_view early = {});

    [[nodiscard]] http_response read_response(bool with_body = true);
    /// The next frame, which must be what RFC 6455 lets a server send; nullopt if the server has closed.
    [[nodiscard]] std::optional<server_frame> read_frame();
    /// Whether a frame, or the end, comes within so long.
    [[nodiscard]] bool anything_within(milliseconds wait);
    /// Drops what comes until the server has closed.
    void read_to_end();
    [[nodiscard]] bool was_reset() const { return reset_; }

private:
    bool receive(milliseconds wait);
    [[nodiscard]] bool need(std::size_t bytes);
    [[nodiscard]] std::string take(std::size_t bytes);

    int fd_ = -1;
    bool ended_ = false;
    bool reset_ = false;
    std::string received_;
};

/// For the constructor. Throw if nobody listens there.
[[nodiscard]] raw_client::connected connect_v6(std::uint16_t port);
[[nodiscard]] raw_client::connected connect_unix(const std::string& path);

/// Whether somebody listens on the port.
[[nodiscard]] bool can_connect(std::uint16_t port);

}  // namespace transport
