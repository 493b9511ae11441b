#pragma once

#include "net/poller.hpp"

#include <cstdint>

namespace net {

/// The connected, non-blocking socket of one session: owns the descriptor, and remembers what the poller, which tells
/// of changes only, said of it. One thread at a time.
class watched_socket final : private poller::watcher {
public:
    class user {
    public:
        /// There is input, or its end. Once for each await_input(), never within it; may destroy the socket.
        virtual void on_input() = 0;
        /// The same for await_room().
        virtual void on_room() = 0;

    protected:
        ~user() = default;
    };

    /// A socket that cannot be watched, as the system has no memory for that, is shut down.
    watched_socket(poller& with, int fd, user& by);
    ~watched_socket();
    watched_socket(const watched_socket&) = delete;
    watched_socket& operator=(const watched_socket&) = delete;

    [[nodiscard]] int descriptor() const { return fd_; }

    void await_input();
    [[nodiscard]] bool awaits_input() const { return awaits_input_; }
    void await_room();

    /// A read has emptied it: there is nothing more until the poller says so. To be called unless a read got all that
    /// it asked for.
    void note_emptied() { readable_ = ended_; }
    /// There is something to read, if not in the socket.
    void note_input() { readable_ = true; }

    /// Gives the descriptor away; nobody is told anything any more.
    [[nodiscard]] int release();

private:
    void ready(std::uint32_t events) override;

    poller& poller_;
    user& user_;
    int fd_;
    bool readable_ = false;
    bool ended_ = false;  ///< the client has closed its side, or the connection is broken
    bool awaits_input_ = false;
    bool awaits_room_ = false;
    bool called_later_ = false;
};

}  // namespace net
