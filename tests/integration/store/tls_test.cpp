#include "integration/store/fixture.hpp"
#include "integration/transport/certificate.hpp"

using namespace stored;

namespace {

std::string port_text(std::uint16_t port) { return std::to_string(port); }

/// A Redis with a port for TLS, whose certificate is for 127.0.0.1.
struct secure_redis : transport::certificate_directory {
    std::uint16_t tls_port = support::free_port();
    redis_process redis;

    secure_redis() : redis(prepared()) {}

    [[nodiscard]] std::string store(const std::string& authorities, const std::string& host = "127.0.0.1") const {
        return "rediss://" + host + ":" + port_text(tls_port) + "?ca=" + file(authorities);
    }

private:
    std::vector<std::string> prepared() const {
        make("redis", "redis.example", "ec", "IP:127.0.0.1");
        make("other", "other.example", "ec", "IP:127.0.0.1");
        return {"--tls-port",     port_text(tls_port), "--tls-cert-file",    file("redis.pem"),
                "--tls-key-file", file("redis.key"),   "--tls-auth-clients", "no"};
    }
};

/// Not every hiredis has it.
boost::test_tools::assertion_result with_tls(boost::unit_test::test_unit_id) {
    return support::run_to_end({"--store", "rediss://127.0.0.1", "--print-config"}).code == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tls)

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(with_tls))
BOOST_FIXTURE_TEST_CASE(servers_share_a_redis_by_tls_and_large_messages_too, secure_redis) {
    // Large enough for all of it to wait for a slow reader.
    const std::vector<std::string> roomy{"--channel-log", "16MiB"};
    const server_process a(with_store(store("redis.pem"), roomy));
    const server_process b(with_store(store("redis.pem"), roomy));
    auto alice = peer_at(a, "alice");
    auto bob = peer_at(b, "bob");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    const std::string content(60000, 'x');
    // Without waiting for answers, so that what hiredis has to write grows while it writes.
    for (int i = 0; i < 100; ++i) alice.send("/pubmsg " + channel + " " + content);
    for (int i = 1; i <= 100; ++i) {
        const auto got = bob.expect("pubmsg", {{"content", content}});
        BOOST_TEST(number_of(got, "seq") == i);
    }
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(with_tls))
BOOST_FIXTURE_TEST_CASE(a_break_is_got_over, secure_redis) {
    const server_process server(with_store(store("redis.pem")));
    auto alice = peer_at(server, "alice");
    redis.kill();
    redis.start();
    const auto channel = make_channel();
    ask_until(alice, "/join " + channel, "joined");
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(with_tls))
BOOST_FIXTURE_TEST_CASE(a_certificate_of_somebody_else_is_not_taken, secure_redis) {
    const server_process by_another_authority(with_store(store("other.pem"), {"--store-timeout", "300ms"}));
    client alice(by_another_authority.port());
    alice.send("/descp {}");
    alice.expect_error(400);
    make("redis2", "redis.example", "ec", "IP:127.0.0.2");
    redis.ask("CONFIG SET tls-cert-file " + file("redis2.pem") + " tls-key-file " + file("redis2.key"));
    const server_process for_another_host(with_store(store("redis2.pem"), {"--store-timeout", "300ms"}));
    client bob(for_another_host.port());
    bob.send("/descp {}");
    bob.expect_error(400);
}

BOOST_AUTO_TEST_SUITE_END()
