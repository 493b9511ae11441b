#include "net/session.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

/// Where a session meets its socket and its deadlines.
namespace net {

using channel::steady_time;
using protocol::close_code;

namespace {

constexpr std::size_t pieces_per_call = 64;

/// On Linux EWOULDBLOCK is EAGAIN.
bool would_block(int error) { return error == EAGAIN || error == EINTR; }

/// At most pieces_per_call. For a single one, which is by far the most common, the kernel has a shorter way.
ssize_t send_some(int to, std::span<const std::string_view> pieces, int flags) {
    if (pieces.size() == 1) return ::send(to, pieces.front().data(), pieces.front().size(), flags);
    std::array<iovec, pieces_per_call> parts;
    for (std::size_t i = 0; i < pieces.size(); ++i) parts[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = pieces.size();
    return ::sendmsg(to, &message, flags);
}

}  // namespace

// --- input and output

session::received session::receive(char* into, std::size_t capacity) {
    if (ended_) return {reading::ended, 0};
    const auto got = tls_ ? receive_decrypted(into, capacity) : receive_from_socket(into, capacity);
    host_->count.received_bytes += got.count;
    return got;
}

session::received session::receive_from_socket(char* into, std::size_t capacity) {
    const auto count = ::recv(socket_->descriptor(), into, capacity, MSG_DONTWAIT);
    if (count < 0 || static_cast<std::size_t>(count) < capacity) socket_->note_emptied();
    if (count > 0) return {reading::some, static_cast<std::size_t>(count)};
    if (count < 0 && would_block(errno)) return {};
    ended_ = true;
    broken_ = broken_ || count < 0;
    return {reading::ended, 0};
}

void session::send_raw(std::string_view bytes) {
    box().append(bytes);
    flush();
}

std::size_t session::try_write(std::span<const std::string_view> pieces) {
    const auto taken = tls_ ? tls_->write(pieces) : send_to_socket(pieces);
    host_->count.sent_bytes += taken;
    if (tls_) look_after_tls();
    return taken;
}

std::size_t session::send_to_socket(std::span<const std::string_view> pieces) {
    std::size_t written = 0;
    // The last words leave in one packet with the end of the stream, which follows at once.
    const int more_follows = phase_ == phase::closing ? MSG_MORE : 0;
    while (!pieces.empty()) {
        const auto next = pieces.first(std::min(pieces.size(), pieces_per_call));
        std::size_t wanted = 0;
        for (const auto piece : next) wanted += piece.size();
        const auto sent = broken_ ? static_cast<ssize_t>(wanted)
                                  : send_some(socket_->descriptor(), next, MSG_NOSIGNAL | MSG_DONTWAIT | more_follows);
        if (sent < 0) {
            if (would_block(errno)) return written;
            // Nobody is there to read it: let it go, the reading side ends the session.
            cut();
            continue;
        }
        written += static_cast<std::size_t>(sent);
        if (static_cast<std::size_t>(sent) < wanted) return written;
        pieces = pieces.subspan(next.size());
    }
    return written;
}

void session::wait_until_writable() { socket_->await_room(); }

void session::begin_close(close_code code, std::string_view why) {
    log_close(code);
    close_code_ = code;
    close_why_ = why;
    wake();
}

// --- waiting

void session::wait_until_readable() {
    if (woken_) return;
    if (tls_ && tls_->has_input() && phase_ != phase::closing) socket_->note_input();
    socket_->await_input();
}

void session::on_input() {
    // The session may move to another shard, and it may end.
    channel::shard& here = home();
    here.begin_input();
    resume_waiting();
    here.end_input();
}

void session::wake() {
    woken_ = true;
    if (!waiting_ || wake_posted_) return;
    // Not at once: who wakes a session is in the middle of something, and the session may end.
    wake_posted_ = true;
    boost::asio::post(home().context(), [this] {
        wake_posted_ = false;
        resume_waiting();
    });
}

void session::resume_waiting() {
    if (waiting_) std::exchange(waiting_, nullptr).resume();
}

// --- deadlines

void session::schedule_in(std::chrono::milliseconds delay) { home().schedule(*this, channel::shard::now() + delay); }

void session::expired(steady_time now) {
    switch (phase_) {
        case phase::handshake:
        case phase::closing:
            timed_out_ = true;
            wake();
            break;
        case phase::undescribed: close(close_code::not_described, "not described in time"); break;
        case phase::established: check_heartbeat(now); break;
    }
}

void session::check_heartbeat(steady_time now) {
    const auto interval = host_->settings().heartbeat;
    const auto silent = now - last_heard_;
    if (now >= commands_.access_ends()) {
        close(close_code::token_expired, "the access token has expired: come back with a new one");
    } else if (silent < interval) {
        schedule_check(last_heard_ + interval);
    } else if (!pinged_) {
        pinged_ = true;
        std::string ping;
        append_ping(ping, {});
        send(ping);
        schedule_check(now + interval);
    } else {
        close(close_code::heartbeat_lost, "heartbeat lost");
    }
}

void session::schedule_check(steady_time heartbeat) {
    home().schedule(*this, std::min(heartbeat, commands_.access_ends()));
}

}  // namespace net
