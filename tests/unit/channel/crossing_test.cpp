#include "channel/command_handler.hpp"

#include "unit/channel/ids.hpp"
#include "unit/channel/one_shard.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <deque>
#include <exception>
#include <initializer_list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using channel::task;

namespace {

void rethrow(const char*, std::exception_ptr error) noexcept {
    if (error) std::terminate();
}

using event = boost::json::object;

/// One connection that stays on its shard; commands are carried out one after the other, as a session does it.
class client {
public:
    explicit client(channel::shard& at) : at_(at), link_(at) {}

    /// Begins to carry the command out; the rest happens in turns of the shards.
    void send(std::string text) {
        inbox_.push_back(std::move(text));
        at_.become_current();
        if (!busy_) channel::spawn("client", carry_out_all(), rethrow);
    }
    void lose_connection() {
        at_.become_current();
        commands_.connection_lost("connection lost");
    }

    /// What has come since the last call.
    std::vector<event> take() {
        std::vector<event> events;
        while (read_ < link_.received.size()) {
            std::size_t header = 2;
            auto size = static_cast<std::size_t>(link_.received[read_ + 1]) & 127U;
            if (size == 126) {
                header = 4;
                size = (static_cast<unsigned char>(link_.received[read_ + 2]) * std::size_t{256}) +
                    static_cast<unsigned char>(link_.received[read_ + 3]);
            }
            events.push_back(boost::json::parse(link_.received.substr(read_ + header, size)).as_object());
            read_ += header + size;
        }
        return events;
    }
    [[nodiscard]] bool busy() const { return busy_; }
    [[nodiscard]] protocol::close_code closed_with() const { return link_.closed_with; }

private:
    task<> carry_out_all() {
        busy_ = true;
        while (!inbox_.empty() && !link_.closing()) {
            const std::string text = std::move(inbox_.front());
            inbox_.pop_front();
            co_await commands_.handle(text);
        }
        busy_ = false;
    }

    channel::shard& at_;
    one_shard::fake_link link_;
    channel::command_handler commands_{link_};
    std::deque<std::string> inbox_;
    std::size_t read_ = 0;
    bool busy_ = false;
};

std::string type_of(const event& e) { return std::string(e.at("type").as_string()); }

std::string types_of(const std::vector<event>& events) {
    std::string types;
    for (const auto& e : events) types.append(types.empty() ? "" : " ").append(type_of(e));
    return types;
}

/// Two shards on one thread, each moved on when the test says so: every order in which threads could do it.
struct fixture {
    channel::settings settings;
    std::array<boost::asio::io_context, 2> contexts;
    channel::cluster all;
    std::array<channel::shard, 2> shards{channel::shard(0, all, contexts[0], settings),
                                         channel::shard(1, all, contexts[1], settings)};
    std::vector<std::unique_ptr<client>> clients;

    fixture() {
        for (auto& shard : shards) all.add(shard);
    }
    ~fixture() {
        for (auto& each : clients) each->lose_connection();
        settle();
    }

    void turn(std::size_t index) {
        shards[index].become_current();
        contexts[index].restart();
        contexts[index].poll();
    }
    void settle() {
        for (int i = 0; i < 20; ++i) turn(static_cast<std::size_t>(i) % 2);
    }

    template <class Id>
    [[nodiscard]] std::string id_on(std::size_t index) const {
        auto id = Id::make();
        while (all.home_of(id).index() != index) id = Id::make();
        return id.hex();
    }
    client& connect(std::size_t index) {
        clients.push_back(std::make_unique<client>(shards[index]));
        return *clients.back();
    }
    /// A described peer on that shard; its `welcome` is taken.
    client& peer(std::size_t index, std::string* session = nullptr, const std::string& more = {}) {
        client& made = connect(index);
        made.send("/descp {\"id\": \"" + id_on<protocol::peer_id>(index) + '"' + more + "}");
        settle();
        const auto events = made.take();
        BOOST_REQUIRE_EQUAL(types_of(events), "welcome");
        if (session) *session = events.front().at("session").as_string().c_str();
        return made;
    }
    /// They join one after the other, and have read what that brings them.
    void join(const std::string& room, std::initializer_list<client*> those) {
        for (client* const each : those) {
            each->send("/join " + room);
            settle();
        }
        for (client* const each : those) each->take();
    }
    [[nodiscard]] std::string channel_on(std::size_t index) const { return "#" + id_on<protocol::channel_id>(index); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(crossing, fixture)

BOOST_AUTO_TEST_CASE(members_of_both_shards_get_one_order) {
    client& here = peer(0);
    client& there = peer(1);
    client& third = peer(1);
    const auto room = channel_on(0);
    for (client* const each : {&here, &there, &third}) {
        each->send("/join " + room);
        settle();
        each->take();
    }
    here.take();
    there.take();
    // Said on both shards at once.
    here.send("/pubmsg " + room + " one");
    there.send("/pubmsg " + room + " two");
    here.send("/pubmsg " + room + " three");
    settle();
    std::string heard;
    std::int64_t seq = 0;
    for (const auto& e : third.take()) {
        heard.append(e.at("content").as_string().c_str()).append(" ");
        BOOST_TEST(e.at("seq").as_int64() == ++seq);
    }
    BOOST_TEST(heard == "one three two ");
    BOOST_TEST(types_of(here.take()) == "pubmsg");
    BOOST_TEST(types_of(there.take()) == "pubmsg pubmsg");
}

BOOST_AUTO_TEST_CASE(what_was_said_in_public_is_not_overtaken_by_what_follows_in_private) {
    client& sender = peer(0);
    std::string session;
    client& receiver = peer(1, &session);
    const auto room = channel_on(0);
    join(room, {&sender, &receiver});
    sender.send("/pubmsg " + room + " public");
    sender.send("/privmsg " + session.substr(0, 24) + " private");
    settle();
    BOOST_TEST(types_of(receiver.take()) == "pubmsg privmsg");
}

BOOST_AUTO_TEST_CASE(joined_says_where_the_messages_go_on) {
    client& sender = peer(0);
    client& joiner = peer(1);
    const auto room = channel_on(0);
    sender.send("/join " + room);
    settle();
    joiner.send("/join " + room);
    sender.send("/pubmsg " + room + " before");
    turn(0);
    sender.send("/pubmsg " + room + " after");
    settle();
    const auto events = joiner.take();
    BOOST_REQUIRE(!events.empty());
    BOOST_TEST(type_of(events.front()) == "joined");
    auto seq = events.front().at("seq").as_int64();
    for (std::size_t i = 1; i < events.size(); ++i) BOOST_TEST(events[i].at("seq").as_int64() == ++seq);
    BOOST_TEST(seq == 2);
}

BOOST_AUTO_TEST_CASE(a_take_over_waits_for_the_command_that_is_under_way) {
    std::string session;
    client& old = peer(0, &session);
    const auto room = channel_on(1);
    old.send("/join " + room);
    BOOST_TEST(old.busy());
    client& fresh = connect(0);
    fresh.send("/descp {\"session\": \"" + session + "\"}");
    turn(0);
    BOOST_TEST(fresh.take().empty());
    BOOST_TEST((old.closed_with() == protocol::close_code::taken_over));
    settle();
    const auto events = fresh.take();
    BOOST_REQUIRE_EQUAL(types_of(events), "welcome");
    const auto& channels = events.front().at("channels").as_array();
    BOOST_REQUIRE(channels.size() == 1U);
    BOOST_TEST(channels.front().at("channel").as_string().c_str() == room);
    // It is a member, once, and nobody saw anything.
    fresh.send("/whois " + room);
    settle();
    BOOST_TEST(fresh.take().front().at("channel").at("members").as_int64() == 1);
}

BOOST_AUTO_TEST_CASE(the_reply_of_a_command_that_was_under_way_is_kept_for_a_resumable_session) {
    std::string session;
    client& old = peer(0, &session, ", \"resume\": true");
    const auto room = channel_on(1);
    old.send("@label=mine /join " + room);
    client& fresh = connect(0);
    fresh.send("/descp {\"session\": \"" + session + "\", \"seen\": 0}");
    settle();
    const auto events = fresh.take();
    BOOST_REQUIRE_EQUAL(types_of(events), "welcome joined");
    BOOST_TEST(events.front().at("missed").as_int64() == 1);
    BOOST_TEST(!events.front().at("lost").as_bool());
    BOOST_TEST(events.back().at("label").as_string().c_str() == "mine");
}

BOOST_AUTO_TEST_CASE(a_take_over_goes_on_where_its_welcome_says_whatever_is_said_meanwhile) {
    std::string session;
    peer(0, &session).send("/join " + channel_on(0));
    const auto room = channel_on(1);
    client& sender = peer(1);
    clients.front()->send("/join " + room);
    settle();
    sender.send("/join " + room);
    settle();
    client& fresh = connect(0);
    fresh.send("/descp {\"session\": \"" + session + "\"}");
    // The channels are asked, and asked again, while more is said at each turn.
    for (std::size_t i = 0; i < 12; ++i) {
        sender.send("/pubmsg " + room + " message");
        turn(i % 2);
    }
    settle();
    const auto events = fresh.take();
    BOOST_REQUIRE(!events.empty());
    std::int64_t seq = -1;
    for (const auto& each : events.front().at("channels").as_array()) {
        if (each.at("channel").as_string() == room.c_str()) seq = each.at("seq").as_int64();
    }
    for (std::size_t i = 1; i < events.size(); ++i) BOOST_TEST(events[i].at("seq").as_int64() == ++seq);
    BOOST_TEST(seq == 12);
}

BOOST_AUTO_TEST_CASE(what_is_said_to_a_peer_during_a_take_over_follows_its_welcome) {
    std::string session;
    client& old = peer(0, &session);
    client& sender = peer(0);
    const auto room = channel_on(1);
    join(room, {&old, &sender});
    client& fresh = connect(0);
    fresh.send("/descp {\"session\": \"" + session + "\"}");
    // The channel is being asked.
    BOOST_TEST(fresh.busy());
    sender.send("/privmsg " + session.substr(0, 24) + " one");
    sender.send("/pubmsg " + room + " in public");
    turn(1);
    sender.send("/privmsg " + session.substr(0, 24) + " three");
    settle();
    const auto events = fresh.take();
    BOOST_REQUIRE(!events.empty());
    BOOST_TEST(type_of(events.front()) == "welcome");
    std::string heard;
    for (std::size_t i = 1; i < events.size(); ++i) {
        if (type_of(events[i]) != "pubmsg") heard.append(events[i].at("content").as_string().c_str()).append(" ");
    }
    BOOST_TEST(heard == "one three ");
    BOOST_TEST(sender.take().empty());
}

BOOST_AUTO_TEST_CASE(who_is_kicked_during_a_take_over_is_told_by_its_welcome_alone) {
    client& alice = peer(0);
    std::string session;
    client& old = peer(0, &session);
    const auto room = channel_on(1);
    join(room, {&alice, &old});
    client& fresh = connect(0);
    alice.send("/kick " + session.substr(0, 24) + " " + room);
    // Done there, and on its way here.
    turn(1);
    fresh.send("/descp {\"session\": \"" + session + "\"}");
    BOOST_TEST(fresh.busy());
    settle();
    const auto events = fresh.take();
    BOOST_REQUIRE_EQUAL(events.size(), 1U);
    BOOST_TEST(events.front().at("channels").as_array().empty());
}

BOOST_AUTO_TEST_CASE(what_comes_during_a_take_over_counts_if_that_makes_the_session_resumable) {
    std::string session;
    client& old = peer(0, &session);
    client& sender = peer(0);
    old.send("/join " + channel_on(1));
    settle();
    client& fresh = connect(0);
    fresh.send("/descp {\"session\": \"" + session + "\", \"resume\": true}");
    sender.send("/privmsg " + session.substr(0, 24) + " one");
    settle();
    BOOST_TEST(types_of(fresh.take()) == "welcome privmsg");
    fresh.send("/ack 1");
    fresh.send("/ack 2");
    settle();
    BOOST_TEST(types_of(fresh.take()) == "error");
}

BOOST_AUTO_TEST_CASE(what_another_shard_has_not_got_yet_is_not_trimmed_for_a_large_message) {
    settings.channel_log_bytes = 4096;
    settings.limits.resume_bytes = 1024;
    client& sender = peer(0);
    client& receiver = peer(1);
    const auto room = channel_on(0);
    for (client* const each : {&sender, &receiver}) {
        each->send("/join " + room);
        settle();
        each->take();
    }
    sender.send("/pubmsg " + room + " small");
    sender.send("/pubmsg " + room + " " + std::string(40000, 'x'));
    settle();
    // Got or told lost, as everywhere where a log is smaller than one message.
    std::int64_t seq = 0;
    for (const auto& e : receiver.take()) {
        const bool lost = type_of(e) == "lost";
        BOOST_TEST(e.at(lost ? "from" : "seq").as_int64() == seq + 1);
        seq = e.at(lost ? "to" : "seq").as_int64();
    }
    BOOST_TEST(seq == 2);
}

BOOST_AUTO_TEST_CASE(what_another_shard_has_not_got_yet_is_not_given_up_when_memory_is_short) {
    client& sender = peer(0);
    client& receiver = peer(1);
    const auto room = channel_on(0);
    for (client* const each : {&sender, &receiver}) {
        each->send("/join " + room);
        settle();
        each->take();
    }
    settings.channel_log_bytes = 64 * 1024;
    for (int i = 0; i < 3; ++i) sender.send("/pubmsg " + room + " " + std::string(8000, 'x'));
    shards[0].relieve_memory();
    settle();
    BOOST_TEST(types_of(receiver.take()) == "pubmsg pubmsg pubmsg");
}

BOOST_AUTO_TEST_CASE(who_is_back_before_the_window_ends_stays_though_it_ends_on_the_way) {
    settings.limits.resume_window = std::chrono::milliseconds(1);
    std::string session;
    client& old = peer(0, &session, ", \"resume\": true");
    client& other = peer(1);
    const auto room = channel_on(1);
    for (client* const each : {&old, &other}) {
        each->send("/join " + room);
        settle();
    }
    other.take();
    old.lose_connection();
    client& fresh = connect(0);
    fresh.send("/descp {\"session\": \"" + session + "\", \"seen\": 2}");
    BOOST_TEST(fresh.busy());
    // The channel has not been asked yet when the window and some ticks are over.
    std::this_thread::sleep_for(5 * channel::timer_wheel::tick);
    turn(0);
    settle();
    const auto events = fresh.take();
    BOOST_REQUIRE_EQUAL(types_of(events), "welcome");
    BOOST_TEST(!events.front().at("lost").as_bool());
    BOOST_TEST(events.front().at("channels").as_array().size() == 1U);
    BOOST_TEST(other.take().empty());
}

BOOST_AUTO_TEST_CASE(of_several_that_take_over_at_once_the_newest_wins) {
    std::string session;
    client& old = peer(0, &session);
    old.send("/join " + channel_on(1));
    std::vector<client*> fresh;
    for (int i = 0; i < 3; ++i) {
        fresh.push_back(&connect(0));
        fresh.back()->send("/descp {\"session\": \"" + session + "\"}");
    }
    settle();
    BOOST_TEST((old.closed_with() == protocol::close_code::taken_over));
    BOOST_TEST((fresh[0]->closed_with() == protocol::close_code::taken_over));
    BOOST_TEST((fresh[1]->closed_with() == protocol::close_code::taken_over));
    BOOST_TEST(fresh[0]->take().empty());
    BOOST_TEST(fresh[1]->take().empty());
    BOOST_TEST(types_of(fresh[2]->take()) == "welcome");
    for (const client* const each : fresh) BOOST_TEST(!each->busy());
}

BOOST_AUTO_TEST_CASE(a_kick_that_meets_a_join_leaves_both_sides_agreed) {
    std::string session;
    client& oper = peer(1);
    client& other = peer(0, &session);
    const auto room = channel_on(1);
    oper.send("/join " + room);
    settle();
    oper.take();
    other.send("/join " + room);
    // The join has been carried out, and its reply is on the way back.
    turn(1);
    oper.send("/kick " + session.substr(0, 24) + " " + room);
    settle();
    BOOST_TEST(types_of(other.take()) == "joined kick");
    BOOST_TEST(types_of(oper.take()) == "join kick");
    other.send("/pubmsg " + room + " still here?");
    settle();
    BOOST_TEST(other.take().front().at("code").as_int64() == 442);
    BOOST_TEST(shards[0].find_audience(protocol::channel_id::make()) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
