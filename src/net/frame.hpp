#pragma once

#include "protocol/numeric.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace net {

/// What the next frames of a client mean to the session.
enum class frame_kind : std::uint8_t {
    need_more,  ///< all input is consumed; the rest of the frame or message is still to come
    text,       ///< a complete text message in `payload`
    ping,       ///< `payload` wants to come back in a pong
    pong,
    close,   ///< the client closes; `code` (1005 if it gave none) and reason in `payload` are valid
    failed,  ///< RFC 6455 violated, binary, not UTF-8 or too big: close with `error`; the reader must not be used again
};

struct frame_event {
    frame_kind kind = frame_kind::need_more;
    std::string_view payload;
    std::uint16_t code = 0;
    protocol::close_code error = protocol::close_code::protocol_error;
    std::string_view why;  ///< static text for `bye` and the log, if failed
};

/// Server side of RFC 6455 framing without I/O: strict about masks, reserved bits, opcodes, minimal lengths, control
/// frames, close codes and UTF-8, which is checked as it arrives (RFC 6455, 5 and 8.1). One per connection; an idle
/// reader owns no memory beside itself.
class message_reader {
public:
    message_reader() noexcept;
    ~message_reader();
    message_reader(message_reader&&) noexcept;
    message_reader& operator=(message_reader&&) noexcept;

    /// Takes one event from the front of `input`, which is unmasked in place and shortened by what was consumed.
    /// `payload` points into the input or into the reader and is valid until the next call. A message over
    /// `max_message_bytes` fails with 1009 as soon as a header says so. Only bytes that came are stored, whatever
    /// length a header claims. Linear in the input, however it is cut.
    [[nodiscard]] frame_event next(std::span<char>& input, std::size_t max_message_bytes);

    /// Bytes held for a message that is not complete.
    [[nodiscard]] std::size_t pending_bytes() const;

private:
    struct partial;

    [[nodiscard]] frame_event next_partial(std::span<char>& input, std::size_t max_message_bytes);
    [[nodiscard]] frame_event take_header(std::span<char>& input, std::size_t max_message_bytes);
    [[nodiscard]] frame_event take_payload(std::span<char>& input);

    std::unique_ptr<partial> partial_;
};

/// Appends an unmasked control frame (payload at most 125 bytes; longer is cut, text at a character boundary).
void append_ping(std::string& out, std::string_view payload);
void append_pong(std::string& out, std::string_view payload);
void append_close(std::string& out, std::uint16_t code, std::string_view reason);

}  // namespace net
