#include "bench/yardstick.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace bench {

std::string& yardstick::pending_of(member& m) {
    if (!m.is_dirty) dirty_members_.push_back(&m);
    m.is_dirty = true;
    if (!m.pending) {
        if (spare_.empty()) {
            m.pending = std::make_unique<std::string>();
        } else {
            m.pending = std::move(spare_.back());
            spare_.pop_back();
        }
    }
    return *m.pending;
}

void yardstick::mark_dirty(channel& c) {
    if (!c.turn.empty()) return;
    dirty_channels_.push_back(&c);
    c.first_seq = c.seq + 1;
}

void yardstick::end_turn() {
    while (!dirty_channels_.empty() || !dirty_members_.empty() || !dead_.empty()) {
        for (auto* c : std::exchange(dirty_channels_, {})) fan_out(*c);
        for (auto* m : std::exchange(dirty_members_, {})) {
            m->is_dirty = false;
            if (!m->is_blocked && !m->is_dead) flush(*m);
        }
        bury();
    }
}

void yardstick::fan_out(channel& c) {
    for (auto& [who, from] : c.members) {
        member& m = *who;
        const auto start = std::exchange(from, 0);
        if (m.is_dead) continue;
        if (m.pending || m.has_spoken || copies_) {
            append_turn(m, c, start);
        } else {
            send_turn(m, text(c.turn).substr(start));
        }
    }
    // A speaker may have left since; it cannot have been freed before the end of the turn.
    for (const auto& p : c.pieces) p.speaker->has_spoken = false;
    c.turn.clear();
    c.pieces.clear();
}

void yardstick::append_turn(member& m, const channel& c, std::size_t from) {
    auto& pending = pending_of(m);
    if (m.is_blocked && (m.lost_to != 0 || pending.size() - m.sent + c.turn.size() > backlog_limit)) {
        if (m.lost_to == 0) m.lost_from = c.first_seq;
        m.lost_to = c.seq;
        return;
    }
    std::size_t at = from;
    if (m.has_spoken) {
        for (const auto& p : c.pieces) {
            if (p.speaker != &m || p.begin < from) continue;
            pending.append(c.turn, at, p.begin - at);
            at = p.end;
        }
    }
    pending.append(c.turn, at);
}

void yardstick::send_turn(member& m, text bytes) {
    const ssize_t sent = ::send(m.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(bytes.size())) return;
    if (sent < 0 && errno != EAGAIN) return kill(m);
    pending_of(m).append(bytes.substr(sent < 0 ? 0 : static_cast<std::size_t>(sent)));
    set_blocked(m, true);
}

void yardstick::flush(member& m) {
    if (m.pending) {
        const text rest = text(*m.pending).substr(m.sent);
        const ssize_t sent = ::send(m.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return kill(m);
        if (sent < static_cast<ssize_t>(rest.size())) {
            m.sent += sent < 0 ? 0 : static_cast<std::size_t>(sent);
            if (!m.is_blocked) set_blocked(m, true);
            return;
        }
        m.pending->clear();
        m.sent = 0;
        if (m.pending->capacity() <= kept_capacity) {
            spare_.push_back(std::move(m.pending));
        } else {
            m.pending.reset();
        }
    }
    if (m.is_blocked) set_blocked(m, false);
    if (m.ends_when_sent) return kill(m);
    if (m.lost_to != 0 && !m.channels.empty()) {
        scratch_.assign("{\"type\":\"lost\",\"channel\":\"").append(m.channels.front().in->name).append("\",\"from\":");
        append_number(scratch_, m.lost_from);
        scratch_.append(",\"to\":");
        append_number(scratch_, std::exchange(m.lost_to, 0));
        scratch_.append("}");
        reply(m);
    }
}

void yardstick::set_blocked(member& m, bool is_blocked) {
    m.is_blocked = is_blocked;
    epoll_event event{};
    event.events = EPOLLIN;
    if (is_blocked) event.events |= EPOLLOUT;
    event.data.ptr = &m;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, m.fd, &event);
}

void yardstick::kill(member& m) {
    if (m.is_dead) return;
    m.is_dead = true;
    dead_.push_back(&m);
}

void yardstick::bury() {
    std::vector<member*> dead;
    dead.swap(dead_);
    for (auto* m : dead) {
        while (!m->channels.empty()) leave(*m, m->channels.size() - 1);
        const auto found = by_id_.find(text(m->id.data(), id_size));
        if (found != by_id_.end() && found->second == m) by_id_.erase(found);
        ::close(m->fd);
        std::erase(dirty_members_, m);
        delete m;
    }
}

}  // namespace bench
