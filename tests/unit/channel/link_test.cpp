#include "channel/link.hpp"

#include "unit/channel/ids.hpp"
#include "unit/channel/one_shard.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

BOOST_FIXTURE_TEST_SUITE(a_link, one_shard::fixture)

BOOST_AUTO_TEST_CASE(what_has_no_end_yet_is_held_until_it_ends_or_the_link_goes) {
    {
        one_shard::fake_link to(shard);
        to.note_input(5000);
        to.note_input(7000);
        BOOST_TEST(shard.count.held_bytes() == 7000U);
        to.note_input(0);
        BOOST_TEST(shard.count.held_bytes() == 0U);
        to.note_input(9000);
    }
    BOOST_TEST(shard.count.held_bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(who_does_not_end_its_message_is_given_up_when_memory_is_short) {
    settings.limits.message = 16 * 1024;
    one_shard::fake_link brief(shard);
    one_shard::fake_link endless(shard);
    shard.add_peer(ids::peer(1), channel::secret::make()).attach(brief);
    shard.add_peer(ids::peer(2), channel::secret::make()).attach(endless);
    one_shard::fake_link busy(shard);
    shard.add_peer(ids::peer(3), channel::secret::make()).attach(busy);
    brief.note_input(1024);
    endless.note_input(1025);
    for (int round = 0; round < channel::link::patient_rounds; ++round) {
        // One long message after the other.
        busy.note_input(9000);
        busy.note_input(8000);
        shard.relieve_memory();
    }
    BOOST_TEST(!endless.closing());
    shard.relieve_memory();
    BOOST_TEST(!busy.closing());
    BOOST_TEST((endless.closed_with == protocol::close_code::too_slow));
    BOOST_TEST(!brief.closing());
    shard.erase_peer(ids::peer(1));
    shard.erase_peer(ids::peer(2));
    shard.erase_peer(ids::peer(3));
}

BOOST_AUTO_TEST_CASE(what_is_said_to_all_is_sent_in_slices_and_keeps_nobody_waiting) {
    constexpr std::uint16_t many = 1000;
    constexpr std::size_t slice = channel::shard::links_per_slice;
    std::deque<one_shard::fake_link> links;
    for (std::uint16_t i = 0; i < many; ++i)
        shard.add_peer(ids::peer(i), channel::secret::make()).attach(links.emplace_back(shard));
    const auto served = [&] {
        return std::count_if(links.begin(), links.end(), [](const auto& to) { return to.writes > 0; });
    };
    const auto next_turn = [&] {
        context.restart();
        context.poll_one();
    };
    auto gone = std::make_unique<one_shard::fake_link>(shard);
    shard.begin_input();
    shard.broadcast("to all", ids::peer(0));
    gone->send(one_shard::frame("too late"));
    shard.end_input();
    BOOST_TEST(served() == 0);
    next_turn();
    BOOST_TEST(served() == slice);

    // Who is spoken to meanwhile does not wait for the rest, and gets everything in its order; who has gone is left
    // out.
    gone.reset();
    one_shard::fake_link other(shard);
    other.send(one_shard::frame("to one"));
    auto& late = *std::find_if(links.begin() + 1, links.end(), [](const auto& to) { return to.writes == 0; });
    late.send(one_shard::frame("to the late"));
    next_turn();
    BOOST_TEST(other.received == one_shard::frame("to one"));
    BOOST_TEST(served() == 2 * slice);

    turn();
    BOOST_TEST(links.front().writes == 0U);
    BOOST_TEST(late.received == one_shard::frame("to all") + one_shard::frame("to the late"));
    const auto told_once = std::count_if(links.begin(), links.end(), [&](const auto& to) {
        return to.writes == 1 && to.received.starts_with(one_shard::frame("to all"));
    });
    BOOST_TEST(told_once == many - 1);
    for (std::uint16_t i = 0; i < many; ++i) shard.erase_peer(ids::peer(i));
}

BOOST_AUTO_TEST_CASE(what_waits_here_for_its_turn_makes_no_reader_slow) {
    constexpr std::uint16_t many = 2 * channel::shard::links_per_slice + 1;
    settings.queue_bytes = 5000;
    const std::string text(2000, 'x');
    std::deque<one_shard::fake_link> links;
    for (std::uint16_t i = 0; i < many; ++i)
        shard.add_peer(ids::peer(i), channel::secret::make()).attach(links.emplace_back(shard));
    one_shard::fake_link& slow = links.front();
    slow.allow(0);
    for (int i = 0; i < 10; ++i) {
        shard.begin_input();
        shard.broadcast(text, ids::peer(many));
        shard.end_input();
        context.restart();
        context.poll_one();
    }
    BOOST_TEST(slow.closing());
    turn();
    const auto wanted = 10 * one_shard::frame(text).size();
    BOOST_TEST(std::all_of(links.begin() + 1, links.end(),
                           [&](const auto& to) { return !to.closing() && to.received.size() == wanted; }));
    slow.allow(1000000);
    BOOST_TEST(shard.count.queue_bytes == 0U);
    for (std::uint16_t i = 0; i < many; ++i) shard.erase_peer(ids::peer(i));
}

BOOST_AUTO_TEST_SUITE_END()
