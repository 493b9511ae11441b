#pragma once

#include "net/frame.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// What a message_reader makes of input, with payloads that outlive the next call.
namespace frame_reading {

using net::frame_kind;

constexpr std::size_t limit_bytes = 131072;

struct seen_event {
    frame_kind kind = frame_kind::need_more;
    std::string payload;
    unsigned code = 0;  ///< of the client's close frame, or the one to close with

    bool operator==(const seen_event&) const = default;
};

inline std::ostream& operator<<(std::ostream& to, const seen_event& event) {
    constexpr const char* names[] = {"need_more", "text", "ping", "pong", "close", "failed"};
    to << names[static_cast<std::size_t>(event.kind)] << ' ' << event.code;
    return to << " (" << event.payload.size() << " bytes) " << event.payload.substr(0, 40);
}

using events = std::vector<seen_event>;

inline seen_event text_event(std::string payload) { return {frame_kind::text, std::move(payload), 0}; }
inline seen_event failure(unsigned code) { return {frame_kind::failed, {}, code}; }

/// Feeds a reader with input that comes in pieces, up to the first event after which nothing is read.
class reading {
public:
    explicit reading(std::size_t limit = limit_bytes) : limit_(limit) {}

    void feed(std::string piece) {
        std::span<char> input(piece);
        while (!ended()) {
            const auto before = input.size();
            const auto event = reader.next(input, limit_);
            BOOST_REQUIRE_LE(input.size(), before);
            if (event.kind == frame_kind::need_more) {
                BOOST_TEST(input.empty());
                return;
            }
            const bool failed = event.kind == frame_kind::failed;
            BOOST_TEST(event.why.empty() != failed);
            seen.push_back(
                {event.kind, std::string(event.payload), failed ? static_cast<unsigned>(event.error) : event.code});
        }
    }

    [[nodiscard]] bool ended() const {
        return !seen.empty() && (seen.back().kind == frame_kind::failed || seen.back().kind == frame_kind::close);
    }

    events seen;
    net::message_reader reader;

private:
    std::size_t limit_;
};

inline events read_whole(const std::string& bytes, std::size_t limit = limit_bytes) {
    reading all(limit);
    all.feed(bytes);
    return all.seen;
}

inline events read_byte_by_byte(const std::string& bytes, std::size_t limit = limit_bytes) {
    reading all(limit);
    for (const char c : bytes) all.feed(std::string(1, c));
    return all.seen;
}

/// The input gives these events in one piece, and byte by byte.
inline void check(const std::string& bytes, const events& wanted, std::size_t limit = limit_bytes) {
    BOOST_TEST(read_whole(bytes, limit) == wanted, boost::test_tools::per_element());
    BOOST_TEST(read_byte_by_byte(bytes, limit) == wanted, boost::test_tools::per_element());
}

}  // namespace frame_reading
