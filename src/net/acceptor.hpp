#pragma once

#include "channel/task.hpp"
#include "channel/timer_wheel.hpp"
#include "net/host.hpp"
#include "net/listen_address.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <coroutine>
#include <cstdint>
#include <string>

namespace net {

/// Who else listens on the same port: nobody, shards that come after this one, or shards that were there before.
enum class port_sharing : std::uint8_t { none, first, further };

/// One shard's listening socket. The kernel spreads connections over the sockets that listen on the same port
/// (SO_REUSEPORT), so that no thread hands any to another.
class acceptor : private channel::timer_node {
public:
    using socket = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol,
                                                      boost::asio::io_context::executor_type>;

    /// Binds and listens; `where` has a port. Throws boost::system::system_error that says what did not work. The file
    /// of a unix socket is replaced if nobody listens there any more, and removed at the end.
    acceptor(host& at, listen_address where, port_sharing sharing);
    ~acceptor() { remove_file(); }
    acceptor(const acceptor&) = delete;
    acceptor& operator=(const acceptor&) = delete;

    /// With the port that was picked if the wanted one was 0.
    [[nodiscard]] const listen_address& where() const { return where_; }

    /// Accepts until stop(), starting a session for each connection. Ends when nothing refers to the acceptor any more.
    [[nodiscard]] channel::task<> run();
    void stop();
    [[nodiscard]] bool stopped() const { return stopped_; }

private:
    struct something {
        acceptor& self;
        bool await_ready() const { return self.stopped_; }
        void await_suspend(std::coroutine_handle<> handle) const { self.waiting_ = handle; }
        void await_resume() const {}
    };

    /// After stop(): the handler of the wait that was cut short.
    struct last_handler : something {
        bool await_ready() const { return false; }
    };

    void wait_until_readable();
    /// Takes what waits, a batch at most; false if the system has no descriptor left.
    [[nodiscard]] bool accept_some();
    void start_session(int fd, const client_address& from);
    void open_tcp(port_sharing sharing);
    void open_unix();
    /// Of a unix socket, once.
    void remove_file();
    void expired(channel::steady_time now) override;
    void resume_waiting();

    host& host_;
    listen_address where_;
    socket listening_;
    std::coroutine_handle<> waiting_;
    bool handler_pending_ = false;
    bool stopped_ = false;
    bool has_file_ = false;
};

}  // namespace net
