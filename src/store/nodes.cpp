#include "store/nodes.hpp"

#include "logging/failure.hpp"
#include "store/codec.hpp"

#include <boost/json.hpp>

#include <charconv>

namespace store {

namespace json = boost::json;

using channel::node_id;
using channel::task;

namespace {

constexpr std::chrono::milliseconds tick{250};
constexpr std::string_view nodes_key = "signaller:{nodes}";
constexpr std::string_view since_key = "signaller:{nodes}:since";
constexpr std::string_view everybody_topic = "signaller:everybody";
/// A server that nobody could bury is known for this long after its peers would have been forgotten.
constexpr std::chrono::hours long_dead{24};
/// How long a burial may take before somebody else takes it up.
constexpr std::chrono::seconds burial_time{30};

std::int64_t count_ms(std::chrono::milliseconds duration) { return duration.count(); }

/// KEYS nodes, since; ARGV self, 1 to beat, how long ago is too long. Answers the time, all servers with their last
/// beats, and since when there has been a list of them: another time each time that Redis is emptied.
/// Who does not beat makes a change all the same, of nothing: Redis shows whether it takes any.
const script beat_script(R"lua(
if ARGV[2] == '1' then redis.call('ZADD', KEYS[1], now, ARGV[1]) else redis.call('ZADD', KEYS[1], 'XX', 'GT', 0, ARGV[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[3]))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], now, 'NX')
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return {now, redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'), redis.call('GET', KEYS[2])}
)lua",
                         script::when::at_any_time);

/// ARGV topic, message.
const script tell_script("return redis.call('PUBLISH', ARGV[1], ARGV[2])");

std::string topic_of(const redis_bus& bus, node_id id, std::size_t shard) {
    return bus.topic("signaller:{n:" + node_text(id) + "}:" + std::to_string(shard));
}

std::string grave_of(node_id id) { return "signaller:{n:" + node_text(id) + "}:grave"; }

}  // namespace

nodes::nodes(redis_bus& bus, node_id self, request_handler on_request, beat_handler on_beat)
    : bus_(bus),
      self_(self),
      on_request_(std::move(on_request)),
      on_beat_(std::move(on_beat)) {}

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
    // Nobody could beat while Redis was away.
    for (auto& [id, known] : lives_) known.seen = channel::shard::now();
    channel::spawn("heartbeat", beat(), logging::task_failed);
    channel::spawn("listen to servers", listen(), logging::task_failed);
}

task<> nodes::listen() {
    const bool heard = co_await bus_.subscribe(topic_of(bus_, self_, bus_.shard().index()), *this);
    if (heard && bus_.shard().index() == 0) co_await bus_.subscribe(bus_.topic(everybody_topic), everybody_);
}

bool nodes::is_alive(node_id id) const {
    if (id == self_) return true;
    const auto found = lives_.find(id);
    if (found == lives_.end()) return false;
    const auto& [beat_ms, seen, next_burial] = found->second;
    return now_ms() - beat_ms < dead_after.count() || channel::shard::now() - seen < dead_after;
}

std::int64_t nodes::last_beat_ms(node_id id) const {
    const auto found = lives_.find(id);
    return found == lives_.end() ? 0 : found->second.beat_ms;
}

// --- heartbeats

void nodes::expired(channel::steady_time now) {
    for (const auto& [id, asked] : questions_) {
        if (asked->waiting && now >= asked->deadline) bus_.shard().resume_later(std::exchange(asked->waiting, nullptr));
    }
    if (now >= next_beat_ && !beating_ && bus_.up()) {
        next_beat_ = now + beat_interval;
        channel::spawn("heartbeat", beat(), logging::task_failed);
    }
    if (!stopped_) bus_.shard().schedule(*this, now + tick);
}

task<> nodes::beat() {
    beating_ = true;
    // One shard speaks for the server, all look.
    const bool speaks = bus_.shard().index() == 0;
    const auto& config = bus_.shard().config();
    const auto forgotten = config.limits.resume_window + config.retention + long_dead;
    std::vector<std::string> keys{std::string(nodes_key), std::string(since_key)};
    std::vector<std::string> arguments{node_text(self_), speaks ? "1" : "0", std::to_string(count_ms(forgotten))};
    const auto reply = co_await bus_.run(beat_script, std::move(keys), std::move(arguments));
    beating_ = false;
    const bool taken = reply.elements.size() == 3;
    if (taken) {
        const auto& since = reply.elements[2].text;
        emptied_ = emptied_ || (!since_.empty() && since_ != since);
        since_ = since;
        bus_.learn_time(reply.elements[0].integer);
        note_beats(reply.elements[1].elements);
    }
    on_beat_(taken);
    if (taken && speaks) consider_burying();
}

void nodes::note_beats(const std::vector<redis_value>& ids_and_times) {
    auto before = std::exchange(lives_, {});
    for (std::size_t i = 0; i + 1 < ids_and_times.size(); i += 2) {
        const auto id = read_node(ids_and_times[i].text);
        if (!id) continue;
        life& now = lives_[*id];
        const auto& time = ids_and_times[i + 1].text;
        std::from_chars(time.data(), time.data() + time.size(), now.beat_ms);
        const auto known = before.find(*id);
        const bool late = known != before.end() && now.beat_ms - known->second.beat_ms >= dead_after.count();
        if (*id == self_ && late) doubted_ = true;
        if (known != before.end() && known->second.beat_ms == now.beat_ms) {
            now = known->second;
        } else {
            now.seen = channel::shard::now();
        }
    }
}

void nodes::consider_burying() {
    const auto& config = bus_.shard().config();
    const auto now = channel::shard::now();
    for (auto& [id, known] : lives_) {
        const auto dead_for = std::chrono::milliseconds(now_ms() - known.beat_ms);
        if (is_alive(id) || dead_for < config.limits.resume_window || now < known.next_burial) continue;
        const auto until_forgotten = config.limits.resume_window + config.retention - dead_for;
        const bool soon = until_forgotten > tick && until_forgotten < burial_time;
        known.next_burial = now + (soon ? until_forgotten : std::chrono::milliseconds(burial_time));
        channel::spawn("burial", try_to_bury(id, known.beat_ms), logging::task_failed);
    }
}

task<> nodes::try_to_bury(node_id dead, std::int64_t died_at_ms) {
    // Once, not by each.
    std::vector<std::string> lock{"SET", grave_of(dead), node_text(self_),
                                  "NX",  "PX",           std::to_string(count_ms(burial_time))};
    const auto reply = co_await bus_.command(std::move(lock));
    if (reply.text == "OK" && bury_) bury_(dead, died_at_ms);
}

void nodes::buried(node_id dead) {
    const auto& config = bus_.shard().config();
    bus_.post(std::vector<std::string>{"DEL", grave_of(dead)});
    if (now_ms() - last_beat_ms(dead) < count_ms(config.limits.resume_window + config.retention)) return;
    bus_.post(std::vector<std::string>{"ZREM", std::string(nodes_key), node_text(dead)});
    lives_.erase(dead);
}

void nodes::note_burial(node_id dead, std::int64_t time_ms) {
    const auto found = lives_.find(dead);
    if (found != lives_.end() && time_ms - found->second.beat_ms >= dead_after.count()) found->second.seen = {};
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
        // Given up by whoever asked, it must not happen any more.
        const auto* const until = message.if_contains("t");
        const bool late = until && until->is_int64() && now_ms() > until->get_int64();
        // What is so all the same is that another server has that peer.
        const bool matters = kind->get_string() == "release";
        if (late && !matters) return;
        if (late) message["late"] = true;
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

task<nodes::answer_of> nodes::ask(node_id to, json::object request) {
    struct reply {
        question& of;
        bool await_ready() const { return of.answer.has_value(); }
        void await_suspend(std::coroutine_handle<> waiting) const { of.waiting = waiting; }
        void await_resume() const {}
    };
    answer_of given;
    if (!bus_.up()) co_return std::move(given);
    question asked{std::nullopt, nullptr, channel::shard::now() + bus_.timeout()};
    const auto id = ++last_question_;
    questions_.emplace(id, &asked);
    request["i"] = static_cast<std::int64_t>(id);
    request["n"] = node_text(self_);
    request["s"] = bus_.shard().index();
    request["t"] = now_ms() + bus_.timeout().count();
    std::vector<std::string> words{"PUBLISH", topic_of(bus_, to, 0), json::serialize(request)};
    const auto listeners = co_await bus_.command(std::move(words));
    // Who is dead, though it was not missed yet, is not waited for.
    if (listeners.failed() || listeners.integer == 0) asked.deadline = channel::shard::now();
    while (!asked.answer && channel::shard::now() < asked.deadline) co_await reply{asked};
    questions_.erase(id);
    given.said = std::move(asked.answer);
    given.listens = listeners.failed() || listeners.integer != 0;
    co_return std::move(given);
}

void nodes::tell(node_id to, json::object what) { bus_.publish(topic_of(bus_, to, 0), json::serialize(what)); }

task<bool> nodes::tell_all(json::object what) {
    // By a script, which Redis does not carry out late: of what was given up nobody is to hear.
    std::vector<std::string> keys;
    std::vector<std::string> arguments{bus_.topic(everybody_topic), json::serialize(what)};
    const auto listeners = co_await bus_.run(tell_script, std::move(keys), std::move(arguments));
    co_return !listeners.failed();
}

void nodes::answer(const json::object& request, json::object with) {
    const auto* const from = request.if_contains("n");
    const auto* const shard = request.if_contains("s");
    const auto* const id = request.if_contains("i");
    if (!from || !from->is_string() || !shard || !shard->is_int64() || !id) return;
    const auto to = read_node(from->get_string());
    if (!to) return;
    with["k"] = "answer";
    with["i"] = *id;
    bus_.publish(topic_of(bus_, *to, static_cast<std::size_t>(shard->get_int64())), json::serialize(with));
}

}  // namespace store
