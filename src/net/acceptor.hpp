#pragma once

#include "channel/task.hpp"
#include "channel/timer_wheel.hpp"
#include "net/host.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <coroutine>
#include <cstdint>

namespace net {

/// One shard's listening socket. The kernel spreads connections over the sockets that listen on the same port
/// (SO_REUSEPORT), so that no thread hands any to another.
class acceptor : private channel::timer_node {
public:
    /// Binds and listens. Throws boost::system::system_error that says what did not work.
    acceptor(host& at, const boost::asio::ip::tcp::endpoint& where, bool shared_port);

    [[nodiscard]] boost::asio::ip::tcp::endpoint local_endpoint() const { return listening_.local_endpoint(); }

    /// Accepts until stop(), starting a session for each connection. Ends when nothing refers to the acceptor any more.
    [[nodiscard]] channel::task<> run();
    void stop();

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
    void start_session(int fd);
    void expired(channel::steady_time now) override;
    void resume_waiting();

    host& host_;
    boost::asio::ip::tcp::acceptor listening_;
    int family_;
    std::coroutine_handle<> waiting_;
    bool handler_pending_ = false;
    bool stopped_ = false;
};

}  // namespace net
