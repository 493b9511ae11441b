#include "integration/soak/loads.hpp"

#include "integration/transport/conversation.hpp"
#include "integration/transport/raw_client.hpp"
#include "integration/transport/tls_tunnel.hpp"
#include "support/client.hpp"
#include "unit/net/client_frames.hpp"

#include <chrono>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace soak {

using support::client;
using support::number_of;
using support::text_of;
using transport::raw_client;
using transport::tls_tunnel;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds moment{0};

/// A viewer of a channel who keeps count.
class viewer {
public:
    viewer(std::uint16_t port, const std::string& channel, int receive_buffer = 0)
        : connection_(port, with_buffer(receive_buffer)) {
        connection_.describe();
        connection_.send("/join " + channel);
        last_ = number_of(connection_.skip_to("joined"), "seq");
    }

    /// Everything that is there; how many messages that was.
    std::size_t listen(std::size_t& lost) {
        std::size_t heard = 0;
        while (const auto got = connection_.poll(moment)) heard += take(*got, lost);
        return heard;
    }
    std::size_t listen_until(std::int64_t seq, std::size_t& lost) {
        std::size_t heard = 0;
        while (last_ < seq) heard += take(connection_.next(), lost);
        return heard;
    }

private:
    static client::options with_buffer(int bytes) {
        client::options wanted;
        wanted.receive_buffer_bytes = bytes;
        return wanted;
    }
    std::size_t take(const support::event& got, std::size_t& lost) {
        const auto type = text_of(got, "type");
        if (type != "pubmsg" && type != "lost") return 0;
        const auto first = number_of(got, type == "lost" ? "from" : "seq");
        if (first != last_ + 1)
            throw std::runtime_error("a viewer is told number " + std::to_string(first) + " after " +
                                     std::to_string(last_));
        last_ = type == "lost" ? std::max(last_, number_of(got, "to")) : first;
        if (type == "lost") lost += static_cast<std::size_t>(number_of(got, "to") - first + 1);
        return type == "lost" ? 0 : 1;
    }

    client connection_;
    std::int64_t last_ = 0;
};

/// Founds a channel and speaks in it.
class speaker {
public:
    explicit speaker(std::uint16_t port) : connection_(port) {
        connection_.describe();
        connection_.ask("/join " + channel);
    }
    std::int64_t say(const std::string& what) {
        connection_.send("@label=x /pubmsg " + channel + " " + what);
        const auto ack = connection_.skip_to("ack");
        const auto seq = number_of(ack, "seq");
        if (seq != ++said_) throw std::runtime_error("the speaker's message got another number than the next");
        return seq;
    }

    const std::string channel = support::make_channel();

private:
    client connection_;
    std::int64_t said_ = 0;
};

/// Sends it, and reads whatever comes until the server has closed; a well-meant end comes from here.
void offer(std::uint16_t port, std::string_view bytes) {
    raw_client guest(port);
    guest.send(bytes);
    guest.shutdown_write();
    guest.read_to_end();
}

void offer_to_session(std::uint16_t port, std::string_view bytes) {
    raw_client guest(port);
    guest.upgrade();
    guest.send(bytes);
    guest.shutdown_write();
    guest.read_to_end();
}

/// A guest by TLS; throws unless the certificate is that one.
struct secure_guest {
    std::unique_ptr<tls_tunnel> tunnel;
    std::unique_ptr<raw_client> connection;

    secure_guest(std::uint16_t port, const std::string& subject) : tunnel(std::make_unique<tls_tunnel>(port)) {
        if (tunnel->subject() != "/CN=" + subject)
            throw std::runtime_error("the certificate is of " + tunnel->subject() + ", not " + subject);
        connection = std::make_unique<raw_client>(tunnel->plain_end());
        connection->upgrade();
        transport::describe(*connection);
    }
    void ping() const {
        connection->send(client_frames::whole(client_frames::text, "/ping soak"));
        for (std::string type; type != "pong";) {
            const auto event = connection->read_frame();
            if (!event) throw std::runtime_error("a connection by TLS has broken");
            // What others broadcast comes in between.
            type = transport::field_of(event->payload, "type");
        }
    }
};

}  // namespace

tally fan_out(const stage& on, std::size_t viewers) {
    speaker host(on.port);
    std::vector<viewer> audience;
    audience.reserve(viewers);
    for (std::size_t i = 0; i < viewers; ++i) audience.emplace_back(on.port, host.channel);
    tally done;
    for (; !on.over; ++done.rounds) {
        std::int64_t seq = 0;
        for (int i = 0; i < 10; ++i) seq = host.say("bullet comment");
        for (auto& one : audience) done.deliveries += one.listen_until(seq, done.lost_told);
        // Somebody leaves and somebody comes.
        audience[done.rounds % viewers] = viewer(on.port, host.channel);
        std::this_thread::sleep_for(20ms);
    }
    if (done.lost_told > 0) throw std::runtime_error("viewers that read have lost something");
    return done;
}

tally slow_readers(const stage& on) {
    constexpr int small_buffer = 4096;
    constexpr int longer_than_the_log = 400;
    speaker host(on.port);
    const std::string large(32 * 1024, 'x');
    viewer quick(on.port, host.channel);
    tally done;
    std::size_t nothing = 0;
    for (; !on.over; ++done.rounds) {
        viewer slow(on.port, host.channel, small_buffer);
        std::int64_t seq = 0;
        for (int i = 0; i < longer_than_the_log && !on.over; ++i) {
            seq = host.say(large);
            done.deliveries += quick.listen_until(seq, nothing);
        }
        done.deliveries += slow.listen_until(seq, done.lost_told);
        std::this_thread::sleep_for(100ms);
    }
    if (nothing > 0) throw std::runtime_error("a viewer that reads has lost something");
    return done;
}

tally malformed_input(const stage& on) {
    using namespace client_frames;
    const std::string huge(200 * 1024, 'a');
    const std::string deep = "/descp {\"a\":" + std::string(10000, '[');
    shape reserved;
    reserved.reserved = 4;
    shape unmasked;
    unmasked.masked = false;
    shape claims_much;
    claims_much.claims = true;
    claims_much.claimed = std::uint64_t{1} << 62U;
    const std::vector<std::string> requests{
        "\r\n\r\n",
        std::string(3, '\0'),
        "GET / HTTP/9.9\r\n\r\n",
        "GET /" + huge + " HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: " + huge + "\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 7\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
    };
    const std::vector<std::string> frames{
        whole(text, "/descp {"),
        whole(text, deep),
        whole(text, "\xff\xfe"),
        whole(text, huge),
        whole(binary, "/ping"),
        whole(text, "x", reserved),
        whole(text, "x", unmasked),
        whole(text, "x", claims_much),
        whole(ping, std::string(126, 'p')),
        whole(continuation, "x"),
        whole(close_frame, close_payload(1005)),
        whole(close_frame, "\x03"),
        part(text, "/pi") + whole(text, "ng"),
        whole(text, "@label= /ping") + whole(text, "/join") + whole(text, "/nonsense \x01") + whole(text, ""),
    };
    tally done;
    for (; !on.over; ++done.rounds) {
        const auto turn = done.rounds % (requests.size() + frames.size());
        if (turn < requests.size()) {
            offer(on.port, requests[turn]);
        } else {
            offer_to_session(on.port, frames[turn - requests.size()]);
        }
        if (done.rounds % 5 == 0) offer(on.tls_port, requests[turn % requests.size()]);
        std::this_thread::sleep_for(5ms);
    }
    return done;
}

tally reloads(const stage& on, const support::server_process& server, const transport::certificate_directory& files) {
    const secure_guest from_the_beginning(on.tls_port, "first.example");
    tally done;
    bool second = true;
    for (; !on.over; ++done.rounds, second = !second) {
        const std::string name = second ? "second" : "first";
        files.replace("current", name);
        ::kill(server.pid(), SIGHUP);
        // The signal is on its way; the next handshakes find the new certificate.
        const auto deadline = std::chrono::steady_clock::now() + support::patience();
        for (bool there = false; !there;) {
            try {
                const secure_guest next(on.tls_port, name + ".example");
                next.ping();
                there = true;
            } catch (const std::runtime_error&) {
                if (std::chrono::steady_clock::now() > deadline) throw;
            }
        }
        from_the_beginning.ping();
        std::this_thread::sleep_for(300ms);
    }
    return done;
}

}  // namespace soak
