#include "store/codec.hpp"
#include "store/peer_book.hpp"
#include "store/peer_records.hpp"
#include "store/peer_scripts.hpp"

#include <algorithm>
#include <charconv>

/// The part of peer_book that is about the events of resumable sessions, and letters.
namespace store {

using channel::task;
using protocol::peer_id;

namespace {

constexpr std::size_t most_letters = 1000;

}  // namespace

task<bool> peer_book::keep_events(peer_id id, channel::fresh_events events) {
    auto& before = kept_[id];
    if (before.number == 0) before.number = ++last_number_;
    const auto number = before.number;
    const bool anew = before.broken || before.records.empty();
    const peer_keys at(id);
    std::vector<std::string> keys{at.events, at.channels, at.peer, at.letters};
    // What could not be kept before is said with what is.
    auto& reached = events.reached;
    for (auto& in : before.reached) {
        const bool newer = std::any_of(reached.begin(), reached.end(),
                                       [&](const channel::kept_membership& r) { return r.id == in.id; });
        if (!newer) reached.push_back(in);
    }
    before.reached = reached;
    const kept_record added{events.last, events.count, events.frames.size()};
    std::vector<std::string> arguments{
        std::to_string(events.last) + " " + std::to_string(events.count) + "\n" + std::move(events.frames), life(),
        anew ? "1" : "0", node_text(servers_.self()), std::to_string(events.letters.size())};
    for (auto& letter : events.letters) arguments.push_back(std::move(letter));
    for (const auto& in : reached) arguments.insert(arguments.end(), {in.id.hex(), written_reach(in)});
    const auto reply = co_await bus_.run(keep_script, std::move(keys), std::move(arguments));
    const auto known = kept_.find(id);
    // Given up, or handed over, meanwhile.
    if (known == kept_.end() || known->second.number != number) co_return !reply.failed();
    auto& of = known->second;
    if (reply.integer != 1) {
        of.broken = true;
        co_return false;
    }
    if (anew) {
        of = {};
        of.number = number;
    }
    of.reached.clear();
    note_record(of, added);
    trim(id, of, beyond_limits(of));
    co_return true;
}

void peer_book::note_record(kept& of, const kept_record& added) {
    of.records.push_back(added);
    of.events += added.count;
    of.bytes += added.bytes;
}

std::size_t peer_book::beyond_limits(const kept& of) const {
    const auto& limits = bus_.shard().config().limits;
    auto events = of.events;
    auto bytes = of.bytes;
    std::size_t old = 0;
    for (; old + 1 < of.records.size() && (events > limits.resume_events || bytes > limits.resume_bytes); ++old) {
        events -= of.records[old].count;
        bytes -= of.records[old].bytes;
    }
    return old;
}

void peer_book::trim(const peer_id& id, kept& of, std::size_t records) {
    if (records == 0) return;
    for (std::size_t i = 0; i < records; ++i) {
        of.events -= of.records.front().count;
        of.bytes -= of.records.front().bytes;
        of.records.pop_front();
    }
    const peer_keys at(id);
    std::vector<std::string> keys{at.events, at.peer};
    std::vector<std::string> arguments{node_text(servers_.self()), std::to_string(records)};
    bus_.post(trim_script, std::move(keys), std::move(arguments));
}

bool peer_book::has_kept_all(const peer_id& id) const {
    const auto found = kept_.find(id);
    return found == kept_.end() || !found->second.broken;
}

void peer_book::confirm_events(peer_id id, std::uint64_t last) {
    const auto found = kept_.find(id);
    if (found == kept_.end()) return;
    auto& of = found->second;
    // The last one stays: it says how far the counting had got.
    std::size_t seen = 0;
    while (seen + 1 < of.records.size() && of.records[seen].last <= last) ++seen;
    trim(id, of, seen);
}

void peer_book::drop_events(peer_id id) {
    kept_.erase(id);
    const peer_keys at(id);
    std::vector<std::string> keys{at.peer, at.events, at.letters};
    bus_.post(drop_script, std::move(keys), {node_text(servers_.self())});
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
    const peer_keys at(id);
    std::vector<std::string> keys{at.events, at.letters, at.peer, at.channels};
    std::vector<std::string> arguments{node_text(servers_.self())};
    const auto reply = co_await bus_.run(take_script, std::move(keys), std::move(arguments));
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
        note_record(of, {last, count, record.text.size()});
    }
    for (const auto& letter : mail.elements) taken.letters.push_back(letter.text);
    taken.reached = read_memberships(reply.elements[2]);
    co_return std::move(taken);
}

task<std::optional<std::vector<std::string>>> peer_book::letters_for(peer_id id) {
    std::vector<std::string> question{"LRANGE", peer_keys(id).letters, "0", "-1"};
    const auto reply = co_await bus_.command(std::move(question));
    std::optional<std::vector<std::string>> letters;
    if (reply.failed()) co_return std::move(letters);
    letters.emplace();
    for (const auto& letter : reply.elements) letters->push_back(letter.text);
    co_return std::move(letters);
}

task<peer_book::delivery> peer_book::leave_letter(peer_id id, channel::node_id server, std::string frame) {
    const peer_keys at(id);
    std::vector<std::string> keys{at.letters, at.peer};
    std::vector<std::string> arguments{std::move(frame), std::to_string(most_letters),
                                       std::to_string(bus_.shard().config().limits.resume_bytes), life(),
                                       node_text(server)};
    const auto reply = co_await bus_.run(letter_script, std::move(keys), std::move(arguments));
    if (reply.what != redis_value::kind::integer) co_return delivery::no_answer;
    if (reply.integer == 2) co_return delivery::moved;
    co_return reply.integer == 1 ? delivery::left : delivery::no_room;
}

}  // namespace store
