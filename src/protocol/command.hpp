#pragma once

#include "protocol/limits.hpp"
#include "protocol/numeric.hpp"
#include "protocol/object_id.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace protocol {

/// A parameter that names a peer or a channel: its id, and how it was written (for `error.target`).
struct peer_arg {
    peer_id id;
    std::string_view written;
};
struct channel_arg {
    channel_id id;
    std::string_view written;
};

// One type per row of protocol.md, Commands. Views point into the parsed message.
// An optional last parameter that is given empty counts as left out.

struct descp {
    std::string_view json;  ///< parsed by parse_description()
};
struct join {
    channel_arg channel;
    std::string_view token;  ///< empty: none
};
struct quit {
    std::optional<channel_arg> channel;
    std::optional<std::string_view> reason;
};
struct privmsg {
    peer_arg peer;
    std::string_view content;
};
struct pubmsg {
    channel_arg channel;
    std::string_view content;
};
struct broadcast {
    std::string_view content;
};
struct whois {
    std::variant<peer_arg, channel_arg> target;
};
struct peers {
    channel_arg channel;
    std::optional<peer_id> after;
};
struct invite {
    peer_arg peer;
    std::optional<channel_arg> channel;
};
struct away {
    std::optional<std::string_view> message;
};
struct kick {
    peer_arg peer;
    std::optional<channel_arg> channel;
    std::optional<std::string_view> reason;
};
struct ban {
    peer_arg peer;
    std::optional<channel_arg> channel;
    std::optional<std::string_view> reason;
};
struct unban {
    peer_arg peer;
    std::optional<channel_arg> channel;
};
struct bans {
    channel_arg channel;
};
struct op {
    peer_arg peer;
    std::optional<channel_arg> channel;
};
struct deop {
    peer_arg peer;
    std::optional<channel_arg> channel;
};
struct history {
    channel_arg channel;
    std::uint64_t count = 50;
    std::optional<std::uint64_t> before_seq;
};
struct ice {};
struct ping {
    std::string_view content;  ///< "" if left out
};
struct ack {
    std::uint64_t count;
    std::string_view written;
};

using command = std::variant<descp, join, quit, privmsg, pubmsg, broadcast, whois, peers, invite, away, kick, ban,
                             unban, bans, op, deop, history, ice, ping, ack>;

/// How far the grammar got. The stages are checked in this order, with the rate limit (263) after `bad_label` and 451
/// after that (protocol.md, "Checked in this order").
enum class parse_stage : std::uint8_t { bad_label, unknown_command, bad_form, ok };

/// A message taken apart. Views point into the message; the verb is the static lower-case name of a known verb, else
/// the written one, in lower case (ASCII) and cut to 64 bytes, stands in `unknown_verb` and `verb` is empty.
struct parsed_command {
    parse_stage stage = parse_stage::ok;
    std::string_view label;  ///< empty: none
    std::string_view verb;   ///< "" if there is none or it is unknown, and for bad_label
    std::string unknown_verb;
    std::optional<protocol::command> value;  ///< if ok
    std::optional<failure> error;            ///< unless ok
};

/// Parses one message (valid UTF-8, at most limits.message bytes) in linear time. Never throws but bad_alloc.
/// Form errors name the parameter and what was expected; within one command 461 comes before 476 before 417.
[[nodiscard]] parsed_command parse_command(std::string_view message, const limits& limits);

}  // namespace protocol
