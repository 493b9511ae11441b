#pragma once

#include "channel/accounted_bytes.hpp"
#include "channel/outbox.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

namespace channel {

/// The events of a resumable session that the client has not confirmed (protocol.md, Resuming), in order, from 1.
/// Private messages and replies are kept as bytes, what was said in channels as stretches of their logs. At most
/// `max_events` and `max_bytes`: the oldest go first.
class journal {
public:
    journal(std::size_t max_events, std::size_t max_bytes, std::uint64_t* account = nullptr)
        : max_events_(max_events),
          max_bytes_(max_bytes),
          held_(account) {}

    void note(std::string_view frame);
    void note(const log_span& span);

    /// A noted stretch, or the end of one, was not delivered; its place takes the `lost` event.
    void replace(const log_span& span, std::string_view lost_frame);

    /// So many bytes were said in a channel that are not for the reader: its own messages. They take room in the log
    /// that its stretches are in, so those are copied after an eighth of `max_bytes`, if they may be: not while one of
    /// them waits to be sent.
    void passed_over(std::size_t bytes, bool may_copy);
    /// What a log has to keep for journals of so many bytes.
    [[nodiscard]] static std::size_t log_bytes_for(std::size_t max_bytes) { return max_bytes + max_bytes / 4; }

    /// Something that had to be kept is gone: nobody can resume from before this.
    void break_off();

    /// Drops the oldest events until at most so many bytes of its own are left: nobody resumes from before those.
    void shrink_to(std::size_t limit_bytes);

    /// Counting goes on behind event number `n`. Only before anything was noted.
    void start_behind(std::uint64_t n) { before_first_ = last_ = confirmed_ = n; }
    /// Each event that is still there, as a frame, in order.
    void for_each_frame(const std::function<void(std::string_view)>& visit) const;

    /// Number of the last event.
    [[nodiscard]] std::uint64_t last() const { return last_; }
    [[nodiscard]] std::uint64_t confirmed() const { return confirmed_; }
    /// Of the events that are still there.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    /// The client has seen events up to the n-th; false if that many were never sent. Fewer than before: ignored.
    [[nodiscard]] bool confirm(std::uint64_t n);

    /// How many events came after the `seen`-th; nullopt if they are not all there any more.
    [[nodiscard]] std::optional<std::uint64_t> count_after(std::uint64_t seen) const;
    /// Puts those events into an outbox. Only if count_after() knows their number.
    void replay(std::uint64_t seen, outbox& into) const;

private:
    struct piece {
        std::uint64_t events = 0;
        std::size_t bytes = 0;
        std::string frame;  ///< a single event, if not a stretch
        std::optional<log_span> span;
    };

    void add(piece added);
    void pop_front();
    void drop_what_is_too_much();
    /// The oldest piece without what has been confirmed of it.
    void cut_front();

    std::size_t max_events_;
    std::size_t max_bytes_;
    std::deque<piece> pieces_;
    std::uint64_t before_first_ = 0;  ///< number of the event before the first kept one
    std::uint64_t last_ = 0;
    std::uint64_t confirmed_ = 0;
    std::size_t bytes_ = 0;
    std::size_t own_bytes_ = 0;          ///< of these, what is not in a channel's log
    std::size_t passed_over_bytes_ = 0;  ///< since stretches were copied
    accounted_bytes held_;
};

}  // namespace channel
