#include "channel/audience.hpp"

#include "channel/link.hpp"
#include "channel/peer.hpp"
#include "channel/shard.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace channel {

audience::audience(shard& home, protocol::channel_id channel, log_position start)
    : home_(home),
      channel_(channel),
      log_(std::make_shared<channel_log>(start, &home.count.log_bytes)) {}

audience::~audience() {
    for (const auto sender : waiting_for_room_) home_.resume_later(sender);
    if (queued_) home_.forget_audience(*this);
    if (log_.use_count() > 1) home_.keep_for_readers(*log_);
}

const log_position& audience::position_of(const peer& who) const { return members_[who.index_in(*this)].position; }

void audience::add(peer& who) {
    members_.push_back({&who, log_->head(), 0});
    ++home_.count.memberships;
    who.add_membership(*this, members_.size() - 1);
}

void audience::remove(peer& who) {
    const auto index = who.index_in(*this);
    push_pending(index);
    who.remove_membership(*this);
    if (index + 1 < members_.size()) {
        members_[index] = members_.back();
        members_[index].who->move_membership(*this, index);
        // The one who came from the end may not have had its turn in this round, and still needs what it is about.
        again_ = true;
        somebody_behind_ = true;
    }
    members_.pop_back();
    --home_.count.memberships;
}

void audience::append(std::string_view frame, std::uint64_t seq, std::span<const protocol::peer_id> except) {
    const auto before = log_->head().ordinal;
    log_->append(frame, seq, except);
    for (const auto& id : except) {
        peer* const who = home_.find_peer(id);
        if (!who || !who->is_member_of(channel_)) continue;
        who->passed_over(frame.size());
        member& m = members_[who->index_in(*this)];
        if (m.position.ordinal == before) {
            m.position = log_->head();
        } else {
            m.mixed_until = log_->head().ordinal;
        }
    }
    // Whatever happens to the rounds, memory stays bounded.
    if (log_->bytes() > 4 * std::max(home_.config().channel_log_bytes, home_.config().limits.resume_bytes)) {
        log_->trim_bytes(log_->bytes() / 2);
    }
    again_ = true;
    home_.fan_out_at_end_of_turn(*this);
}

log_span audience::pending_of(const member& m) const {
    const auto& id = m.who->id();
    log_span span{log_, channel_, id, m.position, log_->head(), log_->head().ordinal - m.position.ordinal};
    if (m.mixed_until > m.position.ordinal && !span.is_trimmed()) {
        for (auto ordinal = m.position.ordinal; ordinal < m.mixed_until; ++ordinal) {
            if (log_->is_excepted(ordinal, id)) --span.events;
        }
    }
    return span;
}

void audience::push_pending(std::size_t index) {
    member& m = members_[index];
    if (m.position.ordinal == log_->head().ordinal) return;
    log_span span = pending_of(m);
    m.position = log_->head();
    m.who->give(std::move(span));
}

void audience::deliver(std::size_t index) {
    member& m = members_[index];
    if (m.position.ordinal == log_->head().ordinal) return;
    link* const to = m.who->connection();
    if (m.who->keeps() && (!to || to->ready())) {
        push_pending(index);
        return;
    }
    if (!to || !to->ready()) {
        somebody_behind_ = true;
        return;
    }
    if (m.mixed_until > m.position.ordinal || m.position.ordinal < log_->first().ordinal) {
        push_pending(index);
        to->flush();
        return;
    }
    const auto frames = log_->read(m.position.ordinal, log_->head().ordinal);
    const std::array<std::string_view, 2> pieces{frames.front, frames.back};
    const auto from = m.position;
    const auto written = to->write(std::span(pieces).first(frames.back.empty() ? 1 : 2));
    if (written == frames.size()) {
        m.position = log_->head();
        home_.count.channel_events += m.position.ordinal - from.ordinal;
    } else {
        const auto reached = log_->advance(from.ordinal, written);
        m.position = reached.at;
        if (reached.into_entry > 0) {
            const auto cut = log_->read(reached.at.ordinal, reached.at.ordinal + 1);
            const auto in_front = std::min(reached.into_entry, cut.front.size());
            to->box().append_rest(cut.front.substr(in_front), cut.back.substr(reached.into_entry - in_front));
            m.position = log_->position_of(reached.at.ordinal + 1);
        }
        home_.count.channel_events += m.position.ordinal - from.ordinal;
        somebody_behind_ = true;
    }
    if (m.who->resumable()) {
        m.who->note({log_, channel_, m.who->id(), from, m.position, m.position.ordinal - from.ordinal});
    }
}

bool audience::fan_out_slice(std::size_t& budget) {
    if (!in_round_) {
        in_round_ = true;
        round_began_ = shard::now();
        home_.count.fan_out_members.observe(static_cast<double>(members_.size()));
        round_start_ = log_->head().ordinal;
        again_ = false;
        cursor_ = 0;
        somebody_behind_ = false;
    }
    for (; budget > 0 && cursor_ < members_.size(); --budget, ++cursor_) deliver(cursor_);
    if (cursor_ < members_.size()) return true;
    in_round_ = false;
    home_.count.fan_out_seconds.observe(std::chrono::duration<double>(shard::now() - round_began_).count());
    end_round();
    return again_;
}

void audience::end_round() {
    const auto& config = home_.config();
    if (somebody_behind_) {
        log_->trim_bytes(std::max(config.channel_log_bytes, journal::log_bytes_for(config.limits.resume_bytes)));
    } else if (log_.use_count() > 1 || home_.shared) {
        // Stretches are in journals, or wait in an outbox; also of members who have left since.
        log_->trim_bytes(journal::log_bytes_for(config.limits.resume_bytes), round_start_);
    } else {
        log_->trim_to(round_start_);
    }
    for (const auto sender : std::exchange(waiting_for_room_, {})) home_.resume_later(sender);
}

bool audience::has_room() const {
    if (!in_round_) return true;
    return log_->read(std::max(round_start_, log_->first().ordinal), log_->head().ordinal).size() <
        home_.config().channel_log_bytes / 2;
}

}  // namespace channel
