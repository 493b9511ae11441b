#include "integration/store/actor.hpp"
#include "support/http_get.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>

using namespace stored;

namespace {

constexpr std::size_t node_count = 3;
constexpr std::size_t channel_count = 3;
constexpr std::size_t actor_count = 12;
constexpr std::size_t stranger_count = 4;

unsigned number_from_environment(const char* name, unsigned otherwise) {
    const char* const given = std::getenv(name);
    return given ? static_cast<unsigned>(std::stoul(given)) : otherwise;
}

/// SIGNALLER_TEST_SEED is another run, SIGNALLER_TEST_STEPS a longer one.
unsigned seed() { return number_from_environment("SIGNALLER_TEST_SEED", 1); }
unsigned steps() { return number_from_environment("SIGNALLER_TEST_STEPS", 600); }

/// Nobody is buried or forgotten while the test runs: whoever is cut off comes back.
const std::vector<std::string> patient{
    "--resume-window", "10m",   "--retention", "10m",  "--resume-events", "100000", "--resume-bytes", "64MiB",
    "--store-timeout", "300ms", "--history",   "1000", "--history-bytes", "64MiB",  "--queue",        "64MiB"};

/// Messages are long, so that channels are kept as states, too, and read from those.
constexpr std::size_t message_bytes = 5000;

/// Three servers on one Redis that keeps a log, each by a way of its own that can be cut.
struct cluster {
    redis_process redis{{"--appendonly", "yes", "--appendfsync", "always"}};
    std::array<std::unique_ptr<forwarder>, node_count> ways;
    std::array<std::unique_ptr<server_process>, node_count> nodes;

    cluster() {
        for (auto& way : ways) way = std::make_unique<forwarder>(redis.socket());
        for (std::size_t i = 0; i < node_count; ++i) start(i);
    }
    void start(std::size_t i) { nodes[i] = std::make_unique<server_process>(with_store(ways[i]->store(), patient)); }
    void crash(std::size_t i) {
        nodes[i]->kill();
        nodes[i]->wait_exit();
        start(i);
    }
};

class play {
public:
    play() {
        for (std::size_t i = 0; i < channel_count; ++i) channels_.push_back(make_channel());
        for (std::size_t i = 0; i < stranger_count; ++i) strangers_.push_back(make_id());
        for (std::size_t i = 0; i < actor_count; ++i)
            actors_.push_back(std::make_unique<actor>(told_, "actor " + std::to_string(i), i % 2 == 0));
        // Resumable, and never leaving: there is an operator all the time, and nobody succeeds.
        BOOST_REQUIRE(owner().connect(*all_.nodes[0]));
        for (const auto& channel : channels_) owner().ask("/join " + channel);
    }

    void run(unsigned step_count) {
        for (unsigned step = 0; step < step_count; ++step) {
            if (pick(30) == 0) fault();
            auto& who = any_actor();
            if (!who.connect(any_node())) continue;
            act(who);
            any_actor().listen();
        }
    }

    /// Everything is whole again, everybody there, and all that is under way has come.
    void settle() {
        all_.redis.go_on();
        for (auto& way : all_.ways) way->go_on();
        const auto deadline = std::chrono::steady_clock::now() + 2 * support::patience();
        std::string differs = "nobody has connected";
        while (!differs.empty() && std::chrono::steady_clock::now() < deadline) {
            differs = difference();
            if (!differs.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        if (!differs.empty()) explain();
        BOOST_TEST_REQUIRE(differs == "");
    }

    /// What the servers say is what the clients were told.
    void compare_messages() {
        for (const auto& channel : channels_) {
            for (auto& who : actors_) {
                if (!who->channels().contains(channel)) continue;
                const auto page = who->ask("/history " + channel + " 1000");
                BOOST_REQUIRE(page.has_value());
                std::int64_t expected = 0;
                for (const auto& one : page->at("messages").as_array()) {
                    const auto& message = one.as_object();
                    const auto seq = number_of(message, "seq");
                    if (expected != 0) BOOST_TEST(seq == expected);
                    expected = seq + 1;
                    told_.message(channel, seq, text_of(message, "content"));
                }
                const auto& told = told_.messages(channel);
                const bool knows_all = told.empty() || told.rbegin()->first < expected;
                BOOST_TEST_INFO(channel << " as " << who->name() << " sees it goes to " << expected);
                if (!knows_all) explain();
                BOOST_TEST_REQUIRE(knows_all);
                heard_ += told.size();
            }
        }
    }
    void compare_facts() {
        for (const auto& channel : channels_) {
            for (std::size_t node = 0; node < node_count; ++node) {
                bring_owner_to(*all_.nodes[node]);
                compare_operators(channel);
                compare_bans(channel);
            }
        }
        for (const auto& [id, message] : told_.known("away ")) {
            const auto about = owner().ask("/whois " + id);
            BOOST_REQUIRE(about.has_value());
            const auto& away = about->at("peer").as_object().at("away");
            BOOST_TEST((away.is_null() ? "" : std::string(away.as_string())) == message);
            ++compared_;
        }
    }
    [[nodiscard]] std::size_t heard() const { return heard_; }
    [[nodiscard]] std::size_t compared() const { return compared_; }
    [[nodiscard]] unsigned losses() const {
        unsigned all = 0;
        for (const auto& who : actors_) all += who->losses();
        return all;
    }

private:
    /// What there is to know of a failure.
    void explain() const {
        for (const auto& who : actors_) BOOST_TEST_MESSAGE(who->name() << " has heard" << who->trace());
        for (const auto& node : all_.nodes) {
            const auto ready = support::http_status(node->port(), "/readyz");
            BOOST_TEST_MESSAGE("port " << node->port() << ": /readyz " << ready << ", it said:\n" << node->errors());
        }
        for (const auto& channel : channels_) {
            const auto topic = "signaller:{c:" + channel.substr(1) + "}";
            const auto versions = all_.redis.ask("HMGET " + topic + ":state v t first stateVersion");
            BOOST_TEST_MESSAGE(topic << ' ' << versions << "; heard by " << all_.redis.ask("PUBSUB NUMSUB " + topic));
        }
        BOOST_TEST_MESSAGE(all_.redis.ask("CONFIG GET maxmemory") << '\n' << all_.redis.ask("CLIENT LIST"));
    }

    std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }
    actor& owner() { return *actors_.front(); }
    actor& any_actor() { return *actors_[pick(actor_count)]; }
    const server_process& any_node() { return *all_.nodes[pick(node_count)]; }

    void act(actor& who) {
        const auto& channel = channels_[pick(channel_count)];
        switch (pick(15)) {
            case 0: who.drop(); break;
            case 1:
                if (&who != &owner()) static_cast<void>(who.ask("/quit " + channel));
                break;
            case 2: who.whisper(any_actor()); break;
            case 3: who.move(any_node()); break;
            case 4: rule(channel); break;
            case 5: {
                const auto message = "busy " + std::to_string(++said_);
                who.change("/away " + message, "away", "away " + who.id(), message);
                break;
            }
            case 6: who.confirm(); break;
            default:
                if (who.channels().contains(channel)) {
                    auto content = who.name() + " says " + std::to_string(++said_) + ' ';
                    content.resize(message_bytes, '.');
                    who.publish(channel, content);
                } else {
                    static_cast<void>(who.ask("/join " + channel));
                }
        }
    }

    /// What the owner does in its channel.
    void rule(const std::string& channel) {
        if (!owner().connected()) return;
        const auto& whom = actors_[1 + pick(actor_count - 1)]->id();
        const auto& stranger = strangers_[pick(stranger_count)];
        const auto in = " " + channel;
        switch (pick(5)) {
            case 0: owner().change("/op " + whom + in, "op", "op" + in + " " + whom, "yes"); break;
            case 1: owner().change("/deop " + whom + in, "deop", "op" + in + " " + whom, "no"); break;
            case 2: owner().change("/kick " + whom + in, "kick", "op" + in + " " + whom, "no"); break;
            case 3: owner().change("/ban " + stranger + in, "ban", "ban" + in + " " + stranger, "yes"); break;
            default: owner().change("/unban " + stranger + in, "unban", "ban" + in + " " + stranger, "no");
        }
    }

    void fault() {
        const auto node = pick(node_count);
        switch (pick(9)) {
            case 0:
            case 1:
                for (auto& who : actors_) who->note_crash(all_.nodes[node]->port());
                all_.crash(node);
                break;
            case 2: stand_still(*all_.ways[node], std::chrono::milliseconds(pick(700))); break;
            case 3:
                all_.ways[node]->kill();
                all_.ways[node]->start();
                break;
            case 4: stand_still(all_.redis, std::chrono::milliseconds(pick(700))); break;
            case 5: all_.redis.ask("CLIENT KILL TYPE pubsub"); break;
            case 6: all_.redis.ask("SCRIPT FLUSH"); break;
            case 7:
                all_.redis.ask("CONFIG SET maxmemory 1");
                go_on_for(std::chrono::milliseconds(pick(300)));
                all_.redis.ask("CONFIG SET maxmemory 0");
                break;
            default: all_.redis.kill(); all_.redis.start();
        }
    }

    template <class Process>
    void stand_still(const Process& what, std::chrono::milliseconds time) {
        what.pause();
        go_on_for(time);
        what.go_on();
    }

    /// Somebody goes on trying.
    void go_on_for(std::chrono::milliseconds time) {
        const auto until = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < until) {
            auto& who = any_actor();
            if (who.connected()) act(who);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    std::string difference() {
        for (auto& who : actors_) {
            who->listen();
            if (!who->connect(any_node())) return who->name() + " is not connected";
            if (const auto missing = who->mail().missing(); !missing.empty())
                return who->name() + " has not got" + missing;
        }
        for (const auto& channel : channels_) {
            std::set<std::string> members;
            for (auto& who : actors_) {
                if (who->channels().contains(channel)) members.insert(who->id());
            }
            for (auto& who : actors_) {
                if (!members.contains(who->id())) continue;
                const auto answer = who->ask("/peers " + channel);
                if (!answer || text_of(*answer, "type") != "peers") return who->name() + " gets no list of " + channel;
                std::set<std::string> listed;
                for (const auto& one : answer->at("peers").as_array()) listed.insert(text_of(one.as_object(), "id"));
                std::string wrong;
                for (const auto& other : actors_) {
                    const auto is_member = members.contains(other->id());
                    if (is_member != listed.contains(other->id()))
                        wrong += (is_member ? " not of " : " of ") + other->name();
                }
                if (!wrong.empty()) return who->name() + " is told in " + channel + wrong;
            }
        }
        return {};
    }

    void bring_owner_to(const server_process& node) {
        owner().move(node);
        const auto deadline = std::chrono::steady_clock::now() + support::patience();
        // Where it is just coming back from the move before it is asked to try again.
        while (!owner().connect(node)) {
            const bool late = std::chrono::steady_clock::now() > deadline;
            if (late) explain();
            BOOST_REQUIRE(!late);
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    void compare_operators(const std::string& channel) {
        const auto about = owner().ask("/whois " + channel);
        BOOST_REQUIRE(about.has_value());
        std::set<std::string> operators;
        for (const auto& id : about->at("channel").as_object().at("operators").as_array())
            operators.emplace(id.as_string());
        compare("op " + channel + " ", operators);
    }
    void compare_bans(const std::string& channel) {
        const auto list = owner().ask("/bans " + channel);
        BOOST_REQUIRE(list.has_value());
        std::set<std::string> banned;
        for (const auto& one : list->at("bans").as_array()) banned.insert(text_of(one.as_object(), "id"));
        compare("ban " + channel + " ", banned);
    }
    void compare(const std::string& facts_about, const std::set<std::string>& there) {
        for (const auto& [id, value] : told_.known(facts_about)) {
            BOOST_TEST_INFO(facts_about << id);
            BOOST_TEST(there.contains(id) == (value == "yes"));
            ++compared_;
        }
    }

    cluster all_;
    std::mt19937 random_{seed()};
    facts told_;
    std::vector<std::string> channels_;
    std::vector<std::string> strangers_;
    std::vector<std::unique_ptr<actor>> actors_;
    unsigned said_ = 0;
    std::size_t heard_ = 0;
    std::size_t compared_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(randomised)

BOOST_AUTO_TEST_CASE(what_was_told_stays_true_whatever_breaks) {
    BOOST_TEST_MESSAGE("seed " << seed() << ", steps " << steps());
    play three;
    three.run(steps());
    three.settle();
    three.compare_messages();
    three.compare_facts();
    BOOST_TEST(three.heard() > 0U);
    BOOST_TEST(three.compared() > 0U);
    BOOST_TEST_MESSAGE("compared " << three.heard() << " messages and " << three.compared() << " other facts, "
                                   << three.losses() << " sessions were told of a loss");
}

BOOST_AUTO_TEST_SUITE_END()
