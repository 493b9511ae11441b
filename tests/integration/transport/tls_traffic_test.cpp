#include "integration/transport/certificate.hpp"
#include "integration/transport/conversation.hpp"
#include "integration/transport/raw_client.hpp"
#include "integration/transport/tls_tunnel.hpp"
#include "support/server_process.hpp"
#include "unit/net/client_frames.hpp"

#include <boost/test/unit_test.hpp>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

using client_frames::text;
using client_frames::whole;
using support::server_process;
using transport::field_of;
using transport::raw_client;
using transport::tls_tunnel;

namespace {

const std::string channel = "#507f1f77bcf86cd799439011";

struct secure_server : transport::certificate_directory {
    secure_server() { make("first", "first.example"); }
};

/// A peer that came by TLS.
struct tls_peer {
    std::unique_ptr<tls_tunnel> tunnel;
    std::unique_ptr<raw_client> client;
    std::string id;

    tls_peer(const server_process& server, int version, int receive_buffer = 0) {
        tunnel = std::make_unique<tls_tunnel>(
            server.port(), tls_tunnel::options{.version = version, .receive_buffer_bytes = receive_buffer});
        client = std::make_unique<raw_client>(tunnel->plain_end());
        client->upgrade();
        say("/descp {}");
        id = field_of(skip_to("welcome"), "id");
    }

    void say(const std::string& command) const { client->send(whole(text, command)); }

    [[nodiscard]] std::string next() const {
        const auto frame = client->read_frame();
        if (!frame || frame->opcode != text) throw std::runtime_error("expected an event");
        return frame->payload;
    }

    [[nodiscard]] std::string skip_to(std::string_view type) const {
        for (;;) {
            auto event = next();
            if (field_of(event, "type") == type) return event;
        }
    }
};

std::string filler(std::size_t bytes, int number) {
    auto out = std::to_string(number) + ":";
    while (out.size() < bytes) out += static_cast<char>('a' + (out.size() + static_cast<std::size_t>(number)) % 26);
    return out;
}

/// Everything up to the last message: the messages intact and in order, and for each that is not there a `lost`.
void expect_all(const tls_peer& reader, int messages, std::size_t bytes) {
    int next = 1;
    while (next <= messages) {
        const auto event = reader.next();
        const auto type = field_of(event, "type");
        if (type == "lost") {
            BOOST_REQUIRE_EQUAL(field_of(event, "from"), std::to_string(next));
            next = std::stoi(field_of(event, "to")) + 1;
        } else if (type == "pubmsg") {
            BOOST_REQUIRE_EQUAL(field_of(event, "seq"), std::to_string(next));
            BOOST_REQUIRE(field_of(event, "content") == filler(bytes, next));
            ++next;
        }
    }
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tls_traffic, secure_server)

BOOST_AUTO_TEST_CASE(peers_on_all_threads_and_of_both_versions_hear_one_another) {
    server_process server(options("first", {"--threads", "4"}));
    std::vector<std::unique_ptr<tls_peer>> peers;
    for (int i = 0; i < 8; ++i) {
        peers.push_back(std::make_unique<tls_peer>(server, i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION));
        peers.back()->say("/join " + channel);
        BOOST_TEST(field_of(peers.back()->skip_to("joined"), "members") == std::to_string(i + 1));
    }
    for (const auto& from : peers) {
        from->say("/pubmsg " + channel + " by " + from->id);
        for (const auto& to : peers) {
            if (from == to) continue;
            BOOST_TEST(field_of(to->skip_to("pubmsg"), "content") == "by " + from->id);
            from->say("/privmsg " + to->id + " " + filler(20000, 7));
            BOOST_TEST((field_of(to->skip_to("privmsg"), "content") == filler(20000, 7)));
        }
    }
}

BOOST_AUTO_TEST_CASE(slow_readers_get_whole_frames_in_order_or_are_told_what_is_lost) {
    constexpr int messages = 150;
    constexpr std::size_t bytes = 60000;
    for (const std::string threads : {"1", "4"}) {
        server_process server(
            options("first", {"--threads", threads, "--rate", "0", "--channel-log", "1MiB", "--heartbeat", "10m"}));
        std::vector<std::unique_ptr<tls_peer>> readers;
        for (int i = 0; i < 6; ++i) {
            readers.push_back(
                std::make_unique<tls_peer>(server, i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION, i < 3 ? 4096 : 0));
            readers.back()->say("/join " + channel);
            static_cast<void>(readers.back()->skip_to("joined"));
        }
        const tls_peer sender(server, TLS1_3_VERSION);
        sender.say("/join " + channel);
        static_cast<void>(sender.skip_to("joined"));
        for (int i = 1; i <= messages; ++i) sender.say("/pubmsg " + channel + " " + filler(bytes, i));
        sender.say("/ping sent");
        static_cast<void>(sender.skip_to("pong"));
        for (const auto& reader : readers) expect_all(*reader, messages, bytes);
        // What was said to one that was slow comes behind, and both ways are still in step.
        for (const auto& reader : readers) {
            reader->say("/ping still here");
            BOOST_TEST(field_of(reader->skip_to("pong"), "content") == "still here");
        }
    }
}

BOOST_AUTO_TEST_CASE(large_messages_both_ways_at_once_do_not_stop_each_other) {
    server_process server(options("first", {"--rate", "0"}));
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const tls_peer self(server, version);
        constexpr int messages = 20;
        for (int i = 1; i <= messages; ++i) {
            self.say("/privmsg " + self.id + " " + filler(60000, i));
            BOOST_TEST((field_of(self.skip_to("privmsg"), "content") == filler(60000, i)));
        }
        std::string batch;
        for (int i = 1; i <= messages; ++i) batch += whole(text, "/privmsg " + self.id + " " + filler(9000, i));
        self.client->send(batch);
        for (int i = 1; i <= messages; ++i)
            BOOST_TEST((field_of(self.skip_to("privmsg"), "content") == filler(9000, i)));
    }
}

BOOST_AUTO_TEST_CASE(who_never_reads_is_closed_at_the_end_all_the_same) {
    server_process server(options("first", {"--rate", "0", "--shutdown-timeout", "1s"}));
    const tls_peer stuck(server, TLS1_3_VERSION, 4096);
    stuck.say("/join " + channel);
    static_cast<void>(stuck.skip_to("joined"));
    const tls_peer sender(server, TLS1_3_VERSION);
    sender.say("/join " + channel);
    for (int i = 1; i <= 60; ++i) sender.say("/pubmsg " + channel + " " + filler(60000, i));
    sender.say("/ping sent");
    static_cast<void>(sender.skip_to("pong"));
    server.terminate();
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
