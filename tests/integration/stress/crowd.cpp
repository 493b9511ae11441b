#include "integration/stress/crowd.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <string_view>

namespace stress {

namespace {

/// Commands of one connection that may be under way at once.
constexpr std::size_t burst_commands = 12;

}  // namespace

void crowd::add_witness(const std::string& channel) {
    add(kind::witness);
    actors_.back()->connect();
    actors_.back()->join(channel);
    actors_.back()->settle();
}

void crowd::add(kind what) {
    actors_.push_back(std::make_unique<actor>(scene_.port, what, scene_.all));
    scene_.peers.push_back(actors_.back()->id());
}

void crowd::run(std::size_t steps) {
    for (std::size_t i = 0; i < steps; ++i) {
        actor& who = *actors_[below(actors_.size())];
        step(who);
        if (i % 16 == 0) come_and_go();
        if (i % 16 == 8) vanish();
    }
}

void crowd::come_to_rest() {
    for (const auto& who : actors_) {
        if (!who->connected()) who->connect();
        // What was sent to it before comes before the answer.
        who->command("/whois " + who->id(), "whois");
        who->settle();
    }
}

void crowd::drop_all() {
    for (const auto& who : actors_) {
        if (who->connected()) who->drop();
    }
}

void crowd::step(actor& who) {
    if (!who.connected()) who.connect();
    for (auto count = 1 + below(burst_commands); count > 0; --count) act(who);
    if (who.what() != kind::witness && below(6) == 0) return change_connection(who);
    if (below(2) == 0) who.settle();
    who.listen();
}

void crowd::act(actor& who) {
    switch (below(12)) {
        case 0: return govern(who);
        case 1: return look_around(who);
        case 2:
            if (who.what() != kind::witness) return who.quit(any_channel());
            return who.rename("witness " + std::to_string(below(100)));
        case 3:
        case 4: return who.join(any_channel());
        default: return speak(who);
    }
}

void crowd::speak(actor& who) {
    const auto channels = who.channels();
    if (channels.empty() || below(3) == 0) return who.tell(scene_.peers[below(scene_.peers.size())]);
    who.say(*std::next(channels.begin(), static_cast<std::ptrdiff_t>(below(channels.size()))));
}

void crowd::govern(actor& who) {
    const auto target = anybody_but(who) + " " + any_channel();
    // More bans are lifted than made, so that the channels do not empty.
    constexpr std::array<std::string_view, 9> verbs{"kick", "kick", "ban",  "unban", "unban",
                                                    "op",   "op",   "deop", "invite"};
    const auto verb = verbs[below(verbs.size())];
    who.command("/" + std::string(verb) + " " + target, verb == "invite" ? "inviting" : verb);
}

void crowd::look_around(actor& who) {
    switch (below(6)) {
        case 0: return who.command("/whois " + anybody_but(who), "whois");
        case 1: return who.command("/whois " + any_channel(), "whois");
        case 2: return who.command("/history " + any_channel() + " 20", "history");
        case 3: return who.command("/bans " + any_channel(), "bans");
        case 4: return who.command(below(2) == 0 ? "/away" : "/away soon back", "away");
        default: return who.command("/broadcast hello all", "ack");
    }
}

void crowd::change_connection(actor& who) {
    switch (below(4)) {
        case 0: return who.quit_session();
        case 1:
            who.drop();
            if (below(2) == 0) who.connect();
            return;
        case 2: return who.drop();
        default: return who.connect();
    }
}

/// Somebody who is there once: connects, joins, speaks, and is gone one way or the other.
void crowd::come_and_go() {
    actor passer_by(scene_.port, kind::plain, scene_.all);
    passer_by.connect();
    passer_by.join(any_channel());
    passer_by.settle();
    speak(passer_by);
    if (below(2) == 0) passer_by.quit_session();
}

/// Somebody who is gone before it was there.
void crowd::vanish() {
    constexpr std::array<std::string_view, 3> beginnings{
        "", "GET / HTTP/1.1\r\nHost: a\r\nUpgr",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\xfe\x01"};
    namespace asio = boost::asio;
    asio::io_context context;
    asio::ip::tcp::socket socket(context);
    socket.connect({asio::ip::address_v4::loopback(), scene_.port});
    asio::write(socket, asio::buffer(beginnings[below(beginnings.size())]));
    socket.close();
}

const std::string& crowd::anybody_but(const actor& who) {
    for (;;) {
        const auto& peer = scene_.peers[below(scene_.peers.size())];
        if (peer != who.id()) return peer;
    }
}

}  // namespace stress
