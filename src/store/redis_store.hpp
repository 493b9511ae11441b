#pragma once

#include "channel/store.hpp"
#include "store/channel_ledger.hpp"
#include "store/nodes.hpp"
#include "store/peer_book.hpp"
#include "store/redis_bus.hpp"

#include <atomic>
#include <cstddef>
#include <unordered_map>

namespace store {

/// One shard's part in a service of several servers that share a Redis: its channels (channel_ledger), its peers
/// (peer_book), the other servers (nodes). Owned by the server, which outlives the shard's loop; on the shard's thread
/// but where it says otherwise.
class redis_store final : public channel::store, private redis_bus::listener, private channel::timer_node {
public:
    redis_store(channel::shard& at, const redis_address& where, const redis_connection::settings& how);

    /// On the shard's thread, before and after it serves.
    void start();
    void stop();
    [[nodiscard]] bool ended() const { return bus_.ended(); }

    /// Redis takes changes: both connections are there, and so was the last heartbeat. Readable from any thread.
    [[nodiscard]] bool up() const { return up_.load(std::memory_order_relaxed); }

    channel::task<bool> open(protocol::channel_id id) override;
    [[nodiscard]] bool answers() const override { return up(); }
    [[nodiscard]] std::int64_t now_ms() const override { return ledger_.now_ms(); }
    channel::task<channel::outcome> commit(protocol::channel_id id, const channel::change& c) override;
    void commit_surely(protocol::channel_id id, channel::change c) override;

    channel::task<channel::claim> claim_peer(protocol::peer_id id, channel::secret fresh,
                                             std::optional<channel::secret> proof,
                                             channel::peer_record record) override;
    channel::task<bool> release_elsewhere(protocol::peer_id id, channel::node_id before, channel::node_id keeper,
                                          std::uint64_t tenure) override;
    channel::task<channel::ownership> save_peer(
        protocol::peer_id id, channel::peer_record record,
        std::optional<std::vector<channel::kept_membership>> count_from) override;
    channel::task<> let_go(protocol::peer_id id, std::uint64_t tenure) override;
    void peer_back(protocol::peer_id id, channel::peer_record record) override;
    channel::task<bool> note_membership(protocol::peer_id id, protocol::channel_id in) override;
    void forget_membership(protocol::peer_id id, protocol::channel_id in) override;
    void peer_left(protocol::peer_id id, std::uint64_t tenure, channel::parting how) override;
    void peer_gone(protocol::peer_id id) override;
    void pin(protocol::peer_id id) override;

    channel::task<bool> keep_events(protocol::peer_id id, channel::fresh_events events) override;
    void confirm_events(protocol::peer_id id, std::uint64_t last) override;
    void drop_events(protocol::peer_id id) override;
    channel::task<channel::kept_events> take_events(protocol::peer_id id) override;
    channel::task<std::optional<std::vector<std::string>>> letters_for(protocol::peer_id id) override;

    channel::task<channel::peer_sight> look_for(protocol::peer_id id) override;
    channel::task<channel::relay_outcome> relay(protocol::peer_id to, std::string event) override;
    channel::task<std::optional<std::string>> whois(protocol::peer_id who, std::string label,
                                                    std::vector<protocol::channel_id> shared, bool& answered) override;
    void notify(protocol::peer_id id, std::string event) override;
    channel::task<bool> broadcast(protocol::peer_id from, std::string event) override;

private:
    void on_bus_up() override;
    void on_bus_down() override;
    void on_beat(bool taken);
    void expired(channel::steady_time now) override;

    // --- what other servers ask for; on shard 0, then where the peer is at home
    void on_request(boost::json::object request);
    void on_peer_request(protocol::peer_id about, boost::json::object request);
    [[nodiscard]] channel::task<> leave_letter(protocol::peer_id to, boost::json::object request);
    void letter_came(const protocol::peer_id& id);
    [[nodiscard]] channel::task<> look_for_letters_again(protocol::peer_id id);
    void answer_relay(protocol::peer_id to, const boost::json::object& request);
    [[nodiscard]] channel::task<> answer_when_kept(protocol::peer_id to, boost::json::object request,
                                                   boost::json::object answer);
    void answer_whois(protocol::peer_id who, const boost::json::object& request);
    [[nodiscard]] channel::task<> look_after(std::vector<protocol::peer_id> ours, std::uint64_t time);
    /// Ends what is here of a peer, unless it has come (back) since then, by a later tenure. False unless it was here
    /// and all its events were kept.
    [[nodiscard]] channel::task<bool> give_over(protocol::peer_id id, std::uint64_t tenure);
    void leave_behind(const channel::peer& who);
    [[nodiscard]] channel::task<> give_up_membership(protocol::channel_id in, channel::change wanted);
    /// `may_be_gone`: it need not be there any more.
    [[nodiscard]] channel::task<bool> ask_to_release(protocol::peer_id id, channel::node_id from, std::uint64_t tenure,
                                                     bool may_be_gone);
    /// Asks Redis whether a peer is still ours.
    void look_after_one(const protocol::peer_id& id);
    [[nodiscard]] channel::task<> release(protocol::peer_id id, boost::json::object request);
    [[nodiscard]] channel::task<> pass_on(protocol::peer_id id, std::string event);
    [[nodiscard]] channel::task<> bury(channel::node_id dead, std::int64_t died_at_ms);
    /// False if the store does not answer.
    [[nodiscard]] channel::task<bool> bury_in(std::string hex, channel::change wanted);
    void come_back_to(const protocol::channel_id& id);
    [[nodiscard]] channel::task<> bring_back(protocol::channel_id id, protocol::peer_id who);

    channel::shard& shard_;
    redis_bus bus_;
    nodes servers_;
    channel_ledger ledger_;
    peer_book book_;
    std::atomic<bool> up_{false};
    channel::steady_time next_renewal_{};
    std::vector<protocol::peer_id> to_renew_;
    std::uint64_t times_up_ = 0;
    bool stopped_ = false;
};

}  // namespace store
