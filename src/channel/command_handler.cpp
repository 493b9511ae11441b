#include "channel/command_handler.hpp"

#include "channel/link.hpp"
#include "protocol/event.hpp"
#include "protocol/text_frame.hpp"

#include <algorithm>
#include <utility>

namespace channel {

using protocol::failure;
using protocol::numeric;
using protocol::parse_stage;

command_rate::verdict command_rate::take(const protocol::limits& limits, steady_time now) {
    if (limits.rate == 0) return verdict::accepted;
    const auto burst = static_cast<float>(std::max(limits.burst, 1U));
    if (tokens_ < 0) tokens_ = burst;
    const std::chrono::duration<float> passed = now - last_;
    if (last_ != steady_time{}) tokens_ = std::min(burst, tokens_ + passed.count() * static_cast<float>(limits.rate));
    last_ = now;
    if (tokens_ >= burst) ignored_ = 0;
    if (tokens_ >= 1) {
        tokens_ -= 1;
        told_ = false;
        return verdict::accepted;
    }
    // Whoever had waited for as long as it was told would have been taken.
    if (!std::exchange(told_, true)) return verdict::too_fast;
    // Whoever goes on for another burst, without ever letting the bucket fill up again, does not listen.
    return ++ignored_ >= std::max(limits.burst, 100U) ? verdict::flooding : verdict::too_fast;
}

std::chrono::milliseconds command_rate::retry_after(const protocol::limits& limits) const {
    const auto missing = std::max(0.0F, 1 - tokens_);
    return std::chrono::milliseconds(1 + static_cast<std::int64_t>(missing * 1000 / static_cast<float>(limits.rate)));
}

const settings& command_handler::config() const { return shard::current().config(); }

peer* command_handler::me() const { return acts_for_ ? acts_for_ : link_.owner; }

actor command_handler::myself() const { return me()->as_actor(); }

/// From the beginning of a command to its end, however it ends.
class command_handler::command_scope {
public:
    explicit command_scope(command_handler& of) : of_(of) {
        of_.acts_for_ = of_.link_.owner;
        if (of_.acts_for_) of_.acts_for_->begin_command();
    }
    ~command_scope() { of_.end_command(); }
    command_scope(const command_scope&) = delete;
    command_scope& operator=(const command_scope&) = delete;

private:
    command_handler& of_;
};

void command_handler::end_command() {
    if (acts_for_) std::exchange(acts_for_, nullptr)->end_command();
}

task<> command_handler::handle(std::string_view message) {
    const command_scope under_way(*this);
    auto parsed = protocol::parse_command(message, config().limits);
    // In the protocol's order: label, 263, 451, 421, form.
    label_ = parsed.stage == parse_stage::bad_label ? std::string_view() : parsed.label;
    verb_ = parsed.unknown_verb.empty() ? parsed.verb : parsed.unknown_verb;
    if (me()) me()->last_command = shard::now_roughly();
    failed_with_.reset();
    const bool accepted = within_rate();
    if (parsed.stage == parse_stage::bad_label) {
        fail(*parsed.error);
    } else if (!accepted) {
        fail(failure(numeric::try_again, "too fast, the command was dropped"), rate_.retry_after(config().limits));
    } else if (!me() && verb_ != "descp" && verb_ != "ping") {
        fail(failure(numeric::not_registered, "describe yourself first: /descp {\"name\": \"...\"}"));
    } else if (parsed.stage != parse_stage::ok) {
        fail(*parsed.error);
    } else {
        co_await carry_out(*parsed.value);
        if (std::exchange(guess_under_way_, false)) link_.forgive_guess();
    }
    auto& count = shard::current().count.commands;
    if (failed_with_) {
        count.failed(verb_, *failed_with_);
    } else {
        count.succeeded(*parsed.value);
    }
    label_ = verb_ = {};
}

bool command_handler::within_rate() {
    const auto verdict = rate_.take(config().limits, shard::now());
    if (verdict == command_rate::verdict::flooding)
        link_.close(protocol::close_code::flooding, "flooding: 263 was ignored");
    return verdict == command_rate::verdict::accepted;
}

task<> command_handler::carry_out(const protocol::command& c) {
    if (const auto* message = std::get_if<protocol::privmsg>(&c)) {
        co_await run(*message);
    } else if (const auto* public_message = std::get_if<protocol::pubmsg>(&c)) {
        co_await run(*public_message);
    } else if (const auto* descp = std::get_if<protocol::descp>(&c)) {
        co_await run(*descp);
    } else if (const auto* join = std::get_if<protocol::join>(&c)) {
        co_await run(*join);
    } else if (const auto* quit = std::get_if<protocol::quit>(&c)) {
        co_await run(*quit);
    } else if (const auto* ping_content = std::get_if<protocol::ping>(&c)) {
        ping(*ping_content);
    } else if (const auto* confirmed = std::get_if<protocol::ack>(&c)) {
        ack(*confirmed);
    } else if (const auto* broadcast = std::get_if<protocol::broadcast>(&c)) {
        co_await run(*broadcast);
    } else if (const auto* whois = std::get_if<protocol::whois>(&c)) {
        co_await run(*whois);
    } else if (const auto* peers = std::get_if<protocol::peers>(&c)) {
        co_await run(*peers);
    } else if (const auto* history = std::get_if<protocol::history>(&c)) {
        co_await run(*history);
    } else if (const auto* away = std::get_if<protocol::away>(&c)) {
        co_await run(*away);
    } else if (const auto* invite = std::get_if<protocol::invite>(&c)) {
        co_await run(*invite);
    } else if (const auto* kick = std::get_if<protocol::kick>(&c)) {
        co_await run(*kick);
    } else if (const auto* ban = std::get_if<protocol::ban>(&c)) {
        co_await run(*ban);
    } else if (const auto* unban = std::get_if<protocol::unban>(&c)) {
        co_await run(*unban);
    } else if (const auto* bans = std::get_if<protocol::bans>(&c)) {
        co_await run(*bans);
    } else if (const auto* op = std::get_if<protocol::op>(&c)) {
        co_await run(*op);
    } else if (const auto* deop = std::get_if<protocol::deop>(&c)) {
        co_await run(*deop);
    } else {
        ice();
    }
}

task<outcome> command_handler::carry_out(protocol::channel_id id, const change& wanted) {
    shard& back = shard::current();
    shard& home = back.all().home_of(id);
    co_await home.enter();
    outcome done;
    if (home.shared) {
        done = co_await home.shared->commit(id, wanted);
    } else {
        done = home.carry_out(id, wanted);
    }
    co_await back.enter();
    co_return std::move(done);
}

void command_handler::reply(std::string_view event) {
    if (peer* const who = me()) {
        tell(*who, event);
        return;
    }
    std::string frame;
    protocol::append_text_frame(frame, event);
    link_.send(frame);
    ++shard::current().count.direct_events;
}

void command_handler::tell(peer& who, std::string_view event) const {
    if (who.connection() == &link_ || who.resumable()) {
        who.send(event);
    } else {
        who.pass_over_said();
    }
}

void command_handler::reply_uncounted(std::string_view event) {
    if (peer* const who = me()) {
        who->send_uncounted(event);
    } else {
        reply(event);
    }
}

void command_handler::answer(const result<std::string>& event) {
    if (const auto* refused = std::get_if<failure>(&event)) {
        fail(*refused);
    } else {
        reply(std::get<std::string>(event));
    }
}

void command_handler::answer(const std::optional<result<std::string>>& event) {
    if (event) {
        answer(*event);
    } else {
        fail_without_store();
    }
}

void command_handler::fail_without_store() {
    fail(failure(numeric::unknown_error, "the store does not answer; nothing was changed"));
}

void command_handler::refuse(const failure& why) {
    constexpr std::chrono::milliseconds retry_when_memory_is_short{1000};
    fail(why, why.code == numeric::try_again ? std::optional(retry_when_memory_is_short) : std::nullopt);
}

void command_handler::fail(const failure& why, std::optional<std::chrono::milliseconds> retry_after) {
    failed_with_ = why.code;
    std::string event;
    protocol::event::error(event, label_, verb_, why, retry_after);
    reply(event);
}

void command_handler::connection_lost(std::string_view reason) {
    if (link_.owner) link_.owner->connection_lost(reason);
}

}  // namespace channel
