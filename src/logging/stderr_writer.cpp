#include "logging/stderr_writer.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <utility>

namespace logging {

namespace {

constexpr std::chrono::milliseconds patience_at_end{500};
constexpr int poll_interval_ms = 100;

}  // namespace

stderr_writer::~stderr_writer() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        give_up_at_ = std::chrono::steady_clock::now() + patience_at_end;
    }
    changed_.notify_one();
    thread_.join();
}

void stderr_writer::push(std::string_view line) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() + line.size() > waiting_bytes) {
            ++dropped_;
            return;
        }
        waiting_ += line;
    }
    changed_.notify_one();
}

std::uint64_t stderr_writer::take_dropped() {
    const std::lock_guard lock(mutex_);
    return std::exchange(dropped_, 0);
}

void stderr_writer::run() {
    std::string taken;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            taken.clear();
            taken.swap(waiting_);
        }
        write(taken);
    }
}

void stderr_writer::write(std::string_view text) {
    while (!text.empty() && !must_give_up()) {
        pollfd room{descriptor_, POLLOUT, 0};
        if (::poll(&room, 1, poll_interval_ms) <= 0) continue;
        // A pipe that is writable takes this much without blocking (POSIX, write), and in one piece if it is lines.
        auto part = text.substr(0, PIPE_BUF);
        if (const auto end = part.rfind('\n'); end != std::string_view::npos) part = part.substr(0, end + 1);
        const auto count = ::write(descriptor_, part.data(), part.size());
        if (count > 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno != EAGAIN && errno != EINTR) {
            return;  // There is nobody to tell.
        }
    }
}

bool stderr_writer::must_give_up() {
    const std::lock_guard lock(mutex_);
    return ending_ && std::chrono::steady_clock::now() >= give_up_at_;
}

}  // namespace logging
