#include "net/acceptor.hpp"

#include "net/error_sink.hpp"
#include "net/session.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace net {

namespace {

constexpr int accepted_per_turn = 64;
constexpr int backlog = 4096;
constexpr std::chrono::milliseconds pause_without_descriptors{100};

/// Without this a connection that does not read keeps up to 4 MB in the kernel.
constexpr int unsent_low_water_bytes = 128 * 1024;
/// So many connections beyond the limit get a 503; further ones are closed unread.
constexpr std::size_t politely_refused = 1000;

using int_option_reuse_port = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
using int_option_unsent_low_water = boost::asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

}  // namespace

acceptor::acceptor(host& at, const boost::asio::ip::tcp::endpoint& where, bool shared_port)
    : host_(at),
      listening_(at.shard().context()),
      family_(where.protocol().family()) {
    listening_.open(where.protocol());
    listening_.set_option(boost::asio::socket_base::reuse_address(true));
    if (shared_port) listening_.set_option(int_option_reuse_port(true));
    // Accepted sockets inherit these: no system call a connection.
    listening_.set_option(boost::asio::ip::tcp::no_delay(true));
    listening_.set_option(int_option_unsent_low_water(unsent_low_water_bytes));
    listening_.bind(where);
    listening_.listen(backlog);
    listening_.non_blocking(true);
}

channel::task<> acceptor::run() {
    while (!stopped_) {
        wait_until_readable();
        co_await something{*this};
        if (stopped_) break;
        const bool has_descriptors = accept_some();
        if (has_descriptors) continue;
        report_accept_failure(errno);
        host_.shard().schedule(*this, channel::shard::now() + pause_without_descriptors);
        while (scheduled() && !stopped_) co_await something{*this};
    }
    cancel();
    boost::system::error_code ignored;
    listening_.close(ignored);
    while (handler_pending_) co_await last_handler{*this};
}

void acceptor::wait_until_readable() {
    if (handler_pending_) return;
    handler_pending_ = true;
    listening_.async_wait(boost::asio::socket_base::wait_read, [this](boost::system::error_code) {
        handler_pending_ = false;
        resume_waiting();
    });
}

bool acceptor::accept_some() {
    for (int i = 0; i < accepted_per_turn; ++i) {
        const int fd = ::accept4(listening_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            start_session(fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            return false;
        } else if (errno == EAGAIN) {
            return true;
        }
        // Anything else is about the connection that was to be accepted, and it is gone.
    }
    return true;
}

void acceptor::start_session(int fd) {
    const auto open = host_.connections()++;
    const auto limit = host_.settings().max_connections;
    if (open >= limit + politely_refused) {
        --host_.connections();
        ::close(fd);
        return;
    }
    std::unique_ptr<session> started;
    try {
        started = std::make_unique<session>(host_, fd, family_, open >= limit);
    } catch (...) {
        --host_.connections();
        ::close(fd);
        report_error("accept", std::current_exception());
        return;
    }
    channel::spawn("session", session::run(std::move(started)), report_error);
}

void acceptor::stop() {
    if (std::exchange(stopped_, true)) return;
    resume_waiting();
}

void acceptor::expired(channel::steady_time) { resume_waiting(); }

void acceptor::resume_waiting() {
    if (waiting_) std::exchange(waiting_, nullptr).resume();
}

}  // namespace net
