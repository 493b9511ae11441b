#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

struct bio_st;
struct ssl_st;

namespace net {

class tls_context;

/// TLS over a connected, non-blocking socket, which it does not own. Owned by a session; used on one thread at a time,
/// on another after a move. It keeps ciphertext only where the socket took less than what was encrypted: at most a
/// few records; waiting for input it owns no buffer at all. Nothing here blocks.
class tls_stream {
public:
    tls_stream(const tls_context& with, int fd);
    ~tls_stream();
    tls_stream(const tls_stream&) = delete;
    tls_stream& operator=(const tls_stream&) = delete;

    enum class handshake_state : std::uint8_t {
        under_way,  ///< to be called again when there is input
        done,
        plain_text,  ///< the client does not speak TLS but, it seems, HTTP; nothing was sent
        failed,      ///< the alert is on its way
    };
    [[nodiscard]] handshake_state handshake();

    enum class reading : std::uint8_t { some, none_yet, ended, failed };
    struct received {
        reading kind = reading::none_yet;
        std::size_t count = 0;
    };
    /// What has come, decrypted; takes a bounded amount from the socket, so that no client keeps others waiting.
    [[nodiscard]] received read(char* into, std::size_t capacity);
    /// There is more to read although the socket may have nothing.
    [[nodiscard]] bool has_input() const { return has_input_; }
    /// The last handshake() or read() got less from the socket than it asked for.
    [[nodiscard]] bool emptied_socket() const { return emptied_socket_; }

    /// Bytes of the pieces that were taken. Fewer than given: the socket is full, as has_waiting() then says, too; once
    /// broken() everything is taken, and goes nowhere.
    [[nodiscard]] std::size_t write(std::span<const std::string_view> pieces);

    /// close_notify: nothing more comes from here.
    void say_end();

    /// Ciphertext waits for the socket: send_waiting() is to be called when that is writable. The same bytes are never
    /// encrypted twice, so what was taken is not given again.
    [[nodiscard]] bool has_waiting() const { return !waiting_.empty(); }
    /// True if nothing waits any more.
    bool send_waiting();

    /// Nothing more goes to the client, or it misused the protocol.
    [[nodiscard]] bool broken() const { return broken_; }
    /// After a handshake that failed: OpenSSL's word for why.
    [[nodiscard]] std::string_view failed_because() const { return failed_because_; }

private:
    struct callbacks;

    void begin();
    void push_out();
    [[nodiscard]] std::size_t send_now(std::string_view bytes);
    int take_input(bio_st* from, char* into, int capacity);

    ssl_st* ssl_;
    int fd_;
    const char* failed_because_ = "";
    std::string waiting_;
    std::size_t input_budget_ = 0;
    std::uint16_t key_updates_ = 0;
    char first_byte_ = 0;
    bool has_input_ = false;
    bool emptied_socket_ = false;
    bool socket_ended_ = false;
    bool broken_ = false;
};

}  // namespace net
