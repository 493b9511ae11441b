#pragma once

#include "integration/transport/raw_client.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

struct ssl_st;
struct ssl_ctx_st;

namespace transport {

/// One TLS connection to the server, with its other end as a plain socket: what a raw_client writes there goes out
/// encrypted. Reads no further than that socket takes, so that a client which does not read is a slow one.
class tls_tunnel {
public:
    struct options {
        int version = 0;               ///< TLS1_2_VERSION, say; 0: the best
        std::string protocols{};       ///< as ALPN writes them
        std::string session{};         ///< of an earlier tunnel: to be resumed
        int receive_buffer_bytes = 0;  ///< 0: the system's
        std::string proxy_header{};    ///< sent ahead, in plain text
        int key_updates = 0;           ///< asked for after the handshake (TLS 1.3)
    };

    /// Connects and shakes hands; throws std::runtime_error with OpenSSL's reason if that fails.
    explicit tls_tunnel(std::uint16_t port);
    tls_tunnel(std::uint16_t port, const options& wanted);
    ~tls_tunnel();
    tls_tunnel(const tls_tunnel&) = delete;
    tls_tunnel& operator=(const tls_tunnel&) = delete;

    /// For one raw_client, which owns it then.
    [[nodiscard]] raw_client::connected plain_end();

    [[nodiscard]] const std::string& version() const { return version_; }
    [[nodiscard]] const std::string& protocol() const { return protocol_; }
    /// Of the certificate.
    [[nodiscard]] const std::string& subject() const { return subject_; }
    [[nodiscard]] bool resumed() const { return resumed_; }

    /// To be asked when the plain end has ended.
    [[nodiscard]] bool was_ended_by_close_notify();
    [[nodiscard]] std::string session();

private:
    void connect(std::uint16_t port, const options& wanted);
    void shake_hands(const options& wanted);
    void pump();
    void join();

    ssl_ctx_st* context_ = nullptr;
    ssl_st* ssl_ = nullptr;
    int server_ = -1;
    int inner_ = -1;
    int outer_ = -1;
    std::string version_;
    std::string protocol_;
    std::string subject_;
    bool resumed_ = false;
    bool close_notify_ = false;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace transport
