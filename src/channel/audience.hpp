#pragma once

#include "channel/channel_log.hpp"
#include "channel/outbox.hpp"
#include "channel/timer_wheel.hpp"
#include "protocol/object_id.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace channel {

class peer;
class shard;

/// One shard's part of a channel: the log (on the channel's home shard the one that counts, elsewhere a replica) and
/// this shard's members as positions in it. Fan-out goes round the members in slices and gives each everything up to
/// the head in one write.
class audience {
public:
    audience(shard& home, protocol::channel_id channel, log_position start);
    ~audience();
    audience(const audience&) = delete;
    audience& operator=(const audience&) = delete;

    [[nodiscard]] const protocol::channel_id& channel() const { return channel_; }
    [[nodiscard]] const channel_log& log() const { return *log_; }
    [[nodiscard]] std::size_t size() const { return members_.size(); }
    /// How far a member has got.
    [[nodiscard]] const log_position& position_of(const peer& who) const;

    /// A member from here on: it gets what is appended after this.
    void add(peer& who);
    /// Ends a membership; what was said before it still reaches the peer.
    void remove(peer& who);

    /// Appends a frame for all members but `except` and has it fanned out at the end of the turn.
    void append(std::string_view frame, std::uint64_t seq, std::span<const protocol::peer_id> except);

    /// The last public message has this number now, without having been said here.
    void count_from(std::uint64_t seq) { log_->count_from(seq); }

    /// Fans out to the next members of the round, at most `budget`, which it lowers by what it used; false when the
    /// round is over and everybody who could has everything.
    [[nodiscard]] bool fan_out_slice(std::size_t& budget);

    /// Memory is short: forgets all but so much of what was said, also what somebody has not got yet.
    void shrink_to(std::size_t log_bytes) { log_->shrink_to(log_bytes); }

    /// Gives one member what it has not got.
    void deliver(std::size_t index);

    /// Hands what a member has not got yet to its outbox and journal, so that what is said to it next comes after that.
    void push_pending(std::size_t index);

    /// Awaitable: lets a sender go on at once while fan-out keeps up, else when the round under way is over. So a flood
    /// slows down those who send it, and not a byte is skipped for members that read.
    [[nodiscard]] auto room() {
        struct awaiter {
            audience& in;
            bool await_ready() const { return in.has_room(); }
            void await_suspend(std::coroutine_handle<> sender) const { in.waiting_for_room_.push_back(sender); }
            void await_resume() const {}
        };
        return awaiter{*this};
    }

private:
    friend class shard;

    struct member {
        peer* who = nullptr;
        log_position position;
        std::uint64_t mixed_until = 0;  ///< before this ordinal there are entries that are not for it
    };

    [[nodiscard]] bool has_room() const;
    [[nodiscard]] log_span pending_of(const member& m) const;
    void end_round();

    shard& home_;
    protocol::channel_id channel_;
    std::shared_ptr<channel_log> log_;
    std::vector<member> members_;
    std::size_t cursor_ = 0;
    std::uint64_t round_start_ =
        0;  ///< the head when the round began: at its end everybody who keeps up has got that far
    steady_time round_began_{};
    std::vector<std::coroutine_handle<>> waiting_for_room_;
    bool in_round_ = false;  ///< a round is under way
    bool again_ = false;     ///< somebody may have been missed, or something came: another round
    bool queued_ = false;    ///< in the shard's fan-out queue
    bool somebody_behind_ = false;
};

}  // namespace channel
