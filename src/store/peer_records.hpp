#pragma once

#include "channel/store.hpp"
#include "store/redis_value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// How peers are written down in Redis (README, "What is in Redis"). Reading never throws: what another version or hand
/// wrote wrongly is nothing.
namespace store {

/// What Redis has of a peer.
struct stored_peer {
    channel::peer_record record;
    std::string session_hash;
    channel::node_id node = 0;
    /// Whose events are kept: another than `node` until that one has taken it over.
    channel::node_id keeper = 0;
    std::string tenure;       ///< a greater one each time a server takes the id
    bool connected = false;   ///< else it left at `left_at_ms`
    bool waited_for = false;  ///< it left, and its resume window was to be waited for
    std::int64_t left_at_ms = 0;
    std::int64_t pinned_until_ms = 0;  ///< a channel names it
};

/// The keys of a peer, all in one slot: the peer itself, its channels, its events, its letters.
struct peer_keys {
    explicit peer_keys(const protocol::peer_id& id);

    std::string peer;
    std::string channels;
    std::string events;
    std::string letters;
};

/// A session's secret is never stored, only this: SHA-256, in hexadecimal.
[[nodiscard]] std::string hash_of(const channel::secret& session);

/// Appends the record as names and values of fields.
void put_fields(std::vector<std::string>& to, const channel::peer_record& record);
/// How far a channel was kept for a peer, as it is written down: the number of a message, nothing where it is about to
/// come in, or a mark where its end was kept.
[[nodiscard]] std::string written_reach(const channel::kept_membership& in);
/// Nothing if there is no such peer.
[[nodiscard]] std::optional<stored_peer> read_peer(const redis_value& fields);
[[nodiscard]] std::vector<channel::kept_membership> read_memberships(const redis_value& fields);

}  // namespace store
