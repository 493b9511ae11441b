#pragma once

#include "channel/change.hpp"
#include "channel/secret.hpp"
#include "channel/task.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace channel {

/// What is kept of a peer beside its session's hash.
struct peer_record {
    std::string name;
    std::string description;
    std::optional<std::string> away;
    std::int64_t connected_at_ms = 0;
    bool resumable = false;
};

/// A channel in which a peer is or was, and the last of its public messages that was kept for it; none if what was kept
/// does not say that it is in there: it is about to come in, or its end was kept.
struct kept_membership {
    protocol::channel_id id;
    std::optional<std::uint64_t> seq;
};

/// The events of a resumable session as they are kept: whole frames.
struct kept_events {
    std::uint64_t before_first = 0;  ///< number of the event before the first
    std::vector<std::string> frames;
    std::vector<std::string> letters;      ///< what came while no living server had the session; see letters_for()
    std::vector<kept_membership> reached;  ///< where they end in the channels
    bool complete = false;                 ///< false: something is missing, nobody can resume from here
};

/// Events of a resumable session that are to be kept, all of a turn.
struct fresh_events {
    std::uint64_t last = 0;  ///< number of the last one
    std::uint32_t count = 0;
    std::string frames;
    std::vector<kept_membership> reached;  ///< where they end in the channels; those without a number end with them
    std::vector<std::string> letters;      ///< which letters are among them: from now on they are events
};

/// What taking an id came to.
struct claim {
    enum class kind : std::uint8_t {
        no_answer,   ///< of the store; nothing was changed
        in_use,      ///< by somebody with another session
        new_start,   ///< the id is ours, and new
        taken_back,  ///< the session is ours again: `record` and `channels` are what it was
    };
    kind what = kind::no_answer;
    peer_record record;
    std::vector<protocol::channel_id> channels;
    node_id before = 0;              ///< the server that still looks after it; 0: none that lives
    node_id keeper = 0;              ///< one that lives and may have it still, although another took it since; 0: none
    std::int64_t unattended_ms = 0;  ///< since when nobody has; 0: somebody always did
    std::uint64_t tenure = 0;        ///< of ours, from now on; see actor
};

/// How a peer went.
enum class parting : std::uint8_t {
    waited_for,  ///< its connection broke, and it may resume its session
    outlived,    ///< not within its window: what it had not confirmed is lost, and it is to be told so
    lost,        ///< its connection broke, and it is not resumable
    quit,
};

/// Which server looks after a peer, as far as the store says.
enum class ownership : std::uint8_t { not_known, ours, of_another };

/// What a peer somewhere looks like from here.
struct peer_sight {
    bool answered = false;  ///< by the store
    bool online = false;
    std::string name;
};

/// What became of something sent to a peer at another server.
struct relay_outcome {
    bool answered = false;
    bool online = false;
    bool queued = false;
    std::string away_event;
};

/// One shard's way to the state that servers share (protocol.md, Channels: "With a durable store …"), and to the other
/// servers. Where there is none, state is in memory and nothing here is asked. Every awaitable ends within a bounded
/// time. To be used on its shard's thread.
class store {
public:
    virtual ~store() = default;

    /// Whether it can be asked at the moment.
    [[nodiscard]] virtual bool answers() const = 0;

    // --- channels at home on this shard

    /// Sees to it that the shard's copy of the channel has what anybody was told of it before. False: the store does
    /// not answer.
    [[nodiscard]] virtual task<bool> open(protocol::channel_id id) = 0;

    /// The clock by which channels of all servers live (ms since 1970), as far as it is known here.
    [[nodiscard]] virtual std::int64_t now_ms() const = 0;

    /// Has a change carried out on every server, in the same order, and waits until it has been on this one. `c` has
    /// to stay valid meanwhile. Refused with 400, and nothing is changed, if the store does not answer.
    [[nodiscard]] virtual task<outcome> commit(protocol::channel_id id, const change& c) = 0;

    /// The same for what cannot be refused: it is tried until it is done.
    virtual void commit_surely(protocol::channel_id id, change c) = 0;

    // --- peers at home on this shard

    /// Takes an id for this server. `proof`: the secret that the client gave; `fresh`: that of a new session.
    [[nodiscard]] virtual task<claim> claim_peer(protocol::peer_id id, secret fresh, std::optional<secret> proof,
                                                 peer_record record) = 0;
    /// Tells the server that looked after a peer before to let go of it: its connection is closed, its events kept.
    /// `before`, `keeper`, `tenure`: of the claim; who has come back there by a later one stays. False unless all its
    /// events were kept.
    [[nodiscard]] virtual task<bool> release_elsewhere(protocol::peer_id id, node_id before, node_id keeper,
                                                       std::uint64_t tenure) = 0;
    /// Writes down what a peer says of itself, and that it is here. With `count_from` the events kept before are gone
    /// with that, and those to come begin there in its channels: nobody is to be told a new count before.
    [[nodiscard]] virtual task<ownership> save_peer(protocol::peer_id id, peer_record record,
                                                    std::optional<std::vector<kept_membership>> count_from) = 0;
    /// The same for who comes back to where it was, without waiting.
    virtual void peer_back(protocol::peer_id id, peer_record record) = 0;
    /// Another server has it: ends what is here by this tenure.
    [[nodiscard]] virtual task<> let_go(protocol::peer_id id, std::uint64_t tenure) = 0;
    /// Writes down that a peer is about to be a member, so that it can find its way back.
    [[nodiscard]] virtual task<bool> note_membership(protocol::peer_id id, protocol::channel_id in) = 0;
    virtual void forget_membership(protocol::peer_id id, protocol::channel_id in) = 0;
    /// Said again until the store has heard it. `tenure`: who has come by a later one has not left.
    virtual void peer_left(protocol::peer_id id, std::uint64_t tenure, parting how) = 0;
    /// It is not looked after here any more.
    virtual void peer_gone(protocol::peer_id id) = 0;
    /// A channel names it: its id stays taken meanwhile.
    virtual void pin(protocol::peer_id id) = 0;

    // --- the events of resumable sessions

    /// Keeps events, which are not to be sent before.
    [[nodiscard]] virtual task<bool> keep_events(protocol::peer_id id, fresh_events events) = 0;
    /// Events up to this one are not needed any more.
    virtual void confirm_events(protocol::peer_id id, std::uint64_t last) = 0;
    /// None are.
    virtual void drop_events(protocol::peer_id id) = 0;
    [[nodiscard]] virtual task<kept_events> take_events(protocol::peer_id id) = 0;
    /// Letters are private messages that others left for a peer of ours while they took this server for dead: frames,
    /// oldest first. They stay until they are kept as events. Nothing if the store does not answer: it says again that
    /// there may be some.
    [[nodiscard]] virtual task<std::optional<std::vector<std::string>>> letters_for(protocol::peer_id id) = 0;

    // --- peers elsewhere

    [[nodiscard]] virtual task<peer_sight> look_for(protocol::peer_id id) = 0;
    [[nodiscard]] virtual task<relay_outcome> relay(protocol::peer_id to, std::string event) = 0;
    /// The `whois` event, or nothing if no such peer is online; `answered` is false if the store does not answer.
    [[nodiscard]] virtual task<std::optional<std::string>> whois(protocol::peer_id who, std::string label,
                                                                 std::vector<protocol::channel_id> shared,
                                                                 bool& answered) = 0;
    virtual void notify(protocol::peer_id id, std::string event) = 0;
    /// False if the store does not answer, and nobody is told.
    [[nodiscard]] virtual task<bool> broadcast(protocol::peer_id from, std::string event) = 0;
};

}  // namespace channel
