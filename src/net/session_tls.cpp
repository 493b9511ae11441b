#include "net/session.hpp"

#include <string_view>

/// What is different where a session speaks TLS: how it begins, and what stands between its outbox and the socket.
namespace net {

using channel::task;

namespace {

/// A fatal `internal_error` (RFC 8446, 6): for a client that is refused, a handshake would be too much work.
constexpr std::string_view refusing_alert{"\x15\x03\x03\x00\x02\x02\x50", 7};

}  // namespace

task<bool> session::secure() {
    while (!closing() && !ended_ && !timed_out_) {
        co_await input();
        if (closing() || timed_out_) break;
        if (refusal_ != refusal::none) {
            send_raw(refusing_alert);
            co_return false;
        }
        if (!tls_) tls_ = std::make_unique<tls_stream>(*host_->tls, socket_->descriptor());
        const auto state = tls_->handshake();
        if (tls_->emptied_socket()) socket_->note_emptied();
        look_after_tls();
        if (state == tls_stream::handshake_state::done) co_return true;
        if (state == tls_stream::handshake_state::under_way) continue;
        const bool plain = state == tls_stream::handshake_state::plain_text;
        note_failure(plain ? handshake_failure::not_tls : handshake_failure::tls);
        if (plain) {
            tls_.reset();
            send_raw(make_refusal(400, "this port speaks TLS: the address begins with https:// or wss://"));
        }
        co_return false;
    }
    if (timed_out_ && tls_) note_failure(handshake_failure::timeout);
    co_return false;
}

session::received session::receive_decrypted(char* into, std::size_t capacity) {
    const auto got = tls_->read(into, capacity);
    if (tls_->emptied_socket()) socket_->note_emptied();
    look_after_tls();
    if (got.kind == tls_stream::reading::some) return {reading::some, got.count};
    if (got.kind == tls_stream::reading::none_yet) return {};
    ended_ = true;
    broken_ = broken_ || tls_->broken();
    return {reading::ended, 0};
}

void session::look_after_tls() {
    if (tls_->broken()) {
        cut();
    } else if (tls_->has_waiting()) {
        wait_until_writable();
    }
}

void session::on_room() {
    const bool room = !tls_ || tls_->send_waiting();
    if (tls_) look_after_tls();
    if (room) on_writable();
    // Only there is it waited for that all is sent.
    if (phase_ == phase::handshake || phase_ == phase::closing) wake();
}

bool session::all_sent() { return box().empty() && !(tls_ && tls_->has_waiting()); }

}  // namespace net
