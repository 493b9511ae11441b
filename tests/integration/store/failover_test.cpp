#include "integration/store/fixture.hpp"

#include <fstream>

using namespace stored;

namespace {

/// A sentinel that watches `master`, alone: it decides by itself.
class sentinel {
public:
    explicit sentinel(const redis_process& master) {
        std::ofstream(folder_.path("sentinel.conf"))
            << "port " << port_ << "\nbind 127.0.0.1\ndir " << folder_.path(".") << "\nlogfile " << folder_.path("log")
            << "\nsentinel monitor main 127.0.0.1 " << master.port()
            << " 1\nsentinel down-after-milliseconds main 500\n"
            << "sentinel failover-timeout main 3000\n";
        process_ = support::run_in_background({"redis-server", folder_.path("sentinel.conf"), "--sentinel"});
    }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] bool knows_a_replica() const {
        const auto text = support::ask_redis("-p " + std::to_string(port_), "SENTINEL replicas main");
        return text.find("flags\nslave\n") != std::string::npos;
    }

private:
    support::scratch_folder folder_;
    std::uint16_t port_ = support::free_port();
    support::child_process process_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(failover)

BOOST_AUTO_TEST_CASE(the_new_master_is_found_and_told_what_it_does_not_know) {
    redis_process first;
    redis_process second({"--replicaof", "127.0.0.1 " + std::to_string(first.port())});
    const sentinel watch(first);
    wait_until([&] {
        return watch.knows_a_replica() &&
            second.ask("INFO replication").find("master_link_status:up") != std::string::npos;
    });
    const auto address = "redis://127.0.0.1:" + std::to_string(watch.port()) +
        ",127.0.0.1:" + std::to_string(support::free_port()) + "?master=main";
    const server_process a(with_store(address, {"--store-timeout", "300ms"}));
    const server_process b(with_store(address, {"--store-timeout", "300ms"}));
    auto alice = peer_at(a, "alice");
    auto bob = peer_at(b, "bob");
    const auto channel = make_channel();
    join(alice, channel);
    join(bob, channel, {&alice});
    for (int i = 1; i <= 5; ++i) {
        alice.ask("/pubmsg " + channel + " " + std::to_string(i));
        bob.expect("pubmsg");
    }
    first.kill();
    const auto answer = ask_until(alice, "/pubmsg " + channel + " after", "ack");
    BOOST_TEST(number_of(answer, "seq") == 6);
    bob.expect("pubmsg", {{"content", "after"}, {"seq", 6}});
    BOOST_TEST(second.ask("ROLE").starts_with("master"));
    BOOST_TEST(number_of(ask_until(bob, "/pubmsg " + channel + " too", "ack"), "seq") == 7);
    alice.expect("pubmsg", {{"seq", 7}});
}

BOOST_AUTO_TEST_SUITE_END()
