#pragma once

#include "auth/grant.hpp"
#include "channel/allowance.hpp"
#include "channel/channel.hpp"
#include "channel/shard.hpp"
#include "channel/store.hpp"
#include "channel/task.hpp"
#include "protocol/command.hpp"
#include "protocol/description.hpp"
#include "protocol/numeric.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace channel {

class link;

/// Runs `work(home)` on the shard where a channel lives, whose copy of it is up to date, and comes back with what it
/// returned; with nothing if there is a store and it does not answer. `work` is moved into the coroutine: give it a
/// named lambda (style.md, 6.1 B4).
template <class Work>
task<std::optional<std::invoke_result_t<Work&, shard&>>> on_channel(protocol::channel_id id, Work work) {
    shard& back = shard::current();
    shard& home = back.all().home_of(id);
    co_await home.enter();
    bool current = true;
    if (home.shared) current = co_await home.shared->open(id);
    std::optional<std::invoke_result_t<Work&, shard&>> result;
    if (current) result.emplace(work(home));
    co_await back.enter();
    co_return std::move(result);
}

/// Token bucket over the commands of one connection, with an account of how often 263 was ignored.
class command_rate {
public:
    enum class verdict { accepted, too_fast, flooding };
    [[nodiscard]] verdict take(const protocol::limits& limits, steady_time now);
    /// When the next command will be taken, after too_fast.
    [[nodiscard]] std::chrono::milliseconds retry_after(const protocol::limits& limits) const;

private:
    float tokens_ = -1;  ///< below zero: nothing was sent yet, the bucket is full
    std::uint32_t ignored_ = 0;
    bool told_ = false;  ///< when to come again, and nothing was taken since
    steady_time last_{};
};

/// What one connection says, carried out: one function per row of protocol.md, Commands. A command may travel to the
/// shard where the peer or channel it is about lives; it is back on the connection's shard when it answers. Owned by
/// the session, used by its coroutine only.
class command_handler {
public:
    explicit command_handler(link& to) : link_(to) {}

    /// Carries out one message, which stays valid until this is done.
    [[nodiscard]] task<> handle(std::string_view message);

    /// The connection has ended: `reason` is what others see of it.
    void connection_lost(std::string_view reason);

    /// The access token that came with the upgrade request: counts where the first `/descp` has none.
    void offer_token(std::string token);
    /// Whether a new access token was taken since this was asked last.
    [[nodiscard]] bool take_renewal();
    /// Whether the command just carried out was refused for its access token.
    [[nodiscard]] bool token_was_refused() const { return failed_with_ == protocol::numeric::password_mismatch; }
    /// Whether the last `welcome` was one of a session taken back.
    [[nodiscard]] bool resumed() const { return resumed_; }
    /// When the access token expires; time_point::max() without one.
    [[nodiscard]] steady_time access_ends() const { return access_ ? access_->ends : steady_time::max(); }

private:
    // --- what an access token allows: command_access.cpp
    struct access {
        auth::grant granted;
        steady_time ends = steady_time::max();
        std::string offered;
        bool renewed = false;
    };
    /// Takes the token, if the server asks for one: the id and the name that it says replace those of the request.
    [[nodiscard]] refusal authenticate(protocol::description_request& request);
    [[nodiscard]] refusal check_right(auth::right wanted, const protocol::channel_arg& in) const;
    [[nodiscard]] refusal check_broadcast() const;
    void apply_rights(change& wanted, const protocol::channel_id& in) const;
    /// After a new token: channels that it does not let one into are left.
    [[nodiscard]] task<> leave_what_is_not_granted();
    /// Before a token or session is looked at: waits if there were wrong ones; false if it is refused, and the sender
    /// told.
    [[nodiscard]] task<bool> may_guess();
    /// What may_guess() let through was wrong.
    void guessed_wrong() { guess_under_way_ = false; }

    // --- describing oneself: command_describe.cpp
    [[nodiscard]] task<> run(const protocol::descp& c);
    [[nodiscard]] task<> introduce(const protocol::description_request& request);
    void refuse_id(const protocol::description_request& request);
    void start_new(shard& home, const protocol::peer_id& id, const secret& session,
                   const protocol::description_request& request);
    [[nodiscard]] task<> redescribe(const protocol::description_request& request);
    [[nodiscard]] std::string welcome_for(const peer& me, bool resumed, std::optional<std::uint64_t> missed, bool lost,
                                          std::span<const protocol::event::joined_fields> channels);
    [[nodiscard]] task<> announce(std::string event);

    // --- coming back to where one was: command_return.cpp
    [[nodiscard]] task<> take_back(peer& known, const protocol::description_request& request);
    [[nodiscard]] task<bool> rejoin(peer& known, std::vector<protocol::event::joined_fields>& taken_back);
    [[nodiscard]] task<> describe_memberships(peer& known, std::vector<protocol::event::joined_fields>& taken_back);
    /// Writes down, where there is a store, that it is here again; false if that is not so, or somebody else has it.
    [[nodiscard]] task<bool> save_return(peer& known, bool resumable, bool begins_to_count, bool changed);
    void set_positions(peer& known, std::vector<protocol::event::joined_fields>& taken_back) const;

    // --- from wherever one was, where servers share a store: command_return_elsewhere.cpp
    [[nodiscard]] task<> introduce_to_store(shard& home, protocol::peer_id id, std::optional<secret> proof,
                                            const protocol::description_request& request);
    [[nodiscard]] task<> come_back(shard& home, protocol::peer_id id, secret proof, claim found,
                                   const protocol::description_request& request);
    [[nodiscard]] task<bool> take_memberships(shard& home, protocol::peer_id id,
                                              const std::vector<protocol::channel_id>& ids,
                                              std::vector<protocol::event::joined_fields>& taken_back,
                                              std::vector<protocol::channel_id>& ended);
    [[nodiscard]] task<std::vector<std::string>> hear_what_was_said(
        protocol::peer_id listener, const kept_events& kept,
        const std::vector<protocol::event::joined_fields>& taken_back, std::int64_t unattended_ms);

    // --- channels and their members: command_channel.cpp
    [[nodiscard]] task<> run(const protocol::join& c);
    [[nodiscard]] task<> run(const protocol::quit& c);
    [[nodiscard]] task<> quit_channel(const protocol::quit& c);
    [[nodiscard]] task<> run(const protocol::peers& c);
    [[nodiscard]] task<> run(const protocol::history& c);
    [[nodiscard]] task<> run(const protocol::bans& c);

    // --- messages and information: command_message.cpp
    [[nodiscard]] task<> run(const protocol::privmsg& c);
    [[nodiscard]] task<> run(const protocol::pubmsg& c);
    [[nodiscard]] task<> run(const protocol::broadcast& c);
    [[nodiscard]] task<> run(const protocol::whois& c);
    [[nodiscard]] task<> whois_peer(const protocol::peer_arg& whom);
    [[nodiscard]] task<> whois_channel(const protocol::channel_arg& which);
    [[nodiscard]] task<> run(const protocol::away& c);
    void ice();
    void ping(const protocol::ping& c);
    void ack(const protocol::ack& c);

    // --- what operators, and members who invite, do to others: command_operator.cpp
    [[nodiscard]] task<> run(const protocol::invite& c);
    [[nodiscard]] task<> run(const protocol::kick& c);
    [[nodiscard]] task<> run(const protocol::ban& c);
    [[nodiscard]] task<> run(const protocol::unban& c);
    [[nodiscard]] task<> run(const protocol::op& c);
    [[nodiscard]] task<> run(const protocol::deop& c);

    /// The change that a command about a peer in a channel asks for, with everything that the channel needs to decide
    /// on it; nothing if it was refused already.
    struct operation {
        protocol::channel_id channel;
        change wanted;
    };
    [[nodiscard]] task<std::optional<operation>> prepare(change::kind what, protocol::peer_arg whom,
                                                         std::optional<protocol::channel_arg> where,
                                                         std::optional<std::string_view> reason = std::nullopt);
    [[nodiscard]] task<std::optional<protocol::channel_id>> the_one_channel(bool operators_only);
    /// False if it was refused, and the sender told.
    [[nodiscard]] task<bool> apply(const operation& what);

    /// Carries a change out where the channel lives.
    [[nodiscard]] task<outcome> carry_out(protocol::channel_id id, const change& wanted);

    // --- answering
    [[nodiscard]] task<> carry_out(const protocol::command& c);
    [[nodiscard]] bool within_rate();
    /// For whom the command under way acts, also if a newer connection takes over meanwhile; null: not described.
    [[nodiscard]] peer* me() const;
    class command_scope;
    void end_command();
    [[nodiscard]] actor myself() const;
    void reply(std::string_view event);
    /// Of what a command came to whose connection was taken over meanwhile, only a resumable session is told; in
    /// another one the new `welcome` begins behind it.
    void tell(peer& who, std::string_view event) const;
    void reply_uncounted(std::string_view event);
    void answer(const result<std::string>& event);
    void answer(const std::optional<result<std::string>>& event);
    void fail_without_store();
    /// With what a channel says.
    void refuse(const protocol::failure& why);
    void fail(const protocol::failure& why, std::optional<std::chrono::milliseconds> retry_after = std::nullopt);
    [[nodiscard]] const settings& config() const;

    link& link_;
    command_rate rate_;
    allowance broadcasts_;
    std::optional<protocol::numeric> failed_with_;  ///< the command under way
    bool resumed_ = false;
    peer* acts_for_ = nullptr;
    std::unique_ptr<access> access_;  ///< null: the server asks for no token, or there was none yet
    bool guess_under_way_ = false;    ///< counted, and not known to be wrong
    std::string_view label_;          ///< of the command under way
    std::string_view verb_;
};

}  // namespace channel
