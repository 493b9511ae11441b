#include "store/redis_connection.hpp"

#include "logging/log.hpp"
#include "store/redis_tls.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <hiredis/async.h>

#include <algorithm>
#include <memory>
#include <random>
#include <utility>

namespace store {

using channel::task;

namespace {

void report_away(const redis_address& where, std::string_view problem, std::chrono::milliseconds pause) {
    logging::line told(logging::event::store_away);
    told.with("store", where.shown()).with("problem", problem).with("retry_ms", pause.count());
}

}  // namespace

redis_connection::redis_connection(channel::shard& at, const redis_address& where, const settings& how,
                                   redis_listener& listener)
    : shard_(at),
      where_(where),
      settings_(how),
      listener_(listener),
      descriptor_(at.context()),
      next_pause_(how.least_pause) {}

redis_connection::~redis_connection() {
    if (context_) redisAsyncFree(context_);
}

// --- the life of the connection

task<> redis_connection::run() {
    while (!stopped_) {
        auto failed = co_await establish();
        if (!failed && !stopped_) {
            up_ = true;
            next_pause_ = settings_.least_pause;
            logging::line(logging::event::store_connected).with("store", where_.shown());
            listener_.on_up();
            while (context_ && !stopped_) co_await something();
            up_ = false;
            failed = down_because_.value_or("stopped");
        }
        drop("gone");
        if (stopped_) break;
        report_away(where_, *failed, next_pause_);
        listener_.on_down(*failed);
        co_await pause();
    }
    drop("stopped");
    cancel();
    while (pending_handlers_ > 0) co_await something();
}

void redis_connection::stop() {
    stopped_ = true;
    wake();
}

void redis_connection::drop(std::string_view why) {
    if (!context_) return;
    if (!down_because_) down_because_.emplace(why);
    redisAsyncFree(context_);
}

task<> redis_connection::pause() {
    // Half of it is chance, so that many nodes do not come back in step.
    thread_local std::minstd_rand random{std::random_device{}()};
    std::uniform_int_distribution<std::int64_t> part(next_pause_.count() / 2, next_pause_.count());
    give_up_at_ = channel::shard::now() + std::chrono::milliseconds(part(random));
    next_pause_ = std::min(next_pause_ * 2, settings_.longest_pause);
    watch();
    while (!stopped_ && channel::shard::now() < *give_up_at_) co_await something();
    give_up_at_.reset();
}

task<redis_connection::problem> redis_connection::establish() {
    auto to = where_.endpoints.front();
    if (where_.has_sentinels()) {
        auto unknown = co_await find_master(to);
        if (unknown) co_return std::move(unknown);
    }
    auto failed = co_await connect(to);
    if (failed) co_return std::move(failed);
    failed = co_await introduce_ourselves();
    co_return std::move(failed);
}

task<redis_connection::problem> redis_connection::find_master(redis_address::endpoint& master) {
    std::string last = "no sentinel answers";
    for (const auto& sentinel : where_.endpoints) {
        if (stopped_) break;
        auto failed = co_await connect(sentinel);
        if (failed) {
            last = "sentinel " + sentinel.host + ": " + *failed;
            continue;
        }
        std::vector<std::string> question{"SENTINEL", "get-master-addr-by-name", where_.master};
        const auto answer = co_await command_while_connecting(std::move(question));
        // The answer comes from within hiredis, which frees nothing there.
        co_await shard_.next_turn();
        drop("asked");
        if (answer.what == redis_value::kind::array && answer.elements.size() == 2) {
            master.host = answer.elements[0].text;
            master.port = static_cast<std::uint16_t>(std::atoi(answer.elements[1].text.c_str()));
            co_return std::nullopt;
        }
        last = "sentinel " + sentinel.host + " knows no master " + where_.master;
    }
    co_return problem(std::move(last));
}

task<std::vector<std::string>> redis_connection::resolve(std::string host) {
    std::vector<std::string> addresses;
    boost::system::error_code not_numeric;
    boost::asio::ip::make_address(host, not_numeric);
    if (!not_numeric) {
        addresses.push_back(std::move(host));
        co_return std::move(addresses);
    }
    // Asio asks in a thread of its own: nothing blocks here.
    boost::asio::ip::tcp::resolver resolver(shard_.context());
    auto found = std::make_shared<std::optional<std::vector<std::string>>>();
    ++pending_handlers_;
    auto take_all = [this, found](boost::system::error_code, const auto& results) {
        auto& all = found->emplace();
        for (const auto& one : results) all.push_back(one.endpoint().address().to_string());
        handler_done();
    };
    resolver.async_resolve(host, "", std::move(take_all));
    while (!*found) co_await something();
    addresses = std::move(**found);
    co_return std::move(addresses);
}

task<redis_connection::problem> redis_connection::connect(redis_address::endpoint to) {
    if (to.port == 0) {
        auto failed = co_await connect_to(to.host, 0, to.host);
        co_return std::move(failed);
    }
    const auto addresses = co_await resolve(to.host);
    problem last("no address for " + to.host);
    for (const auto& address : addresses) {
        if (stopped_) break;
        last = co_await connect_to(address, to.port, to.host);
        if (!last) break;
    }
    co_return std::move(last);
}

task<redis_connection::problem> redis_connection::connect_to(std::string host, std::uint16_t port, std::string name) {
    drop("reconnecting");
    connected_ = false;
    down_because_.reset();
    context_ = port == 0 ? redisAsyncConnectUnix(host.c_str()) : redisAsyncConnect(host.c_str(), port);
    if (!context_) co_return problem("no memory");
    if (context_->err != 0) {
        std::string why = context_->errstr;
        redisAsyncFree(std::exchange(context_, nullptr));
        co_return problem(std::move(why));
    }
    if (where_.tls) {
        auto refused = begin_redis_tls(context_->c, name, where_.authorities);
        if (refused) {
            redisAsyncFree(std::exchange(context_, nullptr));
            co_return std::move(refused);
        }
    }
    attach();
    give_up_at_ = channel::shard::now() + settings_.timeout;
    watch();
    while (context_ && !connected_ && !stopped_ && channel::shard::now() < *give_up_at_) co_await something();
    give_up_at_.reset();
    if (context_ && connected_) co_return std::nullopt;
    drop("connecting took too long");
    co_return problem(down_because_.value_or("stopped"));
}

task<redis_connection::problem> redis_connection::introduce_ourselves() {
    std::vector<std::vector<std::string>> steps;
    if (!where_.password.empty()) {
        steps.push_back({"AUTH"});
        if (!where_.user.empty()) steps.back().push_back(where_.user);
        steps.back().push_back(where_.password);
    }
    if (where_.database > 0) steps.push_back({"SELECT", std::to_string(where_.database)});
    steps.push_back({"ROLE"});
    for (auto& step : steps) {
        const std::string name = step.front();
        const auto answer = co_await command_while_connecting(std::move(step));
        if (answer.failed()) {
            drop("refused");
            co_return problem(name + ": " + answer.text);
        }
        const bool is_replica = name == "ROLE" && !answer.elements.empty() && answer.elements[0].text != "master";
        if (is_replica) {
            drop("a replica");
            co_return problem("this Redis is a replica, not a master");
        }
    }
    co_return std::nullopt;
}

}  // namespace store
