#include "net/acceptor.hpp"

#include "logging/failure.hpp"
#include "net/accept_failure.hpp"
#include "net/session.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace net {

namespace {

constexpr int accepted_per_turn = 64;
constexpr int backlog = 4096;
constexpr std::chrono::milliseconds pause_without_descriptors{100};

/// Without this a connection that does not read keeps up to 4 MB in the kernel.
constexpr int unsent_low_water_bytes = 128 * 1024;
/// So many connections beyond a limit get a response (a shard, or beyond the connections in all); further ones are
/// closed unread.
constexpr std::size_t politely_refused = 1000;

using int_option_reuse_port = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
using int_option_unsent_low_water = boost::asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

}  // namespace

acceptor::acceptor(host& at, listen_address where, port_sharing sharing)
    : host_(at),
      where_(std::move(where)),
      listening_(at.shard().context()) {
    if (where_.is_unix) {
        open_unix();
    } else {
        open_tcp(sharing);
    }
    listening_.listen(backlog);
    // Not before: the port has to be free of other servers, which would share it, too, and take half of the clients.
    if (sharing == port_sharing::first) listening_.set_option(int_option_reuse_port(true));
    listening_.non_blocking(true);
}

void acceptor::open_tcp(port_sharing sharing) {
    using boost::asio::ip::tcp;
    const auto address = boost::asio::ip::make_address(where_.host);
    tcp::endpoint endpoint(address, where_.port.value_or(0));
    listening_.open(endpoint.protocol());
    listening_.set_option(boost::asio::socket_base::reuse_address(true));
    if (sharing == port_sharing::further) listening_.set_option(int_option_reuse_port(true));
    // `::` is IPv4, too, whatever the system's default.
    if (address.is_v6()) listening_.set_option(boost::asio::ip::v6_only(!address.is_unspecified()));
    // Accepted sockets inherit these: no system call a connection.
    listening_.set_option(tcp::no_delay(true));
    listening_.set_option(int_option_unsent_low_water(unsent_low_water_bytes));
    listening_.bind(endpoint);
    const auto bound = listening_.local_endpoint();
    std::memcpy(endpoint.data(), bound.data(), bound.size());
    where_.port = endpoint.port();
}

void acceptor::open_unix() {
    const boost::asio::local::stream_protocol::endpoint endpoint(where_.host);
    listening_.open(endpoint.protocol());
    struct stat found {};
    if (::lstat(where_.host.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) {
        // Left over from a server that was killed, if nobody answers.
        boost::asio::local::stream_protocol::socket probe(host_.shard().context());
        boost::system::error_code refused;
        probe.connect(endpoint, refused);
        if (refused == boost::asio::error::connection_refused) ::unlink(where_.host.c_str());
    }
    listening_.bind(endpoint);
    has_file_ = true;
}

void acceptor::remove_file() {
    if (std::exchange(has_file_, false)) ::unlink(where_.host.c_str());
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
    // First: as soon as nobody listens, the next server takes the place for itself.
    remove_file();
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
        sockaddr_storage from{};
        socklen_t from_bytes = sizeof from;
        const int fd = ::accept4(listening_.native_handle(), reinterpret_cast<sockaddr*>(&from), &from_bytes,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            start_session(fd, client_address::from_socket(from));
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            return false;
        } else if (errno == EAGAIN) {
            return true;
        }
        // Anything else is about the connection that was to be accepted, and it is gone.
    }
    return true;
}

void acceptor::start_session(int fd, const client_address& from) {
    const auto open = host_.connections()++;
    const auto limit = host_.settings().max_connections;
    auto why_not = open >= limit ? refusal::server_full : refusal::none;
    // Not for administration, which may help.
    if (host_.shard().memory_is_short && host_.settings().has_websockets) why_not = refusal::server_memory;
    if (why_not == refusal::none && host_.counts(from)) why_not = host_.admissions().enter(from, channel::shard::now());
    if (open >= limit + politely_refused || (why_not != refusal::none && host_.refused >= politely_refused)) {
        --host_.connections();
        ++host_.count.accepted;
        note_refusal(host_, why_not, from, std::nullopt);
        ::close(fd);
        return;
    }
    std::unique_ptr<session> started;
    try {
        const bool secured = host_.tls && !where_.is_unix && !where_.is_plain;
        const auto how = secured ? encryption::tls : encryption::none;
        started = std::make_unique<session>(host_, fd, from, why_not, how);
    } catch (...) {
        if (why_not == refusal::none && host_.counts(from)) host_.admissions().leave(from);
        --host_.connections();
        ::close(fd);
        logging::task_failed("accept", std::current_exception());
        return;
    }
    try {
        channel::spawn("session", session::run(std::move(started)), logging::task_failed);
    } catch (...) {
        // No memory to run it; its end has closed the socket and counted it out.
        logging::task_failed("accept", std::current_exception());
    }
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
