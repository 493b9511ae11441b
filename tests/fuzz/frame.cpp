#include "net/frame.hpp"

#include "fuzz/require.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using fuzz::require;
using net::frame_kind;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

struct seen_event {
    frame_kind kind = frame_kind::need_more;
    std::string payload;
    unsigned code = 0;  ///< of the client's close frame, or the one to close with

    bool operator==(const seen_event&) const = default;
};

using events = std::vector<seen_event>;

/// Nothing is read after a close or a failure.
bool is_last(const seen_event& event) { return event.kind == frame_kind::failed || event.kind == frame_kind::close; }

// --- what the reader says

class reading {
public:
    explicit reading(std::size_t limit) : limit_(limit) {}

    /// The piece is copied to a block of exactly its size, so that the sanitizer sees every byte too far.
    void feed(std::string_view piece) {
        const auto block = std::make_unique<char[]>(piece.size());
        std::copy(piece.begin(), piece.end(), block.get());
        std::span<char> input(block.get(), piece.size());
        fed_ += piece.size();
        while (seen.empty() || !is_last(seen.back())) {
            const auto before = input.size();
            const auto event = reader_.next(input, limit_);
            require(input.size() <= before, "input is only ever shortened");
            require(reader_.pending_bytes() <= fed_, "no more is held than came");
            if (event.kind == frame_kind::need_more) {
                require(input.empty(), "all input is taken");
                return;
            }
            check(event);
            seen.push_back({event.kind, std::string(event.payload),
                            event.kind == frame_kind::failed ? static_cast<unsigned>(event.error) : event.code});
        }
    }

    events seen;

private:
    void check(const net::frame_event& event) const {
        require(event.why.empty() != (event.kind == frame_kind::failed), "a failure, and nothing else, says why");
        if (event.kind == frame_kind::text) {
            require(event.payload.size() <= limit_, "no message is over the limit");
            require(protocol::is_valid_utf8(event.payload), "a text is UTF-8");
        } else {
            require(event.payload.size() <= 125, "no control frame is over 125 bytes");
        }
    }

    net::message_reader reader_;
    std::size_t limit_;
    std::size_t fed_ = 0;
};

// --- what RFC 6455 says, told slowly

class model {
public:
    model(std::string_view bytes, std::size_t limit) : bytes_(bytes), limit_(limit) {}

    events run() {
        while (!done_ && take_frame()) {
        }
        return std::move(seen_);
    }

private:
    struct frame {
        bool final = false;
        unsigned code = 0;
        std::string payload;
        bool whole = false;
    };

    bool fail(unsigned code) {
        seen_.push_back({frame_kind::failed, {}, code});
        done_ = true;
        return false;
    }

    unsigned at(std::size_t i) const { return static_cast<unsigned char>(bytes_[i]); }

    bool take_frame() {
        if (bytes_.size() < 2) return false;
        const unsigned code = at(0) & 15U;
        const bool final = (at(0) & 128U) != 0;
        const bool control = code >= 8;
        std::uint64_t length = at(1) & 127U;
        if ((at(0) & 112U) != 0 || (code > 2 && code < 8) || code > 10) return fail(1002);
        if ((at(1) & 128U) == 0 || (control && (!final || length > 125))) return fail(1002);
        const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
        const std::size_t header = 2 + extended + 4;
        if (bytes_.size() < header) return false;
        const std::uint64_t least = length == 126 ? 126 : 65536;
        if (extended > 0) {
            length = 0;
            for (std::size_t i = 0; i < extended; ++i) length = length * 256 + at(2 + i);
            if (length < least || length > INT64_MAX) return fail(1002);
        }
        if (code == 2) return fail(1003);
        if (code == 0 && !message_) return fail(1002);
        if (code == 1 && message_) return fail(1002);
        const std::size_t before = message_ ? message_->size() : 0;
        if (!control && (length > limit_ || before + length > limit_)) return fail(1009);

        frame f{final, code, {}, bytes_.size() - header >= length};
        const auto count = std::min<std::uint64_t>(length, bytes_.size() - header);
        for (std::size_t i = 0; i < count; ++i)
            f.payload.push_back(static_cast<char>(bytes_[header + i] ^ bytes_[2 + extended + i % 4]));
        bytes_.remove_prefix(header + static_cast<std::size_t>(count));
        return control ? act_on_control(f) : act_on_text(f);
    }

    bool act_on_control(const frame& f) {
        if (!f.whole) return false;
        if (f.code != 8) {
            seen_.push_back({f.code == 9 ? frame_kind::ping : frame_kind::pong, f.payload, 0});
            return true;
        }
        done_ = true;
        if (f.payload.size() == 1) return fail(1002);
        if (f.payload.empty()) {
            seen_.push_back({frame_kind::close, {}, 1005});
            return false;
        }
        const unsigned code =
            static_cast<unsigned char>(f.payload[0]) * 256U + static_cast<unsigned char>(f.payload[1]);
        const auto reason = f.payload.substr(2);
        const bool registered = code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
        if (!registered && (code < 3000 || code > 4999)) return fail(1002);
        if (!is_beginning_of_utf8(reason, true)) return fail(1007);
        seen_.push_back({frame_kind::close, reason, code});
        return false;
    }

    bool act_on_text(const frame& f) {
        if (!message_) message_.emplace();
        message_->append(f.payload);
        if (!is_beginning_of_utf8(*message_, f.whole && f.final)) return fail(1007);
        if (f.whole && f.final) {
            seen_.push_back({frame_kind::text, std::move(*message_), 0});
            message_.reset();
        }
        return f.whole;
    }

    /// By the code points themselves, and not by ranges of bytes as the validator does.
    static bool is_beginning_of_utf8(std::string_view text, bool complete) {
        for (std::size_t i = 0; i < text.size();) {
            const auto lead = static_cast<unsigned char>(text[i]);
            const std::size_t length = lead < 0x80 ? 1
                : lead < 0xC0                      ? 0
                : lead < 0xE0                      ? 2
                : lead < 0xF0                      ? 3
                : lead < 0xF8                      ? 4
                                                   : 0;
            if (length == 0) return false;
            const std::size_t present = std::min(length, text.size() - i);
            std::uint32_t lowest = length == 1 ? lead : lead & (0x7FU >> length);
            std::uint32_t highest = lowest;
            for (std::size_t k = 1; k < length; ++k) {
                const auto byte = k < present ? static_cast<unsigned char>(text[i + k]) : 0U;
                if (k < present && (byte & 0xC0U) != 0x80) return false;
                lowest = lowest * 64 + (k < present ? byte & 63U : 0U);
                highest = highest * 64 + (k < present ? byte & 63U : 63U);
            }
            if (!holds_a_character(lowest, highest, length)) return false;
            if (present < length) return !complete;
            i += length;
        }
        return true;
    }

    /// Whether a code point that takes so many bytes lies in the range, the ends of which differ in whole groups of six
    /// bits.
    static bool holds_a_character(std::uint32_t lowest, std::uint32_t highest, std::size_t length) {
        constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (highest < least[length] || lowest > 0x10FFFF) return false;
        return lowest < 0xD800 || highest > 0xDFFF;
    }

    std::string_view bytes_;
    std::size_t limit_;
    std::optional<std::string> message_;
    events seen_;
    bool done_ = false;
};

}  // namespace

/// The first byte chooses the limit, the second the pieces in which the rest comes; the reader has to agree with itself
/// however the input is cut, and with the model.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t limit = data[0] < 128 ? 131072 : data[0] - 128U;
    std::uint32_t cuts = data[1];
    const std::string bytes(data + 2, data + size);

    reading whole(limit);
    whole.feed(bytes);

    reading cut(limit);
    for (std::size_t at = 0; at < bytes.size();) {
        // The constants of a well-known generator (Numerical Recipes): pieces of 1 to 16 bytes, and now and then all
        // that is left.
        cuts = cuts * 1664525U + 1013904223U;
        const std::size_t piece = cuts >> 27U == 0 ? bytes.size() : 1 + (cuts >> 28U);
        cut.feed(std::string_view(bytes).substr(at, piece));
        at += std::min(piece, bytes.size() - at);
    }
    require(cut.seen == whole.seen, "the same events however the input is cut");
    require(model(bytes, limit).run() == whole.seen, "the events of RFC 6455");
    return 0;
}
