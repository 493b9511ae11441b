#pragma once

#include "bench/secure.hpp"
#include "bench/wire.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

enum class stage : std::uint8_t { closed, connecting, upgrading, describing, joining, ready, closing };

/// One WebSocket connection to the server; belongs to the client_loop.
struct connection {
    int fd = -1;
    std::unique_ptr<secure_socket> secure;
    std::uint32_t index = 0;  ///< in the order of client_loop::add
    stage at = stage::closed;
    bool urgent = false;  ///< read before the others, see client_loop
    bool reading = true;
    bool waits_for_room = false;
    bool is_dirty = false;
    int receive_buffer = 0;  ///< SO_RCVBUF; 0: the kernel's choice, which grows with what is read
    std::string id;
    std::string channel;   ///< joined before it is ready, if not empty
    std::string partial;   ///< the beginning of a frame
    std::string outgoing;  ///< what the socket has not taken yet
};

/// What a scenario does with its connections.
class handler {
public:
    virtual ~handler() = default;
    /// Described, and joined if it has a channel.
    virtual void on_ready(connection&) {}
    /// Every event once it is ready, and while it is closing.
    virtual void on_event(connection& from, std::string_view text) = 0;
    /// The close handshake that the client began is over, and the connection too.
    virtual void on_closed(connection&) {}
    /// Now and then, at the latest every millisecond or so, and between any few connections read.
    virtual void on_tick() {}
};

/// All connections of the process speak TLS.
extern bool use_tls;

/// Level-triggered epoll over many connections, on one thread. Each readiness costs one recv into a shared buffer.
/// Anything that a correct server would not do (an `error` event while connecting, an unexpected end) is a `failure`.
/// Urgent connections are looked at every few ordinary ones, so that their latency is the server's and not that of the
/// generator's queue.
class client_loop {
public:
    client_loop(std::uint16_t port, handler& scenario);
    ~client_loop();
    client_loop(const client_loop&) = delete;
    client_loop& operator=(const client_loop&) = delete;

    /// A connection that is not open yet.
    connection& add(std::string channel = {}, bool urgent = false);
    /// Connects under a new id, upgrades, describes and joins.
    void open(connection& c);
    /// Opens all that are not, a bounded number at a time, and waits until they are ready.
    void open_all();

    void send(connection& c, std::string_view command);
    /// Begins the close handshake.
    void close(connection& c);
    void set_reading(connection& c, bool reading);

    /// Runs until it is done; a `failure` that names what was waited for if that takes too long.
    void run_until(const std::function<bool()>& done, double limit_seconds, std::string_view waited_for);
    void run_for(double seconds);

    [[nodiscard]] connection& at(std::size_t index) { return connections_[index]; }
    [[nodiscard]] std::size_t size() const { return connections_.size(); }
    [[nodiscard]] std::uint64_t events() const { return events_; }
    /// Receipts from a socket; events by reads is how much the server puts into one send, more or less.
    [[nodiscard]] std::uint64_t reads() const { return reads_; }

private:
    void poll();
    void poll_urgent();
    void on_ready_fd(connection& c, std::uint32_t what);
    void receive(connection& c);
    std::size_t upgrade(connection& c, std::string_view bytes);
    void on_frame(connection& c, const server_frame& frame);
    void on_setup_event(connection& c, std::string_view text);
    void become_ready(connection& c);
    void flush(connection& c);
    void flush_all();
    void watch(connection& c, int operation);
    void end(connection& c);
    [[noreturn]] static void fail(const connection& c, std::string_view what);

    handler& scenario_;
    std::uint16_t port_;
    int epoll_ = -1;
    int urgent_epoll_ = -1;
    bool has_urgent_ = false;
    std::deque<connection> connections_;
    std::vector<connection*> dirty_;
    std::vector<char> buffer_;
    std::string id_prefix_;
    std::uint32_t opened_ = 0;
    std::size_t ready_ = 0;
    std::uint64_t events_ = 0;
    std::uint64_t reads_ = 0;
};

}  // namespace bench
