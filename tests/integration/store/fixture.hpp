#pragma once

#include "integration/conformance/fixture.hpp"
#include "support/redis_process.hpp"

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace stored {

using conformance::fixture;
using conformance::join;
using conformance::named;
using support::ask_until;
using support::client;
using support::event;
using support::flag_of;
using support::forwarder;
using support::here;
using support::id_in;
using support::make_channel;
using support::make_id;
using support::number_of;
using support::redis_process;
using support::server_process;
using support::text_of;

inline std::vector<std::string> with_store(const std::string& store, const std::vector<std::string>& more = {}) {
    std::vector<std::string> options{"--store", store, "--rate", "0"};
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

inline client peer_at(const server_process& node, const std::string& name, const std::string& more = {}) {
    client made(node.port());
    made.describe("\"name\": \"" + name + "\"" + (more.empty() ? "" : ", " + more));
    return made;
}

/// The next connection of `before`, at some server.
inline event come_back(client& now, const client& before, const std::string& more = {}) {
    return now.describe(before.proof() + (more.empty() ? "" : ", " + more));
}

/// For what nobody is told of when it is so; asked again and again.
template <class Condition>
void wait_until(Condition holds, here at = here::current()) {
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("waited in vain in line " + std::to_string(at.line()));
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

struct two_members {
    client alice;
    client bob;
    std::string channel;
};

/// Alice, and Bob, whose session is resumable, in one channel, which Alice made.
inline two_members meet(const server_process& of_alice, const server_process& of_bob) {
    two_members both{peer_at(of_alice, "alice"), peer_at(of_bob, "bob", "\"resume\": true"), make_channel()};
    join(both.alice, both.channel);
    join(both.bob, both.channel, {&both.alice});
    return both;
}

/// Two servers on one Redis.
struct two_nodes {
    redis_process redis;
    server_process a;
    server_process b;

    explicit two_nodes(const std::vector<std::string>& options = {}, std::vector<std::string> of_redis = {})
        : redis(std::move(of_redis)),
          a(with_store(redis.store(), options)),
          b(with_store(redis.store(), options)) {}
};

}  // namespace stored
