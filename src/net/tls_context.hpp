#pragma once

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace net {

/// What the TLS connections of a server share: the certificate with its chain, the private key, what is offered (TLS
/// 1.2 and 1.3, forward secrecy and AEAD only, ALPN `http/1.1`, session tickets, no renegotiation). Constant, used by
/// all shards at once; a connection keeps the one that it began with, so that another can take its place at any time.
class tls_context {
public:
    /// From PEM files: the server's certificate first, then those of its chain; a key without a pass phrase. Nothing if
    /// they do not serve, and `problem` says which of them and why, in a line. Reads the files: not for the hot path.
    [[nodiscard]] static std::shared_ptr<const tls_context> load(const std::string& certificate_file,
                                                                 const std::string& key_file, std::string& problem);
    ~tls_context();
    tls_context(const tls_context&) = delete;
    tls_context& operator=(const tls_context&) = delete;

    [[nodiscard]] ssl_ctx_st* native() const { return context_; }

private:
    explicit tls_context(ssl_ctx_st* owned) : context_(owned) {}

    ssl_ctx_st* context_;
};

}  // namespace net
