#include "bench/secure.hpp"

#include "bench/wire.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace bench {
namespace {

SSL_CTX* shared_context() {
    static SSL_CTX* const context = [] {
        SSL_CTX* const made = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(
            made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
        return made;
    }();
    return context;
}

int bounded(std::size_t count) { return static_cast<int>(std::min<std::size_t>(count, 1U << 30U)); }

}  // namespace

secure_socket::secure_socket(int fd) : ssl_(SSL_new(shared_context())) {
    const int flags = ::fcntl(fd, F_GETFL);
    ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    SSL_set_fd(ssl_, fd);
    if (SSL_connect(ssl_) != 1) {
        SSL_free(ssl_);
        throw failure("no TLS handshake");
    }
    ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

secure_socket::~secure_socket() { SSL_free(ssl_); }

ssize_t secure_socket::receive(char* into, std::size_t capacity) {
    ERR_clear_error();
    ssize_t total = 0;
    while (static_cast<std::size_t>(total) < capacity) {
        const int count = SSL_read(ssl_, into + total, bounded(capacity - static_cast<std::size_t>(total)));
        if (count > 0) {
            total += count;
            continue;
        }
        const int error = SSL_get_error(ssl_, count);
        if (total > 0 || error == SSL_ERROR_ZERO_RETURN) return total;
        errno = error == SSL_ERROR_WANT_READ ? EAGAIN : ECONNRESET;
        return -1;
    }
    return total;
}

ssize_t secure_socket::send(const char* bytes, std::size_t count) {
    ERR_clear_error();
    const int sent = SSL_write(ssl_, bytes, bounded(count));
    if (sent > 0) return sent;
    errno = SSL_get_error(ssl_, sent) == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

}  // namespace bench
