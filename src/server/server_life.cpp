#include "channel/nap.hpp"
#include "logging/failure.hpp"
#include "logging/log.hpp"
#include "server/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <thread>

/// From the first connection to the last: what runs, what is read again at SIGHUP, and how it ends.
namespace server {

namespace asio = boost::asio;
using logging::event;
using logging::line;

namespace {

constexpr std::chrono::milliseconds end_poll_interval{10};

void report_life_cycle_end(std::exception_ptr error) {
    if (error) logging::task_failed("life cycle", error);
}

}  // namespace

template <class Work>
void server::on_every_shard(Work work) {
    for (std::size_t index = 0; index < runtimes_.size(); ++index) {
        asio::post(runtimes_[index]->context, [this, index, work] { work(*runtimes_[index], *hosts_[index]); });
    }
}

void server::run() {
    asio::io_context& first = runtimes_.front()->context;
    asio::co_spawn(first, end_gracefully(), report_life_cycle_end);
    await_hangup();
    std::vector<std::thread> threads;
    for (std::size_t index = 1; index < runtimes_.size(); ++index)
        threads.emplace_back([this, index] { run_shard(index); });
    run_shard(0);
    for (auto& thread : threads) thread.join();
}

void server::run_shard(std::size_t index) {
    runtime& mine = *runtimes_[index];
    mine.shard.become_current();
    if (mine.store) mine.store->start();
    for (const auto& listener : mine.listeners)
        channel::spawn("acceptor", admit(mine, *listener), logging::task_failed);
    if (index == 0) {
        for (const auto& listener : admin_.listeners) channel::spawn("acceptor", listener->run(), logging::task_failed);
    }
    mine.pulse.expired(channel::shard::now());
    mine.memory.start();
    for (;;) {
        try {
            mine.context.run();
            return;
        } catch (...) {
            // A handler that threw has lost its own work; everybody else's goes on.
            logging::task_failed("shard", std::current_exception());
        }
    }
}

bool server::stores_up() const {
    return std::all_of(runtimes_.begin(), runtimes_.end(), [](const auto& r) { return !r->store || r->store->up(); });
}

channel::task<> server::admit(runtime& mine, net::acceptor& by) {
    // A store that is only a moment away is waited for: nobody who is quick is to be told that it does not answer.
    const auto deadline = channel::shard::now() + config_.store_timeout;
    while (!by.stopped() && !stores_up() && channel::shard::now() < deadline) {
        channel::nap moment(mine.shard, end_poll_interval);
        co_await moment;
    }
    co_await by.run();
}

void server::await_hangup() {
    hangups_->async_wait([this](boost::system::error_code ec, int) {
        if (ec) return;
        reload();
        await_hangup();
    });
}

// A few small files, when the operator asks for it: this may block.
void server::reload() {
    const bool has_certificate = !config_.tls_certificate.empty();
    const bool has_keys = config_.auth != authentication::none;
    if (has_certificate) reload_certificate();
    if (has_keys) reload_keys();
    if (!has_certificate && !has_keys) line(event::reloaded).with("what", "nothing");
}

void server::reload_certificate() {
    try {
        const auto made = certificate(config_);
        on_every_shard([made](runtime&, net::host& host) { host.tls = made; });
        line(event::reloaded).with("what", "certificate");
    } catch (const std::exception& e) {
        line(event::reload_failed).with("what", "certificate").with("problem", e.what());
    }
}

void server::reload_keys() {
    try {
        const auto made = access_verifier(config_);
        on_every_shard([made](runtime& mine, net::host&) { mine.shard.access = made; });
        line(event::reloaded).with("what", "keys");
    } catch (const std::exception& e) {
        line(event::reload_failed).with("what", "keys").with("problem", e.what());
    }
}

asio::awaitable<void> server::end_gracefully() {
    const int number = co_await signals_->async_wait(asio::use_awaitable);
    line(event::draining).with("signal", number).with("connections", connections_.load());
    signals_->async_wait([this](boost::system::error_code ec, int) { hurried_ = !ec; });
    on_every_shard([](runtime& mine, net::host& host) {
        for (const auto& listener : mine.listeners) listener->stop();
        host.send_all_away();
    });
    co_await wait_for_sessions();
    if (store_address_) co_await leave_store();
    if (!admin_.host.empty()) co_await end_administration();
    // Nobody travels between shards any more: each may run out of work.
    on_every_shard([](runtime& mine, net::host&) {
        mine.shard.stop_timers();
        mine.work.reset();
    });
    signals_->cancel();
    hangups_->cancel();
    line{event::ended};
}

asio::awaitable<void> server::leave_store() {
    on_every_shard([](runtime& mine, net::host&) { mine.store->stop(); });
    asio::steady_timer timer(runtimes_.front()->context);
    for (auto left = runtimes_.size(); left > 0 || !channel::nap::none_left();) {
        timer.expires_after(end_poll_interval);
        co_await timer.async_wait(asio::use_awaitable);
        left = static_cast<std::size_t>(
            std::count_if(runtimes_.begin(), runtimes_.end(), [](const auto& r) { return !r->store->ended(); }));
    }
}

asio::awaitable<void> server::end_administration() {
    for (const auto& listener : admin_.listeners) listener->stop();
    admin_.host.front()->cut_all();
    asio::steady_timer timer(runtimes_.front()->context);
    while (admin_.connections > 0) {
        timer.expires_after(end_poll_interval);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<void> server::wait_for_sessions() {
    asio::steady_timer timer(runtimes_.front()->context);
    const auto deadline = std::chrono::steady_clock::now() + config_.shutdown_timeout;
    bool cut = false;
    while (connections_ > 0) {
        if (!cut && (hurried_ || std::chrono::steady_clock::now() >= deadline)) {
            cut = true;
            on_every_shard([](runtime&, net::host& host) { host.cut_all(); });
        }
        timer.expires_after(end_poll_interval);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

}  // namespace server
