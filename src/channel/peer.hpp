#pragma once

#include "channel/accounted_bytes.hpp"
#include "channel/change.hpp"
#include "channel/journal.hpp"
#include "channel/secret.hpp"
#include "channel/task.hpp"
#include "channel/timer_wheel.hpp"
#include "protocol/event.hpp"
#include "protocol/object_id.hpp"

#include <boost/intrusive/list_hook.hpp>

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace channel {

class audience;
class link;
class shard;
struct kept_events;
struct kept_membership;
struct peer_record;

/// A peer as its home shard knows it: who it is, where it is a member, and what it still has to get. Outlives its
/// connections: absent within its resume window, then remembered for the retention time, and for as long as a channel
/// needs its id (pins). Owned by the shard's directory.
class peer final : public loss_listener, public boost::intrusive::list_base_hook<>, private timer_node {
    struct keeping;

public:
    peer(shard& home, protocol::peer_id id, const secret& session);
    ~peer();

    [[nodiscard]] const protocol::peer_id& id() const { return id_; }
    [[nodiscard]] const secret& session() const { return session_; }
    [[nodiscard]] protocol::event::peer_ref ref() const { return {id_, name}; }
    /// As one who does something in a channel.
    [[nodiscard]] actor as_actor() const;

    std::string name;
    std::string description;          ///< canonical JSON members
    std::optional<std::string> away;  ///< "" if away without a message
    [[nodiscard]] protocol::event::optional_text away_message() const {
        return away && !away->empty() ? protocol::event::optional_text(*away) : std::nullopt;
    }
    std::int64_t connected_at_ms = 0;
    steady_time last_command{};
    std::uint64_t tenure = 0;  ///< see actor; 0 without a store

    // --- connection and presence

    [[nodiscard]] link* connection() const { return link_; }
    [[nodiscard]] bool connected() const { return link_ != nullptr || changing_hands_; }
    /// Online for everything but `/broadcast`: connected, or within its resume window.
    [[nodiscard]] bool online() const { return connected() || resuming(); }
    [[nodiscard]] bool resuming() const { return resume_until_.has_value(); }

    static constexpr std::string_view taken_over_reason = "taken over by a newer connection with the same session";
    void attach(link& to);
    /// Takes the connection away and closes it, or ends the resume window, for whoever is about to take over: others
    /// see nothing of that.
    void change_hands();

    /// Around each command of its connection. Whoever takes over waits for the one under way, so that its reply and its
    /// effects come before the new `welcome`, never between.
    void begin_command() { command_under_way_ = true; }
    void end_command();
    [[nodiscard]] bool busy() const { return command_under_way_; }
    [[nodiscard]] auto idle() {
        struct awaiter {
            peer& of;
            bool await_ready() const { return !of.command_under_way_; }
            void await_suspend(std::coroutine_handle<> claimant) const { of.waiting_claimant_ = claimant; }
            void await_resume() const {}
        };
        return awaiter{*this};
    }
    /// Somebody with this id's session is about to take it: it is neither free nor forgotten meanwhile. The newest
    /// wins, also over one that is about to take it.
    [[nodiscard]] link* claimant() const { return claimant_; }
    void claim(link& by);
    void end_claim() { claimant_ = nullptr; }

    /// The connection broke: a resumable session waits for its window, any other leaves its channels at once.
    void connection_lost(std::string_view reason);
    /// `/quit` without a channel: leaves everything; only the id is remembered.
    void end();

    // --- events

    /// Sends one event that answers or is meant for this peer alone. What its channels said before goes ahead of it.
    /// While it changes hands without a journal it waits for send_held_back().
    void send(std::string_view event);
    /// To be called when the new connection has its `welcome`.
    void send_held_back();
    /// While it changes hands without a journal: what its channels have said up to here is not told any more.
    void pass_over_said() { push_pending(); }
    /// `welcome`, `pong` and `bye` do not count in a resumable session.
    void send_uncounted(std::string_view event);
    /// Sends `ice`, with credentials that are good from now on, and sees to the next one in time.
    void send_ice(std::string_view label);
    /// It has just been told of the ICE servers: fresh ones follow before those expire, while it is connected.
    void expect_ice();
    /// Gets everything that its channels' logs hold for it, as far as the connection takes it.
    void catch_up();

    // --- resuming

    [[nodiscard]] bool resumable() const { return journal_ != nullptr; }
    void set_resumable(bool wanted);
    [[nodiscard]] bool confirm(std::uint64_t n);
    void shrink_journal_to(std::size_t bytes) {
        if (journal_) journal_->shrink_to(bytes);
    }

    /// How many events a returning resumable session missed since event `seen` (not given: since the last confirmed);
    /// nullopt if they are not all there: then counting has started again.
    [[nodiscard]] std::optional<std::uint64_t> count_missed(std::optional<std::uint64_t> seen);
    /// Sends them; the connection is attached and has its `welcome`.
    void replay_missed(std::uint64_t seen);

    // --- with a store: the events of a resumable session are kept there before they are sent

    /// On its way here from another server, or from before a crash: what comes meanwhile is collected.
    void begin_return();
    [[nodiscard]] bool returning() const { return returning_; }
    /// What was kept of its events is here, and the session goes on counting: what was collected comes next.
    /// `meanwhile`: what its channels said while nobody looked after it.
    void end_return(const kept_events& kept, const std::vector<std::string>& meanwhile);
    /// Whether all that comes after event `seen` then fits into what is kept for a session.
    [[nodiscard]] bool can_end_return(const kept_events& kept, const std::vector<std::string>& meanwhile,
                                      std::uint64_t seen);
    /// Counting cannot go on. Collects from here again, and says where in its channels that is.
    [[nodiscard]] std::vector<kept_membership> collect_from_here();
    /// After that: what was collected, which is what comes next in a session that begins to count or, if it does not,
    /// is handed out. Before it come the letters.
    [[nodiscard]] std::unique_ptr<journal> end_return_anew(bool counts, const std::vector<std::string>& letters);
    /// The store does not answer: it has to be tried again. A resumable session is as far away as it was (half_back)
    /// until then, or until its window is over.
    void give_up_return(bool counts);
    /// What it should get goes to the store.
    [[nodiscard]] bool half_back() const { return half_back_; }
    /// Where it has got to in its channels.
    [[nodiscard]] std::vector<kept_membership> positions() const;
    /// Counts from here on, and holds back what it counts until its `welcome`.
    [[nodiscard]] std::vector<kept_membership> begin_counting();
    void welcome_to_counting(std::string_view welcome);
    /// Without one.
    void release_events();
    /// Its events go through the store.
    [[nodiscard]] bool keeps() const { return keeping_ != nullptr; }
    /// The next event says how far a channel has got.
    void note_reached(const protocol::channel_id& in, std::uint64_t seq);
    /// The next event ends a membership.
    void note_end(const protocol::channel_id& in);
    /// Others have left letters for it with the store.
    void letter_came();
    /// Nothing waits to be kept.
    [[nodiscard]] bool all_kept() const;
    struct all_is_kept {
        std::shared_ptr<keeping> of;
        std::uint64_t last;

        [[nodiscard]] bool await_ready() const;
        void await_suspend(std::coroutine_handle<> waiting) const;
        void await_resume() const {}
    };
    /// What it has been sent so far is with the store, or given up; at once where nothing is kept.
    [[nodiscard]] all_is_kept kept() const;
    /// The same for the ends of memberships only.
    [[nodiscard]] all_is_kept ends_kept() const;
    /// Another server looks after it now: it goes without a word to anybody here.
    void hand_over();
    [[nodiscard]] peer_record record() const;
    /// The `whois` event for somebody who is in `channels` (sorted).
    void describe(std::string& event, std::string_view label, const std::vector<protocol::channel_id>& channels) const;
    [[nodiscard]] std::uint64_t confirmed() const { return journal_->confirmed(); }
    /// It was resumable until its window was over: who comes back now has lost events, and is resumable again.
    [[nodiscard]] bool outlived_its_window() const { return outlived_its_window_; }

    // --- memberships, kept by the audiences

    struct membership {
        audience* in = nullptr;
        std::size_t index = 0;
    };
    [[nodiscard]] const std::vector<membership>& memberships() const { return memberships_; }
    [[nodiscard]] bool is_member_of(const protocol::channel_id& channel) const;
    [[nodiscard]] std::vector<protocol::channel_id> channel_ids() const;
    /// Channels left by a broken connection, which come back with the session.
    [[nodiscard]] std::vector<protocol::channel_id> take_left_channels() { return std::exchange(left_channels_, {}); }
    void keep_left_channels(std::vector<protocol::channel_id> ids) { left_channels_ = std::move(ids); }

    void add_membership(audience& in, std::size_t index);
    void move_membership(const audience& in, std::size_t index);
    void remove_membership(const audience& in);
    [[nodiscard]] std::size_t index_in(const audience& in) const;

    /// Takes a stretch of a log that is next for this peer: to be sent, and counted if the session is resumable.
    void give(log_span span);
    /// Counts a stretch that is on its way already. Only if resumable.
    void note(const log_span& span) { journal_->note(span); }
    /// So many bytes were said in one of its channels that are not for it.
    void passed_over(std::size_t bytes);
    void on_lost(const log_span& span, std::string_view lost_frame) override;

    // --- how long it is remembered

    void pin() { ++pins_; }
    void unpin();
    /// Ends its being remembered; gone at once unless a channel still needs the id.
    void forget();

private:
    /// Frames that are sent as soon as the store has them.
    struct stretch {
        std::string frames;
        std::size_t sent = 0;  ///< bytes of these that the connection has already, from a replay
        std::vector<std::pair<std::size_t, std::string>> between;  ///< where in them what does not count is sent

        void send_to(link& to) const;
        void has_been_sent();
    };
    /// Events on their way to the store; shared with the task that takes them there.
    struct keeping {
        peer* owner = nullptr;
        stretch waiting;
        std::uint32_t count = 0;               ///< of the events that wait
        std::vector<kept_membership> reached;  ///< where they end in their channels
        std::vector<std::string> letters;      ///< among the events, and not known to be kept as such
        bool letters_wait = false;             ///< in the store
        stretch leaving;
        std::uint64_t last_end = 0;  ///< the last event that ended a membership, or one before it that goes with it
        std::uint64_t through = 0;   ///< the last event that is with the store, or was given up
        std::vector<std::pair<std::uint64_t, std::coroutine_handle<>>> awaiting;  ///< that this one is
        bool under_way = false;
    };
    [[nodiscard]] static task<> keep_all(shard& home, std::shared_ptr<keeping> what, protocol::peer_id id);
    [[nodiscard]] static task<> read_letters(shard& home, std::shared_ptr<keeping> what, protocol::peer_id id);
    void keep(std::string_view frames, std::uint32_t count);
    void keep_letter(const std::string& frame);
    void begin_keeping();
    /// What is not kept yet is not going to be.
    void let_go_of_keeping();
    static void resume_awaiting(shard& home, keeping& what, std::uint64_t through);
    void keep_span(const log_span& span);
    void note_kept(const kept_membership& so_far);
    [[nodiscard]] std::unique_ptr<journal> end_collecting();
    void stop_keeping();

    /// Events that came while it changed hands.
    struct held_events {
        std::vector<std::string> events;
        std::size_t bytes = 0;
    };
    void hold_back(std::string_view event);

    void account();
    void detach();
    void push_pending();
    void leave_channels(std::optional<std::string> reason, change::kind how);
    void remember();
    void stop_remembering();
    void expired(steady_time now) override;

    shard& home_;
    protocol::peer_id id_;
    secret session_;
    link* link_ = nullptr;
    link* claimant_ = nullptr;
    std::coroutine_handle<> waiting_claimant_;
    std::unique_ptr<journal> journal_;
    std::vector<membership> memberships_;
    std::vector<protocol::channel_id> left_channels_;
    std::optional<steady_time> resume_until_;
    std::uint32_t pins_ = 0;
    bool remembered_ = false;
    bool command_under_way_ = false;
    bool changing_hands_ = false;
    bool returning_ = false;
    bool half_back_ = false;
    bool letter_came_ = false;  ///< while it was returning
    bool outlived_its_window_ = false;
    std::unique_ptr<held_events> held_back_;
    std::shared_ptr<keeping> keeping_;
    accounted_bytes held_;
};

}  // namespace channel
