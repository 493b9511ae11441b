#pragma once

#include "auth/verifier.hpp"
#include "channel/audience.hpp"
#include "channel/channel.hpp"
#include "channel/counters.hpp"
#include "channel/peer.hpp"
#include "channel/settings.hpp"
#include "channel/task.hpp"
#include "channel/timer_wheel.hpp"
#include "protocol/object_id.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/intrusive/list.hpp>

#include <coroutine>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace channel {

class link;
class shard;
class store;

/// All shards of the server. Peers and channels live on the shard that their id hashes to, so that everybody knows
/// where to go without asking.
class cluster {
public:
    [[nodiscard]] std::size_t size() const { return shards_.size(); }
    [[nodiscard]] shard& at(std::size_t index) const { return *shards_[index]; }

    template <class Id>
    [[nodiscard]] shard& home_of(const Id& id) const {
        // The upper half: the lower one picks the bucket in the shard's own tables.
        return *shards_[(id.hash() >> 32U) % shards_.size()];
    }

    /// To be called once for each shard before any of them runs.
    void add(shard& added) { shards_.push_back(&added); }

    /// This server process among those that share a store; 0 where state is in memory.
    node_id node = 0;
    [[nodiscard]] bool has_store() const { return node != 0; }

    /// Told of what background work throws.
    error_sink report = nullptr;

private:
    std::vector<shard*> shards_;
};

/// One thread's part of the service: its peers, the channels that are at home here, its members' audiences, its
/// deadlines. No lock: everything in it is touched by its own thread only, and other shards come to it (`enter`) or
/// send it work (`tell`), in order.
class shard {
public:
    using executor = boost::asio::io_context::executor_type;

    shard(std::size_t index, cluster& all, boost::asio::io_context& context, const settings& config);
    ~shard();
    shard(const shard&) = delete;
    shard& operator=(const shard&) = delete;

    /// The shard whose thread this is.
    [[nodiscard]] static shard& current();
    /// To be called by the shard's thread before it runs the context.
    void become_current();

    [[nodiscard]] std::size_t index() const { return index_; }
    [[nodiscard]] cluster& all() const { return all_; }
    [[nodiscard]] const settings& config() const { return config_; }
    [[nodiscard]] boost::asio::io_context& context() const { return context_; }

    // --- going from shard to shard

    /// `co_await other.enter()`: the coroutine goes on on that shard's thread; at once if it is there. What the
    /// channels here have said goes ahead of it, so that nothing it does over there overtakes that.
    [[nodiscard]] auto enter() {
        struct awaiter {
            shard& to;
            bool await_ready() const { return &current() == &to; }
            void await_suspend(std::coroutine_handle<> traveller) const {
                current().feed_replicas();
                to.resume_later(traveller);
            }
            void await_resume() const {}
        };
        return awaiter{*this};
    }

    /// `co_await here.next_turn()`: goes on here, with nothing of this turn on the stack any more.
    [[nodiscard]] auto next_turn() {
        struct awaiter {
            shard& here;
            bool await_ready() const { return false; }
            void await_suspend(std::coroutine_handle<> waiting) const { here.resume_later(waiting); }
            void await_resume() const {}
        };
        return awaiter{*this};
    }

    /// Does something on this shard: at once if this is its thread, else after everything that was sent there before.
    template <class Work>
    void tell(Work work) {
        if (&current() == this) {
            work(*this);
            return;
        }
        current().feed_replicas();
        boost::asio::post(context_, [this, work = std::move(work)]() mutable { work(*this); });
    }

    /// Resumes a coroutine on this shard's thread, on a later turn.
    void resume_later(std::coroutine_handle<> handle) {
        boost::asio::post(context_, [handle] { handle.resume(); });
    }

    // --- peers

    [[nodiscard]] peer* find_peer(const protocol::peer_id& id) const;
    peer& add_peer(const protocol::peer_id& id, const secret& session);
    void erase_peer(const protocol::peer_id& id);
    /// Sends an event to a peer, wherever it is, if it is online.
    void notify(const protocol::peer_id& id, std::string event);
    /// Sends an event to all peers here that have a connection, but one.
    void broadcast(std::string_view event, const protocol::peer_id& except) const;
    template <class Visitor>
    void for_each_peer(Visitor visit) const {
        for (const auto& [id, peer] : peers_) visit(*peer);
    }
    [[nodiscard]] std::size_t peer_count() const { return peers_.size(); }

    /// Keeps account of peers that are only remembered; beyond the limit the oldest that nobody needs is forgotten.
    void remember(peer& who);
    void no_longer_remembered(peer& who);

    // --- channels and audiences

    [[nodiscard]] channel* find_channel(const protocol::channel_id& id) const;
    channel& find_or_add_channel(const protocol::channel_id& id);
    void erase_channel(const protocol::channel_id& id);
    /// Carries a change of a channel out that is at home here.
    outcome carry_out(const protocol::channel_id& id, const change& c);
    [[nodiscard]] std::size_t channel_count() const { return channels_.size(); }
    template <class Visitor>
    void for_each_channel(Visitor visit) const {
        for (const auto& [id, one] : channels_) visit(*one);
    }

    [[nodiscard]] audience* find_audience(const protocol::channel_id& id) const;
    /// `start`: where the log is taken up if there is no replica here yet.
    audience& find_or_add_audience(const protocol::channel_id& id, log_position start);
    void erase_audience_if_empty(const protocol::channel_id& id);
    /// A channel is over here, but somebody still has to get what was said in it: memory for no more than that.
    void keep_for_readers(channel_log& of_the_past);
    /// Takes a peer of this shard out of a channel's audience; false if it is not in it.
    bool end_membership(peer& who, const protocol::channel_id& in);
    /// The same on the shard where the peer is at home, which is told `event`, if any, once it is out.
    void expel(const protocol::peer_id& whom, const protocol::channel_id& from, std::string event) const;

    // --- the end of the turn

    /// Around everything that input from one client sets going. What it says to others goes out at its end, without a
    /// turn of the loop for it; but who is spoken to by many at once gets all of that in one go at the end of the turn.
    void begin_input() {
        ++input_;
        in_input_ = true;
    }
    void end_input();
    void flush_at_end_of_turn(link& to);
    void forget_dirty(link& to);
    void fan_out_at_end_of_turn(audience& to);
    void forget_audience(audience& gone);
    void feed_at_end_of_turn(channel& from);
    void forget_channel(channel& gone);
    /// Takes in what a channel's home shard sent on.
    void apply(const log_block& block);
    /// Sends on what channels at home here have said since, to the shards with members of them.
    void feed_replicas();

    // --- time

    void schedule(timer_node& node, steady_time deadline);
    [[nodiscard]] static steady_time now() { return std::chrono::steady_clock::now(); }
    [[nodiscard]] static std::int64_t now_ms();
    /// The same clock as now(), up to some 4 ms late and several times cheaper: for what is counted in seconds.
    [[nodiscard]] static steady_time now_roughly();
    /// The clock of the channels: that of the store, where there is one.
    [[nodiscard]] std::int64_t channel_time_ms() const;

    /// No deadline fires any more, so that the context can run out of work.
    void stop_timers();

    /// What servers share; null where state is in memory.
    store* shared = nullptr;

    /// Who judges access tokens; null: nobody needs one. Another may take its place on this thread at any time.
    std::shared_ptr<const auth::verifier> access;

    /// While the server shuts down nobody is told of anybody's leaving.
    bool draining = false;

    counters count;

    /// The server holds more than it may: see relieve_memory(). What would make it more has to wait: new channels and
    /// connections, bans and invitations.
    bool memory_is_short = false;
    /// What is to be said to a change that would, if the channel is there or not.
    [[nodiscard]] refusal check_room(const change& c, bool exists) const;
    /// Has what is kept for slow readers, for /history and for those who may resume shrink to a sixteenth of what it
    /// may be otherwise, and lets go of connections with more than that in their queues, or of a message that does not
    /// end. What was said in channels that are over is forgotten. What is gone is told by `lost`. Does a part of it: to
    /// be called again and again.
    void relieve_memory();
    [[nodiscard]] std::size_t queue_bytes_limit() const {
        return memory_is_short ? config_.queue_bytes / relief_divisor : config_.queue_bytes;
    }
    [[nodiscard]] std::size_t remembered_count() const { return remembered_count_; }

    /// Members served before the loop looks at its sockets again.
    static constexpr std::size_t members_per_slice = 64;
    /// As many as one look brings input from, so that their answers are not torn apart.
    static constexpr std::size_t links_per_slice = 256;

private:
    static constexpr std::size_t relief_divisor = 16;

    using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                    boost::asio::wait_traits<std::chrono::steady_clock>, executor>;

    static constexpr std::uint32_t inputs_of_a_crowd = 16;
    [[nodiscard]] bool is_crowded(const link& to) const;
    void need_turn();
    void end_turn();
    void flush(link* to);
    void flush_links();
    void fan_out();
    void arm_timer();

    std::size_t index_;
    cluster& all_;
    boost::asio::io_context& context_;
    const settings& config_;

    timer_wheel wheel_;
    timer timer_;
    bool timers_stopped_ = false;
    steady_time armed_until_ = steady_time::max();

    std::unordered_map<protocol::peer_id, std::unique_ptr<peer>, protocol::object_id_hash> peers_;
    std::unordered_map<protocol::channel_id, std::unique_ptr<channel>, protocol::object_id_hash> channels_;
    std::unordered_map<protocol::channel_id, std::unique_ptr<audience>, protocol::object_id_hash> audiences_;
    /// Of channels that are over. They leave the list by themselves, when nobody needs them any more.
    boost::intrusive::list<channel_log, boost::intrusive::constant_time_size<false>> logs_of_the_past_;
    boost::intrusive::list<peer, boost::intrusive::constant_time_size<false>> remembered_;
    std::size_t remembered_count_ = 0;
    struct {
        std::size_t peers = 0;
        std::size_t channels = 0;
        std::size_t audiences = 0;
    } relieved_;  ///< buckets of those tables

    bool turn_needed_ = false;
    bool in_input_ = false;
    std::uint32_t input_ = inputs_of_a_crowd;
    std::vector<link*> dirty_;
    std::vector<link*> flushing_;
    /// Spoken to by one that spoke to very many: they get it in slices, and nobody who is spoken to meanwhile waits for
    /// them.
    std::deque<link*> overdue_;
    std::deque<audience*> to_fan_out_;
    std::vector<channel*> to_feed_;
};

/// Runs `work(home)` on a shard and comes back with its result. `work` is moved into the coroutine: give it a named
/// lambda (style.md, 6.1 B4).
template <class Work>
task<std::invoke_result_t<Work&, shard&>> run_on(shard& home, Work work) {
    shard& back = shard::current();
    co_await home.enter();
    auto result = work(home);
    co_await back.enter();
    co_return std::move(result);
}

}  // namespace channel
