#include "net/admission.hpp"

#include "net/http.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

namespace net {

namespace {

constexpr std::size_t growth_between_sweeps = 2;
constexpr std::chrono::seconds rate_burst{4};
constexpr std::chrono::seconds all_burst{1};
constexpr std::chrono::minutes failure_burst{1};
constexpr std::chrono::minutes guess_burst{1};

/// Of its guesses one in so many is answered at once; then each takes twice as long as the one before.
constexpr std::size_t undelayed_part = 4;
constexpr std::chrono::milliseconds shortest_delay{250};
constexpr std::chrono::milliseconds longest_delay{2000};

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&seed), sizeof seed);
    return seed;
}

std::int64_t nanoseconds_of(admission::time_point when) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
}

bool is_exempt(const client_address& who) { return who.is_local_socket() || who.is_loopback(); }

}  // namespace

std::string make_refusal(refusal why) {
    switch (why) {
        case refusal::server_rate: return make_refusal(503, "too many new connections", "Retry-After: 1\r\n");
        case refusal::address_connections:
            return make_refusal(429, "too many connections from this address", "Retry-After: 10\r\n");
        case refusal::address_rate:
            return make_refusal(429, "too many new connections from this address", "Retry-After: 1\r\n");
        case refusal::address_failures:
            return make_refusal(429, "too many failed handshakes from this address", "Retry-After: 60\r\n");
        case refusal::server_memory: return make_refusal(503, "the server is short of memory", "Retry-After: 10\r\n");
        case refusal::none:
        case refusal::server_full: break;
    }
    return make_refusal(503, "too many connections", "Retry-After: 10\r\n");
}

admission::rate::rate(std::size_t count, std::chrono::nanoseconds per, std::chrono::nanoseconds burst)
    : interval(count == 0 ? 0 : std::max<nanoseconds>(1, per.count() / static_cast<nanoseconds>(count))),
      tolerance(std::max<nanoseconds>(interval, burst.count())) {}

bool admission::rate::has_room(nanoseconds used_until, nanoseconds now) const {
    return interval == 0 || std::max(used_until, now) + interval - now <= tolerance;
}

admission::nanoseconds admission::rate::after_one_more(nanoseconds used_until, nanoseconds now) const {
    return std::min(std::max(used_until, now) + interval, now + tolerance);
}

admission::nanoseconds admission::rate::wait(nanoseconds used_until, nanoseconds now) const {
    return std::max<nanoseconds>(0, std::max(used_until, now) + interval - now - tolerance);
}

std::size_t admission::rate::count(nanoseconds used_until, nanoseconds now) const {
    if (interval == 0) return 0;
    return static_cast<std::size_t>((std::max<nanoseconds>(0, used_until - now) + interval - 1) / interval);
}

admission::admission(const admission_limits& limits)
    : limits_(limits),
      of_all_(limits.connections_per_second, std::chrono::seconds(1), all_burst),
      of_address_(limits.connections_per_second_and_address, std::chrono::seconds(1), rate_burst),
      failures_(limits.failures_per_minute_and_address, std::chrono::minutes(1), failure_burst),
      guesses_(limits.wrong_guesses_per_minute, std::chrono::minutes(1), guess_burst),
      seed_(random_seed()) {
    for (auto& one : parts_) {
        one = std::make_unique<part>(seed_);
        one->swept_at = remembered_addresses / part_count;
    }
}

std::size_t admission::hash::operator()(const client_address& of) const {
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), of.data().data(), sizeof words);
    std::uint64_t mixed = seed;
    for (const auto word : words) {
        mixed = (mixed ^ word) * 0x9E3779B97F4A7C15U;
        mixed ^= mixed >> 32U;
    }
    return mixed * 0xD6E8FEB86659FD93U >> 8U;
}

admission::part& admission::part_of(const client_address& key) const {
    return *parts_[(hash{~seed_}(key) >> 16U) % part_count];
}

bool admission::take_of_all(nanoseconds now) {
    auto used = used_until_.load(std::memory_order_relaxed);
    do {
        if (!of_all_.has_room(used, now)) return false;
    } while (!used_until_.compare_exchange_weak(used, of_all_.after_one_more(used, now), std::memory_order_relaxed));
    return true;
}

refusal admission::enter(const client_address& who, time_point when) {
    if (is_exempt(who)) return refusal::none;
    const auto key = who.counted_as();
    const auto now = nanoseconds_of(when);
    part& in = part_of(key);
    const std::lock_guard locked(in.lock);
    if (in.entries.size() >= in.swept_at) forget_some(in, now);
    entry& of = in.entries[key];
    if (!failures_.has_room(of.failures_until, now)) return refusal::address_failures;
    if (!of_address_.has_room(of.connects_until, now)) return refusal::address_rate;
    if (limits_.connections_per_address > 0 && of.open >= limits_.connections_per_address)
        return refusal::address_connections;
    // Last, so that one address over its own limits takes nothing from the others.
    if (!take_of_all(now)) return refusal::server_rate;
    of.connects_until = of_address_.after_one_more(of.connects_until, now);
    ++of.open;
    return refusal::none;
}

void admission::leave(const client_address& who) {
    if (is_exempt(who)) return;
    const auto key = who.counted_as();
    part& in = part_of(key);
    const std::lock_guard locked(in.lock);
    const auto found = in.entries.find(key);
    if (found != in.entries.end() && found->second.open > 0) --found->second.open;
}

void admission::note_failure(const client_address& who, time_point when) {
    if (is_exempt(who)) return;
    const auto key = who.counted_as();
    const auto now = nanoseconds_of(when);
    part& in = part_of(key);
    const std::lock_guard locked(in.lock);
    const auto found = in.entries.find(key);
    if (found == in.entries.end()) return;
    found->second.failures_until = failures_.after_one_more(found->second.failures_until, now);
}

channel::guess_verdict admission::judge_guess(const client_address& who, std::int64_t own, time_point when) const {
    const auto now = nanoseconds_of(when);
    auto until = own;
    if (!is_exempt(who)) {
        const auto key = who.counted_as();
        const part& in = part_of(key);
        const std::lock_guard locked(in.lock);
        const auto found = in.entries.find(key);
        if (found != in.entries.end()) until = std::max(until, found->second.guesses_until);
    }
    using std::chrono::milliseconds;
    channel::guess_verdict verdict;
    if (!guesses_.has_room(until, now)) {
        const auto wait = std::chrono::nanoseconds(guesses_.wait(until, now));
        verdict.refused_for = std::chrono::ceil<milliseconds>(wait);
        return verdict;
    }
    const auto before = guesses_.count(until, now);
    const auto undelayed = limits_.wrong_guesses_per_minute / undelayed_part;
    if (before > undelayed)
        verdict.delay =
            std::min(longest_delay, shortest_delay * (1U << std::min<std::size_t>(before - undelayed - 1, 4)));
    return verdict;
}

void admission::forgive_guess(const client_address& who, std::int64_t& own) {
    own -= guesses_.interval;
    if (is_exempt(who)) return;
    const auto key = who.counted_as();
    part& in = part_of(key);
    const std::lock_guard locked(in.lock);
    const auto found = in.entries.find(key);
    if (found != in.entries.end()) found->second.guesses_until -= guesses_.interval;
}

void admission::count_guess(const client_address& who, std::int64_t& own, time_point when) {
    const auto now = nanoseconds_of(when);
    own = guesses_.after_one_more(own, now);
    if (is_exempt(who)) return;
    const auto key = who.counted_as();
    part& in = part_of(key);
    const std::lock_guard locked(in.lock);
    const auto found = in.entries.find(key);
    if (found != in.entries.end())
        found->second.guesses_until = guesses_.after_one_more(found->second.guesses_until, now);
}

void admission::forget_some(part& in, nanoseconds now) {
    std::erase_if(in.entries, [now](const auto& pair) {
        const entry& of = pair.second;
        return of.open == 0 && of.connects_until <= now && of.failures_until <= now && of.guesses_until <= now;
    });
    constexpr auto kept = remembered_addresses / part_count;
    if (in.entries.size() >= kept / 2)
        std::erase_if(in.entries, [](const auto& pair) { return pair.second.open == 0; });
    // Twice what is left: a sweep is paid for by as many new addresses.
    in.swept_at = std::max(kept, in.entries.size() * growth_between_sweeps);
}

std::size_t admission::known_addresses() const {
    std::size_t count = 0;
    for (const auto& one : parts_) {
        const std::lock_guard locked(one->lock);
        count += one->entries.size();
    }
    return count;
}

}  // namespace net
