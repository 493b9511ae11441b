#include "channel/message_history.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace {

void say(channel::message_history& in, std::uint64_t from, std::uint64_t to) {
    for (auto seq = from; seq <= to; ++seq) in.add(seq, "message " + std::to_string(seq));
}

std::vector<std::string> texts(const channel::message_history::page& of) {
    return {of.messages.begin(), of.messages.end()};
}

using list = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(message_history)

BOOST_AUTO_TEST_CASE(the_last_come_oldest_first_and_say_whether_there_are_more) {
    channel::message_history kept(100, 1000000);
    say(kept, 1, 5);
    const auto two = kept.last(2, std::nullopt);
    BOOST_TEST(texts(two) == (list{"message 4", "message 5"}), boost::test_tools::per_element());
    BOOST_TEST(two.more);
    const auto all = kept.last(5, std::nullopt);
    BOOST_TEST(all.messages.size() == 5U);
    BOOST_TEST(!all.more);
    BOOST_TEST(kept.last(1000, std::nullopt).messages.size() == 5U);
}

BOOST_AUTO_TEST_CASE(before_a_number_means_without_it) {
    channel::message_history kept(100, 1000000);
    say(kept, 1, 9);
    BOOST_TEST(texts(kept.last(2, 4)) == (list{"message 2", "message 3"}), boost::test_tools::per_element());
    BOOST_TEST(kept.last(2, 1).messages.empty());
    BOOST_TEST(!kept.last(2, 1).more);
    BOOST_TEST(texts(kept.last(1, 1000)) == (list{"message 9"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(beyond_the_number_the_oldest_go) {
    channel::message_history kept(3, 1000000);
    say(kept, 1, 10);
    const auto all = kept.last(100, std::nullopt);
    BOOST_TEST(texts(all) == (list{"message 8", "message 9", "message 10"}), boost::test_tools::per_element());
    BOOST_TEST(!all.more);
}

BOOST_AUTO_TEST_CASE(beyond_the_bytes_the_oldest_go_but_never_the_newest) {
    channel::message_history kept(100, 1000);
    for (std::uint64_t seq = 1; seq <= 20; ++seq) kept.add(seq, std::string(300, 'x'));
    BOOST_TEST(kept.last(100, std::nullopt).messages.size() == 3U);
    kept.add(21, std::string(5000, 'y'));
    BOOST_TEST(kept.last(100, std::nullopt).messages.size() == 1U);
    say(kept, 22, 23);
    BOOST_TEST(texts(kept.last(100, std::nullopt)) == (list{"message 22", "message 23"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_page_is_bounded_in_bytes_and_has_at_least_one_message) {
    channel::message_history kept(100, 100000000);
    for (std::uint64_t seq = 1; seq <= 10; ++seq) kept.add(seq, std::string(100000, 'x'));
    const auto page = kept.last(10, std::nullopt);
    BOOST_TEST(page.messages.size() == 2U);
    BOOST_TEST(page.more);
    kept.add(11, std::string(1000000, 'y'));
    BOOST_TEST(kept.last(10, std::nullopt).messages.size() == 1U);
}

BOOST_AUTO_TEST_CASE(keeping_none_keeps_none) {
    channel::message_history kept(0, 1000);
    say(kept, 1, 3);
    BOOST_TEST(kept.last(10, std::nullopt).messages.empty());
}

BOOST_AUTO_TEST_CASE(visiting_goes_from_the_oldest_to_the_newest) {
    channel::message_history kept(2, 1000);
    say(kept, 1, 4);
    std::string seen;
    kept.for_each([&](std::uint64_t seq, std::string_view event) {
        seen.append(std::to_string(seq)).append("=").append(event).append(" ");
    });
    BOOST_TEST(seen == "3=message 3 4=message 4 ");
}

BOOST_AUTO_TEST_SUITE_END()
