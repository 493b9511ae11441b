#include "net/frame.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace net {

using protocol::close_code;

namespace {

enum opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close_frame = 8, ping_frame = 9, pong_frame = 10 };

constexpr std::size_t longest_header = 14;
constexpr std::size_t longest_control_payload = 125;

struct header {
    bool final = false;
    std::uint8_t code = 0;
    std::uint64_t length = 0;
    std::array<char, 4> mask{};
    std::size_t size = 0;  ///< of the header itself; 0: it is not complete
    std::string_view wrong;

    [[nodiscard]] bool is_control() const { return (code & 8U) != 0; }
};

std::uint8_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); }

/// What is wrong with the first two bytes alone, so that it is refused as early as possible.
std::string_view fault_in(std::uint8_t first, std::uint8_t second) {
    const auto code = first & 15U;
    const auto length = second & 127U;
    if ((first & 0x70U) != 0) return "reserved bits are set";
    if (code > binary && code < close_frame) return "reserved opcode";
    if (code > pong_frame) return "reserved opcode";
    if ((second & 0x80U) == 0) return "a client's frames must be masked";
    if (code >= close_frame && (first & 0x80U) == 0) return "fragmented control frame";
    if (code >= close_frame && length > longest_control_payload) return "control frame over 125 bytes";
    return {};
}

/// RFC 6455, 5.2.
header parse_header(std::string_view bytes) {
    header h;
    if (bytes.size() < 2) return h;
    h.final = (byte_at(bytes, 0) & 0x80U) != 0;
    h.code = byte_at(bytes, 0) & 15U;
    h.wrong = fault_in(byte_at(bytes, 0), byte_at(bytes, 1));
    if (!h.wrong.empty()) return h;
    const auto short_length = byte_at(bytes, 1) & 127U;
    const std::size_t extended = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
    if (bytes.size() < 2 + extended + 4) return h;
    h.length = extended == 0 ? short_length : 0;
    for (std::size_t i = 0; i < extended; ++i) h.length = h.length << 8U | byte_at(bytes, 2 + i);
    if (extended == 2 && h.length < 126) h.wrong = "length is not minimally encoded";
    if (extended == 8 && h.length < 65536) h.wrong = "length is not minimally encoded";
    if (extended == 8 && h.length >> 63U != 0) h.wrong = "length over 63 bits";
    std::copy_n(bytes.data() + 2 + extended, 4, h.mask.begin());
    h.size = 2 + extended + 4;
    return h;
}

/// Eight bytes a step; `phase` is the place in the mask of the first byte.
void unmask(char* bytes, std::size_t count, const std::array<char, 4>& mask, std::size_t phase) {
    std::array<char, 8> wide{};
    for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = mask[(phase + i) & 3U];
    std::uint64_t key = 0;
    std::memcpy(&key, wide.data(), sizeof key);
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes + i, sizeof word);
        word ^= key;
        std::memcpy(bytes + i, &word, sizeof word);
    }
    for (; i < count; ++i) bytes[i] = static_cast<char>(bytes[i] ^ wide[i & 7U]);
}

/// RFC 6455, 7.4.1 and 7.4.2, and the codes registered since.
bool may_be_sent(unsigned code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

frame_event failure(close_code error, std::string_view why) {
    frame_event event;
    event.kind = frame_kind::failed;
    event.error = error;
    event.why = why;
    return event;
}

frame_event close_event(std::string_view payload) {
    frame_event event;
    event.kind = frame_kind::close;
    event.code = 1005;
    if (payload.empty()) return event;
    if (payload.size() == 1) return failure(close_code::protocol_error, "close frame with half a code");
    event.code = static_cast<std::uint16_t>(byte_at(payload, 0) << 8U | byte_at(payload, 1));
    event.payload = payload.substr(2);
    if (!may_be_sent(event.code)) return failure(close_code::protocol_error, "invalid close code");
    if (!protocol::is_valid_utf8(event.payload))
        return failure(close_code::invalid_utf8, "the close reason is not UTF-8");
    return event;
}

frame_event control_event(std::uint8_t code, std::string_view payload) {
    if (code == close_frame) return close_event(payload);
    frame_event event;
    event.kind = code == ping_frame ? frame_kind::ping : frame_kind::pong;
    event.payload = payload;
    return event;
}

void append_control(std::string& out, std::uint8_t code, std::string_view payload) {
    const auto cut = protocol::cut(payload, longest_control_payload);
    out.push_back(static_cast<char>(0x80U | code));
    out.push_back(static_cast<char>(cut.size()));
    out.append(cut);
}

}  // namespace

/// What is kept of a frame, or of a fragmented message, that is not complete.
struct message_reader::partial {
    std::array<char, longest_header> header_bytes{};
    std::size_t header_count = 0;
    header frame;  ///< valid while in_payload
    bool in_payload = false;
    std::uint64_t received = 0;  ///< of the frame's payload

    bool in_message = false;  ///< a fragmented message has begun
    bool delivered = false;   ///< `message` was given out and is to be forgotten
    std::string message;
    std::string control;
    protocol::utf8_validator validator;

    [[nodiscard]] bool idle() const { return header_count == 0 && !in_payload && !in_message; }
};

message_reader::message_reader() noexcept = default;
message_reader::~message_reader() = default;
message_reader::message_reader(message_reader&&) noexcept = default;
message_reader& message_reader::operator=(message_reader&&) noexcept = default;

std::size_t message_reader::pending_bytes() const {
    return partial_ ? partial_->header_count + partial_->message.size() + partial_->control.size() : 0;
}

frame_event message_reader::next(std::span<char>& input, std::size_t max_message_bytes) {
    if (partial_ && partial_->delivered) {
        partial_->delivered = false;
        partial_->message.clear();
    }
    if (partial_ && partial_->idle()) partial_.reset();
    if (partial_) return next_partial(input, max_message_bytes);
    if (input.empty()) return {};

    // The usual case: a whole message in the input, which is given out where it lies.
    const auto h = parse_header({input.data(), input.size()});
    if (!h.wrong.empty()) return failure(close_code::protocol_error, h.wrong);
    const bool whole = h.size > 0 && h.final && h.length <= input.size() - h.size;
    if (!whole || h.code == continuation || h.code == binary || h.length > max_message_bytes) {
        partial_ = std::make_unique<partial>();
        return next_partial(input, max_message_bytes);
    }
    char* const bytes = input.data() + h.size;
    const auto length = static_cast<std::size_t>(h.length);
    unmask(bytes, length, h.mask, 0);
    input = input.subspan(h.size + length);
    const std::string_view payload(bytes, length);
    if (h.is_control()) return control_event(h.code, payload);
    if (!protocol::is_valid_utf8(payload)) return failure(close_code::invalid_utf8, "not UTF-8");
    frame_event event;
    event.kind = frame_kind::text;
    event.payload = payload;
    return event;
}

frame_event message_reader::next_partial(std::span<char>& input, std::size_t max_message_bytes) {
    partial& p = *partial_;
    for (;;) {
        if (!p.in_payload) {
            const auto problem = take_header(input, max_message_bytes);
            if (problem.kind == frame_kind::failed) return problem;
            if (!p.in_payload) return {};
        }
        const auto problem = take_payload(input);
        if (problem.kind == frame_kind::failed) return problem;
        if (p.received < p.frame.length) return {};
        p.in_payload = false;
        if (p.frame.is_control()) {
            return control_event(p.frame.code, p.control);
        }
        if (!p.frame.final) continue;
        if (!p.validator.complete())
            return failure(close_code::invalid_utf8, "not UTF-8: the text ends inside a character");
        p.in_message = false;
        p.delivered = true;
        p.validator.reset();
        frame_event event;
        event.kind = frame_kind::text;
        event.payload = p.message;
        return event;
    }
}

frame_event message_reader::take_header(std::span<char>& input, std::size_t max_message_bytes) {
    partial& p = *partial_;
    header h;
    // A byte at a time: a header is short, and a wrong one is refused at its second byte.
    while (h.size == 0 && !input.empty()) {
        p.header_bytes[p.header_count++] = input.front();
        input = input.subspan(1);
        h = parse_header({p.header_bytes.data(), p.header_count});
        if (!h.wrong.empty()) return failure(close_code::protocol_error, h.wrong);
    }
    if (h.size == 0) return {};
    if (h.code == binary) return failure(close_code::unsupported_data, "binary messages are not taken");
    if (h.code == continuation && !p.in_message) return failure(close_code::protocol_error, "continuation of nothing");
    if (h.code == text && p.in_message)
        return failure(close_code::protocol_error, "a new message inside a fragmented one");
    if (!h.is_control() && h.length > max_message_bytes - std::min(max_message_bytes, p.message.size())) {
        return failure(close_code::too_big, "the message is too big");
    }
    p.frame = h;
    p.header_count = 0;
    p.received = 0;
    p.in_payload = true;
    if (h.is_control()) {
        p.control.clear();
    } else {
        p.in_message = true;
    }
    return {};
}

frame_event message_reader::take_payload(std::span<char>& input) {
    partial& p = *partial_;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), p.frame.length - p.received));
    unmask(input.data(), count, p.frame.mask, p.received & 3U);
    const std::string_view bytes(input.data(), count);
    input = input.subspan(count);
    p.received += count;
    if (p.frame.is_control()) {
        p.control.append(bytes);
        return {};
    }
    p.message.append(bytes);
    const bool valid = p.validator.feed(bytes);
    return valid ? frame_event{} : failure(close_code::invalid_utf8, "not UTF-8");
}

void append_ping(std::string& out, std::string_view payload) { append_control(out, ping_frame, payload); }

void append_pong(std::string& out, std::string_view payload) {
    // Comes back as it was, text or not.
    const auto cut = payload.substr(0, longest_control_payload);
    out.push_back(static_cast<char>(0x80U | pong_frame));
    out.push_back(static_cast<char>(cut.size()));
    out.append(cut);
}

void append_close(std::string& out, std::uint16_t code, std::string_view reason) {
    std::string payload;
    if (code != 1005) {
        payload.push_back(static_cast<char>(code >> 8U));
        payload.push_back(static_cast<char>(code & 255U));
        payload.append(protocol::cut(reason, longest_control_payload - 2));
    }
    out.push_back(static_cast<char>(0x80U | close_frame));
    out.push_back(static_cast<char>(payload.size()));
    out.append(payload);
}

}  // namespace net
