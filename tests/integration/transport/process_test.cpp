#include "integration/transport/conversation.hpp"
#include "integration/transport/raw_client.hpp"
#include "support/server_process.hpp"
#include "unit/net/client_frames.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace client_frames;
using support::run_to_end;
using support::server_process;
using transport::raw_client;

namespace {

/// One line, with a full reason.
void check_complaint(const support::ending& got, int code, const std::string& about) {
    BOOST_TEST(got.code == code);
    BOOST_TEST(got.output.empty());
    BOOST_TEST(got.errors.find(about) != std::string::npos, got.errors << " does not name " << about);
    BOOST_TEST(got.errors.starts_with("signaller: "), got.errors);
    BOOST_TEST(got.errors.find('\n') == got.errors.size() - 1, got.errors);
}

}  // namespace

/// The program as whoever starts and stops it sees it: output, exit codes, signals at any time.
BOOST_AUTO_TEST_SUITE(process)

BOOST_AUTO_TEST_CASE(a_wrong_option_is_exit_code_2_and_one_line) {
    check_complaint(run_to_end({"--port", "65536"}), 2, "--port");
    check_complaint(run_to_end({"--no-such-option"}), 2, "--no-such-option");
    check_complaint(run_to_end({"--config", "/nonexistent/signaller.conf"}), 2, "/nonexistent/signaller.conf");
}

BOOST_AUTO_TEST_CASE(an_address_that_is_taken_is_exit_code_1_and_one_line) {
    // The threads of one server share its port, but not with another server.
    for (const std::string threads : {"1", "3"}) {
        const server_process first({"--threads", threads});
        const auto port = std::to_string(first.port());
        check_complaint(run_to_end({"--port", port, "--threads", threads}), 1, port);
        check_complaint(run_to_end({"--address", "203.0.113.1", "--threads", threads}), 1, "203.0.113.1");
        const auto twice = "127.0.0.2:" + port + ",127.0.0.2:" + port;
        check_complaint(run_to_end({"--address", twice, "--threads", threads}), 1, port);
    }
}

BOOST_AUTO_TEST_CASE(connections_spread_over_the_threads) {
    const server_process server({"--threads", "3"});
    const std::string get = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    std::vector<std::unique_ptr<raw_client>> clients;
    std::string page;
    // The kernel deals them out at random: that one of three gets none of 60 does not happen.
    for (int i = 0; i < 60; ++i) {
        clients.push_back(std::make_unique<raw_client>(server.port()));
        clients.back()->send(get);
        page = clients.back()->read_response().body;
    }
    for (const std::string shard : {"0", "1", "2"}) {
        const auto line = "\nsignaller_shard_connections{shard=\"" + shard + "\"} ";
        BOOST_TEST(page.find(line) != std::string::npos);
        BOOST_TEST(page.find(line + "0\n") == std::string::npos, "none on shard " << shard);
    }
}

BOOST_AUTO_TEST_CASE(questions_are_answered_on_the_output_with_exit_code_0) {
    for (const char* const question : {"--help", "--version", "--print-config"}) {
        const auto got = run_to_end({question});
        BOOST_TEST(got.code == 0);
        BOOST_TEST(!got.output.empty());
        BOOST_TEST(got.errors.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_signal_right_after_the_first_line_ends_gracefully) {
    for (int round = 0; round < 20; ++round) {
        server_process server({"--threads", round % 2 == 0 ? "1" : "4"});
        server.terminate();
        BOOST_REQUIRE_EQUAL(server.wait_exit(), 0);
    }
}

BOOST_AUTO_TEST_CASE(a_reload_during_the_start_is_done_after_it) {
    const auto name = std::filesystem::temp_directory_path() / ("signaller-" + std::to_string(::getpid()) + ".fifo");
    BOOST_REQUIRE(::mkfifo(name.c_str(), 0600) == 0);
    const auto hang_up = [&](pid_t starting) {
        // Opens as soon as the server reads, and keeps it there.
        int writer = -1;
        const auto deadline = std::chrono::steady_clock::now() + support::patience();
        while ((writer = ::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
            BOOST_REQUIRE(std::chrono::steady_clock::now() < deadline);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        ::kill(starting, SIGHUP);
        ::close(writer);
    };
    server_process server({"--config", name.string(), "--log-level", "info"}, -1, hang_up);
    std::filesystem::remove(name);
    server.terminate();
    BOOST_TEST(server.wait_exit() == 0);
    BOOST_TEST(server.errors().find("event=reloaded") != std::string::npos, server.errors());
}

BOOST_AUTO_TEST_CASE(a_third_signal_changes_nothing) {
    server_process server({"--close-timeout", "10m", "--shutdown-timeout", "10m"});
    raw_client client(server.port());
    client.upgrade();
    server.terminate();
    BOOST_TEST(transport::listen(client, 2) == (transport::heard{"bye 1001", "CLOSE 1001"}),
               boost::test_tools::per_element());
    // The kernel may make one of these.
    server.terminate();
    server.terminate();
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_CASE(peers_of_every_shard_are_told_of_the_end) {
    server_process server({"--threads", "4"});
    std::vector<std::unique_ptr<raw_client>> clients;
    for (int i = 0; i < 24; ++i) {
        auto client = std::make_unique<raw_client>(server.port());
        client->upgrade();
        client->send(whole(text, i % 2 == 0 ? "/descp {}" : "/descp {\"resume\": true}"));
        client->send(whole(text, "/join #507f1f77bcf86cd799439011"));
        // welcome, joined
        static_cast<void>(transport::listen(*client, 2));
        clients.push_back(std::move(client));
    }
    server.terminate();
    for (const auto& client : clients) {
        // Nobody is told of anybody's leaving: of the others' coming, and then of the end.
        std::string word;
        while (word != "CLOSE 1001") {
            const auto words = transport::listen(*client, 1);
            BOOST_REQUIRE(words.front() != "end" && words.front() != "reset");
            word = words.front();
            BOOST_TEST(!word.starts_with("quit"));
        }
        client->shutdown_write();
        client->read_to_end();
        BOOST_TEST(!client->was_reset());
    }
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_CASE(a_request_that_is_under_way_does_not_hold_up_the_end) {
    server_process server({"--handshake-timeout", "10m", "--shutdown-timeout", "10m"});
    raw_client silent(server.port());
    raw_client half(server.port());
    half.send("GET / HTTP/1.1\r\nHo");
    raw_client upgraded(server.port());
    upgraded.upgrade();
    upgraded.send(part(text, "/pi"));
    server.terminate();
    BOOST_TEST(transport::listen(upgraded, 2) == (transport::heard{"bye 1001", "CLOSE 1001"}),
               boost::test_tools::per_element());
    upgraded.shutdown_write();
    silent.read_to_end();
    half.read_to_end();
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
