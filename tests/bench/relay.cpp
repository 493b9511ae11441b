#include "bench/channel_load.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t sdp_bytes = 1200;

/// The beginning of a browser's offer, repeated up to the size that offers of data channels and small calls have.
std::string make_sdp() {
    constexpr std::string_view lines = "\r\nv=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 "
                                       "0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\n"
                                       "a=msid-semantic: WMS\r\nm=application 9 UDP/DTLS/SCTP "
                                       "webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\n"
                                       "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=ice-options:trickle\r\na=fingerprint:"
                                       "sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:"
                                       "13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r\na=setup:"
                                       "actpass\r\na=mid:0\r\na=sctp-port:5000\r\n"
                                       "a=max-message-size:262144";
    std::string sdp;
    while (sdp.size() < sdp_bytes - stamp::size) sdp += lines;
    sdp.resize(sdp_bytes - stamp::size - 2);
    return sdp + "\r\n";
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\r') {
            out += "\\r";
        } else if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

/// Pairs of peers of whom the first sends session descriptions to the second, either as fast as a bounded number in
/// flight allows or at a fixed rate, whatever the answer. Each arrival is checked to the last byte.
class relay_load {
public:
    relay_load(client_loop& loop, const options& wanted, bool is_paced)
        : loop_(loop),
          first_(loop.size()),
          window_(is_paced ? 0 : wanted.pair_window),
          pairs_(wanted.pairs),
          sdp_(make_sdp()),
          expected_(escaped(sdp_) + '"') {
        if (pairs_.empty()) throw failure("no pairs");
        if (is_paced) interval_ns_ = 1'000'000'000U / std::max<std::size_t>(wanted.rate, 1);
        for (std::size_t i = 0; i < 2 * wanted.pairs; ++i) (void)loop_.add({}, is_paced);
    }

    void start() {
        sending_ = true;
        due_ns_ = now_ns();
        for (std::size_t i = 0; i < pairs_.size(); ++i) {
            for (std::size_t n = 0; n < window_; ++n) send(i);
        }
    }

    void pause() {
        sending_ = false;
        const auto limit = now_ns() + 5'000'000'000U;
        loop_.run_until([&] { return in_flight() == 0 || now_ns() > limit; }, 10, "relays in flight");
    }

    void on_tick() {
        if (!sending_ || window_ > 0) return;
        for (const auto now = now_ns(); due_ns_ <= now; due_ns_ += interval_ns_) send(next_++ % pairs_.size());
    }

    [[nodiscard]] bool owns(const connection& c) const {
        return c.index >= first_ && c.index < first_ + 2 * pairs_.size();
    }

    void on_event(const connection& at, std::string_view text) {
        if (!is_event(text, "privmsg")) throw failure("not a private message: " + std::string(text.substr(0, 300)));
        const std::size_t index = (at.index - first_) / 2;
        auto& p = pairs_[index];
        const auto content = content_(text);
        if ((at.index - first_) % 2 == 0 || content.size() < stamp::size ||
            !content.substr(stamp::size).starts_with(expected_)) {
            ++faults_.damaged;
            return;
        }
        const auto number = parse_hex(content.substr(stamp::number_at, stamp::size - stamp::number_at));
        if (number != p.received) ++(number + 1 == p.received ? faults_.doubled : faults_.reordered);
        latency_.add(now_ns() - parse_hex(content.substr(0, stamp::number_at)));
        p.received = static_cast<std::uint32_t>(number) + 1;
        ++relayed_;
        if (sending_ && window_ > 0) send(index);
    }

    [[nodiscard]] std::uint64_t relayed() const { return relayed_; }
    [[nodiscard]] samples& latency() { return latency_; }
    /// Only while paused.
    [[nodiscard]] faults check() const {
        faults result = faults_;
        result.lost = sent_ > relayed_ ? sent_ - relayed_ : 0;
        return result;
    }

private:
    struct pair {
        std::uint32_t sent = 0;
        std::uint32_t received = 0;
    };

    [[nodiscard]] std::uint64_t in_flight() const { return sent_ - relayed_; }

    void send(std::size_t index) {
        text_.assign("/privmsg ").append(loop_.at(first_ + 2 * index + 1).id).append(" ");
        append_stamp(text_, {now_ns(), pairs_[index].sent++});
        text_.append(sdp_);
        ++sent_;
        loop_.send(loop_.at(first_ + 2 * index), text_);
    }

    client_loop& loop_;
    std::size_t first_;
    std::size_t window_;
    std::vector<pair> pairs_;
    std::string sdp_;
    std::string expected_;
    std::string text_;
    content_finder content_;
    samples latency_;
    faults faults_;
    std::uint64_t sent_ = 0;
    std::uint64_t relayed_ = 0;
    std::uint64_t interval_ns_ = 0;
    std::uint64_t due_ns_ = 0;
    std::size_t next_ = 0;
    bool sending_ = false;
};

class relay : public handler {
public:
    relay(const options& wanted, bool is_busy) : loop_(wanted.port, *this), relays_(loop_, wanted, is_busy) {
        if (is_busy) channel_.emplace(loop_, wanted);
    }

    void on_event(connection& from, std::string_view text) override {
        if (relays_.owns(from)) {
            relays_.on_event(from, text);
        } else {
            channel_->on_event(from, text);
        }
    }

    void on_tick() override { relays_.on_tick(); }

    void run(const options& wanted, const process_meter& server, report& result) {
        loop_.open_all();
        settle(loop_, server);
        if (channel_) channel_->start();
        relays_.start();
        loop_.run_for(wanted.warm_up_seconds);
        window measured(server);
        relays_.latency().clear();
        const auto before = relays_.relayed();
        const auto deliveries = channel_ ? channel_->deliveries() : 0;
        measured.begin();
        loop_.run_for(wanted.seconds);
        measured.end();
        measured.describe(result, relays_.relayed() - before);
        if (channel_)
            result.add("deliveries_per_second",
                       static_cast<double>(channel_->deliveries() - deliveries) / wanted.seconds);
        const auto resident = server.resident_bytes();
        relays_.pause();
        result.add("p50_us", relays_.latency().percentile_us(50));
        result.add("p99_us", relays_.latency().percentile_us(99));
        result.add("resident_bytes", resident);
        auto found = relays_.check();
        if (channel_) {
            channel_->pause();
            found += channel_->check();
        }
        found.describe(result);
    }

private:
    client_loop loop_;
    relay_load relays_;
    std::optional<channel_load> channel_;
};

}  // namespace

void run_relay(const options& wanted, const process_meter& server, report& result) {
    relay(wanted, false).run(wanted, server, result);
}

void run_busy_relay(const options& wanted, const process_meter& server, report& result) {
    relay(wanted, true).run(wanted, server, result);
}

}  // namespace bench
