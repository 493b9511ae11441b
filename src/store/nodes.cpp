#include "store/nodes.hpp"

#include "store/codec.hpp"
#include "store/report.hpp"

#include <boost/json.hpp>

#include <charconv>

namespace store {

namespace json = boost::json;

using channel::node_id;
using channel::task;

namespace {

constexpr std::chrono::milliseconds tick{250};
constexpr std::string_view nodes_key = "signaller:nodes";
constexpr std::string_view everybody_topic = "signaller:everybody";
/// A dead server is known this long after its burial could have begun; then its records have ended, too.
constexpr std::int64_t long_dead_ms = 24 * 3600 * 1000;

/// KEYS nodes; ARGV self, how long ago is too long. Answers the time, and all servers with their last beats.
const script beat_script(R"lua(
if ARGV[1] ~= '' then redis.call('ZADD', KEYS[1], now, ARGV[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {now, redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')}
)lua");

std::string topic_of(node_id id, std::size_t shard) {
    return "signaller:{n:" + node_text(id) + "}:" + std::to_string(shard);
}

std::string grave_of(node_id id) { return "signaller:{n:" + node_text(id) + "}:grave"; }

}  // namespace

nodes::nodes(redis_bus& bus, node_id self, request_handler on_request)
    : bus_(bus),
      self_(self),
      on_request_(std::move(on_request)) {}

void nodes::start() { bus_.shard().schedule(*this, channel::shard::now() + tick); }

void nodes::stop() {
    stopped_ = true;
    cancel();
    for (const auto& [id, asked] : questions_) {
        asked->deadline = channel::shard::now();
        if (asked->waiting) bus_.shard().resume_later(std::exchange(asked->waiting, nullptr));
    }
}

void nodes::on_up() {
    channel::spawn("heartbeat", beat(), report);
    channel::spawn("listen to servers", listen(), report);
}

task<> nodes::listen() {
    const bool heard = co_await bus_.subscribe(topic_of(self_, bus_.shard().index()), *this);
    if (heard && bus_.shard().index() == 0) co_await bus_.subscribe(std::string(everybody_topic), everybody_);
}

bool nodes::is_alive(node_id id) const {
    if (id == self_) return true;
    const auto found = beats_.find(id);
    return found != beats_.end() && now_ms() - found->second < dead_after.count();
}

std::int64_t nodes::last_beat_ms(node_id id) const {
    const auto found = beats_.find(id);
    return found == beats_.end() ? 0 : found->second;
}

// --- heartbeats

void nodes::expired(channel::steady_time now) {
    for (const auto& [id, asked] : questions_) {
        if (asked->waiting && now >= asked->deadline) bus_.shard().resume_later(std::exchange(asked->waiting, nullptr));
    }
    if (now >= next_beat_ && !beating_ && bus_.up()) {
        next_beat_ = now + beat_interval;
        channel::spawn("heartbeat", beat(), report);
    }
    if (!stopped_) bus_.shard().schedule(*this, now + tick);
}

task<> nodes::beat() {
    beating_ = true;
    // One shard speaks for the server, all look.
    const bool speaks = bus_.shard().index() == 0;
    std::vector<std::string> keys{std::string(nodes_key)};
    std::vector<std::string> arguments{speaks ? node_text(self_) : std::string(), std::to_string(long_dead_ms)};
    const auto reply = co_await bus_.run(beat_script, std::move(keys), std::move(arguments));
    beating_ = false;
    if (reply.elements.size() != 2) co_return;
    bus_.learn_time(reply.elements[0].integer);
    beats_.clear();
    const auto& list = reply.elements[1].elements;
    for (std::size_t i = 0; i + 1 < list.size(); i += 2) {
        const auto id = read_node(list[i].text);
        std::int64_t beat_ms = 0;
        const auto& score = list[i + 1].text;
        std::from_chars(score.data(), score.data() + score.size(), beat_ms);
        if (id) beats_[*id] = beat_ms;
    }
    if (speaks) consider_burying();
}

void nodes::consider_burying() {
    const auto window = bus_.shard().config().limits.resume_window;
    const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(window).count() + dead_after.count();
    for (const auto& [id, beat_ms] : beats_) {
        if (id != self_ && now_ms() - beat_ms > patience) channel::spawn("burial", try_to_bury(id, beat_ms), report);
    }
}

task<> nodes::try_to_bury(node_id dead, std::int64_t died_at_ms) {
    // Once, not by each.
    std::vector<std::string> lock{"SET", grave_of(dead), node_text(self_), "NX", "PX", "30000"};
    const auto reply = co_await bus_.command(std::move(lock));
    if (reply.text == "OK" && bury_) bury_(dead, died_at_ms);
}

void nodes::buried(node_id dead) {
    bus_.post(std::vector<std::string>{"ZREM", std::string(nodes_key), node_text(dead)});
    beats_.erase(dead);
}

// --- messages

void nodes::on_message(std::string_view payload) {
    boost::system::error_code ec;
    auto value = json::parse(payload, ec);
    if (ec || !value.is_object()) return;
    auto& message = value.get_object();
    const auto* const kind = message.if_contains("k");
    if (!kind || !kind->is_string()) return;
    if (kind->get_string() != "answer") {
        on_request_(std::move(message));
        return;
    }
    const auto* const id = message.if_contains("i");
    if (!id || !id->is_int64()) return;
    const auto found = questions_.find(static_cast<std::uint64_t>(id->get_int64()));
    if (found == questions_.end()) return;
    question& asked = *found->second;
    asked.answer = std::move(message);
    if (asked.waiting) bus_.shard().resume_later(std::exchange(asked.waiting, nullptr));
}

task<std::optional<json::object>> nodes::ask(node_id to, json::object request) {
    struct reply {
        question& of;
        bool await_ready() const { return of.answer.has_value(); }
        void await_suspend(std::coroutine_handle<> waiting) const { of.waiting = waiting; }
        void await_resume() const {}
    };
    if (!bus_.up()) co_return std::nullopt;
    question asked{std::nullopt, nullptr, channel::shard::now() + bus_.timeout()};
    const auto id = ++last_question_;
    questions_.emplace(id, &asked);
    request["i"] = static_cast<std::int64_t>(id);
    request["n"] = node_text(self_);
    request["s"] = bus_.shard().index();
    std::vector<std::string> words{"PUBLISH", topic_of(to, 0), json::serialize(request)};
    const auto listeners = co_await bus_.command(std::move(words));
    // Who is dead, though it was not missed yet, is not waited for.
    if (listeners.failed() || listeners.integer == 0) asked.deadline = channel::shard::now();
    while (!asked.answer && channel::shard::now() < asked.deadline) co_await reply{asked};
    questions_.erase(id);
    co_return std::move(asked.answer);
}

void nodes::tell(node_id to, json::object what) { bus_.publish(topic_of(to, 0), json::serialize(what)); }

void nodes::tell_all(json::object what) { bus_.publish(std::string(everybody_topic), json::serialize(what)); }

void nodes::answer(const json::object& request, json::object with) {
    const auto* const from = request.if_contains("n");
    const auto* const shard = request.if_contains("s");
    const auto* const id = request.if_contains("i");
    if (!from || !from->is_string() || !shard || !shard->is_int64() || !id) return;
    const auto to = read_node(from->get_string());
    if (!to) return;
    with["k"] = "answer";
    with["i"] = *id;
    bus_.publish(topic_of(*to, static_cast<std::size_t>(shard->get_int64())), json::serialize(with));
}

}  // namespace store
