#include "net/poller.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace net {

namespace {

constexpr std::uint32_t input_events = EPOLLIN | EPOLLRDHUP | EPOLLET;

int new_epoll_set() {
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    return fd;
}

}  // namespace

poller::poller(boost::asio::io_context& context) : set_(context.get_executor(), new_epoll_set()) {}

bool poller::add(int fd, watcher& who) {
    ++watchers_;
    arm();
    return control(EPOLL_CTL_ADD, fd, who, input_events);
}

void poller::await_room(int fd, watcher& who) {
    // Changing what is watched has the kernel look at it again, so that no edge is missed.
    if (!control(EPOLL_CTL_MOD, fd, who, input_events | EPOLLOUT))
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void poller::call_later(watcher& who) {
    to_call_.push_back(&who);
    if (std::exchange(call_posted_, true)) return;
    boost::asio::post(set_.get_executor(), [this] { call_those_due(); });
}

void poller::forget(watcher& who) {
    for (auto at = next_; at < batch_size_; ++at) {
        if (batch_[at].data.ptr == &who) batch_[at].data.ptr = nullptr;
    }
    std::replace(to_call_.begin(), to_call_.end(), &who, static_cast<watcher*>(nullptr));
    // So that the context can run out of work.
    if (--watchers_ == 0) set_.cancel();
}

void poller::remove(int fd, watcher& who) {
    forget(who);
    static_cast<void>(control(EPOLL_CTL_DEL, fd, who, 0));
}

bool poller::control(int operation, int fd, watcher& who, std::uint32_t events) {
    epoll_event wanted{};
    wanted.events = events;
    wanted.data.ptr = &who;
    return ::epoll_ctl(set_.native_handle(), operation, fd, &wanted) == 0;
}

void poller::arm() {
    if (armed_ || watchers_ == 0) return;
    armed_ = true;
    set_.async_wait(boost::asio::posix::descriptor_base::wait_read, [this](boost::system::error_code) {
        armed_ = false;
        dispatch();
    });
}

void poller::dispatch() {
    if (next_ == batch_size_) {
        next_ = 0;
        const int count = ::epoll_wait(set_.native_handle(), batch_.data(), static_cast<int>(batch_.size()), 0);
        batch_size_ = static_cast<std::size_t>(std::max(count, 0));
    }
    // Before anybody is told: should one throw, the rest of the batch has its turn with the next.
    arm();
    while (next_ < batch_size_) {
        const auto event = batch_[next_++];
        if (event.data.ptr) static_cast<watcher*>(event.data.ptr)->ready(event.events);
    }
}

void poller::call_those_due() {
    call_posted_ = false;
    for (auto left = to_call_.size(); left > 0; --left) {
        watcher* const who = to_call_.front();
        to_call_.pop_front();
        if (who) who->ready(0);
    }
}

}  // namespace net
