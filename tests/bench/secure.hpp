#pragma once

#include <cstddef>
#include <memory>

#include <sys/types.h>

struct ssl_st;

namespace bench {

/// A client's TLS over a socket, which it does not own; any certificate will do.
class secure_socket {
public:
    /// Shakes hands, waiting for it, and leaves `fd` non-blocking. Throws `failure`.
    explicit secure_socket(int fd);
    ~secure_socket();
    secure_socket(const secure_socket&) = delete;
    secure_socket& operator=(const secure_socket&) = delete;

    /// Like recv() and send(); the first takes all that is there.
    [[nodiscard]] ssize_t receive(char* into, std::size_t capacity);
    [[nodiscard]] ssize_t send(const char* bytes, std::size_t count);

private:
    ssl_st* ssl_;
};

}  // namespace bench
