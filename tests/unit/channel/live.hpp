#pragma once

#include <coroutine>
#include <utility>

/// An object that is counted, so that a coroutine that destroys one twice, or never, shows.
class live {
public:
    explicit live(int value = 0) : value_(value), self_(this) { ++count_; }
    live(const live& from) : value_(from.value()), self_(this) { ++count_; }
    live(live&& from) noexcept : value_(std::exchange(from.value_, -1)), self_(this) { ++count_; }
    live& operator=(const live& from) {
        value_ = from.value();
        return *this;
    }
    live& operator=(live&& from) noexcept {
        value_ = std::exchange(from.value_, -1);
        return *this;
    }
    ~live() {
        self_ = nullptr;
        --count_;
    }

    /// -2 if this is no living object, or one that was moved by its bytes.
    [[nodiscard]] int value() const { return self_ == this ? value_ : -2; }
    [[nodiscard]] static int count() { return count_; }

private:
    int value_;
    const live* self_;
    static inline int count_ = 0;
};

/// What one coroutine waits for until the test opens it.
class gate {
public:
    [[nodiscard]] bool await_ready() const { return open_; }
    void await_suspend(std::coroutine_handle<> handle) { waiting_ = handle; }
    void await_resume() const {}

    void open() {
        open_ = true;
        if (waiting_) std::exchange(waiting_, nullptr).resume();
    }

private:
    bool open_ = false;
    std::coroutine_handle<> waiting_;
};
