#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace logging {

/// In the order, and with the meaning, of spdlog's levels.
enum class level : std::uint8_t { trace, debug, info, warning, error, critical, off };

/// What a log line is about; the README's table of events has the same ones. Those of single connections and peers are
/// `debug`, for a server that is well says nothing of them; `info` tells of the server's life and of what it refuses.
enum class event : std::uint8_t {
    started,
    listening,
    reloaded,
    reload_failed,
    memory_short,
    memory_enough,
    draining,
    ended,
    lines_left_out,
    task_failed,
    accept_failed,
    connection_accepted,
    connection_refused,
    handshake_failed,
    connection_closed,
    slow_reader_closed,
    flooder_closed,
    heartbeat_lost,
    peer_described,
    peer_resumed,
    peer_taken_over,
    token_refused,
    store_connected,
    store_away,
    store_certificate_refused,
    store_given_back,
    store_unreadable,
    store_not_written,
    server_buried,
    notice_lost,
};

struct event_kind {
    std::string_view name;
    level severity;
};

/// By event.
inline constexpr std::array event_kinds{
    event_kind{"started", level::info},
    event_kind{"listening", level::info},
    event_kind{"reloaded", level::info},
    event_kind{"reload_failed", level::error},
    event_kind{"memory_short", level::warning},
    event_kind{"memory_enough", level::info},
    event_kind{"draining", level::info},
    event_kind{"ended", level::info},
    event_kind{"lines_left_out", level::warning},
    event_kind{"task_failed", level::error},
    event_kind{"accept_failed", level::warning},
    event_kind{"connection_accepted", level::debug},
    event_kind{"connection_refused", level::info},
    event_kind{"handshake_failed", level::debug},
    event_kind{"connection_closed", level::debug},
    event_kind{"slow_reader_closed", level::info},
    event_kind{"flooder_closed", level::info},
    event_kind{"heartbeat_lost", level::debug},
    event_kind{"peer_described", level::debug},
    event_kind{"peer_resumed", level::debug},
    event_kind{"peer_taken_over", level::debug},
    event_kind{"token_refused", level::info},
    event_kind{"store_connected", level::info},
    event_kind{"store_away", level::warning},
    event_kind{"store_certificate_refused", level::warning},
    event_kind{"store_given_back", level::warning},
    event_kind{"store_unreadable", level::error},
    event_kind{"store_not_written", level::warning},
    event_kind{"server_buried", level::warning},
    event_kind{"notice_lost", level::warning},
};
static_assert(event_kinds.size() == static_cast<std::size_t>(event::notice_lost) + 1);

[[nodiscard]] constexpr const event_kind& kind_of(event what) { return event_kinds[static_cast<std::size_t>(what)]; }

}  // namespace logging
