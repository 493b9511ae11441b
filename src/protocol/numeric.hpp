#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace protocol {

/// Error codes of `error` events (protocol.md, Errors use IRC's numerics).
enum class numeric : std::uint16_t {
    try_again = 263,
    unknown_error = 400,
    no_such_nick = 401,
    no_such_channel = 403,
    cannot_send_to_chan = 404,
    too_many_channels = 405,
    input_too_long = 417,
    unknown_command = 421,
    nickname_in_use = 433,
    user_not_in_channel = 441,
    not_on_channel = 442,
    user_on_channel = 443,
    not_registered = 451,
    need_more_params = 461,
    already_registered = 462,
    password_mismatch = 464,
    channel_is_full = 471,
    banned_from_chan = 474,
    bad_channel_key = 475,
    bad_chan_mask = 476,
    no_privileges = 481,
    chanop_privs_needed = 482,
};

/// IRC's name of the numeric, "ERR_NOSUCHNICK" for 401; every enumerator has one.
[[nodiscard]] std::string_view name_of(numeric code);

/// Why a command is refused: becomes an `error` event. `target` is the part at fault as it was written, empty if none.
struct failure {
    numeric code;
    std::string message;
    std::string target;

    failure(numeric code_, std::string message_, std::string_view target_ = {})
        : code(code_),
          message(std::move(message_)),
          target(target_) {}
};

/// Close codes of the server (protocol.md, Close codes).
enum class close_code : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unsupported_data = 1003,
    invalid_utf8 = 1007,
    too_big = 1009,
    heartbeat_lost = 4000,
    too_slow = 4001,
    flooding = 4002,
    token_expired = 4003,
    not_described = 4500,
    taken_over = 4501,
    removed = 4502,
};

/// Whether the client should come back (4000 to 4499 and 1001: yes).
[[nodiscard]] constexpr bool may_reconnect(close_code code) {
    const auto n = static_cast<std::uint16_t>(code);
    return n == 1001 || (n >= 4000 && n < 4500);
}

}  // namespace protocol
