#include "store/channel_ledger.hpp"

#include "channel/audience.hpp"
#include "channel/nap.hpp"
#include "logging/log.hpp"
#include "store/codec.hpp"
#include "store/peer_book.hpp"
#include "store/report.hpp"

#include <algorithm>
#include <charconv>
#include <exception>

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
constexpr std::chrono::seconds keep_alive_interval{60};
constexpr std::chrono::seconds idle_time{30};
/// For so long (ms) it is known where a dead server had members, should nobody be there to bury it: a day.
const std::string burial_time = "86400000";
/// A state is written when the changes since the last are this much, or twice the state.
constexpr std::size_t least_bytes_between_states = 128 * 1024;
constexpr std::size_t most_held_bytes = 8 * 1024 * 1024;

/// KEYS log, state; ARGV entry, topic, life (ms). The version goes on where an earlier channel of that id
/// cannot have been: numbers never come twice.
const script append_script(R"lua(
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('HSET', KEYS[2], 'v', now * 1000, 'first', now * 1000) end
local v = redis.call('HINCRBY', KEYS[2], 'v', 1)
local version = string.format('%.0f', v)
local time = string.format('%.0f', now)
redis.call('HSET', KEYS[2], 't', time)
redis.call('XADD', KEYS[1], version .. '-1', 't', time, 'd', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PUBLISH', ARGV[2], version .. ' ' .. time .. ' ' .. ARGV[1])
return {v, now}
)lua");

/// KEYS log, state; ARGV version that is known already (0: none) and its time (0: not known). Answers version, time,
/// then either '' or the state to begin with and its version, and the changes after that. 'behind' where Redis has
/// forgotten what is known. Of what is known and not in Redis, but something else in its place, nothing remains.
const script load_script(R"lua(
local h = redis.call('HMGET', KEYS[2], 'v', 'first', 'earlier', 'earlierVersion', 't')
local v = tonumber(h[1] or 0)
local known = tonumber(ARGV[1])
if known > v then return {v, now, 'behind', 0, {}} end
if v == 0 then return {0, now, '', 0, {}} end
if known == v and (ARGV[2] == '0' or ARGV[2] == h[5]) then return {v, now, '', known, {}} end
if known > 0 and known < v then
  local at = string.format('%.0f', known) .. '-1'
  local from = string.format('%.0f', known + 1) .. '-1'
  local last = redis.call('XRANGE', KEYS[1], at, at)
  local first = redis.call('XRANGE', KEYS[1], from, from)
  local same = ARGV[2] == '0' or (#last == 1 and last[1][2][2] == ARGV[2])
  if same and #first == 1 then return {v, now, '', known, redis.call('XRANGE', KEYS[1], from, '+')} end
end
local base = tonumber(h[4] or h[2])
return {v, now, h[3] or 'none', base, redis.call('XRANGE', KEYS[1], string.format('%.0f', base + 1) .. '-1', '+')}
)lua");

/// KEYS log, state; ARGV version, its time, state, life: where Redis came back without what was acknowledged.
const script give_back_script(R"lua(
if tonumber(redis.call('HGET', KEYS[2], 'v') or 0) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[2], 'v', ARGV[1], 'first', ARGV[1], 't', ARGV[2], 'state', ARGV[3], 'stateVersion', ARGV[1],
           'earlier', ARGV[3], 'earlierVersion', ARGV[1])
redis.call('DEL', KEYS[1])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
)lua");

/// KEYS log, state; ARGV version, state. Keeps the state before as well, and the changes since that one: whoever comes
/// back has something to read from.
const script state_script(R"lua(
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local h = redis.call('HMGET', KEYS[2], 'stateVersion', 'state')
local last = tonumber(h[1] or 0)
if tonumber(ARGV[1]) <= last then return 0 end
if last > 0 then
  redis.call('HSET', KEYS[2], 'earlier', h[2], 'earlierVersion', h[1])
  redis.call('XTRIM', KEYS[1], 'MINID', h[1] .. '-2')
end
redis.call('HSET', KEYS[2], 'state', ARGV[2], 'stateVersion', ARGV[1])
return 1
)lua");

template <class Number>
bool take_number(std::string_view& text, Number& into) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), into);
    if (ec != std::errc{} || end == text.data() + text.size() || *end != ' ') return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return true;
}

outcome no_store(std::string_view why) {
    outcome done;
    done.refused.emplace(numeric::unknown_error, std::string(why));
    return done;
}

}  // namespace

std::string channels_key(channel::node_id node) { return "signaller:{n:" + node_text(node) + "}:channels"; }

channel_ledger::replica::replica(channel_ledger& of, channel_id which) : in(of), id(which) {
    // The braces make Redis Cluster keep what belongs together together.
    topic = "signaller:{c:" + which.hex() + "}";
    log_key = topic + ":log";
    state_key = topic + ":state";
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

// --- reading

task<bool> channel_ledger::open(channel_id id) {
    replica& r = replica_of(id);
    const use in_use(r);
    if (r.current) co_return true;
    const bool current = co_await make_current(r);
    co_return current;
}

task<bool> channel_ledger::make_current(replica& r) {
    struct end_of_loading {
        replica& of;
        bool await_ready() const { return !of.loading; }
        void await_suspend(std::coroutine_handle<> waiting) const { of.waiting.push_back(waiting); }
        void await_resume() const {}
    };
    while (r.loading) co_await end_of_loading{r};
    if (r.current) co_return true;
    r.loading = true;
    const bool loaded = co_await load(r);
    r.loading = false;
    if (!loaded) {
        r.held.clear();
        r.held_bytes = 0;
    }
    for (const auto handle : std::exchange(r.waiting, {})) bus_.shard().resume_later(handle);
    co_return loaded;
}

task<bool> channel_ledger::load(replica& r) {
    // First the topic, then the stream: nothing falls between them.
    const bool heard = co_await bus_.subscribe(r.topic, r);
    if (!heard) co_return false;
    for (int attempt = 0; attempt < 4; ++attempt) {
        std::vector<std::string> keys{r.log_key, r.state_key};
        std::vector<std::string> known{std::to_string(r.version), std::to_string(r.version_time_ms)};
        const auto loaded = co_await bus_.run(load_script, std::move(keys), std::move(known));
        if (loaded.failed()) co_return false;
        if (loaded.elements.size() == 5 && loaded.elements[2].text == "behind") {
            const bool answered = co_await give_back(r);
            if (!answered) co_return false;
            continue;
        }
        if (!install(r, loaded)) co_return false;
        r.current = true;
        apply_held(r);
        if (r.current) co_return true;
    }
    co_return false;
}

task<bool> channel_ledger::give_back(replica& r) {
    if (!has_members(r.id)) {
        // Ended there, and nobody here has been told anything.
        install_state(r, 0, {});
        co_return true;
    }
    logging::line(logging::event::store_given_back).with("channel", r.id.hex()).with("version", r.version);
    std::vector<std::string> keys{r.log_key, r.state_key};
    std::vector<std::string> arguments{std::to_string(r.version), std::to_string(r.version_time_ms),
                                       store::write_state(bus_.shard().find_channel(r.id)->state()), key_ttl()};
    const auto given = co_await bus_.run(give_back_script, std::move(keys), std::move(arguments));
    co_return !given.failed();
}

bool channel_ledger::install(replica& r, const redis_value& loaded) {
    if (loaded.elements.size() != 5) return false;
    bus_.learn_time(loaded.elements[1].integer);
    const auto& base = loaded.elements[2].text;
    const auto base_version = static_cast<std::uint64_t>(loaded.elements[3].integer);
    if (!base.empty()) install_state(r, base_version, base == "none" ? std::string() : base);
    for (const auto& entry : loaded.elements[4].elements) {
        // An entry of a stream: its id, and the fields t and d.
        if (entry.elements.size() != 2 || entry.elements[1].elements.size() != 4) return false;
        message m;
        const auto& id = entry.elements[0].text;
        std::from_chars(id.data(), id.data() + id.size(), m.version);
        const auto& time = entry.elements[1].elements[1].text;
        std::from_chars(time.data(), time.data() + time.size(), m.time_ms);
        m.entry = entry.elements[1].elements[3].text;
        if (m.version != r.version + 1) return false;
        apply(r, m);
    }
    return true;
}

void channel_ledger::install_state(replica& r, std::uint64_t version, const std::string& text) {
    auto state = text.empty() ? std::optional<channel::channel_state>(channel::channel_state{}) : read_state(text);
    if (!state) {
        logging::line(logging::event::store_unreadable).with("channel", r.id.hex()).with("what", "state");
        state.emplace();
    }
    bus_.shard().find_or_add_channel(r.id).restore(*state);
    r.version = version;
    r.version_time_ms = 0;
    r.bytes_since_state = 0;
    r.state_bytes = text.size();
}

task<bool> channel_ledger::catch_up(replica& r) {
    std::vector<std::string> question{"HGET", r.state_key, "v"};
    const auto reply = co_await bus_.command(std::move(question));
    if (reply.failed()) co_return false;
    std::uint64_t newest = 0;
    std::from_chars(reply.text.data(), reply.text.data() + reply.text.size(), newest);
    if (newest == r.version && r.current) co_return true;
    r.current = false;
    const bool current = co_await make_current(r);
    co_return current;
}

task<> channel_ledger::refresh(channel_id id) {
    const auto found = replicas_.find(id);
    if (found == replicas_.end()) co_return;
    const use in_use(*found->second);
    co_await make_current(*found->second);
}

// --- what others, and we, have changed

void channel_ledger::replica::on_message(std::string_view payload) {
    message m;
    if (!take_number(payload, m.version) || !take_number(payload, m.time_ms)) return;
    m.entry = payload;
    in.bus_.learn_time(m.time_ms);
    if (!current) {
        // Dropped, it will be read from the stream.
        if (!loading || held_bytes + m.entry.size() > most_held_bytes) return;
        held_bytes += m.entry.size();
        held.push_back(std::move(m));
        return;
    }
    held_bytes += m.entry.size();
    held.push_back(std::move(m));
    in.apply_held(*this);
    if (!current) channel::spawn("channel repair", in.refresh(id), report);
}

void channel_ledger::replica::on_topic_lost() { current = false; }

void channel_ledger::apply_held(replica& r) {
    const use in_use(r);
    while (!r.held.empty() && r.current) {
        const auto next = std::move(r.held.front());
        r.held.pop_front();
        r.held_bytes -= next.entry.size();
        if (next.version <= r.version) continue;
        if (next.version == r.version + 1) {
            apply(r, next);
        } else {
            // Something was missed.
            r.current = false;
        }
    }
}

void channel_ledger::apply(replica& r, const message& m) {
    r.version = m.version;
    r.version_time_ms = m.time_ms;
    r.bytes_since_state += m.entry.size();
    const auto read = read_entry(m.entry);
    if (!read) {
        logging::line told(logging::event::store_unreadable);
        told.with("channel", r.id.hex()).with("what", "change").with("version", m.version);
        return;
    }
    own_change* mine = nullptr;
    if (read->node == node_) {
        const auto found = r.own.find(read->ticket);
        if (found != r.own.end()) mine = found->second;
    }
    channel::channel& in = bus_.shard().find_or_add_channel(r.id);
    if (read->what.what == change::kind::bury && read->what.by.node == node_) {
        buried_[r.id] = in.members_of(node_);
        on_own_burial_(r.id);
    }
    auto result = in.apply(mine ? *mine->wanted : read->what, m.time_ms);
    if (!mine && read->node == node_ && !result.refused) settle(r.id, read->what);
    if (!mine) return;
    if (r.bytes_since_state > std::max(least_bytes_between_states, 2 * r.state_bytes) && !r.writing_state) {
        r.writing_state = true;
        channel::spawn("channel state", write_state(r.id), report);
    }
    mine->result = std::move(result);
    mine->done = true;
    // At once: who joins reads on from exactly here.
    if (mine->waiting) std::exchange(mine->waiting, nullptr).resume();
}

void channel_ledger::settle(const channel_id& id, const change& c) {
    if (c.what == change::kind::join || c.what == change::kind::attach) {
        channel::spawn("channel settlement", take_out_unless_there(id, c.by), report);
    } else if (c.what == change::kind::part) {
        std::string event;
        protocol::event::quit(event, {}, id, c.by.ref(), c.text);
        bus_.shard().all().home_of(c.by.id).tell([id, who = c.by.id, event = std::move(event)](channel::shard& at) {
            channel::peer* const leaver = at.find_peer(who);
            channel::audience* const in = at.find_audience(id);
            if (!leaver || !in || !leaver->is_member_of(id)) return;
            in->remove(*leaver);
            at.erase_audience_if_empty(id);
            if (leaver->online()) leaver->send(event);
        });
    }
}

task<> channel_ledger::take_out_unless_there(channel_id id, channel::actor who) {
    channel::shard& here = bus_.shard();
    channel::shard& home = here.all().home_of(who.id);
    co_await home.enter();
    const channel::peer* const found = home.find_peer(who.id);
    const bool there = found && found->is_member_of(id);
    co_await here.enter();
    if (there) co_return;
    change wanted;
    wanted.what = change::kind::lose;
    wanted.by = std::move(who);
    wanted.text = "the store was too slow";
    commit_surely(id, std::move(wanted));
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
    std::vector<std::string> arguments{write_entry(node_, ticket, c), r.topic, key_ttl()};
    // Beside this: what was written is heard on the topic like the changes of others, in their order, and only that
    // counts. The answer may be later, or sooner.
    channel::spawn("channel append", append(id, ticket, std::move(arguments)), report);
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
    mine->second->problem = "the store could not do it: " + reply.text;
    if (mine->second->waiting) std::exchange(mine->second->waiting, nullptr).resume();
}

void channel_ledger::commit_surely(channel_id id, change c) {
    channel::spawn("channel change", insist(id, std::move(c)), report);
}

task<> channel_ledger::insist(channel_id id, change c) {
    for (;;) {
        const auto done = co_await commit(id, c);
        const bool unanswered = done.refused && done.refused->code == numeric::unknown_error;
        if (!unanswered || stopped_) co_return;
        nap before_next(bus_.shard(), tick);
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
        channel::spawn("channel refresh", refresh(id), report);
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
