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

redis_value value_of(const redisReply& reply) {
    redis_value value;
    switch (reply.type) {
        case REDIS_REPLY_NIL: break;
        case REDIS_REPLY_INTEGER:
            value.what = redis_value::kind::integer;
            value.integer = reply.integer;
            break;
        case REDIS_REPLY_ARRAY:
            value.what = redis_value::kind::array;
            value.elements.reserve(reply.elements);
            for (std::size_t i = 0; i < reply.elements; ++i) value.elements.push_back(value_of(*reply.element[i]));
            break;
        default:
            value.what = reply.type == REDIS_REPLY_ERROR ? redis_value::kind::error : redis_value::kind::text;
            value.text.assign(reply.str, reply.len);
    }
    return value;
}

/// This server has nothing to say any more: another one is, or will be, the master.
bool means_wrong_server(std::string_view error) {
    return error.starts_with("READONLY") || error.starts_with("MASTERDOWN") || error.starts_with("NOAUTH");
}

std::string_view text_of(const redisReply& reply) { return {reply.str, reply.len}; }

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
        const auto answer = co_await command(std::move(question));
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

task<redis_connection::problem> redis_connection::resolve(std::string& host, std::uint16_t port) {
    boost::system::error_code not_numeric;
    boost::asio::ip::make_address(host, not_numeric);
    if (!not_numeric) co_return std::nullopt;
    // Asio asks in a thread of its own: nothing blocks here.
    boost::asio::ip::tcp::resolver resolver(shard_.context());
    auto found = std::make_shared<std::optional<std::string>>();
    ++pending_handlers_;
    auto take_first = [this, found](boost::system::error_code ec, const auto& results) {
        *found = ec || results.empty() ? std::string() : results.begin()->endpoint().address().to_string();
        handler_done();
    };
    resolver.async_resolve(host, std::to_string(port), std::move(take_first));
    while (!*found) co_await something();
    if ((*found)->empty()) co_return problem("no address for " + host);
    host = **found;
    co_return std::nullopt;
}

task<redis_connection::problem> redis_connection::connect(redis_address::endpoint to) {
    drop("reconnecting");
    const std::string name = to.host;
    if (to.port != 0) {
        auto unknown = co_await resolve(to.host, to.port);
        if (unknown) co_return std::move(unknown);
    }
    connected_ = false;
    down_because_.reset();
    context_ = to.port == 0 ? redisAsyncConnectUnix(to.host.c_str()) : redisAsyncConnect(to.host.c_str(), to.port);
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
        const auto answer = co_await command(std::move(step));
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

// --- commands

bool redis_connection::submit(std::span<const std::string> arguments, redisCallbackFn* done, void* who) {
    if (!context_ || !connected_) return false;
    thread_local std::vector<const char*> words;
    thread_local std::vector<std::size_t> lengths;
    words.clear();
    lengths.clear();
    for (const auto& argument : arguments) {
        words.push_back(argument.data());
        lengths.push_back(argument.size());
    }
    return redisAsyncCommandArgv(context_, done, who, static_cast<int>(words.size()), words.data(), lengths.data()) ==
        REDIS_OK;
}

bool redis_connection::pending::await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    if (on_.deadlines_.size() >= on_.settings_.max_waiting) {
        ++on_.shard_.count.store_failures;
        reply_ = redis_value::no_answer("too many commands wait for Redis");
        return false;
    }
    if (!on_.submit(arguments_, answered, this)) {
        ++on_.shard_.count.store_failures;
        reply_ = redis_value::no_answer("no connection to Redis");
        return false;
    }
    on_.deadlines_.push_back(channel::shard::now() + on_.settings_.timeout);
    on_.watch();
    return true;
}

void redis_connection::answered(redisAsyncContext* context, void* reply, void* who) {
    auto& asked = *static_cast<pending*>(who);
    auto& self = *static_cast<redis_connection*>(context->data);
    const auto* const answer = static_cast<const redisReply*>(reply);
    self.end_call(answer != nullptr);
    asked.reply_ = answer ? value_of(*answer)
                          : redis_value::no_answer(self.down_because_.value_or("the connection to Redis broke"));
    if (answer) self.note_answer(answer);
    asked.waiting_.resume();
}

void redis_connection::answered_nobody(redisAsyncContext* context, void* reply, void*) {
    auto& self = *static_cast<redis_connection*>(context->data);
    self.end_call(reply != nullptr);
    if (reply) self.note_answer(static_cast<const redisReply*>(reply));
}

void redis_connection::end_call(bool answered) {
    const auto began = deadlines_.front() - settings_.timeout;
    deadlines_.pop_front();
    if (answered) {
        shard_.count.store_seconds.observe(std::chrono::duration<double>(channel::shard::now() - began).count());
    } else {
        ++shard_.count.store_failures;
    }
}

void redis_connection::note_answer(const redisReply* reply) {
    if (reply->type != REDIS_REPLY_ERROR || !means_wrong_server(text_of(*reply))) return;
    if (!down_because_) down_because_.emplace(text_of(*reply));
    // Not from within hiredis' callback, where others still wait for answers that are on their way.
    redisAsyncDisconnect(context_);
}

void redis_connection::post(std::span<const std::string> arguments) {
    if (deadlines_.size() >= settings_.max_waiting || !submit(arguments, answered_nobody, nullptr)) return;
    deadlines_.push_back(channel::shard::now() + settings_.timeout);
    watch();
}

void redis_connection::subscribe(const std::string& topic) {
    const std::vector<std::string> words{"SUBSCRIBE", topic};
    submit(words, heard, nullptr);
}

void redis_connection::unsubscribe(const std::string& topic) {
    const std::vector<std::string> words{"UNSUBSCRIBE", topic};
    submit(words, heard, nullptr);
}

void redis_connection::heard(redisAsyncContext* context, void* reply, void*) {
    auto& self = *static_cast<redis_connection*>(context->data);
    const auto* const event = static_cast<const redisReply*>(reply);
    if (!event || event->type != REDIS_REPLY_ARRAY || event->elements != 3) return;
    const auto kind = text_of(*event->element[0]);
    const auto topic = text_of(*event->element[1]);
    if (kind == "message") {
        self.listener_.on_message(topic, text_of(*event->element[2]));
    } else if (kind == "subscribe") {
        self.listener_.on_subscribed(topic);
    }
}

// --- hiredis on the reactor

void redis_connection::attach() {
    context_->data = this;
    context_->ev.data = this;
    context_->ev.addRead = [](void* who) {
        auto& self = *static_cast<redis_connection*>(who);
        self.wants_read_ = true;
        self.wait_readable();
    };
    context_->ev.delRead = [](void* who) { static_cast<redis_connection*>(who)->wants_read_ = false; };
    context_->ev.addWrite = [](void* who) {
        auto& self = *static_cast<redis_connection*>(who);
        self.wants_write_ = true;
        self.wait_writable();
    };
    context_->ev.delWrite = [](void* who) { static_cast<redis_connection*>(who)->wants_write_ = false; };
    context_->ev.cleanup = [](void* who) { static_cast<redis_connection*>(who)->detach(); };
    descriptor_.assign(context_->c.fd);
    redisAsyncSetDisconnectCallback(context_, [](const redisAsyncContext* context, int) {
        auto& self = *static_cast<redis_connection*>(context->data);
        if (!self.down_because_) self.down_because_.emplace(context->err != 0 ? context->errstr : "disconnected");
    });
    redisAsyncSetConnectCallback(context_, [](const redisAsyncContext* context, int status) {
        auto& self = *static_cast<redis_connection*>(context->data);
        self.connected_ = status == REDIS_OK;
        if (status != REDIS_OK && !self.down_because_) self.down_because_.emplace(context->errstr);
        self.wake();
    });
}

void redis_connection::detach() {
    // hiredis is about to close the descriptor.
    descriptor_.release();
    ++generation_;
    context_ = nullptr;
    connected_ = false;
    wants_read_ = wants_write_ = read_armed_ = write_armed_ = false;
    wake();
}

void redis_connection::wait_readable() {
    if (read_armed_) return;
    read_armed_ = true;
    ++pending_handlers_;
    descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                           [this, generation = generation_](boost::system::error_code ec) {
                               if (generation == generation_) {
                                   read_armed_ = false;
                                   if (!ec && wants_read_) redisAsyncHandleRead(context_);
                               }
                               handler_done();
                           });
}

void redis_connection::wait_writable() {
    if (write_armed_) return;
    write_armed_ = true;
    ++pending_handlers_;
    descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_write,
                           [this, generation = generation_](boost::system::error_code ec) {
                               if (generation == generation_) {
                                   write_armed_ = false;
                                   if (!ec && wants_write_) redisAsyncHandleWrite(context_);
                               }
                               handler_done();
                           });
}

void redis_connection::handler_done() {
    --pending_handlers_;
    if (stopped_ || pending_handlers_ == 0) wake();
}

void redis_connection::wake() {
    woken_ = true;
    if (!waiting_) return;
    // On a later turn: this may be deep inside hiredis.
    shard_.resume_later(std::exchange(waiting_, nullptr));
}

void redis_connection::watch() {
    auto next = channel::steady_time::max();
    if (give_up_at_) next = *give_up_at_;
    if (!deadlines_.empty()) next = std::min(next, deadlines_.front());
    if (next == channel::steady_time::max() || (scheduled() && next >= watched_until_)) return;
    watched_until_ = next;
    shard_.schedule(*this, next);
}

void redis_connection::expired(channel::steady_time now) {
    if (give_up_at_ && now >= *give_up_at_) wake();
    if (!deadlines_.empty() && now >= deadlines_.front()) drop("no answer in time");
    watch();
}

}  // namespace store
