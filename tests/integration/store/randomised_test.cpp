#include "integration/store/fixture.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <sstream>

using namespace stored;

namespace {

constexpr std::size_t node_count = 3;
constexpr std::size_t channel_count = 3;
constexpr std::size_t actor_count = 12;
constexpr std::chrono::milliseconds moment{0};

unsigned number_from_environment(const char* name, unsigned otherwise) {
    const char* const given = std::getenv(name);
    return given ? static_cast<unsigned>(std::stoul(given)) : otherwise;
}

/// SIGNALLER_TEST_SEED is another run, SIGNALLER_TEST_STEPS a longer one.
unsigned seed() { return number_from_environment("SIGNALLER_TEST_SEED", 1); }
unsigned steps() { return number_from_environment("SIGNALLER_TEST_STEPS", 600); }

/// What anybody was ever told of a channel's messages: a number stands for one message.
using record = std::map<std::int64_t, std::string>;

struct violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Nobody is buried or forgotten while the test runs: whoever is cut off comes back.
const std::vector<std::string> patient{"--resume-window", "10m",    "--retention",    "10m",
                                       "--resume-events", "100000", "--resume-bytes", "8MiB",
                                       "--store-timeout", "300ms",  "--history",      "1000"};

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

/// A client that keeps account of what it was told, and comes back whatever happens.
class actor {
public:
    actor(const cluster& all, std::map<std::string, record>& told, std::string name, bool resumable)
        : all_(all),
          told_(told),
          name_(std::move(name)),
          resumable_(resumable) {}

    /// True once it is connected and described.
    bool connect(std::size_t node) {
        if (connection_) return true;
        try {
            auto made = std::make_unique<client>(all_.nodes[node]->port());
            std::string fields = "\"name\": \"" + name_ + "\", \"resume\": " + (resumable_ ? "true" : "false");
            if (!id_.empty()) fields += ", \"id\": \"" + id_ + "\", \"session\": \"" + session_ + "\"";
            if (!id_.empty() && resumable_) fields += ", \"seen\": " + std::to_string(seen_);
            made->send("/descp {" + fields + "}");
            const auto answer = made->next();
            remember("connected to server " + std::to_string(node) + ", seen " + std::to_string(seen_) + ": " +
                     boost::json::serialize(answer).substr(0, 700));
            if (text_of(answer, "type") != "welcome") {
                if (number_of(answer, "code") != 400)
                    throw violation(name_ + " is refused: " + boost::json::serialize(answer));
                return false;
            }
            connection_ = std::move(made);
            welcomed(answer);
            return true;
        } catch (const violation&) {
            throw;
        } catch (const std::exception&) {
            connection_.reset();
            return false;
        }
    }
    void drop() {
        remember("drops its connection");
        if (connection_) connection_->drop();
        connection_.reset();
    }
    [[nodiscard]] bool connected() const { return connection_ != nullptr; }

    /// Everything that is there to be read.
    void listen() {
        guarded([&] {
            while (const auto got = connection_->poll(moment)) hear(*got);
        });
    }

    /// The labelled reply; nothing if the connection ended first.
    std::optional<event> ask(const std::string& command) {
        std::optional<event> reply;
        guarded([&] {
            const auto label = std::to_string(++labels_);
            remember("< " + command);
            connection_->send("@label=" + label + " " + command);
            while (!reply) {
                auto got = connection_->next();
                const auto* const mine = got.if_contains("label");
                const bool is_reply = mine && mine->as_string() == label;
                hear(got);
                if (is_reply) reply = std::move(got);
            }
        });
        return reply;
    }

    void publish(const std::string& channel, const std::string& content) {
        ++unsure_[channel];
        const auto reply = ask("/pubmsg " + channel + " " + content);
        if (!reply) return;
        if (text_of(*reply, "type") != "ack") return;
        --unsure_[channel];
        note(channel, number_of(*reply, "seq"), content);
        mine_[channel].insert(number_of(*reply, "seq"));
    }
    void join(const std::string& channel) { static_cast<void>(ask("/join " + channel)); }
    void quit(const std::string& channel) { static_cast<void>(ask("/quit " + channel)); }

    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    /// Where it was told that it is a member.
    [[nodiscard]] const std::map<std::string, std::int64_t>& channels() const { return last_; }

private:
    template <class Work>
    void guarded(Work work) {
        if (!connection_) return;
        try {
            work();
        } catch (const violation&) {
            throw;
        } catch (const std::exception& e) {
            remember(std::string("its connection ends: ") + e.what());
            connection_.reset();
        }
    }

    void welcomed(const event& welcome) {
        if (!id_.empty() && !flag_of(welcome, "resumed")) throw violation(name_ + " was forgotten");
        id_ = text_of(welcome, "id");
        session_ = text_of(welcome, "session");
        const bool goes_on = resumable_ && !flag_of(welcome, "lost") && !last_.empty();
        if (flag_of(welcome, "lost")) seen_ = 0;
        auto before = std::exchange(last_, {});
        for (const auto& one : welcome.at("channels").as_array()) {
            const auto& in = one.as_object();
            const auto channel = text_of(in, "channel");
            const auto known = before.find(channel);
            last_[channel] = goes_on && known != before.end() ? known->second : number_of(in, "seq");
        }
    }

    void note(const std::string& channel, std::int64_t seq, const std::string& content) {
        const auto [at, added] = told_[channel].emplace(seq, content);
        if (!added && at->second != content)
            throw violation(channel + " number " + std::to_string(seq) + " is " + at->second + " and " + content);
    }

    void remember(std::string line) {
        trace_.push_back(std::move(line));
        if (trace_.size() > 100) trace_.pop_front();
    }
    [[noreturn]] void complain(const std::string& what) {
        std::string text = name_ + " " + what + "; before that";
        for (const auto& line : trace_) text += "\n    " + line;
        try {
            while (const auto more = connection_->poll(std::chrono::milliseconds(300)))
                text += "\n    then " + boost::json::serialize(*more);
        } catch (const std::exception&) {
            // No more.
        }
        // Not in the exception: Boost.Test shows the first 4 kB of one.
        BOOST_TEST_MESSAGE(text);
        throw violation(name_ + " " + what);
    }

    void hear(const event& got) {
        remember("> " + std::to_string(seen_) + " " + boost::json::serialize(got).substr(0, 260));
        const auto type = text_of(got, "type");
        if (type == "bye") return;
        if (type != "pong") ++seen_;
        if (type == "joined") {
            last_[text_of(got, "channel")] = number_of(got, "seq");
        } else if (type == "quit" && got.at("channel").is_string() && id_in(got, "peer") == id_) {
            last_.erase(text_of(got, "channel"));
        } else if (type == "lost") {
            auto& last = last_[text_of(got, "channel")];
            last = std::max(last, number_of(got, "to"));
        } else if (type == "pubmsg") {
            hear_message(text_of(got, "channel"), number_of(got, "seq"), text_of(got, "content"));
        }
    }

    void hear_message(const std::string& channel, std::int64_t seq, const std::string& content) {
        note(channel, seq, content);
        // Of a channel left meanwhile, in events from before.
        if (!last_.contains(channel)) return;
        auto& last = last_[channel];
        if (seq <= last) complain("hears number " + std::to_string(seq) + " of " + channel + " again");
        for (auto missing = last + 1; missing < seq; ++missing) {
            // What it said itself it is not told; of what it does not know whether it was said, it may be that.
            if (mine_[channel].contains(missing) || unsure_[channel] > 0) continue;
            complain("misses number " + std::to_string(missing) + " of " + channel);
        }
        last = seq;
    }

    const cluster& all_;
    std::map<std::string, record>& told_;
    std::string name_;
    bool resumable_;
    std::unique_ptr<client> connection_;
    std::string id_;
    std::string session_;
    std::deque<std::string> trace_;
    std::int64_t seen_ = 0;
    unsigned labels_ = 0;
    std::map<std::string, std::int64_t> last_;
    std::map<std::string, std::set<std::int64_t>> mine_;
    std::map<std::string, int> unsure_;
};

class play {
public:
    play() {
        for (std::size_t i = 0; i < channel_count; ++i) channels_.push_back(make_channel());
        for (std::size_t i = 0; i < actor_count; ++i)
            actors_.push_back(std::make_unique<actor>(all_, told_, "actor " + std::to_string(i), i % 2 == 0));
    }

    void run(unsigned step_count) {
        for (unsigned step = 0; step < step_count; ++step) {
            if (pick(30) == 0) fault();
            auto& who = *actors_[pick(actor_count)];
            if (!who.connect(pick(node_count))) continue;
            act(who);
            actors_[pick(actor_count)]->listen();
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
        BOOST_TEST(differs == "");
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
                    const auto told = told_[channel].find(seq);
                    if (told != told_[channel].end()) BOOST_TEST(told->second == text_of(message, "content"));
                }
                if (!told_[channel].empty()) BOOST_TEST(told_[channel].rbegin()->first < expected);
                heard_ += told_[channel].size();
            }
        }
    }
    [[nodiscard]] std::size_t heard() const { return heard_; }

private:
    std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }

    void act(actor& who) {
        const auto& channel = channels_[pick(channel_count)];
        const bool is_member = who.channels().contains(channel);
        switch (pick(10)) {
            case 0: who.drop(); break;
            case 1: who.quit(channel); break;
            case 2: static_cast<void>(who.ask("/privmsg " + actors_[pick(actor_count)]->id() + " hello")); break;
            default:
                if (is_member) {
                    who.publish(channel, who.name() + " says " + std::to_string(++said_));
                } else {
                    who.join(channel);
                }
        }
    }

    void fault() {
        const auto node = pick(node_count);
        switch (pick(6)) {
            case 0:
            case 1: all_.crash(node); break;
            case 2: stand_still(*all_.ways[node], std::chrono::milliseconds(pick(700))); break;
            case 3:
                all_.ways[node]->kill();
                all_.ways[node]->start();
                break;
            case 4: stand_still(all_.redis, std::chrono::milliseconds(pick(700))); break;
            default: all_.redis.kill(); all_.redis.start();
        }
    }

    /// While somebody goes on trying.
    template <class Process>
    void stand_still(const Process& what, std::chrono::milliseconds time) {
        what.pause();
        const auto until = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < until) {
            auto& who = *actors_[pick(actor_count)];
            if (who.connected()) act(who);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        what.go_on();
    }

    std::string difference() {
        for (auto& who : actors_) {
            who->listen();
            if (!who->connect(pick(node_count))) return who->name() + " is not connected";
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
                if (listed != members) {
                    std::ostringstream text;
                    text << who->name() << " is told of " << listed.size() << " members of " << channel
                         << ", there are " << members.size();
                    return text.str();
                }
            }
        }
        return {};
    }

    cluster all_;
    std::mt19937 random_{seed()};
    std::map<std::string, record> told_;
    std::vector<std::string> channels_;
    std::vector<std::unique_ptr<actor>> actors_;
    unsigned said_ = 0;
    std::size_t heard_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(randomised)

BOOST_AUTO_TEST_CASE(what_was_told_stays_true_whatever_breaks) {
    BOOST_TEST_MESSAGE("seed " << seed() << ", steps " << steps());
    play three;
    three.run(steps());
    three.settle();
    three.compare_messages();
    BOOST_TEST(three.heard() > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
