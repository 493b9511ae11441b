#pragma once

#include "channel/outbox.hpp"
#include "protocol/numeric.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace channel {

class peer;
class shard;
template <class T>
class task;

/// What becomes of a token or a session that somebody gives, after wrong ones from the same client.
struct guess_verdict {
    std::chrono::milliseconds delay{0};        ///< to be waited before it is looked at
    std::chrono::milliseconds refused_for{0};  ///< more than 0: it is not looked at
};

/// The way to a client: what the domain knows of a connection. It sends without blocking; what does not go waits in the
/// outbox, bounded. Lives and is used on one shard at a time.
class link {
public:
    link(const link&) = delete;
    link& operator=(const link&) = delete;

    /// Queues a complete frame; it goes out at the end of the turn, together with whatever else this turn brings.
    void send(std::string_view frame);
    void send(log_span span);

    /// Has what waits sent at the end of the turn.
    void flush_soon();

    /// Sends what waits, now. Afterwards either nothing waits and the peer has caught up with its channels, or the
    /// socket is full.
    void flush();

    /// Whether the logs may be written through directly: nothing waits and the socket is not known to be full.
    [[nodiscard]] bool ready() const { return !blocked_ && !closing_ && outbox_.empty(); }
    [[nodiscard]] bool closing() const { return closing_; }

    /// One non-blocking gather write; fewer bytes than given means that the socket is full, and blocks the link until
    /// it is writable.
    [[nodiscard]] std::size_t write(std::span<const std::string_view> pieces);

    /// Asks the session to end: `bye`, close frame, close. Done by its own loop on a later turn. Harmless if it is
    /// closing already.
    void close(protocol::close_code code, std::string_view why);
    static constexpr std::string_view too_much_waits = "too many replies and private messages are waiting";
    /// The same with a text of the caller's, which is kept; that of close() has to live for ever.
    void close_saying(protocol::close_code code, std::string why);

    /// Moves the connection to another shard; to be awaited by the session's own coroutine only.
    [[nodiscard]] virtual task<void> move_to(shard& to) = 0;

    /// Asked before something that could be guessed is looked at.
    [[nodiscard]] virtual guess_verdict judge_guess() const { return {}; }
    /// It is about to be: counts as wrong, so that many at once do not get past the limit, until it was right.
    virtual void count_guess() {}
    virtual void forgive_guess() {}

    [[nodiscard]] outbox& box() { return outbox_; }

    /// More waits for it than may, and its socket takes no more.
    [[nodiscard]] bool reads_too_slowly();

    /// Asked in every round of relief while memory is short: whether more than so much came of something that does not
    /// end, for so many rounds (some two seconds) that nobody can be sending it in earnest.
    [[nodiscard]] bool hoards_input(std::size_t limit_bytes);
    static constexpr std::uint8_t patient_rounds = 20;

    peer* owner = nullptr;  ///< the peer that described itself here; null before that and after a take-over

protected:
    explicit link(shard& at) : shard_(&at) {}
    virtual ~link();

    /// To be called when the socket is writable again.
    void on_writable();

    void note_input(std::size_t held_bytes);

    virtual std::size_t try_write(std::span<const std::string_view> pieces) = 0;
    virtual void wait_until_writable() = 0;
    virtual void begin_close(protocol::close_code code, std::string_view why) = 0;

    /// Around a move: nothing of the old shard refers to the link in between.
    void leave_shard();
    void enter_shard(shard& at) { shard_ = &at; }
    [[nodiscard]] shard& home() const { return *shard_; }

    bool closing_ = false;

private:
    friend class shard;

    void note_queue();

    shard* shard_;
    outbox outbox_;
    std::uint32_t queued_bytes_ = 0;  ///< as counted in the shard's figures: while the socket is full
    std::uint32_t input_bytes_ = 0;   ///< as counted there, of something whose end has not come
    std::unique_ptr<const std::string> own_why_;
    std::uint32_t flushed_in_ = 0;  ///< the shard's input, when it was last flushed
    std::uint8_t rounds_asked_ = 0;
    bool blocked_ = false;
    bool dirty_ = false;
};

}  // namespace channel
