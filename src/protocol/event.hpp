#pragma once

#include "protocol/limits.hpp"
#include "protocol/numeric.hpp"
#include "protocol/object_id.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Encoders of the events (protocol.md, Events). Each appends one JSON object to `out` and touches nothing else there;
/// the text given must be valid UTF-8. `label` goes first, right after `type`, and is left out if empty. Times are
/// milliseconds since 1970.
namespace protocol::event {

/// `peer`, `from` and `by` of an event.
struct peer_ref {
    peer_id id;
    std::string_view name;
};

using optional_text = std::optional<std::string_view>;

struct joined_fields {
    channel_id channel;
    bool created = false;
    peer_id owner;
    bool is_operator = false;
    std::uint64_t members = 0;
    std::uint64_t seq = 0;
};

struct welcome_fields {
    peer_id id;
    std::string_view name;
    std::string_view session;
    bool resumed = false;
    std::uint64_t missed = 0;
    bool lost = false;
    std::span<const joined_fields> channels;
    std::string_view ice_servers_json;  ///< a JSON array; "" is an empty one
    std::uint64_t heartbeat_seconds = 25;
    std::string_view server;
};

void welcome(std::string& out, std::string_view label, const welcome_fields& fields, const limits& limits);
void joined(std::string& out, std::string_view label, const joined_fields& fields);
void join(std::string& out, channel_id channel, const peer_ref& peer);
/// No channel: the whole session.
void quit(std::string& out, std::string_view label, std::optional<channel_id> channel, const peer_ref& peer,
          optional_text reason);
void privmsg(std::string& out, const peer_ref& from, peer_id to, std::string_view content, std::int64_t time_ms);
void pubmsg(std::string& out, channel_id channel, const peer_ref& from, std::string_view content, std::int64_t time_ms,
            std::uint64_t seq);
void broadcast(std::string& out, const peer_ref& from, std::string_view content, std::int64_t time_ms);
void ack_privmsg(std::string& out, std::string_view label, std::int64_t time_ms, bool queued);
void ack_pubmsg(std::string& out, std::string_view label, std::int64_t time_ms, channel_id channel, std::uint64_t seq);
void ack_broadcast(std::string& out, std::string_view label, std::int64_t time_ms);

struct whois_peer_fields {
    peer_ref peer;
    std::string_view
        description;     ///< canonical members, see description_request; shadowed keys are dropped by the encoder
    optional_text away;  ///< nullopt: here
    std::span<const channel_id> channels;
    bool connected = true;
    std::int64_t connected_at_ms = 0;
    std::uint64_t idle_seconds = 0;
};
void whois(std::string& out, std::string_view label, const whois_peer_fields& fields);

struct whois_channel_fields {
    channel_id id;
    peer_id owner;
    std::span<const peer_id> operators;
    std::uint64_t members = 0;
    bool is_protected = false;
    std::int64_t created_at_ms = 0;
    std::int64_t updated_at_ms = 0;
};
void whois(std::string& out, std::string_view label, const whois_channel_fields& fields);
/// What a stranger sees of a channel with a token: `id` and `protected` alone.
void whois_protected(std::string& out, std::string_view label, channel_id id);

struct peers_entry {
    peer_ref peer;
    bool is_operator = false;
    bool away = false;
};
void peers(std::string& out, std::string_view label, channel_id channel, std::span<const peers_entry> entries,
           std::uint64_t total, std::optional<peer_id> next);
void inviting(std::string& out, std::string_view label, channel_id channel, const peer_ref& peer);
void invite(std::string& out, channel_id channel, const peer_ref& from);
void away(std::string& out, std::string_view label, const peer_ref& peer, bool is_away, optional_text message);
void kick(std::string& out, std::string_view label, channel_id channel, const peer_ref& peer, const peer_ref& by,
          optional_text reason);
void ban(std::string& out, std::string_view label, channel_id channel, const peer_ref& peer, const peer_ref& by,
         optional_text reason);
void unban(std::string& out, std::string_view label, channel_id channel, const peer_ref& peer);

struct bans_entry {
    peer_id id;
    peer_ref by;
    std::int64_t time_ms = 0;
    optional_text reason;
};
void bans(std::string& out, std::string_view label, channel_id channel, std::span<const bans_entry> entries);
/// No `by`: succession.
void op(std::string& out, std::string_view label, channel_id channel, const peer_ref& peer,
        const std::optional<peer_ref>& by);
void deop(std::string& out, std::string_view label, channel_id channel, const peer_ref& peer,
          const std::optional<peer_ref>& by);
/// The peer with its new name and its description (canonical members).
void peer(std::string& out, const peer_ref& peer, std::string_view description);
void presence(std::string& out, channel_id channel, std::uint64_t members);
/// `messages` are encoded pubmsg events.
void history(std::string& out, std::string_view label, channel_id channel, std::span<const std::string_view> messages,
             bool more);
void lost(std::string& out, channel_id channel, std::uint64_t from_seq, std::uint64_t to_seq);
void ice(std::string& out, std::string_view label, std::string_view ice_servers_json, std::uint64_t ttl_seconds);
void pong(std::string& out, std::string_view label, std::string_view content);
/// `retry_after` is null in the event if not given.
void bye(std::string& out, close_code code, std::string_view reason, bool reconnect,
         std::optional<std::chrono::milliseconds> retry_after);
/// `command` is the verb in lower case; `retry_after` only for 263.
void error(std::string& out, std::string_view label, std::string_view command, const failure& failure,
           std::optional<std::chrono::milliseconds> retry_after = std::nullopt);

}  // namespace protocol::event
