#include "channel/link.hpp"

#include "channel/peer.hpp"
#include "channel/shard.hpp"

#include <utility>

namespace channel {

link::~link() { leave_shard(); }

void link::leave_shard() {
    if (dirty_) shard_->forget_dirty(*this);
    dirty_ = false;
    shard_->count.queue_bytes -= std::exchange(queued_bytes_, 0);
    note_input(0);
}

void link::flush_soon() {
    if (dirty_ || blocked_) return;
    dirty_ = true;
    shard_->flush_at_end_of_turn(*this);
}

void link::send(std::string_view frame) {
    if (closing_) return;
    // Looked at before, not after: a single long answer does not make a reader slow.
    if (reads_too_slowly()) {
        close(protocol::close_code::too_slow, too_much_waits);
        return;
    }
    outbox_.append(frame);
    if (blocked_ || queued_bytes_ > 0) note_queue();
    flush_soon();
}

bool link::reads_too_slowly() {
    const auto limit = shard_->queue_bytes_limit();
    // What has only not had its turn here is not the reader's fault.
    if (outbox_.waiting_bytes() > limit) flush();
    return outbox_.waiting_bytes() > limit;
}

void link::send(log_span span) {
    if (closing_) return;
    outbox_.append(std::move(span));
    flush_soon();
}

void link::flush() {
    if (blocked_) return;
    const bool all_gone = outbox_.flush(*this, owner, shard_->count);
    if (!all_gone || queued_bytes_ > 0) note_queue();
    if (all_gone && owner) owner->catch_up();
}

void link::note_queue() {
    const auto waiting = static_cast<std::uint32_t>(outbox_.waiting_bytes());
    shard_->count.queue_bytes += waiting;
    shard_->count.queue_bytes -= std::exchange(queued_bytes_, waiting);
}

void link::note_input(std::size_t held_bytes) {
    const auto held = static_cast<std::uint32_t>(held_bytes);
    // Something has ended.
    if (held < input_bytes_) rounds_asked_ = 0;
    shard_->count.input_bytes += held;
    shard_->count.input_bytes -= std::exchange(input_bytes_, held);
}

bool link::hoards_input(std::size_t limit_bytes) {
    if (input_bytes_ <= limit_bytes) return false;
    if (rounds_asked_ >= patient_rounds) return true;
    ++rounds_asked_;
    return false;
}

std::size_t link::write(std::span<const std::string_view> pieces) {
    std::size_t wanted = 0;
    for (const auto piece : pieces) wanted += piece.size();
    const auto written = try_write(pieces);
    if (written < wanted && !blocked_) {
        blocked_ = true;
        wait_until_writable();
    }
    return written;
}

void link::on_writable() {
    blocked_ = false;
    flush();
}

void link::close_saying(protocol::close_code code, std::string why) {
    if (closing_) return;
    own_why_ = std::make_unique<const std::string>(std::move(why));
    close(code, *own_why_);
}

void link::close(protocol::close_code code, std::string_view why) {
    if (closing_) return;
    closing_ = true;
    begin_close(code, why);
}

}  // namespace channel
