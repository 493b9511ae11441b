#include "protocol/event_writer.hpp"

namespace protocol::event {

void privmsg(std::string& out, const peer_ref& from, peer_id to, std::string_view content, std::int64_t time_ms) {
    event_writer event(out, "privmsg", {});
    event.raw(",\"from\":")
        .peer(from)
        .raw(",\"to\":")
        .id(to)
        .raw(",\"content\":")
        .text(content)
        .raw(",\"time\":")
        .time(time_ms)
        .end();
}

void pubmsg(std::string& out, channel_id channel, const peer_ref& from, std::string_view content, std::int64_t time_ms,
            std::uint64_t seq) {
    event_writer event(out, "pubmsg", {});
    event.raw(",\"channel\":").id(channel).raw(",\"from\":").peer(from).raw(",\"content\":").text(content);
    event.raw(",\"time\":").time(time_ms).raw(",\"seq\":").number(seq).end();
}

void broadcast(std::string& out, const peer_ref& from, std::string_view content, std::int64_t time_ms) {
    event_writer(out, "broadcast", {})
        .raw(",\"from\":")
        .peer(from)
        .raw(",\"content\":")
        .text(content)
        .raw(",\"time\":")
        .time(time_ms)
        .end();
}

void ack_privmsg(std::string& out, std::string_view label, std::int64_t time_ms, bool queued) {
    event_writer(out, "ack", label)
        .raw(",\"command\":\"privmsg\",\"time\":")
        .time(time_ms)
        .raw(",\"queued\":")
        .flag(queued)
        .end();
}

void ack_pubmsg(std::string& out, std::string_view label, std::int64_t time_ms, channel_id channel, std::uint64_t seq) {
    event_writer event(out, "ack", label);
    event.raw(",\"command\":\"pubmsg\",\"time\":")
        .time(time_ms)
        .raw(",\"channel\":")
        .id(channel)
        .raw(",\"seq\":")
        .number(seq)
        .end();
}

void ack_broadcast(std::string& out, std::string_view label, std::int64_t time_ms) {
    event_writer(out, "ack", label).raw(",\"command\":\"broadcast\",\"time\":").time(time_ms).end();
}

}  // namespace protocol::event
