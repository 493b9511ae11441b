#include "store/redis_bus.hpp"

#include "logging/failure.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <exception>

namespace store {

using channel::task;

namespace {

/// The last argument is until when; 0: no matter when.
constexpr std::string_view in_time = R"lua(
local deadline = tonumber(table.remove(ARGV))
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if deadline > 0 and now > deadline then return redis.error_reply('LATE it was given up already') end
)lua";

}  // namespace

script::script(std::string_view text, when carried_out) : text_(in_time), carried_out_(carried_out) {
    text_.append(text);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text_.data(), text_.size(), digest.data(), &size, EVP_sha1(), nullptr);
    constexpr std::string_view digits = "0123456789abcdef";
    for (unsigned i = 0; i < size; ++i) {
        sha1_.push_back(digits[digest[i] >> 4U]);
        sha1_.push_back(digits[digest[i] & 15U]);
    }
}

redis_bus::redis_bus(channel::shard& at, const redis_address& where, const redis_connection::settings& how,
                     listener& told)
    : shard_(at),
      told_(told),
      timeout_(how.timeout),
      database_(where.database),
      commands_(at, where, how, command_side_),
      topics_(at, where, how, topic_side_),
      own_topic_("signaller:echo:" + protocol::peer_id::make().hex()) {}

redis_bus::~redis_bus() = default;

void redis_bus::start() {
    channel::spawn("redis commands", run_connection(commands_), logging::task_failed);
    channel::spawn("redis topics", run_connection(topics_), logging::task_failed);
    shard_.schedule(*this, channel::shard::now() + timeout_);
}

void redis_bus::expired(channel::steady_time now) {
    // A connection that only listens does not see by itself that nobody is at the other end.
    if (up() && now - last_heard_ > 3 * timeout_) topics_.drop("nothing heard");
    if (up()) publish(own_topic_, {});
    if (running_ > 0) shard_.schedule(*this, now + timeout_);
}

task<> redis_bus::run_connection(redis_connection& connection) {
    ++running_;
    co_await connection.run();
    --running_;
}

void redis_bus::stop() {
    cancel();
    commands_.stop();
    topics_.stop();
}

void redis_bus::changed() {
    if (up() == was_up_) return;
    was_up_ = up();
    if (was_up_) {
        told_.on_bus_up();
    } else {
        told_.on_bus_down();
    }
}

task<redis_value> redis_bus::run(const script& what, std::vector<std::string> keys,
                                 std::vector<std::string> arguments) {
    std::vector<std::string> words{"EVALSHA", what.sha1(), std::to_string(keys.size())};
    for (auto& key : keys) words.push_back(std::move(key));
    for (auto& argument : arguments) words.push_back(std::move(argument));
    words.push_back(deadline_of(what));
    auto again = words;
    auto reply = co_await command(std::move(words));
    if (reply.what == redis_value::kind::error && reply.text.starts_with("NOSCRIPT")) {
        again[0] = "EVAL";
        again[1] = what.text();
        reply = co_await command(std::move(again));
    }
    co_return std::move(reply);
}

void redis_bus::post(const script& what, std::vector<std::string> keys, std::vector<std::string> arguments) {
    std::vector<std::string> words{"EVAL", what.text(), std::to_string(keys.size())};
    for (auto& key : keys) words.push_back(std::move(key));
    for (auto& argument : arguments) words.push_back(std::move(argument));
    words.push_back(deadline_of(what));
    post(words);
}

std::int64_t redis_bus::steady_ms() {
    const auto since = channel::shard::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

void redis_bus::learn_time(std::int64_t redis_ms) {
    const auto ahead = redis_ms - steady_ms();
    const auto known = clock_ahead_ms_.value_or(ahead);
    const bool was_set_back = known - ahead > timeout_.count();
    // What came quickest knows best, but clocks drift: it counts less each time.
    clock_ahead_ms_ = was_set_back ? ahead : std::max(ahead, known - 1);
}

void redis_bus::learn_time_of_message(std::int64_t redis_ms) {
    if (clock_ahead_ms_) clock_ahead_ms_ = std::max(*clock_ahead_ms_, redis_ms - steady_ms());
}

std::string redis_bus::deadline_of(const script& what) const {
    const bool any = what.may_be_late() || !clock_ahead_ms_;
    return any ? "0" : std::to_string(now_ms() + timeout_.count());
}

void redis_bus::publish(const std::string& topic, std::string payload) {
    const std::array<std::string, 3> words{"PUBLISH", topic, std::move(payload)};
    post(words);
}

// --- topics

std::string redis_bus::topic(std::string_view name) const {
    std::string whole(name);
    if (database_ > 0) whole += '@' + std::to_string(database_);
    return whole;
}

task<bool> redis_bus::subscribe(std::string topic, topic_listener& to) {
    auto& wanted = subscriptions_[topic];
    wanted.to = &to;
    if (wanted.confirmed) co_return true;
    if (!topics_.up()) co_return false;
    struct confirmation {
        subscription& of;
        bool await_ready() const { return false; }
        void await_suspend(std::coroutine_handle<> waiting) const { of.waiting.push_back(waiting); }
        void await_resume() const {}
    };
    topics_.subscribe(topic);
    // Woken by the confirmation, or because the connection broke.
    co_await confirmation{wanted};
    co_return hears(topic);
}

bool redis_bus::hears(const std::string& topic) const {
    const auto found = subscriptions_.find(topic);
    return found != subscriptions_.end() && found->second.confirmed;
}

void redis_bus::unsubscribe(const std::string& topic) {
    const auto found = subscriptions_.find(topic);
    if (found == subscriptions_.end()) return;
    if (found->second.confirmed) topics_.unsubscribe(topic);
    wake_all(found->second);
    subscriptions_.erase(found);
}

void redis_bus::wake_all(subscription& waiting_for) {
    for (const auto handle : std::exchange(waiting_for.waiting, {})) shard_.resume_later(handle);
}

void redis_bus::topic_side::on_up() {
    bus.last_heard_ = channel::shard::now();
    bus.topics_.subscribe(bus.own_topic_);
    bus.changed();
}

void redis_bus::topic_side::on_down(std::string_view) {
    std::vector<topic_listener*> lost;
    for (auto& [topic, subscription] : bus.subscriptions_) {
        subscription.confirmed = false;
        bus.wake_all(subscription);
        lost.push_back(subscription.to);
    }
    for (auto* const to : lost) to->on_topic_lost();
    bus.changed();
}

void redis_bus::topic_side::on_message(std::string_view topic, std::string_view payload) {
    bus.last_heard_ = channel::shard::now();
    const auto found = bus.subscriptions_.find(topic);
    if (found != bus.subscriptions_.end()) found->second.to->on_message(payload);
}

void redis_bus::topic_side::on_subscribed(std::string_view topic) {
    const auto found = bus.subscriptions_.find(topic);
    if (found == bus.subscriptions_.end()) return;
    found->second.confirmed = true;
    bus.wake_all(found->second);
}

}  // namespace store
