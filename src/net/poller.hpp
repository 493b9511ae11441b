#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace net {

/// Tells the sockets of one shard that they are ready. An epoll set of its own, which Asio waits for as for a single
/// descriptor. Why not Asio's: there every wait of a connection costs an epoll_ctl and a turn through the queue of
/// handlers, and every idle connection some 200 bytes; here a batch of ready sockets costs one of each. Owned by the
/// host; one thread.
class poller {
public:
    class watcher {
    public:
        /// `events` as epoll says it. May forget itself and others, and be destroyed in here.
        virtual void ready(std::uint32_t events) = 0;

    protected:
        ~watcher() = default;
    };

    explicit poller(boost::asio::io_context& context);
    poller(const poller&) = delete;
    poller& operator=(const poller&) = delete;

    /// From now on `who` is told once of each change of what the socket is ready for (EPOLLET): of input, of its end,
    /// and of errors, until it is forgotten. False, with `errno`, if the system has no room: then nothing comes.
    [[nodiscard]] bool add(int fd, watcher& who);
    /// Also of room for output, if there is some by now or once there is.
    void await_room(int fd, watcher& who);
    /// Calls `who.ready(0)` in a later turn.
    void call_later(watcher& who);

    /// Nothing more is told. What is closed next need not be taken out of the set: the kernel does it.
    void forget(watcher& who);
    void remove(int fd, watcher& who);

private:
    void arm();
    void dispatch();
    void call_those_due();
    [[nodiscard]] bool control(int operation, int fd, watcher& who, std::uint32_t events);

    boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> set_;
    std::array<epoll_event, 256> batch_{};
    std::size_t next_ = 0;  ///< of the batch, to be told
    std::size_t batch_size_ = 0;
    std::deque<watcher*> to_call_;
    std::size_t watchers_ = 0;
    bool armed_ = false;
    bool call_posted_ = false;
};

}  // namespace net
