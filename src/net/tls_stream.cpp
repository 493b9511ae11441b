#include "net/tls_stream.hpp"

#include "net/tls_context.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace net {

namespace {

constexpr std::size_t record_bytes = SSL3_RT_MAX_PLAIN_LENGTH;
/// Encrypted before the socket is asked: a system call for so many, and what one slow reader may cost.
constexpr std::size_t records_per_send = 2;
constexpr std::size_t input_per_read = 64 * 1024;
/// The longest flight of a handshake, or answers to a client that does not read them.
constexpr std::size_t most_waiting_bytes = 128 * 1024;
/// A key is good for 2^24 records (RFC 8446, 5.5); each change costs more than the five bytes that ask for it.
constexpr std::uint16_t most_key_updates = 64;

/// Ciphertext between OpenSSL and the socket. Empty between calls, one for all streams of a thread.
std::string& outgoing() {
    thread_local std::string bytes;
    return bytes;
}

/// Cuts the pieces into records: a long piece is read where it is, short ones are put together.
class record_cutter {
public:
    explicit record_cutter(std::span<const std::string_view> pieces) : pieces_(pieces) { skip_empty(); }

    [[nodiscard]] bool done() const { return pieces_.empty(); }

    [[nodiscard]] std::string_view next() {
        const auto front = pieces_.front().substr(at_, record_bytes);
        if (front.size() == record_bytes || pieces_.size() == 1) {
            advance(front.size());
            return front;
        }
        thread_local std::string gathered;
        gathered.clear();
        while (!done() && gathered.size() < record_bytes) {
            const auto part = pieces_.front().substr(at_, record_bytes - gathered.size());
            gathered.append(part);
            advance(part.size());
        }
        return gathered;
    }

private:
    void advance(std::size_t count) {
        at_ += count;
        skip_empty();
    }
    void skip_empty() {
        while (!pieces_.empty() && at_ == pieces_.front().size()) {
            pieces_ = pieces_.subspan(1);
            at_ = 0;
        }
    }

    std::span<const std::string_view> pieces_;
    std::size_t at_ = 0;
};

}  // namespace

/// What OpenSSL calls. Output never blocks; no exception passes through it.
struct tls_stream::callbacks {
    static int read(BIO* bio, char* into, int capacity) {
        return static_cast<tls_stream*>(BIO_get_data(bio))->take_input(bio, into, capacity);
    }

    static int write(BIO*, const char* bytes, int count) {
        try {
            outgoing().append(bytes, static_cast<std::size_t>(count));
            return count;
        } catch (const std::bad_alloc&) {
            return -1;
        }
    }

    static long control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_EOF) return static_cast<tls_stream*>(BIO_get_data(bio))->socket_ended_ ? 1 : 0;
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }

    static void message(int is_written, int, int content_type, const void* bytes, std::size_t count, SSL*,
                        void* stream) {
        if (is_written != 0 || content_type != SSL3_RT_HANDSHAKE || count == 0) return;
        if (*static_cast<const unsigned char*>(bytes) != SSL3_MT_KEY_UPDATE) return;
        auto& self = *static_cast<tls_stream*>(stream);
        if (++self.key_updates_ > most_key_updates) self.broken_ = true;
    }

    static BIO_METHOD* method() {
        static BIO_METHOD* const made = [] {
            auto* const m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "signaller socket");
            if (!m) throw std::bad_alloc();
            BIO_meth_set_read(m, read);
            BIO_meth_set_write(m, write);
            BIO_meth_set_ctrl(m, control);
            return m;
        }();
        return made;
    }
};

tls_stream::tls_stream(const tls_context& with, int fd) : ssl_(nullptr), fd_(fd) {
    BIO* const bio = BIO_new(callbacks::method());
    if (!bio) throw std::bad_alloc();
    ssl_ = SSL_new(with.native());
    if (!ssl_) {
        BIO_free(bio);
        throw std::bad_alloc();
    }
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_msg_callback(ssl_, callbacks::message);
    SSL_set_msg_callback_arg(ssl_, this);
    SSL_set_accept_state(ssl_);
}

tls_stream::~tls_stream() { SSL_free(ssl_); }

void tls_stream::begin() {
    outgoing().clear();
    ERR_clear_error();
    input_budget_ = input_per_read;
    emptied_socket_ = false;
}

tls_stream::handshake_state tls_stream::handshake() {
    begin();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) {
        push_out();
        // The request may have come in one packet with the end of the handshake.
        has_input_ = true;
        return handshake_state::done;
    }
    if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ && !broken_) {
        push_out();
        return handshake_state::under_way;
    }
    const char* const reason = ERR_reason_error_string(ERR_peek_error());
    failed_because_ = reason ? reason : "connection closed";
    if (first_byte_ >= 'A' && first_byte_ <= 'Z') return handshake_state::plain_text;
    push_out();
    return handshake_state::failed;
}

tls_stream::received tls_stream::read(char* into, std::size_t capacity) {
    begin();
    received got;
    has_input_ = false;
    while (got.count < capacity) {
        const auto room = static_cast<int>(std::min<std::size_t>(capacity - got.count, record_bytes));
        const int count = SSL_read(ssl_, into + got.count, room);
        if (count > 0) {
            got.count += static_cast<std::size_t>(count);
            continue;
        }
        const int error = SSL_get_error(ssl_, count);
        if (error == SSL_ERROR_ZERO_RETURN) {
            got.kind = reading::ended;
        } else if (error != SSL_ERROR_WANT_READ) {
            got.kind = reading::failed;
        }
        break;
    }
    push_out();
    if (broken_) return {reading::failed, 0};
    if (got.count == 0) return got;
    // An end behind it is told next time.
    has_input_ = got.count == capacity || got.kind != reading::none_yet;
    return {reading::some, got.count};
}

int tls_stream::take_input(bio_st* from, char* into, int capacity) {
    BIO_clear_retry_flags(from);
    if (broken_) return -1;
    const auto wanted = std::min(static_cast<std::size_t>(capacity), input_budget_);
    if (wanted == 0) {
        BIO_set_retry_read(from);
        return -1;
    }
    const auto count = ::recv(fd_, into, wanted, MSG_DONTWAIT);
    emptied_socket_ = count < static_cast<ssize_t>(wanted);
    if (count > 0) {
        if (first_byte_ == 0) first_byte_ = *into;
        input_budget_ -= static_cast<std::size_t>(count);
        // A short read has emptied the socket; if not, it will be readable again.
        if (emptied_socket_) input_budget_ = 0;
        return static_cast<int>(count);
    }
    if (count == 0) {
        socket_ended_ = true;
        return 0;
    }
    if (errno == EAGAIN || errno == EINTR) {
        BIO_set_retry_read(from);
    } else {
        broken_ = true;
    }
    return -1;
}

std::size_t tls_stream::write(std::span<const std::string_view> pieces) {
    std::size_t taken = 0;
    record_cutter records(pieces);
    while (!records.done() && send_waiting()) {
        begin();
        for (std::size_t i = 0; i < records_per_send && !records.done(); ++i) {
            const auto record = records.next();
            taken += record.size();
            if (!broken_ && SSL_write(ssl_, record.data(), static_cast<int>(record.size())) <= 0) broken_ = true;
        }
        push_out();
    }
    return taken;
}

void tls_stream::say_end() {
    if (broken_ || !SSL_is_init_finished(ssl_)) return;
    begin();
    SSL_shutdown(ssl_);
    push_out();
}

bool tls_stream::send_waiting() {
    if (waiting_.empty()) return true;
    const auto sent = send_now(waiting_);
    if (sent == waiting_.size()) {
        // Its memory, too: it was needed because the client was slow.
        waiting_ = {};
        return true;
    }
    waiting_.erase(0, sent);
    return false;
}

void tls_stream::push_out() {
    auto& bytes = outgoing();
    const auto sent = waiting_.empty() ? send_now(bytes) : 0;
    if (sent < bytes.size()) waiting_.append(bytes, sent);
    bytes.clear();
    if (waiting_.size() > most_waiting_bytes) broken_ = true;
    if (broken_) waiting_ = {};
}

std::size_t tls_stream::send_now(std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size() && !broken_) {
        const auto count = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) {
            sent += static_cast<std::size_t>(count);
            if (sent < bytes.size()) return sent;
        } else if (errno == EAGAIN) {
            return sent;
        } else if (errno != EINTR) {
            broken_ = true;
        }
    }
    return bytes.size();
}

}  // namespace net
