#pragma once

#include "channel/peer.hpp"
#include "channel/shard.hpp"
#include "channel/store.hpp"
#include "store/nodes.hpp"
#include "store/redis_bus.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace store {

/// How long a key lives without being renewed: beyond all times of the protocol, which are what decides.
[[nodiscard]] std::chrono::milliseconds key_life(const channel::settings& config);

/// What Redis has of a peer.
struct stored_peer {
    channel::peer_record record;
    std::string session_hash;
    channel::node_id node = 0;
    std::string tenure;       ///< a greater one each time a server takes the id
    bool connected = false;   ///< else it left at `left_at_ms`
    bool waited_for = false;  ///< it left, and its resume window was to be waited for
    std::int64_t left_at_ms = 0;
    std::int64_t pinned_until_ms = 0;  ///< a channel names it
};

/// The peers of one shard in Redis: one hash each (who it is, which server looks after it), its channels with the last
/// message of each that was kept for it, and
/// for a resumable session a list of the events it has not confirmed.
class peer_book final {
public:
    peer_book(redis_bus& bus, nodes& servers) : bus_(bus), servers_(servers) {}

    [[nodiscard]] channel::task<channel::claim> claim(protocol::peer_id id, channel::secret fresh,
                                                      std::optional<channel::secret> proof,
                                                      channel::peer_record record);
    [[nodiscard]] channel::task<channel::ownership> save(
        protocol::peer_id id, channel::peer_record record,
        std::optional<std::vector<channel::kept_membership>> count_from);
    void back(const protocol::peer_id& id, const channel::peer_record& record);
    [[nodiscard]] channel::task<bool> note_membership(protocol::peer_id id, protocol::channel_id in);
    void forget_membership(protocol::peer_id id, protocol::channel_id in);
    void left(protocol::peer_id id, bool waited_for, bool quit);
    /// Channels name these peers: their ids stay taken meanwhile.
    void pin(const protocol::peer_id& id);
    /// Writes down what is known of a peer of ours, should the store have lost it.
    [[nodiscard]] channel::task<channel::ownership> restore(const channel::peer& who);
    /// Renews what is kept of a peer of ours.
    void keep_alive(const protocol::peer_id& id);

    [[nodiscard]] channel::task<bool> keep_events(protocol::peer_id id, std::uint64_t last, std::uint32_t count,
                                                  std::string frames, std::vector<channel::kept_membership> reached);
    void confirm_events(protocol::peer_id id, std::uint64_t last);
    void drop_events(protocol::peer_id id);
    [[nodiscard]] channel::task<channel::kept_events> take_events(protocol::peer_id id);
    /// It is not ours any more.
    void forget(const protocol::peer_id& id) { kept_.erase(id); }

    struct look {
        bool answered = false;
        std::optional<stored_peer> found;
    };
    [[nodiscard]] channel::task<look> look_up(protocol::peer_id id);

    /// Connected to a server that lives, or within its resume window.
    [[nodiscard]] bool is_online(const stored_peer& who) const;

    /// For a peer that nobody looks after at the moment; false if there is no room.
    [[nodiscard]] channel::task<bool> leave_mail(protocol::peer_id id, std::string frame);

private:
    /// What is in the list of events: where each of its records ends.
    struct kept {
        std::uint64_t number = 0;  ///< tells it from one before, of which there may still be answers
        std::deque<std::pair<std::uint64_t, std::uint32_t>> records;  ///< number of the last event, count
        std::uint64_t events = 0;
        bool broken = false;                            ///< something could not be kept: begin anew with the next
        std::vector<channel::kept_membership> reached;  ///< not known to be kept
    };

    [[nodiscard]] std::optional<std::int64_t> gone_at(const stored_peer& who) const;
    [[nodiscard]] bool is_free(const stored_peer& who) const;
    [[nodiscard]] std::string life() const;
    void trim(const protocol::peer_id& id, kept& of, std::size_t records);

    redis_bus& bus_;
    nodes& servers_;
    std::uint64_t last_number_ = 0;
    std::unordered_map<protocol::peer_id, kept, protocol::object_id_hash> kept_;
};

}  // namespace store
