#include "channel/channel_log.hpp"

#include "unit/channel/ids.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <vector>

namespace {

std::string text_of(const channel::channel_log::pieces& read) {
    return std::string(read.front) + std::string(read.back);
}

/// Everything that is in the log.
std::string content_of(const channel::channel_log& log) {
    return text_of(log.read(log.first().ordinal, log.head().ordinal));
}

void say(channel::channel_log& log, const std::string& frame) { log.append(frame, log.head().seq + 1, {}); }

}  // namespace

BOOST_AUTO_TEST_SUITE(channel_log)

BOOST_AUTO_TEST_CASE(a_new_log_is_empty_and_begins_where_it_is_told) {
    const channel::channel_log fresh;
    BOOST_TEST(fresh.bytes() == 0U);
    BOOST_TEST(fresh.head().ordinal == 0U);
    const channel::channel_log replica({17, 4});
    BOOST_TEST(replica.first().ordinal == 17U);
    BOOST_TEST(replica.head().seq == 4U);
    BOOST_TEST(content_of(replica).empty());
}

BOOST_AUTO_TEST_CASE(frames_are_read_back_to_back_in_the_order_in_which_they_were_said) {
    channel::channel_log log({5, 2});
    for (const char* const frame : {"one", "two", "three"}) say(log, frame);
    BOOST_TEST(content_of(log) == "onetwothree");
    BOOST_TEST(text_of(log.read(6, 7)) == "two");
    BOOST_TEST(text_of(log.read(7, 7)).empty());
    BOOST_TEST(log.bytes() == 11U);
    BOOST_TEST(log.head().ordinal == 8U);
    BOOST_TEST(log.head().seq == 5U);
}

BOOST_AUTO_TEST_CASE(seq_counts_public_messages_only) {
    channel::channel_log log;
    log.append("join", 0, {});
    log.append("first", 1, {});
    log.append("quit", 0, {});
    log.append("second", 2, {});
    BOOST_TEST(log.seq_of(0) == 0U);
    BOOST_TEST(log.seq_of(1) == 1U);
    BOOST_TEST(log.seq_of(2) == 0U);
    BOOST_TEST(log.position_of(1).seq == 0U);
    BOOST_TEST(log.position_of(3).seq == 1U);
    BOOST_TEST(log.position_of(4).seq == 2U);
}

BOOST_AUTO_TEST_CASE(entries_know_whom_they_are_not_for) {
    channel::channel_log log;
    log.append("for all", 1, {});
    log.append("not for one", 2, std::array{ids::peer(1)});
    log.append("not for two", 3, std::array{ids::peer(1), ids::peer(2)});
    BOOST_TEST(!log.is_excepted(0, ids::peer(1)));
    BOOST_TEST(log.is_excepted(1, ids::peer(1)));
    BOOST_TEST(!log.is_excepted(1, ids::peer(2)));
    BOOST_TEST(log.is_excepted(2, ids::peer(2)));
    BOOST_TEST(log.exceptions_of(0).empty());
    BOOST_TEST(log.exceptions_of(1).size() == 1U);
    BOOST_TEST(log.exceptions_of(2).size() == 2U);
    log.trim_to(2);
    BOOST_TEST(log.is_excepted(2, ids::peer(1)));
}

BOOST_AUTO_TEST_CASE(trimming_forgets_the_oldest_and_keeps_numbers) {
    channel::channel_log log;
    for (const char* const frame : {"a", "bb", "ccc", "dddd"}) say(log, frame);
    log.trim_to(2);
    BOOST_TEST(log.first().ordinal == 2U);
    BOOST_TEST(log.first().seq == 2U);
    BOOST_TEST(content_of(log) == "cccdddd");
    log.trim_to(1);
    BOOST_TEST(content_of(log) == "cccdddd");
    log.trim_to(4);
    BOOST_TEST(log.bytes() == 0U);
    say(log, "e");
    BOOST_TEST(content_of(log) == "e");
    BOOST_TEST(log.head().seq == 5U);
}

BOOST_AUTO_TEST_CASE(trimming_to_bytes_never_takes_the_newest_nor_what_is_to_be_kept) {
    channel::channel_log log;
    for (int i = 0; i < 10; ++i) say(log, std::string(10, static_cast<char>('0' + i)));
    log.trim_bytes(35);
    BOOST_TEST(log.bytes() == 30U);
    log.trim_bytes(0, 8);
    BOOST_TEST(log.first().ordinal == 8U);
    log.trim_bytes(0);
    BOOST_TEST(content_of(log) == "9999999999");
    channel::channel_log empty;
    empty.trim_bytes(0);
    BOOST_TEST(empty.bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_byte_count_is_translated_into_a_position_and_a_rest) {
    channel::channel_log log({3, 0});
    for (const char* const frame : {"aaaa", "bb", "cccccc"}) say(log, frame);
    struct row {
        std::size_t bytes;
        std::uint64_t ordinal;
        std::size_t into;
    };
    for (const row& wanted : {row{0, 3, 0}, row{1, 3, 1}, row{3, 3, 3}, row{4, 4, 0}, row{5, 4, 1}, row{6, 5, 0},
                              row{11, 5, 5}, row{12, 6, 0}}) {
        const auto reached = log.advance(3, wanted.bytes);
        BOOST_TEST(reached.at.ordinal == wanted.ordinal);
        BOOST_TEST(reached.into_entry == wanted.into);
    }
    BOOST_TEST(log.advance(4, 3).at.ordinal == 5U);
    BOOST_TEST(log.advance(4, 3).into_entry == 1U);
}

BOOST_AUTO_TEST_CASE(the_ring_wraps_and_grows_without_losing_a_byte) {
    channel::channel_log log;
    std::vector<std::string> kept;
    std::size_t first = 0;
    for (std::size_t i = 0; i < 3000; ++i) {
        kept.emplace_back(1 + i * 37 % 500, static_cast<char>('a' + i % 26));
        say(log, kept.back());
        // Now and then nearly everything goes, so that the ring is used from any place.
        const auto backlog = i % 700 < 600 ? 7U : 90U;
        if (kept.size() - first > backlog) log.trim_to(first = kept.size() - backlog / 2);
        std::string wanted;
        for (auto at = first; at < kept.size(); ++at) wanted += kept[at];
        BOOST_REQUIRE_EQUAL(content_of(log), wanted);
    }
}

BOOST_AUTO_TEST_CASE(when_it_has_to_shrink_it_gives_back_what_it_knows_of_many_short_messages_too) {
    std::uint64_t held = 0;
    channel::channel_log log({}, &held);
    for (int i = 0; i < 10000; ++i) say(log, std::string(10, static_cast<char>('0' + i % 10)));
    log.shrink_to(2048);
    // The bytes, and as many entries as have them.
    BOOST_TEST(held <= 2048U + 256U * 64U);
    BOOST_TEST(content_of(log).size() == 2040U);
    BOOST_TEST(content_of(log).ends_with("88888888889999999999"));
    log.forget_all();
    BOOST_TEST(held == 0U);
    say(log, "goes on");
    BOOST_TEST(content_of(log) == "goes on");
}

BOOST_AUTO_TEST_CASE(memory_of_a_burst_is_given_back_by_and_by) {
    channel::channel_log log;
    for (int i = 0; i < 1000; ++i) say(log, std::string(1000, 'x'));
    BOOST_TEST(log.capacity_bytes() >= 1000000U);
    for (int i = 0; i < 2000; ++i) {
        log.trim_to(log.head().ordinal);
        say(log, "a quiet channel");
    }
    BOOST_TEST(log.capacity_bytes() <= 65536U);
    BOOST_TEST(content_of(log) == "a quiet channel");
}

BOOST_AUTO_TEST_SUITE_END()
