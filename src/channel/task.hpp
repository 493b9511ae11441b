#pragma once

#include <cassert>
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace channel {

/// A lazily started coroutine that is awaited exactly once and owned by whoever awaits it.
///
/// Why not asio::awaitable: one of those costs an idle connection some 1,700 bytes more (thread object, entry frames,
/// executor copies); this one costs its frame. Contract that makes it work without atomics: a task may travel to other
/// shards in between
/// (`co_await shard.enter()`), but it ends on the thread on which it was started. One that leaves for good
/// (session::move_to) first waits for the next turn, so that every await_suspend that led to it has returned before
/// another thread goes on with its parents.
///
/// A child that finishes without suspending lets its parent go on in the same resume() call, so a loop over such
/// children does not grow the stack, also at -O0 where symmetric transfer is no tail call.
template <class T = void>
class task;

namespace detail {

struct promise_base {
    std::coroutine_handle<> continuation;
    bool finished = false;
    bool starting = false;
    std::exception_ptr error;

    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
            promise_base& promise = self.promise();
            promise.finished = true;
            if (!promise.starting) promise.continuation.resume();
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    final_awaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct promise : promise_base {
    std::optional<T> value;
    task<T> get_return_object() noexcept;
    template <class U>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }
    T take() { return std::move(*value); }
};

template <>
struct promise<void> : promise_base {
    task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void take() const noexcept {}
};

}  // namespace detail

template <class T>
class [[nodiscard]] task {
public:
    using promise_type = detail::promise<T>;

    explicit task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    task& operator=(task&&) = delete;
    ~task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }

    bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
        auto& promise = handle_.promise();
        promise.continuation = awaiting;
        promise.starting = true;
        handle_.resume();
        promise.starting = false;
        return !promise.finished;
    }

    T await_resume() {
        auto& promise = handle_.promise();
        if (promise.error) std::rethrow_exception(promise.error);
        return promise.take();
    }

private:
    std::coroutine_handle<promise_type> handle_;
};

template <class T>
task<T> detail::promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<promise>::from_promise(*this));
}

inline task<void> detail::promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<promise>::from_promise(*this));
}

/// Called with whatever a root task threw; logs it. Must not throw.
using error_sink = void (*)(const char* name, std::exception_ptr error) noexcept;

namespace detail {

struct root {
    struct promise_type {
        root get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};

inline root run_root(const char* name, task<> work, error_sink sink) {
    std::exception_ptr error;
    try {
        co_await work;
    } catch (...) {
        error = std::current_exception();
    }
    if (error) sink(name, error);
}

}  // namespace detail

/// The one door for concurrent work: starts a task at once on this thread and lets it run by itself until it ends.
/// `name` is static text that says in the log whose error it was.
inline void spawn(const char* name, task<> work, error_sink sink) { detail::run_root(name, std::move(work), sink); }

}  // namespace channel
