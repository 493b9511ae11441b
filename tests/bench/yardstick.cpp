#include "bench/yardstick.hpp"

#include <openssl/evp.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <stdexcept>

namespace bench {
namespace {

volatile std::sig_atomic_t stopping = 0;

}  // namespace

yardstick::yardstick(std::uint16_t port, bool copies)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      copies_(copies),
      buffer_(buffer_bytes) {
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Accepted sockets inherit both. Without the second the kernel holds megabytes for each slow reader.
    ::setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(listener_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_limit, sizeof unsent_limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    epoll_event event{};
    event.events = EPOLLIN;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 4096) != 0 || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) != 0) {
        throw std::runtime_error(std::strerror(errno));
    }
    std::printf("listening on 127.0.0.1:%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
    std::fflush(stdout);
}

void yardstick::run() {
    std::array<epoll_event, 1024> events{};
    while (stopping == 0) {
        const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
        timespec time{};
        ::clock_gettime(CLOCK_REALTIME, &time);
        now_ms_ = static_cast<std::uint64_t>(time.tv_sec) * 1000 + static_cast<std::uint64_t>(time.tv_nsec) / 1'000'000;
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            if (event.data.ptr == nullptr) {
                accept_all();
            } else {
                on_event(*static_cast<member*>(event.data.ptr), event.events);
            }
        }
        end_turn();
    }
}

void yardstick::accept_all() {
    for (;;) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        auto* m = new member;
        m->fd = fd;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = m;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
}

void yardstick::on_event(member& m, std::uint32_t what) {
    if ((what & EPOLLOUT) != 0) flush(m);
    if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !m.is_dead) receive(m);
}

void yardstick::receive(member& m) {
    const std::size_t kept = m.partial.size();
    std::copy(m.partial.begin(), m.partial.end(), buffer_.begin());
    const ssize_t got = ::recv(m.fd, buffer_.data() + kept, buffer_.size() - kept, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) kill(m);
        return;
    }
    const std::size_t size = kept + static_cast<std::size_t>(got);
    std::size_t used = m.is_open ? 0 : upgrade(m, {buffer_.data(), size});
    while (m.is_open && !m.is_dead && !m.ends_when_sent) {
        const auto taken = take_frame(m, buffer_.data() + used, size - used);
        if (taken == 0) break;
        used += taken;
    }
    if (used < size) {
        m.partial.assign(buffer_.data() + used, size - used);
    } else if (kept > 0) {
        m.partial = {};
    }
}

std::size_t yardstick::upgrade(member& m, text bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == text::npos) return 0;
    constexpr text header = "Sec-WebSocket-Key: ";
    const auto at = bytes.find(header);
    if (at == text::npos) {
        kill(m);
        return end + 4;
    }
    static const EVP_MD* const sha1 =
        EVP_MD_fetch(nullptr, "SHA1", nullptr);  // Once: a look-up by name costs more than the digest.
    std::string key(bytes.substr(at + header.size(), 24));
    key += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    std::array<unsigned char, 32> accept{};
    unsigned size = 0;
    EVP_Digest(key.data(), key.size(), digest.data(), &size, sha1, nullptr);
    EVP_EncodeBlock(accept.data(), digest.data(), static_cast<int>(size));
    pending_of(m)
        .append(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
        .append(accept.begin(), accept.begin() + 28)
        .append("\r\n\r\n");
    m.is_open = true;
    return end + 4;
}

std::size_t yardstick::take_frame(member& m, char* bytes, std::size_t size) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[i])); };
    if (size < 6) return 0;
    std::size_t length = octet(1) & 0x7FU;
    const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    const std::size_t header = 6 + extended;
    if (size < header) return 0;
    if (extended > 0) length = 0;
    for (std::size_t i = 0; i < extended; ++i) length = length << 8U | octet(2 + i);
    if (length > size - header) return 0;
    std::uint32_t key = 0;
    std::memcpy(&key, bytes + header - 4, 4);
    unmask(bytes + header, length, key);
    const text payload(bytes + header, length);
    const unsigned op = octet(0) & 0x0FU;
    if (op == 1) {
        command(m, payload);
    } else if (op == 8) {
        append_frame(pending_of(m), 0x88, payload);
        m.ends_when_sent = true;
    } else if (op == 9) {
        append_frame(pending_of(m), 0x8A, payload);
    }
    return header + length;
}

}  // namespace bench

int main(int argc, char** argv) {
    unsigned port = 0;
    bool copies = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--copy") {
            copies = true;
        } else if (argument == "--port" && i + 1 < argc) {
            port = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
        } else {
            std::fprintf(stderr, "usage: bench_yardstick [--port N] [--copy]\n");
            return 2;
        }
    }
    struct sigaction action {};
    action.sa_handler = [](int) { bench::stopping = 1; };
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    try {
        bench::yardstick(static_cast<std::uint16_t>(port), copies).run();
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "bench_yardstick: %s\n", problem.what());
        return 1;
    }
    return 0;
}
