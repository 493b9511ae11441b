#include "integration/transport/tls_tunnel.hpp"

#include "support/server_process.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace transport {

namespace {

constexpr int poll_milliseconds = 20;

[[noreturn]] void fail(const std::string& what) {
    const char* const reason = ERR_reason_error_string(ERR_peek_error());
    throw std::runtime_error(what + ": " + (reason ? reason : "connection closed"));
}

void set_blocking(int fd, bool blocking) {
    const int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

/// What goes one way and has not got through yet.
struct stretch {
    std::array<char, 16384> bytes{};
    std::size_t begin = 0;
    std::size_t end = 0;
    bool ended = false;

    [[nodiscard]] bool empty() const { return begin == end; }
    void fill(std::ptrdiff_t count) {
        begin = 0;
        end = static_cast<std::size_t>(count);
    }
    [[nodiscard]] int size() const { return static_cast<int>(end - begin); }
};

}  // namespace

tls_tunnel::tls_tunnel(std::uint16_t port) : tls_tunnel(port, options{}) {}

tls_tunnel::tls_tunnel(std::uint16_t port, const options& wanted) {
    // OpenSSL writes to sockets that may be gone.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        connect(port, wanted);
        shake_hands(wanted);
    } catch (...) {
        SSL_free(ssl_);
        SSL_CTX_free(context_);
        close(server_);
        throw;
    }
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) throw std::runtime_error("no socket pair");
    inner_ = ends[0];
    outer_ = ends[1];
    set_blocking(server_, false);
    set_blocking(inner_, false);
    thread_ = std::thread(&tls_tunnel::pump, this);
}

tls_tunnel::~tls_tunnel() {
    stop_ = true;
    join();
    if (outer_ >= 0) close(outer_);
    close(server_);
    SSL_free(ssl_);
    SSL_CTX_free(context_);
}

void tls_tunnel::connect(std::uint16_t port, const options& wanted) {
    server_ = socket(AF_INET, SOCK_STREAM, 0);
    if (wanted.receive_buffer_bytes > 0)
        setsockopt(server_, SOL_SOCKET, SO_RCVBUF, &wanted.receive_buffer_bytes, sizeof wanted.receive_buffer_bytes);
    const timeval limit{support::patience().count() / 1000, 0};
    setsockopt(server_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(server_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        throw std::runtime_error("cannot connect");
}

void tls_tunnel::shake_hands(const options& wanted) {
    const auto& header = wanted.proxy_header;
    if (!header.empty() && ::send(server_, header.data(), header.size(), MSG_NOSIGNAL) < 0)
        throw std::runtime_error("cannot send");
    ERR_clear_error();
    context_ = SSL_CTX_new(TLS_client_method());
    // Old versions are offered by those only that accept weak signatures.
    SSL_CTX_set_security_level(context_, wanted.version != 0 && wanted.version < TLS1_2_VERSION ? 0 : 1);
    SSL_CTX_set_min_proto_version(context_, wanted.version);
    SSL_CTX_set_max_proto_version(context_, wanted.version);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, server_);
    const auto as_bytes = [](const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); };
    if (!wanted.protocols.empty())
        SSL_set_alpn_protos(ssl_, as_bytes(wanted.protocols), static_cast<unsigned>(wanted.protocols.size()));
    if (!wanted.session.empty()) {
        const auto* from = as_bytes(wanted.session);
        SSL_SESSION* const earlier = d2i_SSL_SESSION(nullptr, &from, static_cast<long>(wanted.session.size()));
        SSL_set_session(ssl_, earlier);
        SSL_SESSION_free(earlier);
    }
    if (SSL_connect(ssl_) != 1) fail("no TLS");
    version_ = SSL_get_version(ssl_);
    resumed_ = SSL_session_reused(ssl_) == 1;
    const unsigned char* chosen = nullptr;
    unsigned chosen_bytes = 0;
    SSL_get0_alpn_selected(ssl_, &chosen, &chosen_bytes);
    if (chosen_bytes > 0) protocol_.assign(reinterpret_cast<const char*>(chosen), chosen_bytes);
    X509* const certificate = SSL_get0_peer_certificate(ssl_);
    std::array<char, 128> name{};
    if (certificate) X509_NAME_oneline(X509_get_subject_name(certificate), name.data(), name.size());
    subject_ = name.data();
    for (int i = 0; i < wanted.key_updates; ++i) {
        SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED);
        if (SSL_do_handshake(ssl_) != 1) break;
    }
}

raw_client::connected tls_tunnel::plain_end() { return {std::exchange(outer_, -1)}; }

void tls_tunnel::pump() {
    stretch out;
    stretch in;
    while (!stop_ && !(in.ended && in.empty())) {
        bool moved = false;
        ERR_clear_error();
        if (out.empty() && !out.ended) {
            const auto count = ::recv(inner_, out.bytes.data(), out.bytes.size(), 0);
            if (count > 0) out.fill(count);
            moved = count > 0;
            if (count == 0) {
                out.ended = true;
                SSL_shutdown(ssl_);
            }
        }
        if (!out.empty()) {
            const int count = SSL_write(ssl_, out.bytes.data() + out.begin, out.size());
            if (count > 0) {
                out.begin += static_cast<std::size_t>(count);
                moved = true;
            } else if (SSL_get_error(ssl_, count) != SSL_ERROR_WANT_WRITE) {
                out.begin = out.end;
            }
        }
        if (in.empty() && !in.ended) {
            const int count = SSL_read(ssl_, in.bytes.data(), static_cast<int>(in.bytes.size()));
            if (count > 0) {
                in.fill(count);
                moved = true;
            } else if (const int error = SSL_get_error(ssl_, count); error != SSL_ERROR_WANT_READ) {
                in.ended = true;
                close_notify_ = error == SSL_ERROR_ZERO_RETURN;
            }
        }
        if (!in.empty()) {
            const auto count =
                ::send(inner_, in.bytes.data() + in.begin, static_cast<std::size_t>(in.size()), MSG_NOSIGNAL);
            if (count > 0) in.begin += static_cast<std::size_t>(count);
            // The client is gone: nobody reads on.
            if (count < 0 && errno != EAGAIN) {
                in.ended = true;
                in.begin = in.end;
            }
            moved = moved || count > 0;
        }
        if (moved) continue;
        std::array<pollfd, 2> ready{pollfd{inner_, 0, 0}, pollfd{server_, 0, 0}};
        if (out.empty() && !out.ended) ready[0].events |= POLLIN;
        if (!in.empty()) ready[0].events |= POLLOUT;
        if (in.empty()) ready[1].events |= POLLIN;
        if (!out.empty()) ready[1].events |= POLLOUT;
        // A bounded wait, for `stop_`; the client's end that has closed would be ready all the time.
        if (out.ended) ready[0].fd = -1;
        ::poll(ready.data(), ready.size(), poll_milliseconds);
    }
    ::shutdown(server_, SHUT_WR);
    close(inner_);
}

void tls_tunnel::join() {
    if (thread_.joinable()) thread_.join();
}

bool tls_tunnel::was_ended_by_close_notify() {
    join();
    return close_notify_;
}

std::string tls_tunnel::session() {
    stop_ = true;
    join();
    SSL_SESSION* const now = SSL_get1_session(ssl_);
    std::string bytes(static_cast<std::size_t>(std::max(i2d_SSL_SESSION(now, nullptr), 0)), '\0');
    auto* to = reinterpret_cast<unsigned char*>(bytes.data());
    i2d_SSL_SESSION(now, &to);
    SSL_SESSION_free(now);
    return bytes;
}

}  // namespace transport
