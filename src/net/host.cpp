#include "net/host.hpp"

#include "net/session.hpp"

#include <cassert>

namespace net {

buffer_pool::buffer buffer_pool::take() {
    if (free_.empty()) return std::make_unique_for_overwrite<char[]>(buffer_bytes);
    auto taken = std::move(free_.back());
    free_.pop_back();
    return taken;
}

void buffer_pool::give_back(buffer used) {
    if (free_.size() < kept) free_.push_back(std::move(used));
}

host::~host() { assert(!first_); }

void host::enlist(session& added) {
    added.next_ = first_;
    added.previous_ = nullptr;
    if (first_) first_->previous_ = &added;
    first_ = &added;
    ++session_count_;
}

void host::delist(session& gone) {
    (gone.previous_ ? gone.previous_->next_ : first_) = gone.next_;
    if (gone.next_) gone.next_->previous_ = gone.previous_;
    gone.next_ = gone.previous_ = nullptr;
    --session_count_;
}

void host::send_all_away() {
    draining = true;
    shard_.draining = true;
    for (session* s = first_; s; s = s->next_) s->close(protocol::close_code::going_away, "server is going away");
}

void host::cut_all() {
    for (session* s = first_; s; s = s->next_) s->cut();
}

}  // namespace net
