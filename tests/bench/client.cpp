#include "bench/client.hpp"

#include "bench/meter.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>

namespace bench {
namespace {

constexpr std::size_t buffer_bytes = 1024 * 1024;
constexpr std::size_t max_opening = 128;
constexpr int batch = 64;
constexpr int between_urgent = 8;

// RFC 6455, 1.3: the example's key, whose answer is known.
constexpr std::string_view upgrade_request =
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
constexpr std::string_view expected_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

std::string hex(std::uint64_t value, int digits) {
    std::array<char, 24> text{};
    const int size = std::snprintf(text.data(), text.size(), "%0*llx", digits, static_cast<unsigned long long>(value));
    return {text.data(), static_cast<std::size_t>(size)};
}

bool would_block() { return errno == EAGAIN || errno == EINTR; }

int open_socket(std::uint32_t number, std::uint16_t port, int receive_buffer) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw failure(std::string("socket: ") + std::strerror(errno));
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (receive_buffer > 0) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    // Sources are spread over 127.0.0.2 to .251, or ephemeral ports run short in the churn.
    address.sin_addr.s_addr = htonl(0x7F000002U + number % 250);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw failure(std::string("bind: ") + std::strerror(errno));
    }
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
        throw failure(std::string("connect: ") + std::strerror(errno));
    }
    return fd;
}

ssize_t send_to(connection& c, std::string_view bytes) {
    return c.secure ? c.secure->send(bytes.data(), bytes.size())
                    : ::send(c.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

ssize_t receive_from(connection& c, char* into, std::size_t capacity) {
    return c.secure ? c.secure->receive(into, capacity) : ::recv(c.fd, into, capacity, 0);
}

}  // namespace

bool use_tls = false;

client_loop::client_loop(std::uint16_t port, handler& scenario)
    : scenario_(scenario),
      port_(port),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      urgent_epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      buffer_(buffer_bytes) {
    std::random_device random;
    id_prefix_ = hex(static_cast<std::uint64_t>(std::time(nullptr)), 8) + hex(random(), 8) + hex(random() & 0xFFU, 2);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, urgent_epoll_, &event) != 0) throw failure("epoll_ctl");
}

client_loop::~client_loop() {
    for (const auto& c : connections_) {
        if (c.fd >= 0) ::close(c.fd);
    }
    ::close(urgent_epoll_);
    ::close(epoll_);
}

connection& client_loop::add(std::string channel, bool urgent) {
    auto& c = connections_.emplace_back();
    c.index = static_cast<std::uint32_t>(connections_.size() - 1);
    c.channel = std::move(channel);
    c.urgent = urgent;
    has_urgent_ = has_urgent_ || urgent;
    return c;
}

void client_loop::open(connection& c) {
    ++opened_;
    c.id = id_prefix_ + hex(opened_, 6);
    c.fd = open_socket(opened_, port_, c.receive_buffer);
    // Over loopback the connection is there at once unless the server's queue is full: the first send finds out.
    c.at = stage::connecting;
    c.outgoing = upgrade_request;
    if (use_tls) c.secure = std::make_unique<secure_socket>(c.fd);
    const ssize_t sent = send_to(c, c.outgoing);
    if (sent == static_cast<ssize_t>(c.outgoing.size())) {
        c.outgoing.clear();
        c.at = stage::upgrading;
    }
    c.waits_for_room = c.at == stage::connecting;
    watch(c, EPOLL_CTL_ADD);
}

void client_loop::open_all() {
    std::size_t next = 0;
    std::size_t wanted = ready_;
    std::size_t started = 0;
    for (const auto& c : connections_) wanted += c.at == stage::closed ? 1U : 0U;
    const std::size_t ready_before = ready_;
    const auto all_ready = [&] {
        for (; next < connections_.size() && started - (ready_ - ready_before) < max_opening; ++next) {
            if (connections_[next].at != stage::closed) continue;
            open(connections_[next]);
            ++started;
        }
        return ready_ == wanted;
    };
    run_until(all_ready, 60, "all connections to be ready");
}

void client_loop::send(connection& c, std::string_view command) {
    append_client_frame(c.outgoing, opcode::text, command);
    if (!c.is_dirty) dirty_.push_back(&c);
    c.is_dirty = true;
}

void client_loop::close(connection& c) {
    constexpr std::string_view normal_closure("\x03\xE8", 2);
    append_client_frame(c.outgoing, opcode::close, normal_closure);
    c.at = stage::closing;
    --ready_;
    flush(c);
}

void client_loop::set_reading(connection& c, bool reading) {
    c.reading = reading;
    watch(c, EPOLL_CTL_MOD);
}

void client_loop::run_until(const std::function<bool()>& done, double limit_seconds, std::string_view waited_for) {
    const auto limit = now_ns() + static_cast<std::uint64_t>(limit_seconds * 1e9);
    while (!done()) {
        if (now_ns() > limit) throw failure("waited in vain for " + std::string(waited_for));
        poll();
    }
}

void client_loop::run_for(double seconds) {
    const auto until = now_ns() + static_cast<std::uint64_t>(seconds * 1e9);
    while (now_ns() < until) poll();
}

void client_loop::poll() {
    scenario_.on_tick();
    flush_all();
    std::array<epoll_event, batch> events{};
    const int count = ::epoll_wait(epoll_, events.data(), batch, 1);
    for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if (has_urgent_ && i % between_urgent == 0) poll_urgent();
        if (event.data.ptr != nullptr) on_ready_fd(*static_cast<connection*>(event.data.ptr), event.events);
    }
}

void client_loop::poll_urgent() {
    std::array<epoll_event, batch> events{};
    const int count = ::epoll_wait(urgent_epoll_, events.data(), batch, 0);
    for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        on_ready_fd(*static_cast<connection*>(event.data.ptr), event.events);
    }
    scenario_.on_tick();
    flush_all();
}

void client_loop::on_ready_fd(connection& c, std::uint32_t what) {
    if (c.at == stage::connecting) {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(c.fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) fail(c, std::string("connect: ") + std::strerror(error));
        c.at = stage::upgrading;
    }
    if ((what & EPOLLOUT) != 0) flush(c);
    if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive(c);
    flush_all();
}

void client_loop::receive(connection& c) {
    const std::size_t kept = c.partial.size();
    if (kept > 0) std::copy(c.partial.begin(), c.partial.end(), buffer_.begin());
    const ssize_t got = receive_from(c, buffer_.data() + kept, buffer_.size() - kept);
    if (got < 0 && would_block()) return;
    if (got <= 0) {
        if (c.at != stage::closing) fail(c, got == 0 ? "the server ended it" : std::strerror(errno));
        end(c);
        return;
    }
    ++reads_;
    const std::string_view bytes(buffer_.data(), kept + static_cast<std::size_t>(got));
    std::size_t used = c.at == stage::upgrading ? upgrade(c, bytes) : 0;
    while (c.at != stage::upgrading && c.fd >= 0) {
        const auto frame = parse_server_frame(bytes.substr(used));
        if (frame.size == 0) break;
        on_frame(c, frame);
        used += frame.size;
    }
    if (used < bytes.size() || kept > 0) c.partial.assign(bytes.substr(used));
    if (c.partial.size() > buffer_.size() / 2) fail(c, "a frame that is too long");
}

std::size_t client_loop::upgrade(connection& c, std::string_view bytes) {
    const auto end_of_head = bytes.find("\r\n\r\n");
    if (end_of_head == std::string_view::npos) return 0;
    const auto head = bytes.substr(0, end_of_head);
    if (!head.starts_with("HTTP/1.1 101") || head.find(expected_accept) == std::string_view::npos) {
        fail(c, "the upgrade was refused: " + std::string(head.substr(0, 80)));
    }
    c.at = stage::describing;
    send(c, "/descp {\"id\":\"" + c.id + "\",\"name\":\"peer-" + c.id.substr(18) + "\"}");
    return end_of_head + 4;
}

void client_loop::on_frame(connection& c, const server_frame& frame) {
    if (frame.op == opcode::text) {
        ++events_;
        if (c.at == stage::ready || c.at == stage::closing) {
            scenario_.on_event(c, frame.payload);
        } else {
            on_setup_event(c, frame.payload);
        }
    } else if (frame.op == opcode::ping) {
        append_client_frame(c.outgoing, opcode::pong, frame.payload);
        flush(c);
    } else if (frame.op == opcode::close && c.at != stage::closing) {
        const bool has_code = frame.payload.size() >= 2;
        const auto octet = [&](std::size_t i) {
            return static_cast<unsigned>(static_cast<std::uint8_t>(frame.payload[i]));
        };
        fail(c, "the server closed it with " + std::to_string(has_code ? octet(0) << 8 | octet(1) : 1005U));
    }
}

void client_loop::on_setup_event(connection& c, std::string_view text) {
    if (is_event(text, "welcome") && c.at == stage::describing) {
        if (text.find(c.id) == std::string_view::npos) fail(c, "a welcome to somebody else");
        if (c.channel.empty()) {
            become_ready(c);
        } else {
            c.at = stage::joining;
            send(c, "/join " + c.channel);
        }
    } else if (is_event(text, "joined") && c.at == stage::joining) {
        become_ready(c);
    } else {
        fail(c, "an unexpected event: " + std::string(text.substr(0, 300)));
    }
}

void client_loop::become_ready(connection& c) {
    c.at = stage::ready;
    ++ready_;
    scenario_.on_ready(c);
}

void client_loop::flush(connection& c) {
    while (!c.outgoing.empty()) {
        const ssize_t sent = send_to(c, c.outgoing);
        if (sent < 0 && !would_block()) fail(c, std::string("send: ") + std::strerror(errno));
        if (sent < 0) break;
        c.outgoing.erase(0, static_cast<std::size_t>(sent));
    }
    const bool waits = !c.outgoing.empty();
    if (waits == c.waits_for_room) return;
    c.waits_for_room = waits;
    watch(c, EPOLL_CTL_MOD);
}

void client_loop::flush_all() {
    for (std::size_t i = 0; i < dirty_.size(); ++i) {
        dirty_[i]->is_dirty = false;
        if (dirty_[i]->fd >= 0) flush(*dirty_[i]);
    }
    dirty_.clear();
}

void client_loop::watch(connection& c, int operation) {
    epoll_event event{};
    event.events = (c.reading ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
        (c.waits_for_room ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
    event.data.ptr = &c;
    if (::epoll_ctl(c.urgent ? urgent_epoll_ : epoll_, operation, c.fd, &event) != 0) fail(c, "epoll_ctl");
}

void client_loop::end(connection& c) {
    c.secure.reset();
    ::close(c.fd);
    c.fd = -1;
    c.at = stage::closed;
    c.partial.clear();
    c.outgoing.clear();
    scenario_.on_closed(c);
}

void client_loop::fail(const connection& c, std::string_view what) {
    throw failure("connection " + std::to_string(c.index) + " (stage " + std::to_string(static_cast<int>(c.at)) +
                  "): " + std::string(what));
}

}  // namespace bench
