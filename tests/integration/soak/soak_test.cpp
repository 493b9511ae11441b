#include "integration/soak/figures.hpp"
#include "integration/soak/loads.hpp"
#include "integration/stress/crowd.hpp"
#include "integration/transport/certificate.hpp"
#include "support/server_process.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using clock = std::chrono::steady_clock;
using soak::tally;

constexpr std::size_t viewer_count = 200;
constexpr std::size_t crowd_count = 2;
constexpr double mebibyte = 1024.0 * 1024.0;

/// SIGNALLER_TEST_SECONDS is a longer run; scripts/soak sets it.
double duration() {
    const char* const given = std::getenv("SIGNALLER_TEST_SECONDS");
    return given ? std::stod(given) : 10;
}

/// Whoever is gone is soon forgotten, so that the server is as full after a twentieth of the run as at its end.
std::vector<std::string> options(const transport::certificate_directory& files) {
    const auto memory = std::to_string(std::max(10, static_cast<int>(duration() / 20))) + "s";
    return files.options("current",
                         {"--threads",
                          "4",
                          "--address",
                          "plain:127.0.0.1,127.0.0.1",
                          "--broadcast-rate",
                          "0",
                          "--byte-rate",
                          "0",
                          "--rate",
                          "0",
                          "--retention",
                          memory,
                          "--resume-window",
                          memory,
                          "--resume-events",
                          "100000",
                          "--resume-bytes",
                          "8MiB",
                          "--handshake-timeout",
                          "2s",
                          "--connection-rate",
                          "0",
                          "--connection-rate-per-address",
                          "0",
                          "--max-handshake-failures",
                          "0",
                          "--max-connections-per-address",
                          "0"});
}

struct certificates : transport::certificate_directory {
    certificates() {
        make("first", "first.example");
        make("second", "second.example");
        make("current", "first.example");
        replace("current", "first");
    }
};

/// Everything that goes on at once, each on a thread of its own; the first failure ends all.
class run {
public:
    run() {
        on_.port = scene_.port = server_.ports().at(0);
        on_.tls_port = server_.ports().at(1);
        for (std::size_t i = 0; i < crowd_count; ++i) scene_.channels.push_back(support::make_channel());
        for (std::size_t i = 0; i < crowd_count; ++i) {
            auto& added = crowds_.emplace_back(scene_, static_cast<std::uint32_t>(i + 1));
            added.add_witness(scene_.channels[i]);
            for (int count = 0; count < 4; ++count) added.add(stress::kind::resumable);
            for (int count = 0; count < 4; ++count) added.add(stress::kind::plain);
        }
    }

    void go() {
        for (auto& each : crowds_) {
            start([this, &each] {
                while (!on_.over) each.run(10);
            });
        }
        start([this] { fan_out_ = soak::fan_out(on_, viewer_count); });
        start([this] { slow_ = soak::slow_readers(on_); });
        start([this] { malformed_ = soak::malformed_input(on_); });
        start([this] { reloads_ = soak::reloads(on_, server_, files_); });
        watch();
        for (auto& each : threads_) each.join();
        for (const auto& problem : problems_) BOOST_ERROR(problem);
        BOOST_REQUIRE(problems_.empty());
    }

    /// Nothing is lost, doubled or out of order: whoever is there has heard everything that was said.
    void check_crowds() {
        for (int round = 0; round < 2; ++round) {
            for (auto& each : crowds_) each.come_to_rest();
        }
        for (const auto& channel : scene_.channels) {
            const auto said = static_cast<std::int64_t>(scene_.all.messages_of(channel).size());
            BOOST_TEST(said > 0);
            for (auto& each : crowds_) {
                for (auto& who : each.actors()) {
                    if (who->channels().contains(channel)) who->listen_until(channel, said);
                }
            }
        }
        for (auto& each : crowds_) {
            for (auto& who : each.actors()) {
                events_ += who->heard();
                if (who->what() != stress::kind::plain) scene_.all.require_all_private_received(who->id());
            }
        }
    }

    void check_memory() {
        // The first tenth fills what is then reused.
        const auto early = static_cast<double>(course_.resident_bytes(0.1, 0.2));
        const auto late = static_cast<double>(course_.resident_bytes(0.9, 1.0));
        // A run that is over before the server is full says nothing.
        if (duration() >= 60) BOOST_TEST(late - early <= std::max(8 * mebibyte, 0.1 * early));
    }

    void report() const {
        const auto deliveries = static_cast<double>(fan_out_.deliveries + slow_.deliveries + events_);
        const auto& end = course_.last();
        const auto row = [](const std::string& what, auto value, const std::string& unit) {
            std::cout << "| " << what << " | " << value << " " << unit << " |\n";
        };
        std::cout << "| soak, " << duration() << " s | |\n| --- | --- |\n";
        row("churn: events checked in the crowds", events_, "");
        row("fan-out: deliveries to " + std::to_string(viewer_count) + " viewers", fan_out_.deliveries, "");
        row("slow readers: deliveries, in " + std::to_string(slow_.rounds) + " rounds", slow_.deliveries, "");
        row("slow readers: messages skipped and told by lost", slow_.lost_told, "");
        row("malformed input: connections", malformed_.rounds, "");
        row("SIGHUPs with another certificate", reloads_.rounds, "");
        row("lost, doubled, reordered", 0, "");
        row("CPU of the server", end.cpu_seconds * 1e6 / deliveries, "µs for each event delivered");
        row("resident memory at 10–20 % of the run", static_cast<double>(course_.resident_bytes(0.1, 0.2)) / mebibyte,
            "MiB");
        row("at 45–55 %", static_cast<double>(course_.resident_bytes(0.45, 0.55)) / mebibyte, "MiB");
        row("at 90–100 %", static_cast<double>(course_.resident_bytes(0.9, 1)) / mebibyte, "MiB");
    }

    /// Every connection is gone, and so are the descriptors.
    void end() {
        for (auto& each : crowds_) each.drop_all();
        const auto deadline = clock::now() + support::patience();
        auto left = soak::read_figures(server_.pid(), duration());
        while (left.descriptors > first_.descriptors && clock::now() < deadline) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            left = soak::read_figures(server_.pid(), duration());
        }
        BOOST_TEST(left.descriptors <= first_.descriptors);
        server_.terminate();
        BOOST_TEST(server_.wait_exit() == 0);
    }

private:
    void start(std::function<void()> what) {
        threads_.emplace_back([this, what = std::move(what)] {
            try {
                what();
            } catch (const std::exception& e) {
                const std::lock_guard lock(mutex_);
                problems_.emplace_back(e.what());
                on_.over = true;
            }
        });
    }

    void watch() {
        const auto began = clock::now();
        for (auto next = began; !on_.over; next += std::chrono::seconds(1)) {
            std::this_thread::sleep_until(next);
            const auto seconds = std::chrono::duration<double>(clock::now() - began).count();
            course_.add(soak::read_figures(server_.pid(), seconds));
            if (seconds >= duration()) on_.over = true;
        }
    }

    certificates files_;
    support::server_process server_{options(files_)};
    soak::reading first_ = soak::read_figures(server_.pid(), 0);
    soak::stage on_;
    stress::scene scene_;
    std::vector<stress::crowd> crowds_;
    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::vector<std::string> problems_;
    soak::course course_;
    tally fan_out_;
    tally slow_;
    tally malformed_;
    tally reloads_;
    std::size_t events_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(soaking)

BOOST_AUTO_TEST_CASE(everything_at_once_loses_nothing_and_fills_nothing) {
    run all;
    all.go();
    all.check_crowds();
    all.report();
    all.check_memory();
    all.end();
}

BOOST_AUTO_TEST_SUITE_END()
