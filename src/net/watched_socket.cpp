#include "net/watched_socket.hpp"

#include "net/accept_failure.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace net {

watched_socket::watched_socket(poller& with, int fd, user& by) : poller_(with), user_(by), fd_(fd) {
    if (with.add(fd, *this)) return;
    report_accept_failure(errno);
    ::shutdown(fd_, SHUT_RDWR);
    readable_ = ended_ = true;
}

watched_socket::~watched_socket() {
    if (fd_ < 0) return;
    poller_.forget(*this);
    ::close(fd_);
}

int watched_socket::release() {
    poller_.remove(fd_, *this);
    return std::exchange(fd_, -1);
}

void watched_socket::await_input() {
    awaits_input_ = true;
    if (!readable_ || called_later_) return;
    called_later_ = true;
    poller_.call_later(*this);
}

void watched_socket::await_room() {
    if (std::exchange(awaits_room_, true)) return;
    poller_.await_room(fd_, *this);
}

void watched_socket::ready(std::uint32_t events) {
    constexpr std::uint32_t end_events = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    // Only call_later() comes without any.
    if (events == 0) called_later_ = false;
    if ((events & (EPOLLIN | end_events)) != 0) readable_ = true;
    if ((events & end_events) != 0) ended_ = true;
    if (awaits_room_ && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
        awaits_room_ = false;
        user_.on_room();
    }
    if (awaits_input_ && readable_) {
        awaits_input_ = false;
        user_.on_input();
    }
}

}  // namespace net
