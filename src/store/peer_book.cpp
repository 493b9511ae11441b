#include "store/peer_book.hpp"

#include "logging/failure.hpp"
#include "store/codec.hpp"
#include "store/peer_records.hpp"
#include "store/peer_scripts.hpp"

namespace store {

using channel::claim;
using channel::ownership;
using channel::peer_record;
using channel::task;
using protocol::channel_id;
using protocol::peer_id;

namespace {

constexpr std::chrono::minutes spare_life{10};
/// Who left while Redis was away: of more than that, the ids of the others are free when their keys have ended.
constexpr std::size_t most_unsaid = 100'000;
constexpr std::size_t said_at_once = 1000;

std::string written(channel::parting how) {
    switch (how) {
        case channel::parting::waited_for: return "waited";
        case channel::parting::outlived: return "outlived";
        case channel::parting::lost: return "lost";
        case channel::parting::quit: return "quit";
    }
    return {};
}

std::vector<std::string> all_keys_of(const peer_id& id) {
    const peer_keys at(id);
    return {at.peer, at.channels, at.events, at.letters};
}

}  // namespace

std::chrono::milliseconds key_life(const channel::settings& config) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(config.retention + config.limits.resume_window +
                                                                 spare_life);
}

std::string peer_book::life() const { return std::to_string(key_life(bus_.shard().config()).count()); }

// --- who is who

std::optional<std::int64_t> peer_book::gone_at(const stored_peer& who) const {
    const auto window = std::chrono::milliseconds(bus_.shard().config().limits.resume_window).count();
    if (!who.connected) return who.left_at_ms + (who.waited_for ? window : 0);
    if (servers_.is_alive(who.node)) return std::nullopt;
    return servers_.last_beat_ms(who.node) + (who.record.resumable ? window : 0);
}

bool peer_book::is_online(const stored_peer& who) const {
    const auto gone = gone_at(who);
    return !gone || *gone > servers_.now_ms();
}

bool peer_book::is_free(const stored_peer& who) const {
    const auto gone = gone_at(who);
    const auto now = servers_.now_ms();
    return gone && *gone + bus_.shard().config().retention.count() <= now && who.pinned_until_ms <= now;
}

task<peer_book::look> peer_book::look_up(peer_id id) {
    std::vector<std::string> question{"HGETALL", peer_keys(id).peer};
    const auto reply = co_await bus_.command(std::move(question));
    look seen;
    seen.answered = !reply.failed();
    if (seen.answered) seen.found = read_peer(reply);
    if (seen.found && !servers_.knows(seen.found->node)) co_await servers_.look();
    co_return std::move(seen);
}

task<claim> peer_book::claim(peer_id id, channel::secret fresh, std::optional<channel::secret> proof,
                             peer_record record) {
    channel::claim done;
    std::optional<stored_peer> there;
    if (proof) {
        auto seen = co_await look_up(id);
        if (!seen.answered) co_return std::move(done);
        there = std::move(seen.found);
    }
    // Somebody else may be quicker; then what is there is looked at again.
    for (int attempt = 0; attempt < 5; ++attempt) {
        const bool free = !there || is_free(*there);
        const bool proven = !free && proof && there->session_hash == hash_of(*proof);
        if (!free && !proven) {
            done.what = claim::kind::in_use;
            co_return std::move(done);
        }
        std::vector<std::string> arguments{there ? there->tenure : std::string(), life(), free ? "1" : "0", "node",
                                           node_text(servers_.self())};
        if (free) {
            arguments.insert(arguments.end(), {"session", hash_of(fresh)});
            put_fields(arguments, record);
        }
        const auto reply = co_await bus_.run(claim_script, all_keys_of(id), std::move(arguments));
        if (reply.failed()) co_return std::move(done);
        const bool taken = reply.elements.size() == 2 && reply.elements[0].what == redis_value::kind::integer;
        if (taken) {
            done.what = free ? claim::kind::new_start : claim::kind::taken_back;
            done.record = free ? std::move(record) : there->record;
            done.tenure = static_cast<std::uint64_t>(reply.elements[0].integer);
            if (free) co_return std::move(done);
            const bool looked_after = is_online(*there) && there->node != servers_.self();
            if (looked_after && servers_.is_alive(there->node)) done.before = there->node;
            if (done.before == 0) done.unattended_ms = there->connected ? servers_.last_beat_ms(there->node) : 0;
            if (!there->connected) done.unattended_ms = there->left_at_ms;
            done.keeper = keeper_of(*there);
            if (done.before == 0) done.before = done.keeper;
            tell_the_missed(id, *there);
            for (const auto& in : read_memberships(reply.elements[1])) done.channels.push_back(in.id);
            co_return std::move(done);
        }
        there = read_peer(reply);
        if (there && !servers_.knows(there->node)) co_await servers_.look();
    }
    co_return std::move(done);
}

channel::node_id peer_book::keeper_of(const stored_peer& was) const {
    const bool told = was.keeper == was.node || was.keeper == servers_.self();
    return !told && servers_.is_alive(was.keeper) ? was.keeper : 0;
}

void peer_book::tell_the_missed(const peer_id& id, const stored_peer& was) {
    for (const auto server : {was.node, was.keeper}) {
        if (server != 0 && !servers_.is_alive(server)) servers_.tell(server, {{"k", "check"}, {"peer", id.hex()}});
    }
}

namespace {

std::vector<std::string> keys_to_save(const peer_id& id) {
    const peer_keys at(id);
    return {at.peer, at.events, at.channels};
}

std::vector<std::string> save_arguments(channel::node_id server, const peer_record& record,
                                        const std::optional<std::vector<channel::kept_membership>>& count_from) {
    std::vector<std::string> arguments{node_text(server), count_from ? std::to_string(count_from->size()) : ""};
    if (count_from) {
        for (const auto& in : *count_from) arguments.insert(arguments.end(), {in.id.hex(), std::to_string(*in.seq)});
    }
    put_fields(arguments, record);
    return arguments;
}

}  // namespace

task<ownership> peer_book::save(peer_id id, peer_record record,
                                std::optional<std::vector<channel::kept_membership>> count_from) {
    auto arguments = save_arguments(servers_.self(), record, count_from);
    if (count_from) kept_.erase(id);
    auto reply = co_await bus_.run(save_script, keys_to_save(id), arguments);
    const channel::peer* const who = bus_.shard().find_peer(id);
    if (reply.integer == 2 && who) {
        // The store has forgotten it: nobody else has it.
        const auto found = co_await restore(*who);
        if (found.whose != ownership::ours) co_return found.whose;
        reply = co_await bus_.run(save_script, keys_to_save(id), std::move(arguments));
    }
    if (reply.what != redis_value::kind::integer) co_return ownership::not_known;
    co_return reply.integer == 1 ? ownership::ours : ownership::of_another;
}

void peer_book::back(const peer_id& id, const peer_record& record) {
    bus_.post(save_script, keys_to_save(id), save_arguments(servers_.self(), record, std::nullopt));
}

task<bool> peer_book::note_membership(peer_id id, channel_id in) {
    // The end of one before, should it still have to be said, is none of this one.
    if (const auto known = kept_.find(id); known != kept_.end())
        std::erase_if(known->second.reached, [&](const auto& r) { return r.id == in && !r.seq; });
    std::vector<std::string> keys{peer_keys(id).channels};
    std::vector<std::string> arguments{in.hex(), life()};
    const auto reply = co_await bus_.run(membership_script, std::move(keys), std::move(arguments));
    co_return !reply.failed();
}

void peer_book::forget_membership(peer_id id, channel_id in) {
    const peer_keys at(id);
    std::vector<std::string> keys{at.peer, at.channels};
    bus_.post(forget_membership_script, std::move(keys), {in.hex(), node_text(servers_.self())});
}

void peer_book::left(peer_id id, std::uint64_t tenure, channel::parting how) {
    if (how != channel::parting::waited_for) kept_.erase(id);
    const departure gone{tenure, how};
    channel::spawn("leaving", say_left(id, gone), logging::task_failed);
}

task<> peer_book::say_left(peer_id id, departure gone) {
    auto keys = all_keys_of(id);
    std::vector<std::string> arguments{node_text(servers_.self()), std::to_string(gone.tenure), written(gone.how),
                                       life()};
    const auto reply = co_await bus_.run(left_script, std::move(keys), std::move(arguments));
    if (reply.what == redis_value::kind::integer) co_return;
    if (unsaid_.size() < most_unsaid || unsaid_.contains(id)) unsaid_.insert_or_assign(id, gone);
}

void peer_book::say_again() {
    for (std::size_t i = 0; i < said_at_once && !unsaid_.empty(); ++i) {
        const auto next = unsaid_.extract(unsaid_.begin());
        const auto [tenure, how] = next.mapped();
        const channel::peer* const who = bus_.shard().find_peer(next.key());
        const bool is_waited_for = who && who->resuming() && !who->returning() && how == channel::parting::waited_for;
        // Back by now, and not gone again.
        if (who && who->online() && !is_waited_for) continue;
        left(next.key(), tenure, how);
    }
}

void peer_book::pin(const peer_id& id) {
    const auto until = servers_.now_ms() + key_life(bus_.shard().config()).count();
    std::vector<std::string> keys{peer_keys(id).peer};
    std::vector<std::string> arguments{std::to_string(until), life()};
    bus_.post(pin_script, std::move(keys), std::move(arguments));
}

task<peer_book::restored> peer_book::restore(const channel::peer& who) {
    const auto in = who.positions();
    // It may end before the answer.
    const auto id = who.id();
    const peer_keys at(id);
    std::vector<std::string> keys{at.peer, at.channels, at.letters};
    std::vector<std::string> arguments{std::to_string(who.tenure), life(), std::to_string(in.size())};
    // What it heard before is not kept any more, and whoever has not had it all is told so; what comes next is.
    for (const auto& one : in)
        arguments.insert(arguments.end(), {one.id.hex(), who.keeps() ? written_reach(one) : std::string()});
    arguments.insert(arguments.end(), {"node", node_text(servers_.self()), "session", hash_of(who.session())});
    put_fields(arguments, who.record());
    const auto reply = co_await bus_.run(restore_script, std::move(keys), std::move(arguments));
    restored done;
    if (reply.what != redis_value::kind::integer) co_return std::move(done);
    done.whose = reply.integer == 2 ? ownership::of_another : ownership::ours;
    done.has_letters = reply.integer == 3;
    // Its events are gone, too.
    const auto known = kept_.find(id);
    if (reply.integer == 4 && known != kept_.end()) known->second.broken = true;
    co_return std::move(done);
}

void peer_book::keep_alive(const peer_id& id) {
    for (auto& key : all_keys_of(id)) bus_.post(std::vector<std::string>{"PEXPIRE", std::move(key), life()});
}

}  // namespace store
