#include "integration/transport/conversation.hpp"
#include "integration/transport/raw_client.hpp"
#include "support/server_process.hpp"
#include "unit/net/client_frames.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <string_view>

using namespace client_frames;
using transport::raw_client;

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

/// Where the operator allows long messages: as the Autobahn suite's sections 7.1, 9 and 10 send them.
struct long_messages : support::server_process {
    long_messages()
        // Nobody describes itself here, and a slow machine needs its time for so many bytes.
        : server_process({"--rate", "0", "--max-message", "16MiB", "--max-content", "16777210", "--queue", "64MiB",
                          "--describe-timeout", "10m", "--heartbeat", "10m"}) {}
};

std::string in_fragments(std::string_view message, std::size_t fragment_bytes) {
    std::string bytes;
    for (std::size_t at = 0; at < message.size(); at += fragment_bytes) {
        shape how;
        how.final = at + fragment_bytes >= message.size();
        bytes += whole(at == 0 ? text : continuation, message.substr(at, fragment_bytes), how);
    }
    return bytes;
}

void expect_pong(raw_client& client, std::string_view content) {
    const auto frame = client.read_frame();
    BOOST_REQUIRE(frame);
    BOOST_TEST(transport::field_of(frame->payload, "type") == "pong");
    BOOST_TEST((transport::field_of(frame->payload, "content") == content));
}

void expect_end(raw_client& client) {
    BOOST_TEST(transport::listen_to_end(client) == (transport::heard{"CLOSE 1000", "end"}),
               boost::test_tools::per_element());
}

std::string good_bye() { return whole(close_frame, close_payload(1000)); }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(framing_long, long_messages)

BOOST_AUTO_TEST_CASE(texts_up_to_the_limit_come_back_9_1) {
    raw_client client(port());
    client.upgrade();
    for (const auto size : {64 * 1024UL, 256 * 1024UL, mebibyte, 4 * mebibyte, 8 * mebibyte, 16 * mebibyte - 6}) {
        const std::string content(size, '*');
        client.send(whole(text, "/ping " + content));
        expect_pong(client, content);
    }
    client.send(good_bye());
    expect_end(client);
}

BOOST_AUTO_TEST_CASE(a_byte_over_the_limit_is_1009) {
    raw_client client(port());
    client.upgrade();
    client.send(whole(text, std::string(16 * mebibyte + 1, '*')));
    BOOST_TEST(transport::listen_to_end(client) == (transport::heard{"bye 1009", "CLOSE 1009", "end"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(binary_of_any_length_is_1003_9_2) {
    raw_client client(port());
    client.upgrade();
    client.send(whole(binary, std::string(mebibyte, '\xfe')));
    BOOST_TEST(transport::listen_to_end(client) == (transport::heard{"bye 1003", "CLOSE 1003", "end"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(long_texts_in_fragments_of_any_size_come_back_9_3) {
    raw_client client(port());
    client.upgrade();
    const std::string content(4 * mebibyte, '*');
    for (const std::size_t fragment :
         {64UL, 256UL, 1024UL, 4096UL, 16384UL, 65536UL, 262144UL, mebibyte, 4 * mebibyte}) {
        client.send(in_fragments("/ping " + content, fragment));
        expect_pong(client, content);
    }
    client.send(good_bye());
    expect_end(client);
}

BOOST_AUTO_TEST_CASE(long_texts_in_packets_of_any_size_come_back_9_5) {
    raw_client client(port());
    client.upgrade();
    const std::string content(mebibyte, '*');
    for (const std::size_t packet : {64UL, 128UL, 256UL, 512UL, 1024UL, 2048UL}) {
        client.send_in_pieces(whole(text, "/ping " + content), packet);
        expect_pong(client, content);
    }
    client.send(good_bye());
    expect_end(client);
}

BOOST_AUTO_TEST_CASE(messages_there_and_back_a_thousand_times_9_7) {
    raw_client client(port());
    client.upgrade();
    for (const std::size_t size : {0UL, 16UL, 64UL, 256UL, 1024UL, 4096UL}) {
        const std::string content(size, '*');
        const auto message = whole(text, size == 0 ? "/ping" : "/ping " + content);
        for (int count = 0; count < 1000; ++count) {
            client.send(message);
            const auto frame = client.read_frame();
            BOOST_REQUIRE(frame);
            // {"type":"pong","content":"***"}
            BOOST_REQUIRE(frame->payload.ends_with(R"(,"content":")" + content + R"("})"));
        }
    }
    client.send(good_bye());
    expect_end(client);
}

BOOST_AUTO_TEST_CASE(what_follows_a_close_is_not_looked_at_7_1) {
    const std::string content(256 * 1024, '*');
    raw_client long_before(port());
    long_before.upgrade();
    long_before.send(whole(text, "/ping " + content) + good_bye() + whole(ping, ""));
    expect_pong(long_before, content);
    expect_end(long_before);

    raw_client between_fragments(port());
    between_fragments.upgrade();
    between_fragments.send(part(text, "/ping frag") + good_bye() + whole(continuation, "ment"));
    expect_end(between_fragments);

    raw_client rubbish_after(port());
    rubbish_after.upgrade();
    rubbish_after.send(good_bye() + std::string(100000, '\xff'));
    expect_end(rubbish_after);
}

BOOST_AUTO_TEST_CASE(a_close_without_code_has_an_answer_without_code_7_3) {
    raw_client client(port());
    client.upgrade();
    client.send(whole(close_frame, ""));
    const auto frame = client.read_frame();
    BOOST_REQUIRE(frame);
    BOOST_TEST(frame->opcode == close_frame);
    BOOST_TEST(frame->payload.empty());
}

BOOST_AUTO_TEST_CASE(fragments_as_a_client_cuts_them_10_1) {
    raw_client client(port());
    client.upgrade();
    const std::string content(65536, '*');
    client.send(in_fragments("/ping " + content, 1300));
    expect_pong(client, content);
}

BOOST_AUTO_TEST_SUITE_END()
