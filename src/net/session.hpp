#pragma once

#include "channel/allowance.hpp"
#include "channel/command_handler.hpp"
#include "channel/link.hpp"
#include "channel/task.hpp"
#include "channel/timer_wheel.hpp"
#include "net/admission.hpp"
#include "net/client_address.hpp"
#include "net/counters.hpp"
#include "net/frame.hpp"
#include "net/host.hpp"
#include "net/tls_stream.hpp"
#include "net/watched_socket.hpp"

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace net {

/// One connection, from accept to close: `run` is its whole life. Everything here happens on the thread of the shard it
/// is on, which changes at most once, when the peer describes itself and its home is another shard.
class session final : public channel::link, private channel::timer_node, private watched_socket::user {
public:
    /// `fd`: a connected, non-blocking stream socket, owned from here on. `why_not`: all it gets is that refusal; else
    /// it has entered host::admissions, unless its own address is still to come. `how`: with host::tls, behind a PROXY
    /// header if there is one.
    session(host& at, int fd, const client_address& from, refusal why_not, encryption how);
    ~session() override;

    /// The whole life of a connection. Ends when the socket is closed and nothing refers to the session any more.
    [[nodiscard]] static channel::task<> run(std::unique_ptr<session> self);

    [[nodiscard]] channel::task<> move_to(channel::shard& to) override;
    [[nodiscard]] channel::guess_verdict judge_guess() const override;
    void count_guess() override;
    void forgive_guess() override;

    /// Ends without waiting for the client any longer.
    void cut();

    /// The client's own address, as far as it is known: first the connection's, then what a trusted proxy says.
    [[nodiscard]] const client_address& address() const { return address_; }

private:
    friend class host;

    enum class phase : std::uint8_t { handshake, undescribed, established, closing };

    // --- the steps of a life, in their order
    [[nodiscard]] channel::task<bool> read_proxy_header();
    [[nodiscard]] channel::task<bool> secure();
    [[nodiscard]] channel::task<bool> upgrade();
    [[nodiscard]] channel::task<bool> answer(http_request request);
    [[nodiscard]] channel::task<> converse();
    /// How long to leave what else it sends in its socket, after so many bytes.
    [[nodiscard]] std::chrono::milliseconds pause_after(std::size_t bytes);
    [[nodiscard]] channel::task<> consume(std::span<char> input);
    [[nodiscard]] channel::task<> say_goodbye();
    [[nodiscard]] channel::task<> release();

    /// Takes the place of a client at this address, in stead of its place so far.
    void enter_as(const client_address& who);
    /// Through the client's fault: its address may not do this too often.
    void note_failure(handshake_failure why);
    /// Counts and logs it. `seen`: what the client sent that was wrong, cut and escaped.
    void note_handshake(handshake_failure why, std::string_view seen = {});
    void on_control_frame(const frame_event& event);
    void note_progress();
    [[nodiscard]] std::string farewell() const;

    // --- log lines: session_log.cpp
    void log_accepted() const;
    void log_handshake_failure(handshake_failure why, std::string_view seen) const;
    void log_described() const;
    void log_token_refused() const;
    void log_close(protocol::close_code code) const;
    void log_end() const;

    // --- input and output
    enum class reading : std::uint8_t { some, none_yet, ended };
    struct received {
        reading kind = reading::none_yet;
        std::size_t count = 0;
    };
    [[nodiscard]] received receive(char* into, std::size_t capacity);
    [[nodiscard]] received receive_from_socket(char* into, std::size_t capacity);
    [[nodiscard]] received receive_decrypted(char* into, std::size_t capacity);
    void send_raw(std::string_view bytes);
    [[nodiscard]] std::size_t send_to_socket(std::span<const std::string_view> pieces);
    [[nodiscard]] bool all_sent();
    /// After each use of `tls_`: sees to what waits there, and to its end.
    void look_after_tls();

    std::size_t try_write(std::span<const std::string_view> pieces) override;
    void wait_until_writable() override;
    void begin_close(protocol::close_code code, std::string_view why) override;

    // --- waiting, always in a loop over a condition: an awaiter may return early
    struct happening {
        session& self;
        bool await_ready() const { return self.woken_; }
        void await_suspend(std::coroutine_handle<> handle) const { self.waiting_ = handle; }
        void await_resume() const { self.woken_ = false; }
    };
    /// Something happened: there is input or room, a deadline came, somebody asked for the end.
    [[nodiscard]] happening something() { return {*this}; }
    /// The same, or there is input.
    [[nodiscard]] happening input() {
        wait_until_readable();
        return {*this};
    }
    void wait_until_readable();
    void on_input() override;
    void on_room() override;
    void wake();
    void resume_waiting();

    void expired(channel::steady_time now) override;
    void schedule_in(std::chrono::milliseconds delay);
    void check_heartbeat(channel::steady_time now);
    /// Of the heartbeat, or of the access token if that expires before.
    void schedule_check(channel::steady_time heartbeat);

    host* host_;
    std::optional<watched_socket> socket_;  ///< none only while it moves to another shard
    std::unique_ptr<tls_stream> tls_;       ///< from the client's first byte on; null: plain
    channel::command_handler commands_;
    message_reader reader_;
    std::coroutine_handle<> waiting_;
    channel::steady_time last_heard_{};
    std::unique_ptr<std::string> early_input_;  ///< frames that came in the packet of the upgrade request
    std::string_view close_why_;
    protocol::close_code close_code_ = protocol::close_code::normal;
    client_address address_;
    std::uint64_t id_;  ///< of the connection: counted in the process
    std::uint64_t messages_ = 0;
    channel::steady_time accepted_at_;
    std::optional<protocol::peer_id> peer_;  ///< who described itself here, also after a take-over
    std::uint16_t client_code_ = 0;          ///< of the client's own Close frame, which is to be answered
    phase phase_ = phase::handshake;
    encryption encryption_;
    refusal refusal_;
    std::int64_t guesses_until_ = 0;
    channel::allowance input_allowance_;
    bool admitted_ = false;  ///< by host::admissions, as address_
    bool failed_handshake_ = false;
    bool woken_ = false;
    bool wake_posted_ = false;
    bool upgraded_ = false;
    bool pinged_ = false;
    bool ended_ = false;   ///< nothing more comes from the client
    bool broken_ = false;  ///< nothing more goes to it, either
    bool timed_out_ = false;
    session* next_ = nullptr;  ///< the host's list
    session* previous_ = nullptr;
};

}  // namespace net
