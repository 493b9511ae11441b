#pragma once

#include "channel/accounted_bytes.hpp"
#include "protocol/object_id.hpp"

#include <boost/intrusive/list_hook.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace channel {

/// Where a member is in a channel's log: `ordinal` is the entry it gets next, `seq` the last public message before
/// that.
struct log_position {
    std::uint64_t ordinal = 0;
    std::uint64_t seq = 0;
};

/// A part of a log on its way to another shard.
struct log_block {
    struct entry {
        std::size_t bytes = 0;
        std::uint64_t seq = 0;  ///< 0: not a public message
        std::vector<protocol::peer_id> except;
    };
    protocol::channel_id channel;
    log_position start;
    log_position end;
    std::string bytes;  ///< the frames, back to back
    std::vector<entry> entries;
};

/// What was said in a channel: complete WebSocket frames, encoded once, back to back in a ring of bytes. Entries have
/// consecutive ordinals that never repeat. Most entries are not for somebody (a public message not for its sender):
/// `except`. Lives on one shard; kept alive by the audience and by backlogs that still have to read from it; in
/// its shard's list once there are only those.
class channel_log
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    /// `start`: the position at which this log begins, that of the home shard's log if this is a replica. `account`:
    /// where the memory is counted.
    explicit channel_log(log_position start = {}, std::uint64_t* account = nullptr)
        : first_(start),
          head_(start),
          held_(account) {}

    [[nodiscard]] const log_position& first() const { return first_; }
    [[nodiscard]] const log_position& head() const { return head_; }
    [[nodiscard]] std::size_t bytes() const { return end_ - begin_; }
    [[nodiscard]] std::size_t capacity_bytes() const { return ring_.size(); }

    /// Appends one complete frame. `seq` is the message's number, 0 for an event that is not a public message.
    void append(std::string_view frame, std::uint64_t seq, std::span<const protocol::peer_id> except);

    /// Messages are numbered on from here, though the last ones were not said in this process.
    void count_from(std::uint64_t seq) {
        head_.seq = seq;
        if (first_.ordinal == head_.ordinal) first_.seq = seq;
    }

    /// Whether the entry is not for this peer.
    [[nodiscard]] bool is_excepted(std::uint64_t ordinal, const protocol::peer_id& peer) const;

    /// The frame of an entry in one piece, or in two where the ring wraps (the second may be empty).
    struct pieces {
        std::string_view front;
        std::string_view back;
        [[nodiscard]] std::size_t size() const { return front.size() + back.size(); }
    };
    [[nodiscard]] pieces read(std::uint64_t from_ordinal, std::uint64_t to_ordinal) const;

    /// How far `byte_count` bytes from an entry's beginning reach.
    struct reach {
        log_position at;             ///< the first entry not wholly covered
        std::size_t into_entry = 0;  ///< bytes of that entry which are covered
    };
    [[nodiscard]] reach advance(std::uint64_t from_ordinal, std::size_t byte_count) const;

    /// Position in front of the entry, for first() <= ordinal <= head().
    [[nodiscard]] log_position position_of(std::uint64_t ordinal) const;
    [[nodiscard]] std::uint64_t seq_of(std::uint64_t ordinal) const;

    /// Who an entry is not for, for passing a log on to another shard.
    [[nodiscard]] std::vector<protocol::peer_id> exceptions_of(std::uint64_t ordinal) const;

    /// Forgets entries before `ordinal`; memory that is not needed any more is given back by and by.
    void trim_to(std::uint64_t ordinal);

    /// Forgets the oldest entries until at most `limit_bytes` are left, but never the newest entry, nor one from
    /// `keep_from` on.
    void trim_bytes(std::size_t limit_bytes, std::uint64_t keep_from = UINT64_MAX);

    /// The same, and gives the memory back at once.
    void shrink_to(std::size_t limit_bytes);

    /// Forgets everything, the newest entry, too, and gives the memory back.
    void forget_all();

private:
    struct entry {
        std::uint64_t end = 0;       ///< offset behind the frame
        std::uint64_t last_seq = 0;  ///< of the last public message up to and with this entry
        protocol::peer_id except{};
        std::uint8_t exceptions = 0;  ///< 0: none, 1: `except`, 2: `more_exceptions_`
        bool is_message = false;
    };

    [[nodiscard]] const entry& at(std::uint64_t ordinal) const { return entries_[ordinal & (entries_.size() - 1)]; }
    [[nodiscard]] entry& at(std::uint64_t ordinal) { return entries_[ordinal & (entries_.size() - 1)]; }
    [[nodiscard]] std::uint64_t begin_of(std::uint64_t ordinal) const;
    void copy_in(std::string_view frame);
    void reserve_bytes(std::size_t needed);
    void resize_ring(std::size_t capacity);
    void reserve_entry();
    void resize_entries(std::size_t count);
    void shrink_when_quiet();
    void count_memory() { held_.set(ring_.size() + entries_.size() * sizeof(entry)); }

    log_position first_;
    log_position head_;
    std::uint64_t begin_ = 0;  ///< byte offset of the first entry; offsets only grow, and wrap into the ring by a mask
    std::uint64_t end_ = 0;
    std::vector<char> ring_;
    std::vector<entry> entries_;
    std::map<std::uint64_t, std::vector<protocol::peer_id>> more_exceptions_;
    accounted_bytes held_;
    std::size_t peak_bytes_ = 0;
    unsigned quiet_trims_ = 0;
};

}  // namespace channel
