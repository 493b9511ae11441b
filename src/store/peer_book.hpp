#pragma once

#include "channel/peer.hpp"
#include "channel/shard.hpp"
#include "channel/store.hpp"
#include "store/nodes.hpp"
#include "store/peer_records.hpp"
#include "store/redis_bus.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace store {

/// How long a key lives without being renewed: beyond all times of the protocol, which are what decides.
[[nodiscard]] std::chrono::milliseconds key_life(const channel::settings& config);

/// The peers of one shard in Redis: one hash each (who it is, which server looks after it), its channels with the last
/// message of each that was kept for it, and for a resumable session a list of the events it has not confirmed. Owned
/// by the shard's redis_store; on its thread. What is awaited ends within a time-out and says if Redis did not answer;
/// what is not goes out in its order, and is lost with the connection: what hangs on it is said again after a break, by
/// restore().
class peer_book final {
public:
    peer_book(redis_bus& bus, nodes& servers) : bus_(bus), servers_(servers) {}

    // --- as in channel::store

    [[nodiscard]] channel::task<channel::claim> claim(protocol::peer_id id, channel::secret fresh,
                                                      std::optional<channel::secret> proof,
                                                      channel::peer_record record);
    [[nodiscard]] channel::task<channel::ownership> save(
        protocol::peer_id id, channel::peer_record record,
        std::optional<std::vector<channel::kept_membership>> count_from);
    void back(const protocol::peer_id& id, const channel::peer_record& record);
    [[nodiscard]] channel::task<bool> note_membership(protocol::peer_id id, protocol::channel_id in);
    void forget_membership(protocol::peer_id id, protocol::channel_id in);
    void left(protocol::peer_id id, std::uint64_t tenure, channel::parting how);
    void pin(const protocol::peer_id& id);
    [[nodiscard]] channel::task<bool> keep_events(protocol::peer_id id, channel::fresh_events events);
    /// Whether what was kept for it lacks nothing.
    [[nodiscard]] bool has_kept_all(const protocol::peer_id& id) const;
    void confirm_events(protocol::peer_id id, std::uint64_t last);
    void drop_events(protocol::peer_id id);
    [[nodiscard]] channel::task<channel::kept_events> take_events(protocol::peer_id id);
    [[nodiscard]] channel::task<std::optional<std::vector<std::string>>> letters_for(protocol::peer_id id);

    // --- of ours

    struct restored {
        channel::ownership whose = channel::ownership::not_known;
        bool has_letters = false;
    };
    /// Writes down what is known of a peer of ours, should the store have lost it.
    [[nodiscard]] channel::task<restored> restore(const channel::peer& who);
    /// What left() could not say.
    void say_again();
    /// Renews what is kept of a peer of ours.
    void keep_alive(const protocol::peer_id& id);
    /// It is not ours any more.
    void forget(const protocol::peer_id& id) { kept_.erase(id); }

    // --- of anybody

    struct look {
        bool answered = false;
        std::optional<stored_peer> found;
    };
    [[nodiscard]] channel::task<look> look_up(protocol::peer_id id);

    /// Connected to a server that lives, or within its resume window.
    [[nodiscard]] bool is_online(const stored_peer& who) const;

    enum class delivery : std::uint8_t { left, no_room, moved, no_answer };
    /// For a peer that nobody looks after at the moment, though `server` should. `moved`: another one does by now.
    [[nodiscard]] channel::task<delivery> leave_letter(protocol::peer_id id, channel::node_id server,
                                                       std::string frame);

private:
    /// One element of the list of events: what was kept at once.
    struct kept_record {
        std::uint64_t last = 0;  ///< number of its last event
        std::uint32_t count = 0;
        std::size_t bytes = 0;
    };
    /// What is in the list of events. At most as much as a journal holds: the oldest go first.
    struct kept {
        std::uint64_t number = 0;  ///< tells it from one before, of which there may still be answers
        std::deque<kept_record> records;
        std::uint64_t events = 0;
        std::size_t bytes = 0;
        bool broken = false;                            ///< something could not be kept: begin anew with the next
        std::vector<channel::kept_membership> reached;  ///< not known to be kept
    };

    struct departure {
        std::uint64_t tenure = 0;
        channel::parting how = channel::parting::lost;
    };
    [[nodiscard]] channel::task<> say_left(protocol::peer_id id, departure gone);

    /// When it left, its resume window included; nothing: it is there.
    [[nodiscard]] std::optional<std::int64_t> gone_at(const stored_peer& who) const;
    /// Nobody remembers it: the id is anybody's.
    [[nodiscard]] bool is_free(const stored_peer& who) const;
    [[nodiscard]] std::string life() const;
    /// Whoever took it last may have died before it said so to the one that had it: that one, if it lives, or 0.
    [[nodiscard]] channel::node_id keeper_of(const stored_peer& was) const;
    /// Servers that were only missed look whether they still have it.
    void tell_the_missed(const protocol::peer_id& id, const stored_peer& was);
    static void note_record(kept& of, const kept_record& added);
    /// How many of the oldest records are more than is to be kept.
    [[nodiscard]] std::size_t beyond_limits(const kept& of) const;
    void trim(const protocol::peer_id& id, kept& of, std::size_t records);

    redis_bus& bus_;
    nodes& servers_;
    std::uint64_t last_number_ = 0;
    std::unordered_map<protocol::peer_id, kept, protocol::object_id_hash> kept_;
    std::unordered_map<protocol::peer_id, departure, protocol::object_id_hash> unsaid_;
};

}  // namespace store
