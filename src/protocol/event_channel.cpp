#include "protocol/event_writer.hpp"

namespace protocol::event {

void append_joined_members(event_writer& out, const joined_fields& fields) {
    out.raw("\"channel\":")
        .id(fields.channel)
        .raw(",\"created\":")
        .flag(fields.created)
        .raw(",\"owner\":")
        .id(fields.owner);
    out.raw(",\"operator\":")
        .flag(fields.is_operator)
        .raw(",\"members\":")
        .number(fields.members)
        .raw(",\"seq\":")
        .number(fields.seq);
}

void joined(std::string& out, std::string_view label, const joined_fields& fields) {
    event_writer event(out, "joined", label);
    append_joined_members(event.raw(","), fields);
    event.end();
}

void join(std::string& out, channel_id channel, const peer_ref& peer) {
    event_writer(out, "join", {}).raw(",\"channel\":").id(channel).raw(",\"peer\":").peer(peer).end();
}

void quit(std::string& out, std::string_view label, std::optional<channel_id> channel, const peer_ref& peer,
          optional_text reason) {
    event_writer event(out, "quit", label);
    event.raw(",\"channel\":");
    if (channel) {
        event.id(*channel);
    } else {
        event.raw("null");
    }
    event.raw(",\"peer\":").peer(peer).raw(",\"reason\":").text_or_null(reason).end();
}

void peers(std::string& out, std::string_view label, channel_id channel, std::span<const peers_entry> entries,
           std::uint64_t total, std::optional<peer_id> next) {
    event_writer event(out, "peers", label);
    event.raw(",\"channel\":").id(channel).raw(",\"peers\":").list(entries, [&](const peers_entry& entry) {
        event.open_peer(entry.peer)
            .raw(",\"operator\":")
            .flag(entry.is_operator)
            .raw(",\"away\":")
            .flag(entry.away)
            .raw("}");
    });
    event.raw(",\"total\":").number(total).raw(",\"next\":");
    if (next) {
        event.id(*next);
    } else {
        event.raw("null");
    }
    event.end();
}

void inviting(std::string& out, std::string_view label, channel_id channel, const peer_ref& peer) {
    event_writer(out, "inviting", label).raw(",\"channel\":").id(channel).raw(",\"peer\":").peer(peer).end();
}

void invite(std::string& out, channel_id channel, const peer_ref& from) {
    event_writer(out, "invite", {}).raw(",\"channel\":").id(channel).raw(",\"from\":").peer(from).end();
}

namespace {

void removal(event_writer event, channel_id channel, const peer_ref& peer, const peer_ref& by,
             const optional_text& reason) {
    event.raw(",\"channel\":").id(channel).raw(",\"peer\":").peer(peer).raw(",\"by\":").peer(by);
    event.raw(",\"reason\":").text_or_null(reason).end();
}

void rights(event_writer event, channel_id channel, const peer_ref& peer, const std::optional<peer_ref>& by) {
    event.raw(",\"channel\":").id(channel).raw(",\"peer\":").peer(peer).raw(",\"by\":").peer_or_null(by).end();
}

}  // namespace

void kick(std::string& out, std::string_view label, channel_id channel, const peer_ref& peer, const peer_ref& by,
          optional_text reason) {
    removal(event_writer(out, "kick", label), channel, peer, by, reason);
}

void ban(std::string& out, std::string_view label, channel_id channel, const peer_ref& peer, const peer_ref& by,
         optional_text reason) {
    removal(event_writer(out, "ban", label), channel, peer, by, reason);
}

void unban(std::string& out, std::string_view label, channel_id channel, const peer_ref& peer) {
    event_writer(out, "unban", label).raw(",\"channel\":").id(channel).raw(",\"peer\":").peer(peer).end();
}

void bans(std::string& out, std::string_view label, channel_id channel, std::span<const bans_entry> entries) {
    event_writer event(out, "bans", label);
    event.raw(",\"channel\":").id(channel).raw(",\"bans\":").list(entries, [&](const bans_entry& entry) {
        event.raw("{\"id\":").id(entry.id).raw(",\"by\":").peer(entry.by).raw(",\"time\":").time(entry.time_ms);
        event.raw(",\"reason\":").text_or_null(entry.reason).raw("}");
    });
    event.end();
}

void op(std::string& out, std::string_view label, channel_id channel, const peer_ref& peer,
        const std::optional<peer_ref>& by) {
    rights(event_writer(out, "op", label), channel, peer, by);
}

void deop(std::string& out, std::string_view label, channel_id channel, const peer_ref& peer,
          const std::optional<peer_ref>& by) {
    rights(event_writer(out, "deop", label), channel, peer, by);
}

void presence(std::string& out, channel_id channel, std::uint64_t members) {
    event_writer(out, "presence", {}).raw(",\"channel\":").id(channel).raw(",\"members\":").number(members).end();
}

void history(std::string& out, std::string_view label, channel_id channel, std::span<const std::string_view> messages,
             bool more) {
    event_writer event(out, "history", label);
    event.raw(",\"channel\":").id(channel).raw(",\"messages\":").list(messages, [&](std::string_view message) {
        event.raw(message);
    });
    event.raw(",\"more\":").flag(more).end();
}

void lost(std::string& out, channel_id channel, std::uint64_t from_seq, std::uint64_t to_seq) {
    event_writer(out, "lost", {})
        .raw(",\"channel\":")
        .id(channel)
        .raw(",\"from\":")
        .number(from_seq)
        .raw(",\"to\":")
        .number(to_seq)
        .end();
}

}  // namespace protocol::event
