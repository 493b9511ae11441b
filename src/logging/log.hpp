#pragma once

#include "logging/event.hpp"

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace logging {

enum class format : std::uint8_t { text, json };

struct settings {
    level from = level::info;
    format as = format::text;
    /// Of one event and second; the others are counted. 0: no bound.
    std::uint32_t lines_per_second = 20;
};

/// The log's way to stderr; there is one in a process, made before threads are and gone after them. Without it nothing
/// is logged.
class output {
public:
    /// `descriptor` stays the caller's.
    output(const settings& how, int descriptor);
    /// Says what was left out and waits, for half a second, until all is written.
    ~output();
    output(const output&) = delete;
    output& operator=(const output&) = delete;

    struct parts;

private:
    std::unique_ptr<parts> parts_;
};

namespace detail {
inline std::atomic<level> least{level::off};
}

/// Whether lines of this event are logged: look before gathering what is dear. Any thread.
[[nodiscard]] inline bool wanted(event what) {
    return kind_of(what).severity >= detail::least.load(std::memory_order_relaxed);
}

/// Logs for each event how many lines were over its rate. To be called once a second or so, from any thread.
void report_left_out();

/// One log line, written when this ends: `line(event::listening).with("address", url);`. Costs a comparison if its
/// level is off. Not across a `co_await`, and not in the frame of a coroutine that lives long: give it a function of
/// its own. Never pass secrets, access tokens, query strings or what peers say to one another.
class line {
public:
    explicit line(event what) {
        if (wanted(what)) begin(what);
    }
    ~line() {
        if (active_) write();
    }
    line(const line&) = delete;
    line& operator=(const line&) = delete;

    /// Whether it is going to be written.
    explicit operator bool() const { return active_; }

    /// `key`: a plain word of ours. `value`: whatever a stranger wrote (see append_quoted).
    line& with(std::string_view key, std::string_view value) {
        if (active_) append(key, value);
        return *this;
    }
    template <std::integral Number>
    line& with(std::string_view key, Number value) {
        if (active_) append_number(key, std::to_string(value));
        return *this;
    }

private:
    void begin(event what);
    void append_key(std::string_view key);
    void append(std::string_view key, std::string_view value);
    void append_number(std::string_view key, std::string_view value);
    void write() noexcept;

    event what_{};
    bool active_ = false;
    std::string text_;
};

}  // namespace logging
