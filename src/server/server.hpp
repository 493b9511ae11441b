#pragma once

#include "channel/settings.hpp"
#include "channel/shard.hpp"
#include "net/acceptor.hpp"
#include "net/host.hpp"
#include "server/config.hpp"
#include "server/front.hpp"
#include "server/memory_watch.hpp"
#include "store/redis_address.hpp"
#include "store/redis_store.hpp"
#include "web/site.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace server {

/// The whole service: one thread a shard. The calling thread is the first shard's.
class server {
public:
    /// Binds and listens; from here on SIGTERM, SIGINT and SIGHUP are taken. Throws std::runtime_error with one line
    /// that says what did not work.
    explicit server(const config& from);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// "ws://127.0.0.1:3012/", "unix:/run/signaller.sock", …, in the order of the configuration and with the ports that
    /// were picked where it says 0.
    [[nodiscard]] std::vector<std::string> addresses() const;
    /// "http://127.0.0.1:3012/", …: where a browser on this machine finds the page. In the place of all interfaces
    /// stands loopback, which browsers also give the camera without TLS.
    [[nodiscard]] std::vector<std::string> pages() const;
    /// "http://127.0.0.1:3013/", …: of --admin-address.
    [[nodiscard]] std::vector<std::string> admin_addresses() const;

    /// Serves until SIGTERM or SIGINT; at SIGHUP reads certificate and keys again. Then ends gracefully: nobody new,
    /// `bye` to everybody, a bounded wait; a second signal cuts it short.
    void run();

private:
    /// A deadline a second, so that it is known how late the loop is also where nothing else is due.
    class metronome final : public channel::timer_node {
    public:
        explicit metronome(channel::shard& of) : of_(of) {}
        void expired(channel::steady_time now) override;

    private:
        channel::shard& of_;
    };

    /// One shard and all that runs on its thread. Declared in the order in which its parts depend on one another.
    struct runtime {
        boost::asio::io_context context;
        boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
        channel::shard shard;
        std::vector<std::unique_ptr<net::acceptor>> listeners;
        std::unique_ptr<store::redis_store> store;  ///< null: in memory
        metronome pulse;
        memory_watch memory;

        runtime(std::size_t index, channel::cluster& all, const channel::settings& settings, memory_limit& shared);
    };

    /// What listens on --admin-address, on the first shard. It outlives the sessions of the others, so that how the
    /// server ends can be seen.
    struct administration {
        admin::api api;
        front site;
        net::connection_settings settings;
        net::admission admissions;
        std::atomic<std::size_t> connections{0};
        std::vector<std::unique_ptr<net::host>> host;
        std::vector<std::unique_ptr<net::acceptor>> listeners;

        administration(const config& from, const std::vector<std::unique_ptr<net::host>>& hosts);
    };

    [[nodiscard]] bool speaks_tls(const net::listen_address& where) const;
    void share_store();
    void read_certificate();
    void read_keys();
    void listen();
    /// At each SIGHUP until the end.
    void await_hangup();
    void reload();
    void reload_certificate();
    void reload_keys();
    void run_shard(std::size_t index);
    [[nodiscard]] bool stores_up() const;
    [[nodiscard]] channel::task<> admit(runtime& mine, net::acceptor& by);
    [[nodiscard]] boost::asio::awaitable<void> end_gracefully();
    [[nodiscard]] boost::asio::awaitable<void> wait_for_sessions();
    void listen_for_administration();
    [[nodiscard]] boost::asio::awaitable<void> end_administration();
    [[nodiscard]] boost::asio::awaitable<void> leave_store();
    template <class Work>
    void on_every_shard(Work work);

    config config_;
    channel::settings settings_;
    net::connection_settings connection_settings_;
    std::optional<store::redis_address> store_address_;
    web::site site_;
    front front_;
    std::atomic<std::size_t> connections_{0};
    net::admission admissions_;
    memory_limit memory_;
    channel::cluster cluster_;
    std::vector<std::unique_ptr<runtime>> runtimes_;
    std::vector<std::unique_ptr<net::host>> hosts_;
    administration admin_;
    std::optional<boost::asio::signal_set> signals_;
    std::optional<boost::asio::signal_set> hangups_;
    bool hurried_ = false;
};

}  // namespace server
