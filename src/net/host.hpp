#pragma once

#include "channel/shard.hpp"
#include "channel/task.hpp"
#include "net/admission.hpp"
#include "net/client_address.hpp"
#include "net/counters.hpp"
#include "net/http.hpp"
#include "net/origin_list.hpp"
#include "net/poller.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace net {

class session;
class tls_context;

enum class encryption : std::uint8_t { none, tls };

/// What plain HTTP requests are answered with. Called from all shards at once.
class http_site {
public:
    virtual ~http_site() = default;
    /// A whole response. The request stays valid until this is done; it may travel to other shards, and comes back.
    [[nodiscard]] virtual channel::task<std::string> answer(const http_request& request) const = 0;
};

/// Bounds and time-outs of connections; constant while the server runs.
struct connection_settings {
    std::chrono::milliseconds heartbeat{25000};
    std::chrono::milliseconds handshake_timeout{10000};
    std::chrono::milliseconds describe_timeout{10000};
    std::chrono::milliseconds close_timeout{2000};
    /// A client that should come back is told to wait this long, at shutdown up to `retry_spread` longer.
    std::chrono::milliseconds retry_after{1000};
    std::chrono::milliseconds retry_spread{10000};
    std::size_t message_bytes = 131072;
    std::size_t bytes_per_second = 0;  ///< that are read from one client; 0: no limit
    std::size_t max_connections = 100000;
    admission_limits admission;
    http_limits http;

    /// Who may speak for others, and how it says so.
    network_list trusted_proxies;
    forwarding_header forwarded_by = forwarding_header::x_forwarded_for;
    /// Every connection begins with a PROXY header, and comes from a trusted proxy.
    bool proxy_protocol = false;
    /// Of all paths, without a slash at its end; empty: none.
    std::string path_prefix;
    bool has_websockets = true;
    /// Whose pages may upgrade.
    origin_list allowed_origins;
};

/// Large buffers for reading, shared by the sessions of a shard: a session holds one only from its read until all
/// commands in it are carried out, so that usually a single, warm one is in use and a connection that waits owns none.
class buffer_pool {
public:
    static constexpr std::size_t buffer_bytes = 64 * 1024;
    using buffer = std::unique_ptr<char[]>;

    [[nodiscard]] buffer take();
    void give_back(buffer used);

private:
    static constexpr std::size_t kept = 4;
    std::vector<buffer> free_;
};

/// What the sessions of one shard share. One thread, but for the counter and the admissions.
class host {
public:
    host(channel::shard& shard, const connection_settings& settings, const http_site& site,
         std::atomic<std::size_t>& connections, admission& admissions, const std::vector<std::unique_ptr<host>>& all)
        : sockets(shard.context()),
          shard_(shard),
          settings_(settings),
          site_(site),
          connections_(connections),
          admissions_(admissions),
          all_(all) {}
    ~host();
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    [[nodiscard]] channel::shard& shard() const { return shard_; }
    [[nodiscard]] const connection_settings& settings() const { return settings_; }
    [[nodiscard]] const http_site& site() const { return site_; }
    [[nodiscard]] host& on(const channel::shard& other) const { return *all_[other.index()]; }
    [[nodiscard]] std::atomic<std::size_t>& connections() const { return connections_; }

    [[nodiscard]] admission& admissions() const { return admissions_; }
    /// Whether connections from there are counted as one client's: a trusted proxy is many.
    [[nodiscard]] bool counts(const client_address& who) const { return !settings_.trusted_proxies.contains(who); }

    poller sockets;
    buffer_pool buffers;
    std::shared_ptr<const tls_context> tls;  ///< for those who come from now on; null: all connections are plain
    std::size_t refused = 0;                 ///< sessions that only say so
    counters count;

    void enlist(session& added);
    void delist(session& gone);
    [[nodiscard]] std::size_t session_count() const { return session_count_; }
    /// Says `bye` to everybody (1001); they end by themselves.
    void send_all_away();
    /// Cuts what has not ended.
    void cut_all();

    /// While the server shuts down.
    bool draining = false;

private:
    struct sessions;

    channel::shard& shard_;
    const connection_settings& settings_;
    const http_site& site_;
    std::atomic<std::size_t>& connections_;
    admission& admissions_;
    const std::vector<std::unique_ptr<host>>& all_;
    session* first_ = nullptr;
    std::size_t session_count_ = 0;
};

/// Counts and logs that a connection is refused; `connection` is its id, if it has one.
void note_refusal(host& at, refusal why, const client_address& who, std::optional<std::uint64_t> connection);

}  // namespace net
