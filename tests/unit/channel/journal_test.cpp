#include "channel/journal.hpp"

#include "unit/channel/ids.hpp"
#include "unit/channel/one_shard.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <memory>
#include <string>

using channel::log_span;
using one_shard::frame;

namespace {

struct fixture : one_shard::fixture {
    std::shared_ptr<channel::channel_log> log = std::make_shared<channel::channel_log>();
    channel::journal kept{100, 100000};

    /// A public message that all get, and the stretch that is it.
    log_span say(const std::string& text) {
        const auto from = log->head();
        log->append(frame(text), from.seq + 1, {});
        return {log, ids::channel(1), ids::peer(1), from, log->head(), 1};
    }

    /// What is sent again to somebody who has seen so many.
    std::string replayed(const channel::journal& from, std::uint64_t seen) {
        one_shard::fake_link link(shard);
        channel::outbox box;
        from.replay(seen, box);
        BOOST_TEST(box.flush(link, nullptr, shard.count));
        return link.received;
    }
    std::string replayed(std::uint64_t seen) { return replayed(kept, seen); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(journal, fixture)

BOOST_AUTO_TEST_CASE(what_was_not_seen_comes_again_in_order) {
    kept.note(frame("reply"));
    kept.note(say("one"));
    kept.note(say("two"));
    kept.note(frame("private"));
    BOOST_TEST(kept.last() == 4U);
    BOOST_TEST(kept.count_after(0).value() == 4U);
    BOOST_TEST(replayed(0) == frame("reply") + frame("one") + frame("two") + frame("private"));
    BOOST_TEST(kept.count_after(2).value() == 2U);
    BOOST_TEST(replayed(2) == frame("two") + frame("private"));
    BOOST_TEST(kept.count_after(4).value() == 0U);
    BOOST_TEST(replayed(4).empty());
}

BOOST_AUTO_TEST_CASE(more_than_was_sent_cannot_have_been_seen) {
    kept.note(frame("reply"));
    BOOST_TEST(!kept.count_after(2).has_value());
    BOOST_TEST(!kept.confirm(2));
    BOOST_TEST(kept.confirmed() == 0U);
}

BOOST_AUTO_TEST_CASE(what_was_confirmed_is_not_kept) {
    for (const char* const text : {"a", "b", "c"}) kept.note(frame(text));
    BOOST_TEST(kept.confirm(2));
    BOOST_TEST(kept.count_after(2).value() == 1U);
    BOOST_TEST(!kept.count_after(1).has_value());
    // Fewer than before is no news.
    BOOST_TEST(kept.confirm(1));
    BOOST_TEST(kept.confirmed() == 2U);
    BOOST_TEST(replayed(2) == frame("c"));
}

BOOST_AUTO_TEST_CASE(entries_that_are_not_for_the_reader_do_not_count) {
    const auto from = log->head();
    log->append(frame("for all"), 1, {});
    log->append(frame("its own"), 2, std::array{ids::peer(1)});
    log->append(frame("for all again"), 3, {});
    kept.note(log_span{log, ids::channel(1), ids::peer(1), from, log->head(), 2});
    BOOST_TEST(kept.last() == 2U);
    BOOST_TEST(replayed(0) == frame("for all") + frame("for all again"));
    BOOST_TEST(replayed(1) == frame("for all again"));
}

BOOST_AUTO_TEST_CASE(the_oldest_go_beyond_the_number_of_events) {
    channel::journal small(3, 100000);
    for (const char* const text : {"a", "b", "c", "d", "e"}) small.note(frame(text));
    BOOST_TEST(!small.count_after(1).has_value());
    BOOST_TEST(small.count_after(2).value() == 3U);
    BOOST_TEST(replayed(small, 2) == frame("c") + frame("d") + frame("e"));
}

BOOST_AUTO_TEST_CASE(the_oldest_go_beyond_the_bytes) {
    channel::journal small(1000, 1000);
    for (int i = 0; i < 10; ++i) small.note(frame(std::string(300, 'x')));
    BOOST_TEST(!small.count_after(6).has_value());
    BOOST_TEST(small.count_after(7).value() == 3U);
}

BOOST_AUTO_TEST_CASE(a_stretch_whose_log_was_trimmed_cannot_be_sent_again) {
    kept.note(say("one"));
    kept.note(frame("reply"));
    log->trim_to(log->head().ordinal);
    BOOST_TEST(!kept.count_after(0).has_value());
    BOOST_TEST(kept.count_after(1).value() == 1U);
}

BOOST_AUTO_TEST_CASE(a_log_outlives_its_channel_for_the_journal) {
    kept.note(say("one"));
    log.reset();
    BOOST_TEST(replayed(0) == frame("one"));
}

BOOST_AUTO_TEST_CASE(a_lost_stretch_counts_as_the_one_event_that_told_of_it) {
    kept.note(frame("reply"));
    log_span lost = say("one");
    log->append(frame("two"), 2, {});
    lost.to = log->head();
    lost.events = 2;
    kept.note(lost);
    kept.note(say("three"));
    BOOST_TEST(kept.last() == 4U);
    log->trim_to(2);
    kept.replace(lost, frame("lost"));
    BOOST_TEST(kept.last() == 3U);
    BOOST_TEST(kept.count_after(0).value() == 3U);
    BOOST_TEST(replayed(0) == frame("reply") + frame("lost") + frame("three"));
    BOOST_TEST(replayed(2) == frame("three"));
}

BOOST_AUTO_TEST_CASE(the_end_of_a_stretch_may_be_lost_and_its_beginning_not) {
    const auto first = say("one");
    kept.note(first);
    const auto second = say("two");
    kept.note(second);
    kept.replace(second, frame("lost"));
    BOOST_TEST(kept.last() == 2U);
    BOOST_TEST(replayed(0) == frame("one") + frame("lost"));
}

BOOST_AUTO_TEST_CASE(after_a_break_only_the_present_can_be_resumed) {
    kept.note(frame("a"));
    kept.break_off();
    BOOST_TEST(!kept.count_after(1).has_value());
    kept.note(frame("b"));
    BOOST_TEST(!kept.count_after(0).has_value());
    BOOST_TEST(kept.count_after(kept.last() - 1).value() == 1U);
}

BOOST_AUTO_TEST_CASE(many_stretches_in_a_row_are_dropped_piece_by_piece) {
    channel::journal small(200, 1000000);
    for (int i = 1; i <= 1000; ++i) small.note(say(std::to_string(i)));
    BOOST_TEST(small.last() == 1000U);
    BOOST_TEST(small.count_after(900).value() == 100U);
    std::string wanted;
    for (int i = 901; i <= 1000; ++i) wanted += frame(std::to_string(i));
    BOOST_TEST(replayed(small, 900) == wanted);
}

BOOST_AUTO_TEST_CASE(what_was_confirmed_of_a_piece_takes_no_room_either) {
    channel::journal small(1000, 16000);
    for (int i = 0; i < 9; ++i) small.note(say(std::string(100, 'x')));
    BOOST_TEST(small.confirm(7));
    for (int i = 0; i < 10; ++i) small.note(frame(std::string(1560, 'y')));
    BOOST_TEST(small.count_after(7).value() == 12U);
    BOOST_TEST(replayed(small, 7).starts_with(frame(std::string(100, 'x')) + frame(std::string(100, 'x'))));
    small.note(frame(std::string(400, 'z')));
    BOOST_TEST(!small.count_after(7).has_value());
    BOOST_TEST(!small.count_after(9).has_value());
    BOOST_TEST(small.count_after(10).value() == 10U);
}

BOOST_AUTO_TEST_CASE(large_stretches_go_one_by_one) {
    channel::journal small(1000, 16000);
    for (int i = 0; i < 20; ++i) small.note(say(std::string(3000, 'x')));
    BOOST_TEST(!small.count_after(14).has_value());
    BOOST_TEST(small.count_after(15).value() == 5U);
}

BOOST_AUTO_TEST_CASE(a_log_may_be_trimmed_of_what_was_seen) {
    kept.note(say("one"));
    log->append(frame("its own"), 2, std::array{ids::peer(1)});
    kept.note(say("two"));
    kept.note(say("three"));
    log->trim_to(3);
    BOOST_TEST(!kept.count_after(1).has_value());
    BOOST_TEST(kept.count_after(2).value() == 1U);
    BOOST_TEST(replayed(2) == frame("three"));
    BOOST_TEST(kept.confirm(2));
    BOOST_TEST(replayed(2) == frame("three"));
}

BOOST_AUTO_TEST_CASE(what_is_not_for_the_reader_does_not_cost_it_what_is) {
    channel::journal small(1000, 8000);
    small.note(say("one"));
    const auto from = log->head();
    log->append(frame("two"), 2, {});
    log->append(frame(std::string(5000, 'x')), 3, std::array{ids::peer(1)});
    log->append(frame("four"), 4, {});
    small.note(log_span{log, ids::channel(1), ids::peer(1), from, log->head(), 2});
    small.passed_over(900, true);
    small.passed_over(900, false);
    small.passed_over(1, true);
    log->trim_to(log->head().ordinal);
    small.note(say("five"));
    BOOST_TEST(small.count_after(0).value() == 4U);
    BOOST_TEST(replayed(small, 0) == frame("one") + frame("two") + frame("four") + frame("five"));
    BOOST_TEST(replayed(small, 2) == frame("four") + frame("five"));
}

BOOST_AUTO_TEST_SUITE_END()
