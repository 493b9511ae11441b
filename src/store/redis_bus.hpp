#pragma once

#include "channel/shard.hpp"
#include "channel/task.hpp"
#include "store/redis_connection.hpp"

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace store {

/// Before something is tried again that the store has not answered.
inline constexpr std::chrono::milliseconds pause_before_next_attempt{250};

/// Told what is published on a topic, on the shard's thread.
class topic_listener {
public:
    virtual void on_message(std::string_view payload) = 0;
    /// The subscription is gone: something may have been missed until subscribe() says yes again.
    virtual void on_topic_lost() = 0;

protected:
    ~topic_listener() = default;
};

/// A step that Redis carries out as one: the text of a Lua script, sent once and then known by its hash. Not carried
/// out when it comes later than the asker waits for it, by whatever queue: what was given up must not happen any more.
/// (Those by which Redis' time is learned are carried out at any time: who has it wrong has to get it right again.)
/// The script has `now`, Redis' time in ms.
class script {
public:
    enum class when : std::uint8_t { in_time, at_any_time };

    explicit script(std::string_view text, when carried_out = when::in_time);
    [[nodiscard]] bool may_be_late() const { return carried_out_ == when::at_any_time; }
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] const std::string& sha1() const { return sha1_; }

private:
    std::string text_;
    std::string sha1_;
    when carried_out_;
};

/// One shard's connections to Redis: one for commands, one for the topics it listens to. Owned by the shard's
/// redis_store; on its thread but where it says otherwise.
class redis_bus final : private channel::timer_node {
public:
    /// Told when both connections are there, and when one has gone.
    class listener {
    public:
        virtual void on_bus_up() = 0;
        virtual void on_bus_down() = 0;

    protected:
        ~listener() = default;
    };

    redis_bus(channel::shard& at, const redis_address& where, const redis_connection::settings& how, listener& told);
    ~redis_bus();

    /// To be called on the shard's thread.
    void start();
    /// Both connections end by themselves, soon.
    void stop();

    [[nodiscard]] bool up() const { return commands_.up() && topics_.up(); }
    /// Nothing refers to the bus any more. From any thread.
    [[nodiscard]] bool ended() const { return running_ == 0; }
    [[nodiscard]] channel::shard& shard() const { return shard_; }
    [[nodiscard]] std::chrono::milliseconds timeout() const { return timeout_; }

    [[nodiscard]] auto command(std::vector<std::string> arguments) { return commands_.command(std::move(arguments)); }
    void post(std::span<const std::string> arguments) { commands_.post(arguments); }
    [[nodiscard]] channel::task<redis_value> run(const script& what, std::vector<std::string> keys,
                                                 std::vector<std::string> arguments);
    /// The same without an answer.
    void post(const script& what, std::vector<std::string> keys, std::vector<std::string> arguments);
    void publish(const std::string& topic, std::string payload);

    /// Redis' clock (ms since 1970), as far as it is known: a little late rather than early. This machine's own may be
    /// set meanwhile.
    [[nodiscard]] std::int64_t now_ms() const {
        return clock_ahead_ms_ ? steady_ms() + *clock_ahead_ms_ : channel::shard::now_ms();
    }
    /// From an answer, which may have been on its way for a time-out at most.
    void learn_time(std::int64_t redis_ms);
    /// From what was published, and may have been on its way for any time.
    void learn_time_of_message(std::int64_t redis_ms);

    /// A topic of this service: Redis' topics, unlike its keys, belong to no database, and other services may be in the
    /// others. Those of database 0 have no number.
    [[nodiscard]] std::string topic(std::string_view name) const;
    /// True when everything published from now on will be heard. One listener a topic.
    [[nodiscard]] channel::task<bool> subscribe(std::string topic, topic_listener& to);
    /// The subscription is whole since subscribe() said yes.
    [[nodiscard]] bool hears(const std::string& topic) const;
    void unsubscribe(const std::string& topic);

private:
    struct command_side final : redis_listener {
        redis_bus& bus;
        explicit command_side(redis_bus& of) : bus(of) {}
        void on_up() override { bus.changed(); }
        void on_down(std::string_view) override { bus.changed(); }
        void on_message(std::string_view, std::string_view) override {}
        void on_subscribed(std::string_view) override {}
    };
    struct topic_side final : redis_listener {
        redis_bus& bus;
        explicit topic_side(redis_bus& of) : bus(of) {}
        void on_up() override;
        void on_down(std::string_view) override;
        void on_message(std::string_view topic, std::string_view payload) override;
        void on_subscribed(std::string_view topic) override;
    };
    struct subscription {
        topic_listener* to = nullptr;
        bool confirmed = false;
        std::vector<std::coroutine_handle<>> waiting;
    };
    struct string_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    [[nodiscard]] static std::int64_t steady_ms();
    [[nodiscard]] std::string deadline_of(const script& what) const;
    [[nodiscard]] channel::task<> run_connection(redis_connection& connection);
    void expired(channel::steady_time now) override;
    void changed();
    void wake_all(subscription& waiting_for);

    channel::shard& shard_;
    listener& told_;
    std::chrono::milliseconds timeout_;
    unsigned database_;
    command_side command_side_{*this};
    topic_side topic_side_{*this};
    redis_connection commands_;
    redis_connection topics_;
    std::unordered_map<std::string, subscription, string_hash, std::equal_to<>> subscriptions_;
    std::string own_topic_;  ///< what is published there comes back, as long as the topics' connection lives
    channel::steady_time last_heard_{};
    std::optional<std::int64_t> clock_ahead_ms_;  ///< of our steady one; not known before the first answer
    std::atomic<unsigned> running_ = 0;
    bool was_up_ = false;
};

}  // namespace store
