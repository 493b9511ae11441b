#pragma once

#include "channel/shard.hpp"
#include "channel/task.hpp"
#include "channel/timer_wheel.hpp"
#include "store/redis_address.hpp"
#include "store/redis_value.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct redisAsyncContext;
struct redisReply;

namespace store {

/// What a user of a connection is told of it, on its shard's thread.
class redis_listener {
public:
    virtual void on_up() = 0;
    virtual void on_down(std::string_view why) = 0;
    /// Something was published on a topic subscribed to.
    virtual void on_message(std::string_view topic, std::string_view payload) = 0;
    /// A subscription is in force: what is published from here on arrives.
    virtual void on_subscribed(std::string_view topic) = 0;

protected:
    ~redis_listener() = default;
};

/// One connection to Redis that is kept up: hiredis' asynchronous client on Asio's reactor, with awaitable commands.
/// Commands of a turn of the event loop go out in one write. After a break it comes back by itself, with back-off and
/// jitter; with sentinels it asks them where the master is. It serves masters only. One shard, one thread.
class redis_connection final : private channel::timer_node {
public:
    struct settings {
        std::chrono::milliseconds timeout{1000};    ///< for an answer, and for each step of connecting
        std::chrono::milliseconds least_pause{50};  ///< before the first attempt to come back
        std::chrono::milliseconds longest_pause{2000};
        /// Commands without an answer yet, and their bytes; beyond that they fail at once.
        std::size_t max_waiting = 20000;
        std::size_t max_waiting_bytes = 64 * 1024 * 1024;
    };

    redis_connection(channel::shard& at, const redis_address& where, const settings& how, redis_listener& listener);
    ~redis_connection();
    redis_connection(const redis_connection&) = delete;
    redis_connection& operator=(const redis_connection&) = delete;

    /// Keeps the connection up until stop(). Ends when nothing refers to the connection any more.
    [[nodiscard]] channel::task<> run();
    void stop();
    /// Gives the present connection up, if there is one: commands under way fail, then it comes back.
    void drop(std::string_view why);

    [[nodiscard]] bool up() const { return up_; }

    /// `const auto reply = co_await connection.command(arguments);` Fails at once (`unavailable`) while the
    /// connection is not up, and after the timeout, with which the connection is given up: nothing waits longer than
    /// that.
    [[nodiscard]] auto command(std::vector<std::string> arguments) { return pending{*this, std::move(arguments)}; }

    /// Sends a command whose answer does not matter.
    void post(std::span<const std::string> arguments);

    /// Confirmed by on_subscribed(), or the connection is given up, as after a command that is not answered in time.
    /// After a break nothing is subscribed.
    void subscribe(const std::string& topic);
    void unsubscribe(const std::string& topic);

private:
    /// Whose a command is: until the connection is up, Redis would carry out those of others without knowing who asks,
    /// or in another database, or be no master.
    enum class part_of : std::uint8_t { connecting, service };

    class pending {
    public:
        pending(redis_connection& on, std::vector<std::string> arguments, part_of what = part_of::service)
            : on_(on),
              arguments_(std::move(arguments)),
              what_(what) {}
        bool await_ready() const { return false; }
        bool await_suspend(std::coroutine_handle<> waiting);
        redis_value await_resume() { return std::move(reply_); }

    private:
        friend class redis_connection;
        redis_connection& on_;
        std::vector<std::string> arguments_;
        part_of what_;
        std::coroutine_handle<> waiting_;
        redis_value reply_;
    };

    struct happening {
        redis_connection& self;
        bool await_ready() const { return self.woken_; }
        void await_suspend(std::coroutine_handle<> waiting) const { self.waiting_ = waiting; }
        void await_resume() const { self.woken_ = false; }
    };
    /// Something happened: the connection came or went, a deadline passed, stop().
    [[nodiscard]] happening something() { return {*this}; }

    [[nodiscard]] auto command_while_connecting(std::vector<std::string> arguments) {
        return pending{*this, std::move(arguments), part_of::connecting};
    }

    // --- connecting; each says what went wrong, nothing if all is well
    using problem = std::optional<std::string>;
    [[nodiscard]] channel::task<problem> establish();
    [[nodiscard]] channel::task<problem> find_master(redis_address::endpoint& master);
    /// One address of `to` after another.
    [[nodiscard]] channel::task<problem> connect(redis_address::endpoint to);
    [[nodiscard]] channel::task<problem> connect_to(std::string host, std::uint16_t port, std::string name);
    [[nodiscard]] channel::task<problem> introduce_ourselves();
    [[nodiscard]] channel::task<std::vector<std::string>> resolve(std::string host);
    [[nodiscard]] channel::task<> pause();

    // --- hiredis and the reactor
    struct call {
        channel::steady_time deadline;
        std::size_t bytes = 0;
    };
    [[nodiscard]] bool is_full() const;
    void begin_call(std::span<const std::string> arguments);
    bool submit(std::span<const std::string> arguments, void (*done)(redisAsyncContext*, void*, void*), void* who,
                part_of what = part_of::service);
    static void answered(redisAsyncContext* context, void* reply, void* who);
    static void answered_nobody(redisAsyncContext* context, void* reply, void* who);
    static void heard(redisAsyncContext* context, void* reply, void* who);
    /// Of the oldest command under way.
    void end_call(bool answered);
    void note_answer(const redisReply* reply);
    void attach();
    void detach();
    void wait_readable();
    void wait_writable();
    void handler_done();
    void wake();
    void expired(channel::steady_time now) override;
    void watch();
    /// When the connection is given up unless something is answered before.
    [[nodiscard]] channel::steady_time answer_due() const;

    channel::shard& shard_;
    const redis_address& where_;
    settings settings_;
    redis_listener& listener_;
    boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> descriptor_;
    redisAsyncContext* context_ = nullptr;
    std::deque<call> calls_;                          ///< commands without an answer, in their order
    std::size_t waiting_bytes_ = 0;                   ///< theirs
    std::size_t unconfirmed_ = 0;                     ///< subscriptions
    channel::steady_time confirmation_due_{};         ///< of the next of them
    std::optional<channel::steady_time> give_up_at_;  ///< the step under way
    channel::steady_time watched_until_{};
    std::optional<std::string> down_because_;
    std::coroutine_handle<> waiting_;
    std::chrono::milliseconds next_pause_{};
    std::uint64_t generation_ = 0;
    std::uint32_t pending_handlers_ = 0;
    bool wants_read_ = false;
    bool wants_write_ = false;
    bool read_armed_ = false;
    bool write_armed_ = false;
    bool connected_ = false;
    bool up_ = false;
    bool woken_ = false;
    bool stopped_ = false;
};

}  // namespace store
