#pragma once

#include "net/admission.hpp"
#include "protocol/numeric.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace net {

/// Why a connection did not come to be a WebSocket, though it tried.
enum class handshake_failure : std::uint8_t {
    proxy_header,  ///< missing, malformed or from nobody who is trusted
    tls,
    not_tls,  ///< plain HTTP on a port that speaks TLS
    timeout,
    malformed,  ///< no HTTP request, or one over a limit
    origin,
    upgrade,  ///< another path or version, or no key
};
inline constexpr std::array<std::string_view, 7> handshake_failures{"proxy_header", "tls",    "not_tls", "timeout",
                                                                    "malformed",    "origin", "upgrade"};

/// By net::refusal.
inline constexpr std::array<std::string_view, 7> refusals{
    "none", "server_full", "server_rate", "address_connections", "address_rate", "address_failures", "server_memory"};

/// What the connections of one shard have counted since it began. Plain numbers of its thread, as channel::counters.
struct counters {
    static constexpr std::array<protocol::close_code, 13> close_codes{
        protocol::close_code::normal,         protocol::close_code::going_away,
        protocol::close_code::protocol_error, protocol::close_code::unsupported_data,
        protocol::close_code::invalid_utf8,   protocol::close_code::too_big,
        protocol::close_code::heartbeat_lost, protocol::close_code::too_slow,
        protocol::close_code::flooding,       protocol::close_code::token_expired,
        protocol::close_code::not_described,  protocol::close_code::taken_over,
        protocol::close_code::removed};

    std::uint64_t accepted = 0;
    std::uint64_t upgraded = 0;
    std::uint64_t http_requests = 0;                         ///< other than upgrades
    std::uint64_t received_bytes = 0;                        ///< with TLS: decrypted
    std::uint64_t sent_bytes = 0;                            ///< with TLS: before encryption
    std::uint64_t broken = 0;                                ///< WebSockets that ended without a closing handshake
    std::array<std::uint64_t, close_codes.size()> closed{};  ///< WebSockets, by the code the server sent
    std::array<std::uint64_t, refusals.size()> refused{};
    std::array<std::uint64_t, handshake_failures.size()> failed{};

    void note(refusal why) { ++refused[static_cast<std::size_t>(why)]; }
    void note(handshake_failure why) { ++failed[static_cast<std::size_t>(why)]; }
    void note(protocol::close_code code) {
        const auto at = std::find(close_codes.begin(), close_codes.end() - 1, code) - close_codes.begin();
        ++closed[static_cast<std::size_t>(at)];
    }
    void add(const counters& other);
};

}  // namespace net
