#include "channel/audience.hpp"

#include "unit/channel/ids.hpp"
#include "unit/channel/one_shard.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <memory>
#include <string>
#include <vector>

using one_shard::fake_link;
using one_shard::frame;

namespace {

struct fixture : one_shard::fixture {
    channel::audience in{shard, ids::channel(1), {}};
    std::vector<std::unique_ptr<fake_link>> links;

    fixture() {
        settings.channel_log_bytes = 4096;
        settings.limits.resume_bytes = 1024;
    }
    ~fixture() {
        for (std::size_t i = 0; i < links.size(); ++i) shard.erase_peer(ids::peer(static_cast<std::uint8_t>(i + 1)));
    }

    fake_link& join(bool resumable = false) {
        links.push_back(std::make_unique<fake_link>(shard));
        auto& who = shard.add_peer(ids::peer(static_cast<std::uint8_t>(links.size())), channel::secret::make());
        who.set_resumable(resumable);
        who.attach(*links.back());
        in.add(who);
        return *links.back();
    }
    channel::peer& peer(std::uint8_t number) { return *shard.find_peer(ids::peer(number)); }
    void say(const std::string& text, std::vector<protocol::peer_id> except = {}) {
        in.append(frame(text), in.log().head().seq + 1, except);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(audience, fixture)

BOOST_AUTO_TEST_CASE(what_a_turn_brings_goes_to_each_member_in_one_write) {
    std::vector<fake_link*> members;
    for (int i = 0; i < 5; ++i) members.push_back(&join());
    for (const char* const text : {"one", "two", "three"}) say(text);
    BOOST_TEST(members.front()->received.empty());
    turn();
    for (const auto* const member : members) {
        BOOST_TEST(member->received == frame("one") + frame("two") + frame("three"));
        BOOST_TEST(member->writes == 1U);
    }
    BOOST_TEST(in.log().bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(more_members_than_a_slice_holds_are_all_served) {
    for (std::size_t i = 0; i < 3 * channel::shard::members_per_slice; ++i) join();
    say("to all");
    turn();
    for (const auto& member : links) BOOST_TEST(member->received == frame("to all"));
}

BOOST_AUTO_TEST_CASE(who_said_it_is_left_out) {
    auto& sender = join();
    auto& other = join();
    say("one", {ids::peer(1)});
    say("two");
    say("three", {ids::peer(1)});
    turn();
    BOOST_TEST(sender.received == frame("two"));
    BOOST_TEST(other.received == frame("one") + frame("two") + frame("three"));
}

BOOST_AUTO_TEST_CASE(a_member_begins_where_it_joins_and_ends_where_it_leaves) {
    auto& early = join();
    say("before");
    auto& late = join();
    say("between");
    in.remove(peer(2));
    say("after");
    turn();
    BOOST_TEST(early.received == frame("before") + frame("between") + frame("after"));
    BOOST_TEST(late.received == frame("between"));
}

BOOST_AUTO_TEST_CASE(what_was_said_before_comes_before_a_reply) {
    auto& member = join();
    say("public");
    peer(1).send("reply");
    say("later");
    turn();
    BOOST_TEST(member.received == frame("public") + frame("reply") + frame("later"));
}

BOOST_AUTO_TEST_CASE(a_full_socket_costs_a_position_and_goes_on_without_a_gap) {
    auto& slow = join();
    auto& quick = join();
    slow.allow(7);
    std::string wanted;
    for (int i = 0; i < 20; ++i) {
        say("message " + std::to_string(i));
        wanted += frame("message " + std::to_string(i));
        turn();
    }
    BOOST_TEST(quick.received == wanted);
    BOOST_TEST(slow.received == wanted.substr(0, 7));
    slow.allow(1000000);
    turn();
    BOOST_TEST(slow.received == wanted);
    BOOST_TEST(!slow.closing());
}

BOOST_AUTO_TEST_CASE(past_the_window_a_slow_member_is_told_what_it_lost_and_others_lose_nothing) {
    auto& slow = join();
    auto& quick = join();
    slow.allow(0);
    std::string wanted;
    for (int i = 0; i < 1000; ++i) {
        say(std::string(100, 'x'));
        wanted += frame(std::string(100, 'x'));
        turn();
        BOOST_REQUIRE_LE(in.log().bytes(), 4096U + 200U);
    }
    BOOST_TEST(quick.received == wanted);
    slow.allow(1000000);
    turn();
    say("present");
    turn();
    BOOST_TEST(slow.received.find(R"("type":"lost")") != std::string::npos);
    BOOST_TEST(slow.received.find(R"("from":1,)") != std::string::npos, slow.received);
    BOOST_TEST(slow.received.ends_with(frame("present")));
}

BOOST_AUTO_TEST_CASE(what_a_journal_needs_stays_though_its_owner_has_left) {
    join(true);
    join();
    say("public");
    turn();
    in.remove(peer(1));
    for (int i = 0; i < 5; ++i) {
        say("more");
        turn();
    }
    BOOST_TEST(peer(1).count_missed(0).value() == 1U);
    BOOST_TEST(peer(1).confirm(1));
    say("last");
    turn();
    BOOST_TEST(in.log().bytes() <= frame("last").size());
}

BOOST_AUTO_TEST_CASE(of_a_channel_that_is_over_no_more_is_kept_than_a_slow_reader_may_be_behind) {
    auto& slow = join();
    slow.allow(0);
    const auto before = shard.count.log_bytes;
    {
        channel::audience over(shard, ids::channel(2), {});
        over.add(peer(1));
        for (std::uint64_t seq = 1; seq <= 10; ++seq) over.append(frame(std::string(1000, 'x')), seq, {});
        BOOST_TEST(shard.count.log_bytes - before >= 10000U);
        over.remove(peer(1));
    }
    BOOST_TEST(shard.count.log_bytes - before <= 4096U + 1024U);
    slow.allow(1000000);
    turn();
    BOOST_TEST(slow.received.find(R"("from":1,"to":10)") != std::string::npos, slow.received);
    BOOST_TEST(shard.count.log_bytes == before);
    // There is nothing left to look at.
    shard.relieve_memory();
}

BOOST_AUTO_TEST_CASE(what_was_said_in_a_channel_that_is_over_is_forgotten_when_memory_is_short) {
    auto& slow = join();
    join(true);
    slow.allow(0);
    const auto before = shard.count.log_bytes;
    {
        channel::audience over(shard, ids::channel(2), {});
        over.add(peer(1));
        over.add(peer(2));
        over.append(frame("public"), 1, {});
        turn();
        over.remove(peer(1));
        over.remove(peer(2));
    }
    peer(1).send("you have left");
    BOOST_TEST(shard.count.log_bytes > before);
    shard.relieve_memory();
    BOOST_TEST(shard.count.log_bytes == before);
    slow.allow(1000000);
    BOOST_TEST(slow.received.find(R"("from":1,"to":1)") != std::string::npos, slow.received);
    BOOST_TEST(slow.received.ends_with(frame("you have left")));
    BOOST_TEST(!slow.closing());
    BOOST_TEST(!peer(2).count_missed(0).has_value());
}

BOOST_AUTO_TEST_CASE(a_member_that_leaves_during_a_round_does_not_make_another_miss_it) {
    for (std::size_t i = 0; i < channel::shard::members_per_slice + 10; ++i) join();
    say("to all");
    // One slice only: the members at the end have not had their turn.
    std::size_t budget = channel::shard::members_per_slice;
    BOOST_TEST(in.fan_out_slice(budget));
    in.remove(peer(3));
    turn();
    for (const auto& member : links) BOOST_TEST(member->received == frame("to all"));
}

BOOST_AUTO_TEST_SUITE_END()
