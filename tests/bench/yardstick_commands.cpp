#include "bench/yardstick.hpp"

#include <algorithm>
#include <utility>

namespace bench {

void yardstick::command(member& m, text line) {
    const auto verb = take_word(line);
    if (verb == "/pubmsg") {
        const auto name = take_word(line);
        publish(m, name, line);
    } else if (verb == "/privmsg") {
        const auto to = take_word(line);
        relay(m, to, line);
    } else if (verb == "/join") {
        join(m, take_word(line));
    } else if (verb == "/quit") {
        quit(m, take_word(line));
    } else if (verb == "/descp") {
        describe(m, line);
    } else if (verb == "/ping") {
        scratch_.assign("{\"type\":\"pong\",\"content\":\"");
        append_escaped(scratch_, line);
        scratch_.append("\"}");
        reply(m);
    } else {
        kill(m);
    }
}

void yardstick::describe(member& m, text json) {
    const auto id = string_field(json, "\"id\":\"");
    if (id.size() != id_size || by_id_.contains(id)) return kill(m);
    std::copy(id.begin(), id.end(), m.id.begin());
    m.name = string_field(json, "\"name\":\"");
    by_id_.emplace(text(m.id.data(), id_size), &m);
    scratch_.assign("{\"type\":\"welcome\",\"id\":\"").append(id).append("\",\"name\":\"");
    append_escaped(scratch_, m.name);
    scratch_.append("\",\"session\":\"");
    constexpr text digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    for (const auto bits : {random_(), random_(), random_()}) {
        for (unsigned i = 0; i < 10; ++i) scratch_.push_back(digits[bits >> (i * 6) & 63U]);
    }
    scratch_.append("\",\"resumed\":false,\"missed\":0,\"lost\":false,\"channels\":[],\"iceServers\":[],\"heartbeat\":"
                    "25,\"limits\":{"
                    "\"message\":131072,\"content\":65536,\"name\":64,\"label\":64,\"description\":4096,\"token\":256,"
                    "\"reason\":256,"
                    "\"channels\":100,\"members\":100000,\"page\":1000,\"rate\":300,\"burst\":600,\"history\":100,"
                    "\"resumeWindow\":60},"
                    "\"server\":\"yardstick\"}");
    reply(m);
}

void yardstick::append_from(const member& m) {
    scratch_.append("{\"id\":\"").append(m.id.data(), id_size).append("\",\"name\":\"");
    append_escaped(scratch_, m.name);
    scratch_.append("\"}");
}

void yardstick::join(member& m, text name) {
    const auto [found, is_new] = channels_.try_emplace(std::string(name));
    channel& c = found->second;
    if (is_new) c.name = name;
    // Nobody is told of every arrival in a large channel; `presence` once a second would not show in any figure.
    if (!c.members.empty() && c.members.size() < presence_above) {
        mark_dirty(c);
        scratch_.assign("{\"type\":\"join\",\"channel\":\"").append(name).append("\",\"peer\":");
        append_from(m);
        scratch_.append("}");
        append_frame(c.turn, 0x81, scratch_);
    }
    m.channels.push_back({&c, c.members.size()});
    c.members.push_back({&m, c.turn.size()});
    scratch_.assign("{\"type\":\"joined\",\"channel\":\"")
        .append(name)
        .append(is_new ? "\",\"created\":true" : "\",\"created\":false");
    scratch_.append(",\"owner\":\"").append(c.members.front().who->id.data(), id_size).append("\",\"operator\":");
    scratch_.append(c.members.size() == 1 ? "true" : "false").append(",\"members\":");
    append_number(scratch_, c.members.size());
    scratch_.append(",\"seq\":");
    append_number(scratch_, c.seq);
    scratch_.append("}");
    reply(m);
}

void yardstick::quit(member& m, text name) {
    for (std::size_t i = m.channels.size(); i-- > 0;) {
        if (name.empty() || m.channels[i].in->name == name) leave(m, i);
    }
    scratch_.assign("{\"type\":\"quit\",\"channel\":");
    if (name.empty()) {
        scratch_.append("null");
    } else {
        scratch_.append("\"").append(name).append("\"");
    }
    scratch_.append(",\"peer\":");
    append_from(m);
    scratch_.append(",\"reason\":null}");
    reply(m);
    if (name.empty()) {
        append_frame(pending_of(m), 0x88, "\x03\xE8");
        m.ends_when_sent = true;
    }
}

void yardstick::leave(member& m, std::size_t nth) {
    const auto [in, index] = m.channels[nth];
    channel& c = *in;
    if (c.turn.size() > c.members[index].from && !m.is_dead) append_turn(m, c, c.members[index].from);
    m.channels.erase(m.channels.begin() + static_cast<std::ptrdiff_t>(nth));
    c.members[index] = c.members.back();
    c.members.pop_back();
    if (index < c.members.size()) {
        for (auto& of_moved : c.members[index].who->channels) {
            if (of_moved.in == &c) of_moved.index = index;
        }
    }
    if (c.members.empty() || c.members.size() >= presence_above) return;
    mark_dirty(c);
    scratch_.assign("{\"type\":\"quit\",\"channel\":\"").append(c.name).append("\",\"peer\":");
    append_from(m);
    scratch_.append(m.is_dead ? ",\"reason\":\"connection lost\"}" : ",\"reason\":null}");
    append_frame(c.turn, 0x81, scratch_);
}

void yardstick::publish(member& m, text name, text content) {
    const auto is_it = [&](const membership& one) { return one.in->name == name; };
    const auto found = std::find_if(m.channels.begin(), m.channels.end(), is_it);
    if (found == m.channels.end()) return kill(m);
    channel& c = *found->in;
    mark_dirty(c);
    scratch_.assign("{\"type\":\"pubmsg\",\"channel\":\"").append(c.name).append("\",\"from\":");
    append_from(m);
    scratch_.append(",\"content\":\"");
    append_escaped(scratch_, content);
    scratch_.append("\",\"time\":");
    append_number(scratch_, now_ms_);
    scratch_.append(",\"seq\":");
    append_number(scratch_, ++c.seq);
    scratch_.append("}");
    const auto begin = c.turn.size();
    append_frame(c.turn, 0x81, scratch_);
    c.pieces.push_back({&m, begin, c.turn.size()});
    m.has_spoken = true;
}

void yardstick::relay(member& m, text to, text content) {
    const auto found = by_id_.find(to);
    if (found == by_id_.end()) return kill(m);
    member& other = *found->second;
    scratch_.assign("{\"type\":\"privmsg\",\"from\":");
    append_from(m);
    scratch_.append(",\"to\":\"").append(to).append("\",\"content\":\"");
    append_escaped(scratch_, content);
    scratch_.append("\",\"time\":");
    append_number(scratch_, now_ms_);
    scratch_.append("}");
    reply(other);
    if (other.pending->size() - other.sent > 2 * backlog_limit) kill(other);
}

}  // namespace bench
