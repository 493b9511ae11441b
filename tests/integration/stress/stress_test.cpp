#include "integration/stress/crowd.hpp"
#include "support/server_process.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace stress;

namespace {

constexpr std::size_t crowd_count = 4;
constexpr std::size_t channel_count = 4;

std::size_t number_from_environment(const char* name, std::size_t otherwise) {
    const char* const given = std::getenv(name);
    return given ? std::stoul(given) : otherwise;
}

/// SIGNALLER_TEST_SEED repeats a run as far as threads allow; SIGNALLER_TEST_STEPS makes it longer.
std::uint32_t seed() { return static_cast<std::uint32_t>(number_from_environment("SIGNALLER_TEST_SEED", 1)); }
std::size_t steps() { return number_from_environment("SIGNALLER_TEST_STEPS", 500); }

/// Nobody is skipped, refused or forgotten for a limit's sake, so that every message has to be everywhere.
const std::vector<std::string> generous{
    "--threads",     "4",     "--broadcast-rate", "0",     "--byte-rate",     "0",      "--rate",         "0",
    "--channel-log", "64MiB", "--queue",          "64MiB", "--resume-events", "100000", "--resume-bytes", "64MiB",
    "--retention",   "10m",   "--resume-window",  "10m"};

const std::vector<std::string> nothing;

struct fixture {
    support::server_process server{generous};
    scene all;
    std::vector<crowd> crowds;
    std::vector<std::thread> threads;
    std::mutex mutex;
    std::vector<std::string> violations;
    std::vector<std::string> endings;  ///< of connections, which threads do not survive

    fixture() {
        all.port = server.port();
        BOOST_TEST_MESSAGE("seed " << seed() << ", steps " << steps());
        for (std::size_t i = 0; i < channel_count; ++i) all.channels.push_back(support::make_channel());
        for (std::size_t i = 0; i < crowd_count; ++i) {
            auto& added = crowds.emplace_back(all, seed() * 1000 + static_cast<std::uint32_t>(i));
            added.add_witness(all.channels[i % channel_count]);
            for (int count = 0; count < 4; ++count) added.add(kind::resumable);
            for (int count = 0; count < 4; ++count) added.add(kind::plain);
        }
    }

    /// Starts all crowds, each on a thread of its own.
    void start(std::size_t step_count) {
        for (auto& each : crowds) {
            threads.emplace_back([this, &each, step_count] {
                try {
                    each.run(step_count);
                } catch (const violation& e) {
                    note(violations, e.what());
                } catch (const std::exception& e) {
                    note(endings, e.what());
                    each.drop_all();
                }
            });
        }
    }
    void join() {
        for (auto& thread : threads) thread.join();
        threads.clear();
    }
    void note(std::vector<std::string>& in, const char* what) {
        const std::lock_guard lock(mutex);
        in.emplace_back(what);
    }

    /// Everybody in a channel gets everything that was said in it, and knows the same members.
    void check_channel(const std::string& channel) {
        const std::set<std::string> everybody(all.peers.begin(), all.peers.end());
        const std::set<std::string>* members = nullptr;
        const auto said = static_cast<std::int64_t>(all.all.messages_of(channel).size());
        BOOST_TEST(said > 0);
        for (auto& each : crowds) {
            for (auto& who : each.actors()) {
                if (!who->channels().contains(channel)) continue;
                who->listen_until(channel, said);
                // The server may still be busy with passers-by that broke off.
                who->listen_until_only(channel, everybody);
                who->read_members(channel);
                who->settle();
                BOOST_TEST(who->seq_in(channel) == said);
                if (!members) members = &who->members_of(channel);
                BOOST_TEST(who->members_of(channel) == *members, boost::test_tools::per_element());
                BOOST_TEST(members->contains(who->id()));
            }
        }
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(stress, fixture)

BOOST_AUTO_TEST_CASE(everything_at_once_leaves_no_gap_no_double_and_one_order) {
    start(steps());
    join();
    BOOST_TEST(violations == nothing, boost::test_tools::per_element());
    BOOST_TEST(endings == nothing, boost::test_tools::per_element());
    BOOST_REQUIRE(violations.empty() && endings.empty());
    for (auto& each : crowds) each.come_to_rest();
    // Whoever came to rest late has acted on those who came to rest before.
    for (auto& each : crowds) each.come_to_rest();
    for (const auto& channel : all.channels) check_channel(channel);
    std::size_t heard = 0;
    for (auto& each : crowds) {
        for (auto& who : each.actors()) {
            heard += who->heard();
            if (who->what() != kind::plain) all.all.require_all_private_received(who->id());
        }
    }
    BOOST_TEST_MESSAGE(heard << " events");
    server.terminate();
    for (auto& each : crowds) {
        for (auto& who : each.actors()) who->expect_the_end();
    }
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_CASE(an_end_in_the_middle_of_everything_is_graceful) {
    start(SIZE_MAX);
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    while (all.all.public_message_count() < 1000 && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    server.terminate();
    BOOST_TEST(server.wait_exit() == 0);
    join();
    BOOST_TEST(violations == nothing, boost::test_tools::per_element());
    BOOST_TEST(endings.size() == crowds.size());
}

BOOST_AUTO_TEST_SUITE_END()
