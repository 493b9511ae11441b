#pragma once

#include "channel/channel_log.hpp"
#include "protocol/object_id.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace channel {

class link;
struct counters;

/// A stretch of a channel's log that somebody still has to get.
struct log_span {
    std::shared_ptr<const channel_log> log;
    protocol::channel_id channel;
    protocol::peer_id reader;
    log_position from;
    log_position to;
    std::uint64_t events = 0;  ///< entries in between that are for the reader
    bool counted = false;      ///< noted in the reader's journal

    /// The entries are no longer in the log: the reader gets `lost` instead.
    [[nodiscard]] bool is_trimmed() const { return from.ordinal < log->first().ordinal; }
};

/// Told when a stretch that was counted as delivered turns out to be gone (see journal).
class loss_listener {
public:
    virtual void on_lost(const log_span& span, std::string_view lost_frame) = 0;

protected:
    ~loss_listener() = default;
};

/// What waits for one connection, in the order in which it was said: frames of its own (replies, private messages) and
/// stretches of channel logs, which are read when they are sent, so that a slow reader costs positions and not copies.
/// Empty, it owns nothing.
class outbox {
public:
    [[nodiscard]] bool empty() const { return !waiting_; }

    /// Bytes of frames of its own; stretches do not count.
    [[nodiscard]] std::size_t waiting_bytes() const;

    [[nodiscard]] bool has_stretches() const { return waiting_ && !waiting_->spans.empty(); }

    void append(std::string_view frame);
    void append(log_span span);

    /// The unsent rest of a frame whose beginning is on the wire. Only if nothing waits.
    void append_rest(std::string_view front, std::string_view back);

    /// Writes until all is gone or the link takes no more; true if nothing waits any more.
    bool flush(link& to, loss_listener* listener, counters& count);

    void clear();

private:
    struct marked_span {
        std::size_t at = 0;  ///< index into `bytes` before which the stretch comes
        log_span span;
    };
    struct content {
        std::string bytes;
        std::size_t sent = 0;
        std::vector<marked_span> spans;
    };

    void replace_lost_spans(loss_listener* listener, counters& count);
    [[nodiscard]] std::size_t gather(std::vector<std::string_view>& pieces) const;
    void consume(std::size_t written, counters& count);
    bool consume_span(std::size_t& written, counters& count);
    [[nodiscard]] content& opened();
    /// The memory of one that was emptied before, for the next: what is sent at once allocates nothing.
    [[nodiscard]] static std::unique_ptr<content>& spare();

    std::unique_ptr<content> waiting_;
};

}  // namespace channel
