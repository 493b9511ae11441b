#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace channel {

/// A number of bytes, as part of what an account of its shard says is held there. Without an account it is for itself.
class accounted_bytes {
public:
    /// `account` is referred to.
    explicit accounted_bytes(std::uint64_t* account = nullptr) : account_(account) {}
    ~accounted_bytes() { set(0); }
    accounted_bytes(accounted_bytes&& other) noexcept
        : account_(other.account_),
          value_(std::exchange(other.value_, 0)) {}
    accounted_bytes& operator=(accounted_bytes&& other) noexcept {
        if (this == &other) return *this;
        set(0);
        account_ = other.account_;
        value_ = std::exchange(other.value_, 0);
        return *this;
    }

    void set(std::uint64_t now) {
        if (account_) *account_ += now - value_;
        value_ = now;
    }

private:
    std::uint64_t* account_;
    std::uint64_t value_ = 0;
};

}  // namespace channel
