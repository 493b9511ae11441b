#include "net/session.hpp"

#include "channel/nap.hpp"

#include "logging/failure.hpp"
#include "net/proxy_header.hpp"
#include "protocol/event.hpp"
#include "protocol/text_frame.hpp"

#include <openssl/rand.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <exception>

namespace net {

using channel::task;
using protocol::close_code;

namespace {

std::chrono::milliseconds random_part_of(std::chrono::milliseconds spread) {
    std::uint32_t random = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof random) != 1) return spread;
    return std::chrono::milliseconds(static_cast<std::int64_t>(random) % (spread.count() + 1));
}

/// A server that is full is well: whoever looks after it is not to start it anew for that.
bool asks_for_health(std::string_view header) {
    return header.starts_with("GET /healthz ") || header.starts_with("HEAD /healthz ");
}

std::uint64_t next_connection_id() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

/// When to parse what has come of a request: with the end of its header or beyond its limit, and before that only when
/// it has doubled, so that nonsense is refused early but a header that comes byte by byte is not read again with each.
class parse_schedule {
public:
    [[nodiscard]] bool is_due(std::string_view received, std::size_t limit_bytes) {
        constexpr std::string_view end_mark = "\r\n\r\n";
        const auto new_from = looked_at_ - std::min(looked_at_, end_mark.size() - 1);
        has_header_ = has_header_ || received.find(end_mark, new_from) != std::string_view::npos;
        looked_at_ = received.size();
        if (!has_header_ && looked_at_ <= limit_bytes && looked_at_ < 2 * parsed_) return false;
        parsed_ = looked_at_;
        return true;
    }

private:
    std::size_t looked_at_ = 0;
    std::size_t parsed_ = 0;
    bool has_header_ = false;
};

/// Awaits a task, and is told if that does not end at once.
template <class Noted>
class if_it_waits {
public:
    if_it_waits(task<>& work, Noted note) : work_(work), note_(note) {}
    bool await_ready() const { return false; }
    bool await_suspend(std::coroutine_handle<> waiting) {
        // Both in this frame: who goes on with it does so on this thread, and on a later turn.
        const bool waits = work_.await_suspend(waiting);
        if (waits) note_();
        return waits;
    }
    void await_resume() const { work_.await_resume(); }

private:
    task<>& work_;
    Noted note_;
};

}  // namespace

session::session(host& at, int fd, const client_address& from, refusal why_not, encryption how)
    : link(at.shard()),
      host_(&at),
      commands_(*this),
      address_(from),
      id_(next_connection_id()),
      accepted_at_(channel::shard::now_roughly()),
      encryption_(how),
      refusal_(why_not),
      admitted_(why_not == refusal::none && at.counts(from)) {
    socket_.emplace(at.sockets, fd, static_cast<watched_socket::user&>(*this));
    // From here on nothing fails: the socket is the session's, and who makes one closes it if that fails.
    host_->enlist(*this);
    ++host_->count.accepted;
    if (refusal_ != refusal::none) ++host_->refused;
}

session::~session() {
    host_->delist(*this);
    auto& admissions = host_->admissions();
    if (failed_handshake_) admissions.note_failure(address_, channel::shard::now());
    if (admitted_) admissions.leave(address_);
    if (refusal_ != refusal::none) --host_->refused;
    --host_->connections();
}

// --- the whole life of a connection

task<> session::run(std::unique_ptr<session> self) {
    session& s = *self;
    std::exception_ptr error;
    try {
        s.log_accepted();
        if (s.refusal_ != refusal::none) note_refusal(*s.host_, s.refusal_, s.address_, s.id_);
        s.schedule_in(s.host_->settings().handshake_timeout);
        bool ready = co_await s.read_proxy_header();
        if (!ready) s.note_handshake(handshake_failure::proxy_header);
        if (ready && s.encryption_ == encryption::tls) ready = co_await s.secure();
        if (ready) s.upgraded_ = co_await s.upgrade();
        if (s.upgraded_) {
            ++s.host_->count.upgraded;
            s.phase_ = phase::undescribed;
            s.schedule_in(s.host_->settings().describe_timeout);
            co_await s.converse();
        }
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        // A bug, or no memory: this session ends, in order, and the others go on.
        logging::task_failed("session", error);
        s.cut();
    }
    s.commands_.connection_lost(s.close_why_.empty() ? "connection lost" : s.close_why_);
    co_await s.say_goodbye();
    co_await s.release();
}

task<bool> session::read_proxy_header() {
    const auto& settings = host_->settings();
    if (!settings.proxy_protocol) co_return true;
    // What looks after the server on its own machine has no proxy in front; it may speak for itself, as nobody else.
    const bool is_proxy = settings.trusted_proxies.contains(address_);
    if (!is_proxy && !address_.is_loopback()) co_return false;
    auto reader = std::make_unique<proxy_header_reader>();
    while (reader->wanted() > 0 && !closing() && !ended_ && !timed_out_) {
        co_await input();
        auto buffer = host_->buffers.take();
        received got{reading::some, 1};
        while (got.kind == reading::some && reader->wanted() > 0) {
            got = receive(buffer.get(), reader->wanted());
            if (reader->feed({buffer.get(), got.count}) == proxy_header_reader::state::failed)
                got.kind = reading::ended;
        }
        host_->buffers.give_back(std::move(buffer));
        if (got.kind == reading::ended) co_return false;
    }
    if (!is_proxy && reader->source()) co_return false;
    enter_as(reader->source().value_or(address_));
    co_return reader->wanted() == 0;
}

void session::enter_as(const client_address& who) {
    const bool was_refused = refusal_ != refusal::none;
    if (admitted_) host_->admissions().leave(address_);
    address_ = who;
    if (refusal_ == refusal::none && host_->counts(who))
        refusal_ = host_->admissions().enter(who, channel::shard::now());
    admitted_ = refusal_ == refusal::none && host_->counts(who);
    if (refusal_ == refusal::none || was_refused) return;
    ++host_->refused;
    note_refusal(*host_, refusal_, address_, id_);
}

task<bool> session::upgrade() {
    const auto& limits = host_->settings().http;
    std::string header;
    parse_schedule schedule;
    while (!closing() && !ended_ && !timed_out_) {
        co_await input();
        auto buffer = host_->buffers.take();
        const auto got = receive(buffer.get(), buffer_pool::buffer_bytes);
        header.append(buffer.get(), got.count);
        host_->buffers.give_back(std::move(buffer));
        if (refusal_ != refusal::none && !header.empty() && !asks_for_health(header)) {
            // Cheap: what else was asked is not looked at.
            send_raw(make_refusal(refusal_));
            co_return false;
        }
        while (!header.empty() && schedule.is_due(header, limits.header_bytes) && !closing() && !timed_out_) {
            auto parsed = parse_http(header, limits);
            if (parsed.status == http_status::need_more) break;
            if (parsed.status == http_status::refused) {
                note_failure(handshake_failure::malformed);
                send_raw(parsed.response);
                co_return false;
            }
            header.erase(0, parsed.consumed);
            schedule = {};
            note_input(header.size());
            const bool upgrade = parsed.request.upgrade;
            const bool accepted = co_await answer(std::move(parsed.request));
            if (upgrade && accepted && !header.empty()) early_input_ = std::make_unique<std::string>(std::move(header));
            if (upgrade || !accepted) co_return accepted;
            // Each request has its time, as has the client for reading each answer.
            schedule_in(host_->settings().handshake_timeout);
        }
        note_input(header.size());
    }
    // Browsers open connections in advance that they may never use: not a word is no failure, half a request is.
    if (timed_out_ && !header.empty()) {
        note_failure(handshake_failure::timeout);
        send_raw(make_refusal(408, "the request header took too long"));
    }
    co_return false;
}

task<bool> session::answer(http_request request) {
    const auto& settings = host_->settings();
    if (refusal_ != refusal::none) request.keep_alive = false;
    const bool by_forwarded = settings.forwarded_by == forwarding_header::forwarded;
    const auto client = client_behind(address_, by_forwarded ? request.forwarded : request.x_forwarded_for,
                                      settings.forwarded_by, settings.trusted_proxies);
    // Only now: a proxy may carry requests of many clients over one connection before that.
    const bool is_peer = request.upgrade && settings.has_websockets;
    if (is_peer && client != address_) enter_as(client);
    if (is_peer && refusal_ != refusal::none) {
        send_raw(make_refusal(refusal_));
        co_return false;
    }
    if (request.path != "/healthz" && request.path != "/readyz" && !take_path_prefix(request, settings.path_prefix)) {
        if (is_peer) note_handshake(handshake_failure::upgrade, request.path);
        send_raw(make_refusal(404, "not below " + settings.path_prefix));
        co_return false;
    }
    if (request.path.empty() && !request.upgrade) {
        send_raw(make_redirect(request, settings.path_prefix + "/"));
    } else if (request.upgrade) {
        if (!settings.has_websockets) {
            send_raw(make_refusal(404, "there are no WebSockets on this address"));
            co_return false;
        }
        if (request.path.empty()) request.path.push_back('/');
        if (!settings.allowed_origins.admits(request.origin)) {
            note_handshake(handshake_failure::origin, request.origin);
            send_raw(make_refusal(403, "pages of this origin may not connect here"));
            co_return false;
        }
        const auto answer = answer_upgrade(request);
        if (answer.accepted) commands_.offer_token(bearer_token(request));
        if (!answer.accepted) note_handshake(handshake_failure::upgrade, request.path);
        send_raw(answer.response);
        co_return answer.accepted;
    } else {
        ++host_->count.http_requests;
        const auto response = co_await host_->site().answer(request);
        send_raw(response);
    }
    // A client that does not read its answers gets no more of them.
    while (!box().empty() && !broken_ && !timed_out_ && !closing()) co_await something();
    // Requests in one packet are no reason to keep others waiting.
    co_await home().next_turn();
    co_return request.keep_alive;
}

task<> session::converse() {
    if (early_input_) {
        const auto early = std::move(early_input_);
        co_await consume(*early);
        note_input(reader_.pending_bytes());
    }
    while (!closing() && !ended_) {
        co_await input();
        auto buffer = host_->buffers.take();
        const auto got = receive(buffer.get(), buffer_pool::buffer_bytes);
        if (got.kind == reading::some) co_await consume(std::span(buffer.get(), got.count));
        host_->buffers.give_back(std::move(buffer));
        note_input(reader_.pending_bytes());
        const auto pause = pause_after(got.count);
        if (pause.count() > 0) {
            channel::nap rest(home(), pause);
            co_await rest;
        }
    }
}

std::chrono::milliseconds session::pause_after(std::size_t bytes) {
    const auto most = host_->settings().bytes_per_second;
    if (most == 0) return {};
    const auto now = channel::shard::now_roughly();
    // In steps, so that the end of the connection is noticed soon.
    constexpr std::chrono::milliseconds longest_pause{500};
    const std::chrono::nanoseconds cost(static_cast<std::int64_t>(bytes) * 1'000'000'000 /
                                        static_cast<std::int64_t>(most));
    input_allowance_.use(cost, now);
    const auto wait = input_allowance_.wait_for({}, std::chrono::seconds(1), now);
    return std::min(longest_pause, std::chrono::duration_cast<std::chrono::milliseconds>(wait));
}

task<> session::consume(std::span<char> input) {
    last_heard_ = channel::shard::now_roughly();
    pinged_ = false;
    // All of it is held until the last command in it is carried out.
    const auto held = input.size();
    const auto note_held = [this, held] { note_input(held + reader_.pending_bytes()); };
    while (!closing() && !ended_) {
        const auto event = reader_.next(input, host_->settings().message_bytes);
        if (event.kind == frame_kind::need_more) break;
        if (event.kind == frame_kind::text) {
            ++messages_;
            auto carried_out = commands_.handle(event.payload);
            if_it_waits done(carried_out, note_held);
            co_await done;
            note_progress();
        } else {
            on_control_frame(event);
        }
    }
}

void session::note_failure(handshake_failure why) {
    failed_handshake_ = true;
    note_handshake(why);
}

void session::note_handshake(handshake_failure why, std::string_view seen) {
    host_->count.note(why);
    log_handshake_failure(why, seen);
}

void session::on_control_frame(const frame_event& event) {
    std::string answer;
    switch (event.kind) {
        case frame_kind::ping:
            append_pong(answer, event.payload);
            send(answer);
            break;
        case frame_kind::close:
            client_code_ = event.code;
            close(close_code::normal, "connection closed");
            break;
        case frame_kind::failed: close(event.error, event.why); break;
        case frame_kind::pong:
        case frame_kind::text:
        case frame_kind::need_more: break;
    }
}

void session::note_progress() {
    if (commands_.token_was_refused()) log_token_refused();
    const bool renewed = commands_.take_renewal() && phase_ == phase::established;
    if (!renewed && (phase_ != phase::undescribed || !owner)) return;
    if (phase_ == phase::undescribed) {
        peer_ = owner->id();
        log_described();
    }
    phase_ = phase::established;
    schedule_check(channel::shard::now() + host_->settings().heartbeat);
}

std::string session::farewell() const {
    std::string frames;
    if (client_code_ != 0) {
        append_close(frames, client_code_, {});
        return frames;
    }
    if (close_code_ != close_code::normal) {
        const bool reconnect = protocol::may_reconnect(close_code_);
        auto wait = host_->settings().retry_after;
        if (close_code_ == close_code::going_away) wait += random_part_of(host_->settings().retry_spread);
        std::string bye;
        protocol::event::bye(bye, close_code_, close_why_, reconnect, reconnect ? std::optional(wait) : std::nullopt);
        protocol::append_text_frame(frames, bye);
    }
    append_close(frames, static_cast<std::uint16_t>(close_code_), close_why_);
    return frames;
}

task<> session::say_goodbye() {
    phase_ = phase::closing;
    log_end();
    if (upgraded_ && ended_) {
        ++host_->count.broken;
    } else if (upgraded_) {
        host_->count.note(close_code_);
    }
    timed_out_ = false;
    schedule_in(host_->settings().close_timeout);
    if (upgraded_ && !ended_) send_raw(farewell());
    while (!all_sent() && !broken_ && !timed_out_) co_await something();
    if (tls_) {
        tls_->say_end();
        look_after_tls();
        while (!all_sent() && !broken_ && !timed_out_) co_await something();
    }
    if (broken_ || timed_out_) co_return;
    ::shutdown(socket_->descriptor(), SHUT_WR);
    // Until the client has closed its side: what it still sends would make the kernel reset the connection, and the
    // `bye` be lost.
    while (client_code_ == 0 && !ended_ && !timed_out_) {
        co_await input();
        auto buffer = host_->buffers.take();
        static_cast<void>(receive_from_socket(buffer.get(), buffer_pool::buffer_bytes));
        host_->buffers.give_back(std::move(buffer));
    }
}

task<> session::release() {
    cancel();
    broken_ = true;
    socket_.reset();
    box().clear();
    while (wake_posted_) co_await something();
}

task<> session::move_to(channel::shard& to) {
    flush();
    cancel();
    const int fd = socket_->release();
    socket_.reset();
    // What was posted on the old shard must not run while the session is on the new one.
    while (wake_posted_) co_await something();
    host_->delist(*this);
    leave_shard();
    co_await home().next_turn();
    // What waits for this has noted what it holds meanwhile.
    note_input(0);
    co_await to.enter();
    host_ = &host_->on(to);
    enter_shard(to);
    host_->enlist(*this);
    socket_.emplace(host_->sockets, fd, static_cast<watched_socket::user&>(*this));
    schedule_in(host_->settings().describe_timeout);
    on_room();
    if (host_->draining) close(close_code::going_away, "server is going away");
}

channel::guess_verdict session::judge_guess() const {
    return host_->admissions().judge_guess(address_, guesses_until_, channel::shard::now());
}

void session::count_guess() { host_->admissions().count_guess(address_, guesses_until_, channel::shard::now()); }

void session::forgive_guess() { host_->admissions().forgive_guess(address_, guesses_until_); }

void session::cut() {
    ended_ = broken_ = true;
    wake();
}

}  // namespace net
