#include "store/peer_book.hpp"

#include "store/codec.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace store {

using channel::claim;
using channel::ownership;
using channel::peer_record;
using channel::task;
using protocol::channel_id;
using protocol::peer_id;

namespace {

constexpr std::chrono::minutes spare_life{10};
constexpr std::size_t most_mail = 1000;

/// KEYS peer, channels, events, mail; ARGV expected tenure ('' if there must be no such peer), life, 1 to begin anew,
/// then fields and values, of which the server is the first. Answers the new tenure, or what is there. Tenures grow,
/// also where the key was gone meanwhile.
const script claim_script(R"lua(
local is = redis.call('HGET', KEYS[1], 'tenure') or ''
if is ~= ARGV[1] then return redis.call('HGETALL', KEYS[1]) end
local tenure = math.max((tonumber(is) or 0) + 1, now * 1000)
local written = string.format('%.0f', tenure)
-- First, because this is what fails where there is no memory left: then nothing was changed.
redis.call('HSET', KEYS[1], 'tenure', written)
if ARGV[3] == '1' then redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4]) end
redis.call('HSET', KEYS[1], 'tenure', written)
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
if ARGV[3] == '1' then redis.call('HSET', KEYS[1], 'keeper', ARGV[5]) end
redis.call('HDEL', KEYS[1], 'left', 'waited')
for i = 1, 4 do redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
return tenure
)lua");

/// KEYS peer, mail, events, channels; ARGV server, how many channels to count events from, or '' to go on counting,
/// these and their numbers, then fields and values: only if that server still looks after it. Letters are with it.
const script save_script(R"lua(
if redis.call('HGET', KEYS[1], 'node') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'keeper', ARGV[1])
redis.call('HDEL', KEYS[1], 'left', 'waited')
redis.call('DEL', KEYS[2])
local fields = 3
if ARGV[2] ~= '' then
  redis.call('DEL', KEYS[3])
  fields = 3 + 2 * tonumber(ARGV[2])
  for i = 3, fields - 1, 2 do
    if redis.call('HEXISTS', KEYS[4], ARGV[i]) == 1 then redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1]) end
  end
end
for i = fields, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
)lua");

/// KEYS peer, channels, events, mail; ARGV server, 'waited' or '', 1 if it quit. Dated by Redis.
const script left_script(R"lua(
if redis.call('HGET', KEYS[1], 'node') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'left', string.format('%.0f', now), 'waited', ARGV[2])
if ARGV[2] == '' then redis.call('DEL', KEYS[3], KEYS[4]) end
if ARGV[3] == '1' then redis.call('DEL', KEYS[2]) end
return 1
)lua");

/// KEYS peer; ARGV until when, life.
const script pin_script(R"lua(
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'pinned', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
)lua");

/// KEYS list; ARGV frame, most, life.
const script mail_script(R"lua(
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
)lua");

/// KEYS list, channels, peer; ARGV record, life, 1 to begin anew, server, then channels and their numbers. The server
/// that looked after a peer before may keep its events until the next one takes them (`keeper`), and not from then on,
/// however late its commands come.
const script keep_script(R"lua(
if redis.call('HGET', KEYS[3], 'keeper') ~= ARGV[4] then return 0 end
if ARGV[3] == '1' then redis.call('DEL', KEYS[1]) end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
for i = 5, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[2], ARGV[i]) == 1 then redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
return 1
)lua");

/// KEYS list, peer; ARGV server, how many.
const script trim_script(R"lua(
if redis.call('HGET', KEYS[2], 'keeper') ~= ARGV[1] then return 0 end
return redis.call('LTRIM', KEYS[1], ARGV[2], -1)
)lua");

/// KEYS list, mail, peer, channels; ARGV server.
const script take_script(R"lua(
redis.call('HSET', KEYS[3], 'keeper', ARGV[1])
return {redis.call('LRANGE', KEYS[1], 0, -1), redis.call('LRANGE', KEYS[2], 0, -1), redis.call('HGETALL', KEYS[4])}
)lua");

/// KEYS channels; ARGV channel, life.
const script membership_script(R"lua(
redis.call('HSETNX', KEYS[1], ARGV[1], '')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
)lua");

/// KEYS peer, channels; ARGV tenure, life, number of channels, these, then fields and values, of which the server
/// is the first: for a store that came back without what it had, or that was not told. Answers 2 if another server has
/// the peer.
const script restore_script(R"lua(
if redis.call('EXISTS', KEYS[1]) == 1 then
  if redis.call('HGET', KEYS[1], 'node') ~= ARGV[5 + ARGV[3]] then return 2 end
  redis.call('HDEL', KEYS[1], 'left', 'waited')
  return 1
end
redis.call('HSET', KEYS[1], 'tenure', ARGV[1], 'keeper', ARGV[5 + ARGV[3]])
local channels = tonumber(ARGV[3])
for i = 4, 3 + channels do redis.call('HSETNX', KEYS[2], ARGV[i], '') end
for i = 4 + channels, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
)lua");

std::string peer_key(const peer_id& id) { return "signaller:{p:" + id.hex() + "}"; }

std::vector<std::string> keys_of(const peer_id& id) {
    const auto key = peer_key(id);
    return {key, key + ":channels", key + ":events", key + ":mail"};
}

std::string hash_of(const channel::secret& session) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(session.bytes().data(), session.bytes().size(), digest.data(), &size, EVP_sha256(), nullptr);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
        out.push_back(digits[digest[i] >> 4U]);
        out.push_back(digits[digest[i] & 15U]);
    }
    return out;
}

std::int64_t number_of(const std::string& text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void put_fields(std::vector<std::string>& to, const peer_record& record) {
    const auto put = [&](std::string_view name, std::string value) {
        to.emplace_back(name);
        to.push_back(std::move(value));
    };
    put("name", record.name);
    put("description", record.description);
    // With a mark in front, so that away without a message is not the same as here.
    put("away", record.away ? "+" + *record.away : std::string());
    put("connectedAt", std::to_string(record.connected_at_ms));
    put("resumable", record.resumable ? "1" : "0");
}

std::vector<channel::kept_membership> read_memberships(const redis_value& fields) {
    std::vector<channel::kept_membership> in;
    for (std::size_t i = 0; i + 1 < fields.elements.size(); i += 2) {
        const auto parsed = protocol::parse_object_id(fields.elements[i].text);
        const auto& seq = fields.elements[i + 1].text;
        if (!parsed) continue;
        auto& one = in.emplace_back();
        one.id = channel_id(*parsed);
        if (!seq.empty()) one.seq = static_cast<std::uint64_t>(number_of(seq));
    }
    return in;
}

std::optional<stored_peer> read_peer(const redis_value& fields) {
    std::map<std::string_view, const std::string*> by_name;
    for (std::size_t i = 0; i + 1 < fields.elements.size(); i += 2)
        by_name[fields.elements[i].text] = &fields.elements[i + 1].text;
    if (!by_name.contains("tenure")) return std::nullopt;
    static const std::string nothing;
    const auto field = [&](std::string_view name) -> const std::string& {
        const auto found = by_name.find(name);
        return found == by_name.end() ? nothing : *found->second;
    };
    stored_peer who;
    who.record.name = field("name");
    who.record.description = field("description");
    if (const auto& away = field("away"); !away.empty()) who.record.away = away.substr(1);
    who.record.connected_at_ms = number_of(field("connectedAt"));
    who.record.resumable = field("resumable") == "1";
    who.session_hash = field("session");
    who.node = read_node(field("node")).value_or(0);
    who.tenure = field("tenure");
    who.connected = !by_name.contains("left");
    who.waited_for = !field("waited").empty();
    who.left_at_ms = number_of(field("left"));
    who.pinned_until_ms = number_of(field("pinned"));
    return who;
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
    std::vector<std::string> question{"HGETALL", peer_key(id)};
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
        const auto reply = co_await bus_.run(claim_script, keys_of(id), std::move(arguments));
        if (reply.failed()) co_return std::move(done);
        if (reply.what == redis_value::kind::integer) {
            done.what = free ? claim::kind::new_start : claim::kind::taken_back;
            done.record = free ? std::move(record) : there->record;
            done.tenure = static_cast<std::uint64_t>(reply.integer);
            if (free) co_return std::move(done);
            const bool looked_after = is_online(*there) && there->node != servers_.self();
            if (looked_after && servers_.is_alive(there->node)) done.before = there->node;
            if (done.before == 0) done.unattended_ms = there->connected ? servers_.last_beat_ms(there->node) : 0;
            if (!there->connected) done.unattended_ms = there->left_at_ms;
            break;
        }
        there = read_peer(reply);
        if (there && !servers_.knows(there->node)) co_await servers_.look();
    }
    if (done.what != claim::kind::taken_back) co_return std::move(done);
    std::vector<std::string> question{"HGETALL", keys_of(id)[1]};
    const auto channels = co_await bus_.command(std::move(question));
    if (channels.failed()) done.what = claim::kind::no_answer;
    for (const auto& in : read_memberships(channels)) done.channels.push_back(in.id);
    co_return std::move(done);
}

namespace {

std::vector<std::string> keys_to_save(const peer_id& id) {
    const auto all = keys_of(id);
    return {all[0], all[3], all[2], all[1]};
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
    const auto reply = co_await bus_.run(save_script, keys_to_save(id), std::move(arguments));
    if (reply.what != redis_value::kind::integer) co_return ownership::not_known;
    co_return reply.integer == 1 ? ownership::ours : ownership::of_another;
}

void peer_book::back(const peer_id& id, const peer_record& record) {
    bus_.post(save_script, keys_to_save(id), save_arguments(servers_.self(), record, std::nullopt));
}

task<bool> peer_book::note_membership(peer_id id, channel_id in) {
    std::vector<std::string> keys{keys_of(id)[1]};
    std::vector<std::string> arguments{in.hex(), life()};
    const auto reply = co_await bus_.run(membership_script, std::move(keys), std::move(arguments));
    co_return !reply.failed();
}

void peer_book::forget_membership(peer_id id, channel_id in) {
    bus_.post(std::vector<std::string>{"HDEL", keys_of(id)[1], in.hex()});
}

void peer_book::left(peer_id id, bool waited_for, bool quit) {
    std::vector<std::string> arguments{node_text(servers_.self()), waited_for ? "waited" : "", quit ? "1" : "0"};
    bus_.post(left_script, keys_of(id), std::move(arguments));
    if (!waited_for) kept_.erase(id);
}

void peer_book::pin(const peer_id& id) {
    const auto until = servers_.now_ms() + key_life(bus_.shard().config()).count();
    std::vector<std::string> keys{peer_key(id)};
    std::vector<std::string> arguments{std::to_string(until), life()};
    bus_.post(pin_script, std::move(keys), std::move(arguments));
}

task<ownership> peer_book::restore(const channel::peer& who) {
    const auto ids = who.channel_ids();
    std::vector<std::string> keys{keys_of(who.id())[0], keys_of(who.id())[1]};
    std::vector<std::string> arguments{std::to_string(who.tenure), life(), std::to_string(ids.size())};
    for (const auto& in : ids) arguments.push_back(in.hex());
    arguments.insert(arguments.end(), {"node", node_text(servers_.self()), "session", hash_of(who.session())});
    put_fields(arguments, who.record());
    const auto reply = co_await bus_.run(restore_script, std::move(keys), std::move(arguments));
    if (reply.what != redis_value::kind::integer) co_return ownership::not_known;
    co_return reply.integer == 2 ? ownership::of_another : ownership::ours;
}

void peer_book::keep_alive(const peer_id& id) {
    for (auto& key : keys_of(id)) bus_.post(std::vector<std::string>{"PEXPIRE", std::move(key), life()});
}

// --- the events of resumable sessions

task<bool> peer_book::keep_events(peer_id id, std::uint64_t last, std::uint32_t count, std::string frames,
                                  std::vector<channel::kept_membership> reached) {
    auto& before = kept_[id];
    if (before.number == 0) before.number = ++last_number_;
    const auto number = before.number;
    const bool anew = before.broken || before.records.empty();
    std::vector<std::string> keys{keys_of(id)[2], keys_of(id)[1], keys_of(id)[0]};
    // What could not be kept before is said with what is.
    for (auto& in : before.reached) {
        const bool newer = std::any_of(reached.begin(), reached.end(),
                                       [&](const channel::kept_membership& r) { return r.id == in.id; });
        if (!newer) reached.push_back(in);
    }
    before.reached = reached;
    std::vector<std::string> arguments{std::to_string(last) + " " + std::to_string(count) + "\n" + std::move(frames),
                                       life(), anew ? "1" : "0", node_text(servers_.self())};
    for (const auto& in : reached) arguments.insert(arguments.end(), {in.id.hex(), std::to_string(*in.seq)});
    const auto reply = co_await bus_.run(keep_script, std::move(keys), std::move(arguments));
    const auto known = kept_.find(id);
    // Given up, or handed over, meanwhile.
    if (known == kept_.end() || known->second.number != number) co_return !reply.failed();
    auto& of = known->second;
    if (reply.integer != 1) {
        of.broken = true;
        co_return false;
    }
    of.reached.clear();
    if (anew) {
        of.records.clear();
        of.events = 0;
        of.broken = false;
    }
    of.records.emplace_back(last, count);
    of.events += count;
    const auto most = bus_.shard().config().limits.resume_events;
    std::size_t old = 0;
    for (auto events = of.events; events > most && old + 1 < of.records.size(); ++old) events -= of.records[old].second;
    trim(id, of, old);
    co_return true;
}

void peer_book::trim(const peer_id& id, kept& of, std::size_t records) {
    if (records == 0) return;
    for (std::size_t i = 0; i < records; ++i) {
        of.events -= of.records.front().second;
        of.records.pop_front();
    }
    std::vector<std::string> keys{keys_of(id)[2], keys_of(id)[0]};
    std::vector<std::string> arguments{node_text(servers_.self()), std::to_string(records)};
    bus_.post(trim_script, std::move(keys), std::move(arguments));
}

void peer_book::confirm_events(peer_id id, std::uint64_t last) {
    const auto found = kept_.find(id);
    if (found == kept_.end()) return;
    auto& of = found->second;
    // The last one stays: it says how far the counting had got.
    std::size_t seen = 0;
    while (seen + 1 < of.records.size() && of.records[seen].first <= last) ++seen;
    trim(id, of, seen);
}

void peer_book::drop_events(peer_id id) {
    kept_.erase(id);
    bus_.post(std::vector<std::string>{"DEL", keys_of(id)[2], keys_of(id)[3]});
}

namespace {

/// Cuts frames that were kept back to back apart.
bool split_frames(std::string_view bytes, std::vector<std::string>& into) {
    while (!bytes.empty()) {
        if (bytes.size() < 2) return false;
        const auto octet = [&](std::size_t i) {
            return static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i]));
        };
        auto size = octet(1) & 127U;
        const std::size_t long_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
        if (bytes.size() < 2 + long_bytes) return false;
        if (long_bytes > 0) size = 0;
        for (std::size_t i = 0; i < long_bytes; ++i) size = size << 8U | octet(2 + i);
        const auto whole = 2 + long_bytes + size;
        if (bytes.size() < whole) return false;
        into.emplace_back(bytes.substr(0, whole));
        bytes.remove_prefix(whole);
    }
    return true;
}

}  // namespace

task<channel::kept_events> peer_book::take_events(peer_id id) {
    channel::kept_events taken;
    const auto keys = keys_of(id);
    std::vector<std::string> lists{keys[2], keys[3], keys[0], keys[1]};
    std::vector<std::string> arguments{node_text(servers_.self())};
    const auto reply = co_await bus_.run(take_script, std::move(lists), std::move(arguments));
    if (reply.elements.size() != 3) co_return std::move(taken);
    const auto& events = reply.elements[0];
    const auto& mail = reply.elements[1];
    taken.complete = true;
    auto& of = kept_[id];
    of = {};
    of.number = ++last_number_;
    for (const auto& record : events.elements) {
        std::uint64_t last = 0;
        std::uint32_t count = 0;
        const auto* const end = record.text.data() + record.text.size();
        const auto [space, problem] = std::from_chars(record.text.data(), end, last);
        if (problem != std::errc{} || space == end) continue;
        const auto [line, other_problem] = std::from_chars(space + 1, end, count);
        if (other_problem != std::errc{} || line == end) continue;
        if (of.records.empty()) taken.before_first = last - count;
        const auto known = taken.before_first + taken.frames.size();
        const bool follows = last - count == known;
        const bool whole = split_frames({line + 1, static_cast<std::size_t>(end - line - 1)}, taken.frames);
        taken.complete = taken.complete && follows && whole && taken.before_first + taken.frames.size() == last;
        of.records.emplace_back(last, count);
        of.events += count;
    }
    for (const auto& letter : mail.elements) taken.mail.push_back(letter.text);
    taken.reached = read_memberships(reply.elements[2]);
    co_return std::move(taken);
}

task<bool> peer_book::leave_mail(peer_id id, std::string frame) {
    std::vector<std::string> keys{keys_of(id)[3]};
    std::vector<std::string> arguments{std::move(frame), std::to_string(most_mail), life()};
    const auto reply = co_await bus_.run(mail_script, std::move(keys), std::move(arguments));
    co_return reply.integer == 1;
}

}  // namespace store
