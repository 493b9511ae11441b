#include "integration/transport/raw_client.hpp"

#include "support/server_process.hpp"

#include <boost/test/unit_test.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

namespace transport {

namespace {

/// Boost.Test cannot go on from here in a helper: the case ends.
[[noreturn]] void give_up(const std::string& why) { throw std::runtime_error(why); }

bool wait_for(int fd, short what, milliseconds wait) {
    pollfd waiting{fd, what, 0};
    int ready = 0;
    do {
        ready = ::poll(&waiting, 1, static_cast<int>(wait.count()));
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int connect_to(std::uint16_t port, int receive_buffer) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (receive_buffer > 0) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto address = loopback(port);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
}

unsigned byte_at(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

}  // namespace

bool can_connect(std::uint16_t port) {
    const int fd = connect_to(port, 0);
    if (fd < 0) return false;
    ::close(fd);
    return true;
}

unsigned server_frame::close_code() const {
    return payload.size() < 2 ? 1005U : byte_at(payload, 0) << 8U | byte_at(payload, 1);
}

bool http_response::has_line(std::string_view line) const {
    return header.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

raw_client::raw_client(std::uint16_t port, int receive_buffer) : fd_(connect_to(port, receive_buffer)) {
    if (fd_ < 0) give_up("cannot connect to port " + std::to_string(port));
}

raw_client::raw_client(connected socket) : fd_(socket.fd) {}

raw_client::connected connect_v6(std::uint16_t port) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        give_up("cannot connect to [::1]:" + std::to_string(port));
    }
    return {fd};
}

raw_client::connected connect_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        give_up("cannot connect to " + path);
    }
    return {fd};
}

raw_client::~raw_client() { ::close(fd_); }

// --- sending

std::size_t raw_client::send_some(std::string_view bytes, milliseconds wait) {
    if (!wait_for(fd_, POLLOUT, wait)) return 0;
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

void raw_client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        if (!wait_for(fd_, POLLOUT, support::patience())) give_up("the server takes nothing more");
        const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) continue;
        if (sent < 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void raw_client::send_in_pieces(std::string_view bytes, std::size_t piece_bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) send(bytes.substr(at, piece_bytes));
}

void raw_client::shutdown_write() { ::shutdown(fd_, SHUT_WR); }

// --- receiving

bool raw_client::receive(milliseconds wait) {
    if (ended_ || !wait_for(fd_, POLLIN, wait)) return false;
    std::array<char, 16384> part;
    const auto count = ::recv(fd_, part.data(), part.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (count > 0) received_.append(part.data(), static_cast<std::size_t>(count));
    ended_ = count <= 0;
    reset_ = count < 0;
    return !ended_;
}

bool raw_client::need(std::size_t bytes) {
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    while (received_.size() < bytes) {
        const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left <= milliseconds(0)) give_up("nothing came from the server in time");
        if (!receive(left) && ended_) return false;
    }
    return true;
}

std::string raw_client::take(std::size_t bytes) {
    auto taken = received_.substr(0, bytes);
    received_.erase(0, bytes);
    return taken;
}

bool raw_client::anything_within(milliseconds wait) {
    if (!received_.empty() || ended_) return true;
    receive(wait);
    return !received_.empty() || ended_;
}

void raw_client::read_to_end() {
    while (need(received_.size() + 1)) received_.clear();
    received_.clear();
}

http_response raw_client::upgrade(std::string_view target, std::string_view more_fields, std::string_view early) {
    std::string request = "GET " + std::string(target) +
        " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    request.append(more_fields).append("\r\n").append(early);
    send(request);
    auto response = read_response(false);
    if (response.status != 101) give_up("not upgraded: " + response.header);
    return response;
}

http_response raw_client::read_response(bool with_body) {
    constexpr std::string_view end_mark = "\r\n\r\n";
    std::size_t end = 0;
    while ((end = received_.find(end_mark)) == std::string::npos) {
        if (!need(received_.size() + 1)) give_up("the server closed instead of a response: " + received_);
    }
    http_response response;
    response.header = take(end + end_mark.size());
    if (!response.header.starts_with("HTTP/1.1 ")) give_up("not a response: " + response.header);
    response.status = static_cast<unsigned>(std::stoul(response.header.substr(9, 3)));
    constexpr std::string_view length_field = "\r\nContent-Length: ";
    const auto length = response.header.find(length_field);
    if (!with_body || length == std::string::npos) return response;
    const auto size = std::stoul(response.header.substr(length + length_field.size()));
    if (!need(size)) give_up("the body is cut");
    response.body = take(size);
    return response;
}

std::optional<server_frame> raw_client::read_frame() {
    if (!need(2)) {
        if (!received_.empty()) give_up("half a frame at the end");
        return std::nullopt;
    }
    const auto first = byte_at(received_, 0);
    const auto second = byte_at(received_, 1);
    if ((first & 0xF0U) != 0x80U || (second & 0x80U) != 0)
        give_up("a frame with reserved bits, in fragments, or masked");
    const std::size_t extended = second == 126 ? 2 : second == 127 ? 8 : 0;
    if (!need(2 + extended)) give_up("half a header at the end");
    std::uint64_t length = extended == 0 ? second : 0;
    for (std::size_t i = 0; i < extended; ++i) length = length << 8U | byte_at(received_, 2 + i);
    if ((extended == 2 && length < 126) || (extended == 8 && length < 65536)) give_up("length not minimal");
    if ((first & 8U) != 0 && length > 125) give_up("a long control frame");
    if (!need(2 + extended + length)) give_up("a frame that is cut");
    received_.erase(0, 2 + extended);
    return server_frame{static_cast<std::uint8_t>(first & 15U), take(length)};
}

}  // namespace transport
