#include "channel/audience.hpp"
#include "channel/store.hpp"

#include "unit/channel/ids.hpp"
#include "unit/channel/one_shard.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using channel::task;
using protocol::channel_id;
using protocol::peer_id;

namespace {

/// Takes everything, and has nothing.
class blank_store final : public channel::store {
public:
    [[nodiscard]] bool answers() const override { return true; }
    task<bool> open(channel_id) override { co_return true; }
    [[nodiscard]] std::int64_t now_ms() const override { return channel::shard::now_ms(); }
    task<channel::outcome> commit(channel_id, const channel::change&) override { co_return channel::outcome{}; }
    void commit_surely(channel_id, channel::change) override {}
    task<channel::claim> claim_peer(peer_id, channel::secret, std::optional<channel::secret>,
                                    channel::peer_record) override {
        co_return channel::claim{};
    }
    task<bool> release_elsewhere(peer_id, channel::node_id, channel::node_id, std::uint64_t) override {
        co_return true;
    }
    task<channel::ownership> save_peer(peer_id, channel::peer_record,
                                       std::optional<std::vector<channel::kept_membership>>) override {
        co_return channel::ownership::ours;
    }
    void peer_back(peer_id, channel::peer_record) override {}
    task<> let_go(peer_id, std::uint64_t) override { co_return; }
    task<bool> note_membership(peer_id, channel_id) override { co_return true; }
    void forget_membership(peer_id, channel_id) override {}
    void peer_left(peer_id, std::uint64_t, channel::parting) override {}
    void peer_gone(peer_id) override {}
    void pin(peer_id) override {}
    task<bool> keep_events(peer_id, channel::fresh_events) override { co_return true; }
    void confirm_events(peer_id, std::uint64_t) override {}
    void drop_events(peer_id) override {}
    task<channel::kept_events> take_events(peer_id) override { co_return channel::kept_events{}; }
    task<std::optional<std::vector<std::string>>> letters_for(peer_id) override { co_return std::nullopt; }
    task<channel::peer_sight> look_for(peer_id) override { co_return channel::peer_sight{}; }
    task<channel::relay_outcome> relay(peer_id, std::string) override { co_return channel::relay_outcome{}; }
    task<std::optional<std::string>> whois(peer_id, std::string, std::vector<channel_id>, bool&) override {
        co_return std::nullopt;
    }
    void notify(peer_id, std::string) override {}
    task<bool> broadcast(peer_id, std::string) override { co_return true; }
};

struct stored_fixture : one_shard::fixture {
    blank_store store;
    stored_fixture() { shard.shared = &store; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(peers_of_a_store, stored_fixture)

// A coroutine that waits for a turn that never comes is a leak.
BOOST_AUTO_TEST_CASE(who_goes_with_the_server_begins_nothing_for_what_it_had_not_heard_yet) {
    const auto channel = ids::channel(1);
    auto& bob = shard.add_peer(ids::peer(1), channel::secret::make());
    bob.set_resumable(true);
    auto& in = shard.find_or_add_audience(channel, {});
    in.add(bob);
    turn();
    in.append(one_shard::frame("hello"), 1, {});
    shard.erase_peer(bob.id());
    // The audience's own turn, and nothing else.
    context.restart();
    BOOST_TEST(context.poll() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
