#include "logging/log.hpp"
#include "net/session.hpp"

/// What a connection says of itself in the log: nothing but numbers, addresses, peer ids, our own words and, escaped,
/// an origin or a path without its query.
namespace net {

using logging::event;
using logging::line;
using protocol::close_code;

namespace {

std::string_view word_of(refusal why) { return refusals[static_cast<std::size_t>(why)]; }

std::string_view word_of(handshake_failure why) { return handshake_failures[static_cast<std::size_t>(why)]; }

}  // namespace

void note_refusal(host& at, refusal why, const client_address& who, std::optional<std::uint64_t> connection) {
    at.count.note(why);
    line told(event::connection_refused);
    if (!told) return;
    if (connection) told.with("connection", *connection);
    told.with("address", who.to_string()).with("reason", word_of(why));
}

void session::log_accepted() const {
    line told(event::connection_accepted);
    if (!told) return;
    told.with("connection", id_).with("address", address_.to_string());
    told.with("encryption", encryption_ == encryption::tls ? "tls" : "none");
}

void session::log_handshake_failure(handshake_failure why, std::string_view seen) const {
    line told(event::handshake_failed);
    if (!told) return;
    told.with("connection", id_).with("address", address_.to_string()).with("reason", word_of(why));
    if (!seen.empty()) told.with("seen", seen);
    if (why == handshake_failure::tls && tls_) told.with("problem", tls_->failed_because());
}

void session::log_described() const {
    line told(commands_.resumed() ? event::peer_resumed : event::peer_described);
    if (!told) return;
    told.with("connection", id_).with("peer", owner->id().hex()).with("name", owner->name);
    told.with("address", address_.to_string()).with("shard", host_->shard().index());
}

void session::log_token_refused() const {
    line told(event::token_refused);
    if (!told) return;
    told.with("connection", id_).with("address", address_.to_string());
    if (peer_) told.with("peer", peer_->hex());
}

void session::log_close(close_code code) const {
    // Its end is logged in any case; these are what an operator looks for.
    std::optional<event> what;
    if (code == close_code::too_slow) what = event::slow_reader_closed;
    if (code == close_code::flooding) what = event::flooder_closed;
    if (code == close_code::heartbeat_lost) what = event::heartbeat_lost;
    if (code == close_code::taken_over) what = event::peer_taken_over;
    if (!what) return;
    line told(*what);
    if (!told) return;
    told.with("connection", id_).with("address", address_.to_string());
    if (peer_) told.with("peer", peer_->hex());
}

void session::log_end() const {
    line told(event::connection_closed);
    if (!told) return;
    told.with("connection", id_).with("address", address_.to_string());
    if (peer_) told.with("peer", peer_->hex());
    if (upgraded_ && !ended_) {
        const auto ours = static_cast<std::uint16_t>(close_code_);
        told.with("code", client_code_ != 0 ? client_code_ : ours);
        told.with("by", client_code_ != 0 || close_code_ == close_code::normal ? "client" : "server");
    }
    std::string_view why = "http";
    if (upgraded_) why = close_why_.empty() ? "connection lost" : close_why_;
    if (refusal_ != refusal::none) why = "refused";
    told.with("reason", why);
    const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(channel::shard::now() - accepted_at_);
    told.with("duration_ms", lasted.count()).with("messages", messages_);
}

}  // namespace net
