#include "protocol/description.hpp"
#include "protocol/event_writer.hpp"

namespace protocol::event {

namespace {

/// Hostile input is echoed no further than this.
constexpr std::size_t target_limit_bytes = 128;

constexpr std::size_t usual_welcome_bytes = 1000;

/// Milliseconds as seconds, with no more digits than it takes.
void append_seconds(event_writer& out, std::chrono::milliseconds duration) {
    const auto total = static_cast<std::uint64_t>(duration.count());
    out.number(total / 1000);
    auto rest = total % 1000;
    if (rest == 0) return;
    out.raw(".");
    for (std::uint64_t digit = 100; rest > 0; digit /= 10) {
        out.number(rest / digit);
        rest %= digit;
    }
}

void append_limits(event_writer& out, const limits& limits) {
    out.raw("{\"message\":").number(limits.message).raw(",\"content\":").number(limits.content);
    out.raw(",\"name\":").number(limits.name_code_points).raw(",\"label\":").number(limits.label);
    out.raw(",\"description\":").number(limits.description).raw(",\"token\":").number(limits.token);
    out.raw(",\"accessToken\":").number(limits.access_token);
    out.raw(",\"reason\":").number(limits.reason).raw(",\"channels\":").number(limits.channels);
    out.raw(",\"members\":").number(limits.members).raw(",\"page\":").number(limits.page);
    out.raw(",\"rate\":")
        .number(limits.rate)
        .raw(",\"burst\":")
        .number(limits.burst)
        .raw(",\"history\":")
        .number(limits.history);
    append_seconds(out.raw(",\"resumeWindow\":"), limits.resume_window);
    out.raw(",\"resumeEvents\":")
        .number(limits.resume_events)
        .raw(",\"resumeBytes\":")
        .number(limits.resume_bytes)
        .raw("}");
}

void append_description(event_writer& out, std::string_view description,
                        std::initializer_list<std::string_view> server_fields) {
    if (description.empty()) return;
    const auto kept = without_keys(description, server_fields);
    if (!kept.empty()) out.raw(",").raw(kept);
}

std::string_view array_of(std::string_view json) { return json.empty() ? "[]" : json; }

void append_retry_after(event_writer& out, const std::optional<std::chrono::milliseconds>& retry_after) {
    out.raw(",\"retryAfter\":");
    if (retry_after) {
        out.time(retry_after->count());
    } else {
        out.raw("null");
    }
}

}  // namespace

void welcome(std::string& out, std::string_view label, const welcome_fields& fields, const limits& limits) {
    out.reserve(out.size() + usual_welcome_bytes);
    event_writer event(out, "welcome", label);
    event.raw(",\"id\":").id(fields.id).raw(",\"name\":").text(fields.name).raw(",\"session\":").text(fields.session);
    event.raw(",\"resumed\":")
        .flag(fields.resumed)
        .raw(",\"missed\":")
        .number(fields.missed)
        .raw(",\"lost\":")
        .flag(fields.lost);
    event.raw(",\"channels\":").list(fields.channels, [&](const joined_fields& channel) {
        append_joined_members(event.raw("{"), channel);
        event.raw("}");
    });
    event.raw(",\"iceServers\":")
        .raw(array_of(fields.ice_servers_json))
        .raw(",\"heartbeat\":")
        .number(fields.heartbeat_seconds);
    append_limits(event.raw(",\"limits\":"), limits);
    event.raw(",\"server\":").text(fields.server).end();
}

void whois(std::string& out, std::string_view label, const whois_peer_fields& fields) {
    event_writer event(out, "whois", label);
    event.raw(",\"peer\":").open_peer(fields.peer);
    append_description(event, fields.description,
                       {"id", "name", "away", "channels", "connected", "connectedAt", "idle"});
    event.raw(",\"away\":").text_or_null(fields.away);
    event.raw(",\"channels\":").list(fields.channels, [&](channel_id channel) { event.id(channel); });
    event.raw(",\"connected\":").flag(fields.connected).raw(",\"connectedAt\":").time(fields.connected_at_ms);
    event.raw(",\"idle\":").number(fields.idle_seconds).raw("}").end();
}

void whois(std::string& out, std::string_view label, const whois_channel_fields& fields) {
    event_writer event(out, "whois", label);
    event.raw(",\"channel\":{\"id\":").id(fields.id).raw(",\"owner\":").id(fields.owner);
    event.raw(",\"operators\":").list(fields.operators, [&](peer_id peer) { event.id(peer); });
    event.raw(",\"members\":").number(fields.members).raw(",\"protected\":").flag(fields.is_protected);
    event.raw(",\"createdAt\":")
        .time(fields.created_at_ms)
        .raw(",\"updatedAt\":")
        .time(fields.updated_at_ms)
        .raw("}")
        .end();
}

void whois_protected(std::string& out, std::string_view label, channel_id id) {
    event_writer(out, "whois", label).raw(",\"channel\":{\"id\":").id(id).raw(",\"protected\":true}").end();
}

void away(std::string& out, std::string_view label, const peer_ref& peer, bool is_away, optional_text message) {
    event_writer event(out, "away", label);
    event.raw(",\"peer\":").peer(peer).raw(",\"away\":").flag(is_away).raw(",\"message\":").text_or_null(message).end();
}

void peer(std::string& out, const peer_ref& peer, std::string_view description) {
    event_writer event(out, "peer", {});
    event.raw(",\"peer\":").open_peer(peer);
    append_description(event, description, {"id", "name"});
    event.raw("}").end();
}

void ice(std::string& out, std::string_view label, std::string_view ice_servers_json, std::uint64_t ttl_seconds) {
    event_writer(out, "ice", label)
        .raw(",\"iceServers\":")
        .raw(array_of(ice_servers_json))
        .raw(",\"ttl\":")
        .number(ttl_seconds)
        .end();
}

void pong(std::string& out, std::string_view label, std::string_view content) {
    event_writer(out, "pong", label).raw(",\"content\":").text(content).end();
}

void bye(std::string& out, close_code code, std::string_view reason, bool reconnect,
         std::optional<std::chrono::milliseconds> retry_after) {
    event_writer event(out, "bye", {});
    event.raw(",\"code\":").number(static_cast<std::uint16_t>(code)).raw(",\"reason\":").text(reason);
    append_retry_after(event.raw(",\"reconnect\":").flag(reconnect), retry_after);
    event.end();
}

void error(std::string& out, std::string_view label, std::string_view command, const failure& failure,
           std::optional<std::chrono::milliseconds> retry_after) {
    event_writer event(out, "error", label);
    event.raw(",\"code\":")
        .number(static_cast<std::uint16_t>(failure.code))
        .raw(",\"name\":\"")
        .raw(name_of(failure.code));
    event.raw("\",\"command\":").text(command).raw(",\"target\":");
    if (failure.target.empty()) {
        event.raw("null");
    } else {
        event.text(cut(failure.target, target_limit_bytes));
    }
    event.raw(",\"message\":").text(failure.message);
    if (failure.code == numeric::try_again) append_retry_after(event, retry_after);
    event.end();
}

}  // namespace protocol::event
