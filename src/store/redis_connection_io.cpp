#include "store/redis_connection.hpp"

#include <hiredis/async.h>

#include <algorithm>
#include <utility>

/// The part of redis_connection that is hiredis on Asio's reactor: commands, answers, and when the socket is ready.
namespace store {

namespace {

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

// --- commands

bool redis_connection::is_full() const {
    return calls_.size() >= settings_.max_waiting || waiting_bytes_ > settings_.max_waiting_bytes;
}

bool redis_connection::submit(std::span<const std::string> arguments, redisCallbackFn* done, void* who, part_of what) {
    const bool open = what == part_of::connecting ? connected_ : up_;
    if (!context_ || !open) return false;
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
    if (on_.is_full()) {
        ++on_.shard_.count.store_failures;
        reply_ = redis_value::no_answer("too many commands wait for Redis");
        return false;
    }
    if (!on_.submit(arguments_, answered, this, what_)) {
        ++on_.shard_.count.store_failures;
        reply_ = redis_value::no_answer("no connection to Redis");
        return false;
    }
    on_.begin_call(arguments_);
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

void redis_connection::begin_call(std::span<const std::string> arguments) {
    call& begun = calls_.emplace_back();
    begun.deadline = channel::shard::now() + settings_.timeout;
    for (const auto& argument : arguments) begun.bytes += argument.size();
    waiting_bytes_ += begun.bytes;
    watch();
}

void redis_connection::end_call(bool answered) {
    const auto began = calls_.front().deadline - settings_.timeout;
    waiting_bytes_ -= calls_.front().bytes;
    calls_.pop_front();
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
    if (is_full() || !submit(arguments, answered_nobody, nullptr)) return;
    begin_call(arguments);
}

void redis_connection::subscribe(const std::string& topic) {
    const std::vector<std::string> words{"SUBSCRIBE", topic};
    if (!submit(words, heard, nullptr)) return;
    if (unconfirmed_++ == 0) confirmation_due_ = channel::shard::now() + settings_.timeout;
    watch();
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
        // After a break there are many at once: it is enough that it goes on.
        --self.unconfirmed_;
        self.confirmation_due_ = channel::shard::now() + self.settings_.timeout;
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
    unconfirmed_ = 0;
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
    next = std::min(next, answer_due());
    if (next == channel::steady_time::max() || (scheduled() && next >= watched_until_)) return;
    watched_until_ = next;
    shard_.schedule(*this, next);
}

channel::steady_time redis_connection::answer_due() const {
    auto due = channel::steady_time::max();
    if (!calls_.empty()) due = calls_.front().deadline;
    if (unconfirmed_ > 0) due = std::min(due, confirmation_due_);
    return due;
}

void redis_connection::expired(channel::steady_time now) {
    if (give_up_at_ && now >= *give_up_at_) wake();
    if (now >= answer_due()) drop("no answer in time");
    watch();
}

}  // namespace store
