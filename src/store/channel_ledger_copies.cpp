#include "channel/nap.hpp"
#include "logging/failure.hpp"
#include "logging/log.hpp"
#include "store/channel_ledger.hpp"
#include "store/channel_scripts.hpp"
#include "store/codec.hpp"

#include <algorithm>
#include <charconv>

/// The part of channel_ledger that keeps the copies: reads them, and applies what is published.
namespace store {

using channel::change;
using channel::nap;
using channel::task;
using protocol::channel_id;

namespace {

constexpr std::size_t most_held_bytes = 8 * 1024 * 1024;
/// A state is written when the changes since the last are this much, or twice the state.
constexpr std::size_t least_bytes_between_states = 128 * 1024;

template <class Number>
bool take_number(std::string_view& text, Number& into) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), into);
    if (ec != std::errc{} || end == text.data() + text.size() || *end != ' ') return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return true;
}

}  // namespace

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
        // Lost meanwhile: nobody would tell what comes next.
        if (!bus_.hears(r.topic)) co_return false;
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
    if (found == replicas_.end() || found->second->refreshing) co_return;
    replica& r = *found->second;
    const use in_use(r);
    r.refreshing = true;
    // Members who only listen ask for nothing: whatever is in the way, it is tried until it is done, or until the next
    // on_up().
    bool done = false;
    while (!done && bus_.up() && !stopped_) {
        done = co_await make_current(r);
        if (done) break;
        nap before_next(bus_.shard(), pause_before_next_attempt);
        co_await before_next;
    }
    r.refreshing = false;
}

// --- what others, and we, have changed

void channel_ledger::replica::on_message(std::string_view payload) {
    message m;
    if (!take_number(payload, m.version) || !take_number(payload, m.time_ms)) return;
    m.entry = payload;
    in.bus_.learn_time_of_message(m.time_ms);
    if (!current) {
        // Dropped, it will be read from the stream.
        if (!loading) channel::spawn("channel repair", in.refresh(id), logging::task_failed);
        if (!loading || held_bytes + m.entry.size() > most_held_bytes) return;
        held_bytes += m.entry.size();
        held.push_back(std::move(m));
        return;
    }
    held_bytes += m.entry.size();
    held.push_back(std::move(m));
    in.apply_held(*this);
    if (!current) channel::spawn("channel repair", in.refresh(id), logging::task_failed);
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
    if (read->what.what == change::kind::bury) {
        if (read->what.by.node == node_) buried_[r.id] = in.members_of(node_);
        on_burial_(r.id, read->what.by.node, m.time_ms);
    }
    auto result = in.apply(mine ? *mine->wanted : read->what, m.time_ms);
    if (!mine && read->node == node_ && !result.refused) settle(r.id, read->what);
    if (!mine) return;
    if (r.bytes_since_state > std::max(least_bytes_between_states, 2 * r.state_bytes) && !r.writing_state) {
        r.writing_state = true;
        channel::spawn("channel state", write_state(r.id), logging::task_failed);
    }
    mine->result = std::move(result);
    mine->done = true;
    // At once: who joins reads on from exactly here.
    if (mine->waiting) std::exchange(mine->waiting, nullptr).resume();
}

void channel_ledger::settle(const channel_id& id, const change& c) {
    if (c.what == change::kind::join || c.what == change::kind::attach) {
        channel::spawn("channel settlement", take_out_unless_there(id, c.by), logging::task_failed);
    } else if (c.what == change::kind::part) {
        std::string event;
        protocol::event::quit(event, {}, id, c.by.ref(), c.text);
        bus_.shard().expel(c.by.id, id, std::move(event));
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

}  // namespace store
