#pragma once

#include "channel/shard.hpp"
#include "channel/store.hpp"
#include "store/redis_bus.hpp"

#include <coroutine>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace store {

/// Where a server writes down which channels it has members of.
[[nodiscard]] std::string channels_key(channel::node_id node);

/// The channels of one shard as copies of what Redis has: state-machine replication with Redis as the sequencer.
///
/// A channel in Redis is a stream of changes with consecutive versions, and a state as of some version. A change is
/// appended by a script that numbers it, dates it and publishes it; every server that has the channel applies what is
/// published, in order, its own changes too. So the rules are carried out everywhere with the same result, a change
/// costs one round trip however many members there are, and nothing is shown that a crash could take back. Versions
/// have no gaps: one that is missed (a lost subscription) is seen, and repaired from the stream. Owned by the shard's
/// redis_store; on its thread.
class channel_ledger final : private channel::timer_node {
public:
    channel_ledger(redis_bus& bus, channel::node_id node);
    ~channel_ledger();

    // --- as in channel::store

    [[nodiscard]] channel::task<bool> open(protocol::channel_id id);
    [[nodiscard]] channel::task<channel::outcome> commit(protocol::channel_id id, const channel::change& c);
    void commit_surely(protocol::channel_id id, channel::change c);

    // --- burials

    /// Told of a channel in which the members of a server were buried, and when, by Redis' clock; of ours, although we
    /// live: see take_buried().
    using burial = std::function<void(const protocol::channel_id&, channel::node_id, std::int64_t time_ms)>;
    void on_burial(burial told) { on_burial_ = std::move(told); }
    [[nodiscard]] std::vector<protocol::peer_id> take_buried(const protocol::channel_id& id);

    // --- life

    void start();
    void stop();
    /// Both connections are there again: brings what has members here up to date.
    void on_up();
    /// Redis has forgotten everything.
    void on_forgotten();

    /// The channels that have members on this server.
    [[nodiscard]] std::vector<protocol::channel_id> channels_with_members() const;

    /// Redis' clock, as far as it is known.
    [[nodiscard]] std::int64_t now_ms() const { return bus_.now_ms(); }

private:
    /// A change of ours that is under way; lives in the coroutine that waits for it.
    struct own_change {
        const channel::change* wanted;
        channel::outcome result;
        std::coroutine_handle<> waiting;
        bool done = false;
        std::string problem;     ///< why it was not written down
        bool forgotten = false;  ///< because Redis does not have any more what is known here
    };
    /// A change as it is published.
    struct message {
        std::uint64_t version = 0;
        std::int64_t time_ms = 0;
        std::string entry;
    };
    /// Our copy of one channel, there as long as somebody is about it, has members here, or was so just now.
    struct replica final : topic_listener {
        channel_ledger& in;
        protocol::channel_id id;
        std::string log_key;
        std::string state_key;
        std::string topic;
        std::uint64_t version = 0;
        std::int64_t version_time_ms = 0;  ///< when that change was made, by Redis' clock; 0: not known
        bool current = false;              ///< everything up to `version` is applied, and what comes next will be heard
        bool loading = false;
        bool refreshing = false;   ///< somebody sees to it that it becomes current
        std::deque<message> held;  ///< heard while loading
        std::size_t held_bytes = 0;
        std::vector<std::coroutine_handle<>> waiting;  ///< for the loading to end
        std::unordered_map<std::uint64_t, own_change*> own;
        std::size_t bytes_since_state = 0;
        std::size_t state_bytes = 0;
        bool writing_state = false;
        unsigned users = 0;
        channel::steady_time last_used{};

        replica(channel_ledger& of, protocol::channel_id which);
        void on_message(std::string_view payload) override;
        void on_topic_lost() override;
    };

    /// Keeps a replica from being put away while a coroutine is about it.
    class use {
    public:
        explicit use(replica& of) : of_(of) { ++of_.users; }
        ~use() {
            --of_.users;
            of_.last_used = channel::shard::now();
        }
        use(const use&) = delete;
        use& operator=(const use&) = delete;

    private:
        replica& of_;
    };

    [[nodiscard]] replica& replica_of(const protocol::channel_id& id);
    [[nodiscard]] channel::task<> append(protocol::channel_id id, std::uint64_t ticket,
                                         std::vector<std::string> arguments);

    // --- each is false if the store does not answer

    /// Reads what is missing; several who want that wait for one reading.
    [[nodiscard]] channel::task<bool> make_current(replica& r);
    [[nodiscard]] channel::task<bool> load(replica& r);
    [[nodiscard]] bool install(replica& r, const redis_value& loaded);
    /// Asks whether there is anything newer, for who is about to say no.
    [[nodiscard]] channel::task<bool> catch_up(replica& r);
    /// Redis has forgotten what was acknowledged: it is told.
    [[nodiscard]] channel::task<bool> give_back(replica& r);

    /// Makes it current, however often that takes.
    [[nodiscard]] channel::task<> refresh(protocol::channel_id id);
    void install_state(replica& r, std::uint64_t version, const std::string& text);
    void apply(replica& r, const message& m);
    void apply_held(replica& r);
    /// A change of ours that was done after it had been given up: nobody was told, so nobody is to be where nobody
    /// thinks they are.
    void settle(const protocol::channel_id& id, const channel::change& c);
    [[nodiscard]] channel::task<> take_out_unless_there(protocol::channel_id id, channel::actor who);
    [[nodiscard]] channel::task<> write_state(protocol::channel_id id);
    [[nodiscard]] channel::task<> insist(protocol::channel_id id, channel::change c);
    void expired(channel::steady_time now) override;
    [[nodiscard]] bool has_members(const protocol::channel_id& id) const;
    void put_away(const protocol::channel_id& id);
    void keep_alive(const replica& r);
    void note_members_in(const protocol::channel_id& id);
    [[nodiscard]] std::string key_ttl() const;

    redis_bus& bus_;
    channel::node_id node_;
    std::string channels_key_;
    std::unordered_map<protocol::channel_id, std::unique_ptr<replica>, protocol::object_id_hash> replicas_;
    burial on_burial_;
    std::unordered_map<protocol::channel_id, std::vector<protocol::peer_id>, protocol::object_id_hash> buried_;
    std::uint64_t last_ticket_ = 0;
    channel::steady_time next_keep_alive_{};
    bool stopped_ = false;
};

}  // namespace store
