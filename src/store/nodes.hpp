#pragma once

#include "channel/change.hpp"
#include "channel/shard.hpp"
#include "store/redis_bus.hpp"

#include <boost/json/object.hpp>

#include <coroutine>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace store {

/// The servers that share a Redis, as one shard of one of them sees them: who lives, and messages between them. A
/// server is dead when its heartbeat is older than `dead_after` by Redis' clock, and this one has looked for as long
/// without seeing a newer one: after an outage of Redis, or a jump of its clock, all are old and nobody is dead. Owned
/// by the shard's redis_store; on its thread.
class nodes final : private channel::timer_node, public topic_listener {
public:
    static constexpr std::chrono::milliseconds beat_interval{1000};
    static constexpr std::chrono::milliseconds dead_after{5000};

    /// What this shard does about a request from elsewhere; it answers with answer(), or not at all.
    using request_handler = std::function<void(boost::json::object request)>;

    /// Told after each heartbeat whether Redis took it, which it also does not where it refuses to write.
    using beat_handler = std::function<void(bool taken)>;

    nodes(redis_bus& bus, channel::node_id self, request_handler on_request, beat_handler on_beat);

    void start();
    void stop();
    /// Both connections are there again.
    void on_up();

    [[nodiscard]] channel::node_id self() const { return self_; }
    [[nodiscard]] bool is_alive(channel::node_id id) const;
    /// One that is not known may have come since the last look, or be long dead.
    [[nodiscard]] bool knows(channel::node_id id) const { return id == self_ || lives_.contains(id); }
    /// Looks who is there.
    [[nodiscard]] channel::task<> look() { return beat(); }
    /// Whether others may have taken this server for dead since this was asked last: its heartbeat was late.
    [[nodiscard]] bool take_doubt() { return std::exchange(doubted_, false); }
    /// Whether Redis was emptied since this was asked last.
    [[nodiscard]] bool take_emptied() { return std::exchange(emptied_, false); }
    /// When a server that is not alive any more was last heard of; 0 if that is long ago.
    [[nodiscard]] std::int64_t last_beat_ms(channel::node_id id) const;
    [[nodiscard]] std::int64_t now_ms() const { return bus_.now_ms(); }

    /// Servers that have been dead for the resume window and that this one has to bury. Comes again and again until the
    /// peers of the dead are not remembered any more: a burial that was cut short is taken up by somebody else.
    using burial = std::function<void(channel::node_id dead, std::int64_t died_at_ms)>;
    void bury_with(burial how) { bury_ = std::move(how); }
    /// It is done. When it died is known for as long as that says whose ids are still taken.
    void buried(channel::node_id dead);
    /// Another server did so at this time, of Redis' clock: unless it was heard of since then, it is dead for us, too.
    void note_burial(channel::node_id dead, std::int64_t time_ms);

    struct answer_of {
        std::optional<boost::json::object> said;  ///< nothing if it does not answer in time
        bool listens = true;                      ///< false if Redis knows that it has no connection to it
    };
    /// Asks another server. What reaches it later than that it does not do; a `release` comes as one that is `late`.
    [[nodiscard]] channel::task<answer_of> ask(channel::node_id to, boost::json::object request);
    /// Tells it, without an answer.
    void tell(channel::node_id to, boost::json::object what);
    /// Tells all others; false if Redis does not answer in time, and then it tells nobody later.
    [[nodiscard]] channel::task<bool> tell_all(boost::json::object what);
    void answer(const boost::json::object& request, boost::json::object with);

private:
    struct question {
        std::optional<boost::json::object> answer;
        std::coroutine_handle<> waiting;
        channel::steady_time deadline;
    };
    struct life {
        std::int64_t beat_ms = 0;     ///< the last heartbeat, by Redis' clock
        channel::steady_time seen{};  ///< when it was first seen here
        channel::steady_time next_burial{};
    };
    struct everybody final : topic_listener {
        nodes& in;
        explicit everybody(nodes& of) : in(of) {}
        void on_message(std::string_view payload) override { in.on_message(payload); }
        void on_topic_lost() override {}
    };

    void on_message(std::string_view payload) override;
    void on_topic_lost() override {}
    void expired(channel::steady_time now) override;
    [[nodiscard]] channel::task<> beat();
    [[nodiscard]] channel::task<> listen();
    void note_beats(const std::vector<redis_value>& ids_and_times);
    void consider_burying();
    [[nodiscard]] channel::task<> try_to_bury(channel::node_id dead, std::int64_t died_at_ms);

    redis_bus& bus_;
    channel::node_id self_;
    request_handler on_request_;
    beat_handler on_beat_;
    burial bury_;
    everybody everybody_{*this};
    std::unordered_map<channel::node_id, life> lives_;  ///< of all that are known
    std::unordered_map<std::uint64_t, question*> questions_;
    std::uint64_t last_question_ = 0;
    channel::steady_time next_beat_{};
    bool beating_ = false;
    bool doubted_ = false;
    std::string since_;  ///< when what is in Redis began
    bool emptied_ = false;
    bool stopped_ = false;
};

}  // namespace store
