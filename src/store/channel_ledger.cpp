#include "store/channel_ledger.hpp"

#include "channel/nap.hpp"
#include "logging/failure.hpp"
#include "logging/log.hpp"
#include "store/channel_scripts.hpp"
#include "store/codec.hpp"
#include "store/peer_book.hpp"

#include <algorithm>

namespace store {

using channel::change;
using channel::nap;
using channel::outcome;
using channel::task;
using protocol::channel_id;
using protocol::failure;
using protocol::numeric;

namespace {

// A function of its own: a line does not belong into a coroutine's frame.
void report_not_written(const protocol::channel_id& id, std::string_view problem) {
    logging::line(logging::event::store_not_written).with("channel", id.hex()).with("problem", problem);
}

constexpr std::chrono::milliseconds tick{250};
constexpr std::chrono::milliseconds longest_pause{2000};  ///< before what cannot be refused is tried again
constexpr std::chrono::seconds keep_alive_interval{60};
constexpr std::chrono::seconds idle_time{30};
/// For so long (ms) it is known where a dead server had members, should nobody be there to bury it: a day.
const std::string burial_time = "86400000";

outcome no_store(std::string_view why) {
    outcome done;
    done.refused.emplace(numeric::unknown_error, std::string(why));
    return done;
}

}  // namespace

std::string channels_key(channel::node_id node) { return "signaller:{n:" + node_text(node) + "}:channels"; }

channel_ledger::replica::replica(channel_ledger& of, channel_id which) : in(of), id(which) {
    // The braces make Redis Cluster keep what belongs together together.
    const auto name = "signaller:{c:" + which.hex() + "}";
    topic = of.bus_.topic(name);
    log_key = name + ":log";
    state_key = name + ":state";
}

channel_ledger::channel_ledger(redis_bus& bus, channel::node_id node)
    : bus_(bus),
      node_(node),
      channels_key_(channels_key(node)) {}

channel_ledger::~channel_ledger() = default;

void channel_ledger::start() { bus_.shard().schedule(*this, channel::shard::now() + tick); }

void channel_ledger::stop() {
    stopped_ = true;
    cancel();
    for (const auto& [id, r] : replicas_) {
        for (const auto& [ticket, mine] : r->own) {
            mine->problem = "the server ends";
            if (mine->waiting) bus_.shard().resume_later(std::exchange(mine->waiting, nullptr));
        }
    }
}

channel_ledger::replica& channel_ledger::replica_of(const channel_id& id) {
    auto& found = replicas_[id];
    if (!found) found = std::make_unique<replica>(*this, id);
    found->last_used = channel::shard::now();
    return *found;
}

// --- changing

task<outcome> channel_ledger::commit(channel_id id, const change& c) {
    replica& r = replica_of(id);
    const use in_use(r);
    if (!r.current) {
        const bool current = co_await make_current(r);
        if (!current) co_return no_store("the store does not answer");
    }
    // What would be refused is not written down; but who says no must know the latest.
    if (bus_.shard().find_or_add_channel(id).check(c, now_ms())) {
        const bool current = co_await catch_up(r);
        if (!current) co_return no_store("the store does not answer");
        outcome refused;
        refused.refused = bus_.shard().find_or_add_channel(id).check(c, now_ms());
        if (refused.refused) co_return std::move(refused);
    }
    if (auto no_room = bus_.shard().check_room(c, bus_.shard().find_or_add_channel(id).exists_at(now_ms()))) {
        outcome refused;
        refused.refused = std::move(no_room);
        co_return std::move(refused);
    }
    // Before the membership: of who may be buried with this server nobody is forgotten.
    const bool comes_in = c.what == change::kind::join || c.what == change::kind::attach;
    if (comes_in && !has_members(id)) note_members_in(id);
    own_change mine{&c, {}, {}, false, {}};
    const auto ticket = ++last_ticket_;
    r.own.emplace(ticket, &mine);
    std::vector<std::string> arguments{write_entry(node_, ticket, c), r.topic, key_ttl(), std::to_string(r.version)};
    // Beside this: what was written is heard on the topic like the changes of others, in their order, and only that
    // counts. The answer may be later, or sooner.
    channel::spawn("channel append", append(id, ticket, std::move(arguments)), logging::task_failed);
    struct application {
        own_change& of;
        bool await_ready() const { return of.done || !of.problem.empty(); }
        void await_suspend(std::coroutine_handle<> waiting) const { of.waiting = waiting; }
        void await_resume() const {}
    };
    const auto deadline = channel::shard::now() + 3 * bus_.timeout();
    while (!mine.done && mine.problem.empty() && channel::shard::now() < deadline) co_await application{mine};
    r.own.erase(ticket);
    if (mine.done) {
        if (!mine.result.notice.empty()) bus_.shard().notify(c.whom.id, std::move(mine.result.notice));
        co_return std::move(mine.result);
    }
    if (mine.forgotten) {
        // It is given back first.
        r.current = false;
        auto again = co_await commit(id, c);
        co_return std::move(again);
    }
    co_return no_store(mine.problem.empty() ? "the store does not tell what became of it" : mine.problem);
}

task<> channel_ledger::append(channel_id id, std::uint64_t ticket, std::vector<std::string> arguments) {
    std::vector<std::string> keys;
    {
        const replica& r = *replicas_.at(id);
        keys = {r.log_key, r.state_key};
    }
    const auto reply = co_await bus_.run(append_script, std::move(keys), std::move(arguments));
    const bool written = reply.elements.size() == 2 && reply.elements[0].integer > 0;
    const auto of = replicas_.find(id);
    if (written || of == replicas_.end()) co_return;
    const auto mine = of->second->own.find(ticket);
    if (mine == of->second->own.end() || mine->second->done) co_return;
    mine->second->forgotten = reply.elements.size() == 2;
    mine->second->problem = "the store could not do it: " + reply.text;
    if (mine->second->waiting) std::exchange(mine->second->waiting, nullptr).resume();
}

void channel_ledger::commit_surely(channel_id id, change c) {
    channel::spawn("channel change", insist(id, std::move(c)), logging::task_failed);
}

task<> channel_ledger::insist(channel_id id, change c) {
    // Of a crowd that broke off there may be many.
    for (auto pause = tick;; pause = std::min(2 * pause, longest_pause)) {
        const auto done = co_await commit(id, c);
        const bool unanswered = done.refused && done.refused->code == numeric::unknown_error;
        if (!unanswered || stopped_) co_return;
        nap before_next(bus_.shard(), pause);
        co_await before_next;
        // Whoever came back meanwhile is a member again, and nobody is to leave any more.
        channel::shard& here = bus_.shard();
        channel::shard& home = here.all().home_of(c.by.id);
        co_await home.enter();
        const channel::peer* const back = home.find_peer(c.by.id);
        const bool returned = back && back->is_member_of(id);
        co_await here.enter();
        if (returned) co_return;
    }
}

task<> channel_ledger::write_state(channel_id id) {
    const auto found = replicas_.find(id);
    if (found == replicas_.end()) co_return;
    replica& r = *found->second;
    const use in_use(r);
    const channel::channel* const of = bus_.shard().find_channel(id);
    if (of) {
        auto text = store::write_state(of->state());
        const auto bytes = text.size();
        std::vector<std::string> keys{r.log_key, r.state_key};
        std::vector<std::string> arguments{std::to_string(r.version), std::move(text)};
        r.bytes_since_state = 0;
        r.state_bytes = bytes;
        const auto written = co_await bus_.run(state_script, std::move(keys), std::move(arguments));
        if (written.failed()) report_not_written(id, written.text);
    }
    r.writing_state = false;
}

// --- the passing of time

void channel_ledger::note_members_in(const channel_id& id) {
    bus_.post(std::vector<std::string>{"SADD", channels_key_, id.hex()});
    bus_.post(std::vector<std::string>{"PEXPIRE", channels_key_, burial_time});
}

bool channel_ledger::has_members(const channel_id& id) const {
    const channel::channel* const in = bus_.shard().find_channel(id);
    return in && in->has_members_here();
}

std::vector<channel_id> channel_ledger::channels_with_members() const {
    std::vector<channel_id> ids;
    for (const auto& [id, r] : replicas_) {
        if (has_members(id)) ids.push_back(id);
    }
    return ids;
}

void channel_ledger::on_up() {
    for (const auto& id : channels_with_members()) {
        note_members_in(id);
        channel::spawn("channel refresh", refresh(id), logging::task_failed);
    }
}

void channel_ledger::on_forgotten() {
    for (const auto& [id, r] : replicas_) {
        if (!r->loading) r->current = false;
    }
}

std::string channel_ledger::key_ttl() const { return std::to_string(key_life(bus_.shard().config()).count()); }

std::vector<protocol::peer_id> channel_ledger::take_buried(const channel_id& id) {
    const auto found = buried_.find(id);
    if (found == buried_.end()) return {};
    auto ids = std::move(found->second);
    buried_.erase(found);
    return ids;
}

void channel_ledger::keep_alive(const replica& r) {
    if (const channel::channel* const in = bus_.shard().find_channel(r.id)) {
        for (const auto& id : in->named()) bus_.shard().shared->pin(id);
    }
    for (const auto* const key : {&r.log_key, &r.state_key}) {
        const std::vector<std::string> words{"PEXPIRE", *key, key_ttl()};
        bus_.post(words);
    }
}

void channel_ledger::put_away(const channel_id& id) {
    const auto found = replicas_.find(id);
    bus_.unsubscribe(found->second->topic);
    bus_.post(std::vector<std::string>{"SREM", channels_key_, id.hex()});
    replicas_.erase(found);
    bus_.shard().erase_channel(id);
}

void channel_ledger::expired(channel::steady_time now) {
    const bool renew = now >= next_keep_alive_;
    if (renew) next_keep_alive_ = now + keep_alive_interval;
    if (renew) bus_.post(std::vector<std::string>{"PEXPIRE", channels_key_, burial_time});
    std::vector<channel_id> idle;
    for (const auto& [id, r] : replicas_) {
        // Whoever waited too long looks at the clock again.
        for (const auto& [ticket, mine] : r->own) {
            if (mine->waiting) bus_.shard().resume_later(std::exchange(mine->waiting, nullptr));
        }
        const bool lively = has_members(id);
        if (renew && lively) keep_alive(*r);
        if (!lively && r->users == 0 && !r->loading && now - r->last_used > idle_time) idle.push_back(id);
    }
    for (const auto& id : idle) put_away(id);
    if (!stopped_) bus_.shard().schedule(*this, now + tick);
}

}  // namespace store
