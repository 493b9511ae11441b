#include "channel/shard.hpp"

#include "channel/link.hpp"
#include "channel/store.hpp"

#include <algorithm>
#include <cassert>
#include <ctime>

namespace channel {

namespace {
thread_local shard* current_shard = nullptr;
}

shard::shard(std::size_t index, cluster& all, boost::asio::io_context& context, const settings& config)
    : index_(index),
      all_(all),
      context_(context),
      config_(config),
      wheel_(now()),
      timer_(context.get_executor()) {}

shard::~shard() {
    // Peers leave their audiences when they go, and channels look at audiences: in this order nothing looks at what is
    // gone.
    peers_.clear();
    channels_.clear();
    audiences_.clear();
}

shard& shard::current() {
    assert(current_shard);
    return *current_shard;
}

void shard::become_current() { current_shard = this; }

steady_time shard::now_roughly() {
    timespec at{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &at);
    return steady_time(std::chrono::duration_cast<steady_time::duration>(std::chrono::seconds(at.tv_sec) +
                                                                         std::chrono::nanoseconds(at.tv_nsec)));
}

std::int64_t shard::now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::int64_t shard::channel_time_ms() const { return shared ? shared->now_ms() : now_ms(); }

peer* shard::find_peer(const protocol::peer_id& id) const {
    const auto found = peers_.find(id);
    return found == peers_.end() ? nullptr : found->second.get();
}

peer& shard::add_peer(const protocol::peer_id& id, const secret& session) {
    return *peers_.emplace(id, std::make_unique<peer>(*this, id, session)).first->second;
}

void shard::erase_peer(const protocol::peer_id& id) {
    // A copy: the id may be the peer's own.
    const auto key = id;
    peers_.erase(key);
}

void shard::notify(const protocol::peer_id& id, std::string event) {
    all_.home_of(id).tell([id, event = std::move(event)](shard& at) {
        peer* const to = at.find_peer(id);
        if (to && to->online()) {
            to->send(event);
        } else if ((!to || to->half_back()) && at.shared) {
            at.shared->notify(id, event);
        }
    });
}

void shard::broadcast(std::string_view event, const protocol::peer_id& except) const {
    for_each_peer([&](peer& to) {
        if (to.connection() && to.id() != except) to.send(event);
    });
}

void shard::remember(peer& who) {
    remembered_.push_back(who);
    ++remembered_count_;
    const auto limit = std::max<std::size_t>(1, config_.max_remembered / all_.size());
    if (remembered_count_ > limit) remembered_.front().forget();
}

void shard::no_longer_remembered(peer& who) {
    remembered_.erase(remembered_.iterator_to(who));
    --remembered_count_;
}

channel* shard::find_channel(const protocol::channel_id& id) const {
    const auto found = channels_.find(id);
    return found == channels_.end() ? nullptr : found->second.get();
}

channel& shard::find_or_add_channel(const protocol::channel_id& id) {
    auto& found = channels_[id];
    if (!found) found = std::make_unique<channel>(*this, id);
    return *found;
}

void shard::erase_channel(const protocol::channel_id& id) {
    const auto key = id;
    channels_.erase(key);
    erase_audience_if_empty(key);
}

refusal shard::check_room(const change& c, bool exists) const {
    if (!memory_is_short || c.by_server) return std::nullopt;
    const bool adds = c.what == change::kind::ban || c.what == change::kind::invite;
    const bool creates = c.what == change::kind::join && !exists;
    if (!adds && !creates) return std::nullopt;
    return protocol::failure(protocol::numeric::try_again,
                             "the server is short of memory: no new channels, bans and invitations for a moment",
                             c.whom.channel_written);
}

outcome shard::carry_out(const protocol::channel_id& id, const change& c) {
    const bool may_create = c.what == change::kind::join && !c.only_existing;
    channel* in = find_channel(id);
    outcome done;
    if (!in && !may_create) {
        done.refused.emplace(protocol::numeric::no_such_channel, "no such channel", c.whom.channel_written);
        return done;
    }
    // First what is wrong with it whether there is room or not.
    if (memory_is_short && in) done.refused = in->check(c, now_ms());
    if (!done.refused) done.refused = check_room(c, in != nullptr);
    if (done.refused) return done;
    if (!in) in = &find_or_add_channel(id);
    done = in->apply(c, now_ms());
    if (!done.notice.empty()) notify(c.whom.id, std::move(done.notice));
    return done;
}

audience* shard::find_audience(const protocol::channel_id& id) const {
    const auto found = audiences_.find(id);
    return found == audiences_.end() ? nullptr : found->second.get();
}

audience& shard::find_or_add_audience(const protocol::channel_id& id, log_position start) {
    auto& found = audiences_[id];
    if (!found) found = std::make_unique<audience>(*this, id, start);
    return *found;
}

void shard::erase_audience_if_empty(const protocol::channel_id& id) {
    const auto found = audiences_.find(id);
    if (found == audiences_.end() || found->second->size() > 0 || channels_.contains(id)) return;
    audiences_.erase(found);
}

void shard::keep_for_readers(channel_log& of_the_past) {
    of_the_past.trim_bytes(std::max(config_.channel_log_bytes, config_.limits.resume_bytes));
    of_the_past.shrink_to(of_the_past.bytes());
    logs_of_the_past_.push_back(of_the_past);
}

bool shard::end_membership(peer& who, const protocol::channel_id& in) {
    audience* const left = find_audience(in);
    if (!left || !who.is_member_of(in)) return false;
    left->remove(who);
    erase_audience_if_empty(in);
    return true;
}

void shard::expel(const protocol::peer_id& whom, const protocol::channel_id& from, std::string event) const {
    all_.home_of(whom).tell([whom, from, event = std::move(event)](shard& at) {
        peer* const expelled = at.find_peer(whom);
        // Not a member here: that was before it came to this server, which reads it only now.
        if (!expelled || !at.end_membership(*expelled, from)) return;
        // A resumable session remembers it until it has been told.
        const bool ended = !event.empty() && !expelled->resumable();
        if (ended && at.shared) at.shared->forget_membership(whom, from);
        if (!expelled->online() || event.empty()) return;
        // Its connection is being replaced: the welcome to come says where it is.
        const bool is_taken_back = expelled->connected() && !expelled->connection();
        if (is_taken_back && !expelled->resumable()) return;
        expelled->note_end(from);
        expelled->send(event);
    });
}

void shard::need_turn() {
    if (turn_needed_) return;
    turn_needed_ = true;
    // Goes behind everything that is ready now: what one turn of the loop brings is sent in one go.
    boost::asio::post(context_, [this] { end_turn(); });
}

void shard::flush_at_end_of_turn(link& to) {
    dirty_.push_back(&to);
    if (!in_input_) need_turn();
}

bool shard::is_crowded(const link& to) const { return input_ - to.flushed_in_ < inputs_of_a_crowd; }

void shard::end_input() {
    in_input_ = false;
    // Then all goes out at its end.
    if (dirty_.empty() || turn_needed_) return;
    const bool crowded = dirty_.size() > links_per_slice ||
        std::any_of(dirty_.begin(), dirty_.end(), [this](link* to) { return to && is_crowded(*to); });
    if (crowded) {
        need_turn();
    } else {
        flush_links();
    }
}

void shard::forget_dirty(link& to) {
    std::replace(dirty_.begin(), dirty_.end(), &to, static_cast<link*>(nullptr));
    std::replace(flushing_.begin(), flushing_.end(), &to, static_cast<link*>(nullptr));
    std::replace(overdue_.begin(), overdue_.end(), &to, static_cast<link*>(nullptr));
}

void shard::fan_out_at_end_of_turn(audience& to) {
    if (to.queued_) return;
    to.queued_ = true;
    to_fan_out_.push_back(&to);
    need_turn();
}

void shard::forget_audience(audience& gone) { std::erase(to_fan_out_, &gone); }

void shard::feed_at_end_of_turn(channel& from) {
    to_feed_.push_back(&from);
    need_turn();
}

void shard::forget_channel(channel& gone) { std::erase(to_feed_, &gone); }

void shard::feed_replicas() {
    for (channel* const from : std::exchange(to_feed_, {})) from->feed_replicas();
}

void shard::apply(const log_block& block) {
    audience* const in = find_audience(block.channel);
    // Nobody here any more: the last member left while this was on its way.
    if (!in) return;
    assert(in->log().head().ordinal == block.start.ordinal);
    std::size_t at = 0;
    for (const auto& entry : block.entries) {
        in->append(std::string_view(block.bytes).substr(at, entry.bytes), entry.seq, entry.except);
        at += entry.bytes;
    }
    in->count_from(block.end.seq);
}

void shard::end_turn() {
    turn_needed_ = false;
    try {
        feed_replicas();
        flush_links();
        fan_out();
    } catch (...) {
        need_turn();
        throw;
    }
    if (!to_fan_out_.empty() || !dirty_.empty() || !overdue_.empty()) need_turn();
}

void shard::flush(link* to) {
    if (!to) return;
    to->dirty_ = false;
    to->flushed_in_ = input_;
    to->flush();
}

void shard::flush_links() {
    flushing_.swap(dirty_);
    if (flushing_.size() <= links_per_slice) {
        for (std::size_t i = 0; i < flushing_.size(); ++i) flush(std::exchange(flushing_[i], nullptr));
    } else {
        for (link* const to : flushing_) {
            if (!to) continue;
            overdue_.push_back(to);
            to->note_queue();
        }
    }
    flushing_.clear();
    for (std::size_t left = links_per_slice; left > 0 && !overdue_.empty(); --left) {
        link* const to = overdue_.front();
        overdue_.pop_front();
        flush(to);
    }
}

void shard::fan_out() {
    std::size_t budget = members_per_slice;
    while (budget > 0 && !to_fan_out_.empty()) {
        audience& next = *to_fan_out_.front();
        to_fan_out_.pop_front();
        next.queued_ = false;
        // Channels take turns, so that a large one does not keep the small ones waiting.
        if (next.fan_out_slice(budget)) {
            next.queued_ = true;
            to_fan_out_.push_back(&next);
        }
    }
}

namespace {

constexpr std::size_t relieved_at_once = 20000;

/// Goes on in a table where it was the time before; after as many calls as it takes it was everywhere.
template <class Table, class Visitor>
void visit_next(const Table& all, std::size_t& bucket, Visitor visit) {
    const auto count = all.bucket_count();
    for (auto left = std::min(count, relieved_at_once); left > 0; --left) {
        bucket = (bucket + 1) % count;
        for (auto at = all.begin(bucket); at != all.end(bucket); ++at) visit(*at->second);
    }
}

}  // namespace

void shard::relieve_memory() {
    // What other shards have not got yet must not be forgotten here.
    feed_replicas();
    // One reader may wait for any number of channels that are over, and nothing else would ever end that.
    for (auto left = relieved_at_once; left > 0 && !logs_of_the_past_.empty(); --left) {
        channel_log& next = logs_of_the_past_.front();
        logs_of_the_past_.pop_front();
        next.forget_all();
    }
    visit_next(audiences_, relieved_.audiences,
               [this](audience& one) { one.shrink_to(config_.channel_log_bytes / relief_divisor); });
    visit_next(channels_, relieved_.channels,
               [this](channel& one) { one.shrink_history_to(config_.history_bytes / relief_divisor); });
    visit_next(peers_, relieved_.peers, [this](peer& one) {
        one.shrink_journal_to(config_.limits.resume_bytes / relief_divisor);
        link* const to = one.connection();
        if (!to) return;
        if (to->reads_too_slowly())
            to->close(protocol::close_code::too_slow, "the server is short of memory, and you read too slowly");
        if (to->hoards_input(config_.limits.message / relief_divisor))
            to->close(protocol::close_code::too_slow,
                      "the server is short of memory, and what you sent does not end or waits too long");
    });
}

void shard::schedule(timer_node& node, steady_time deadline) {
    wheel_.schedule(node, deadline);
    if (deadline + timer_wheel::tick < armed_until_) arm_timer();
}

void shard::stop_timers() {
    timers_stopped_ = true;
    timer_.cancel();
}

void shard::arm_timer() {
    if (timers_stopped_) return;
    armed_until_ = wheel_.next_wake();
    if (armed_until_ == steady_time::max()) return;
    timer_.expires_at(armed_until_);
    timer_.async_wait([this](boost::system::error_code ec) {
        if (ec) return;
        const auto woken = now();
        count.loop_lag_seconds.observe(std::chrono::duration<double>(woken - armed_until_).count());
        try {
            wheel_.advance(woken);
        } catch (...) {
            // What failed is reported; all other deadlines stand.
            arm_timer();
            throw;
        }
        arm_timer();
    });
}

}  // namespace channel
