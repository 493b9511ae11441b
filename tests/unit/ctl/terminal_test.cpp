#include "ctl/terminal.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(terminal)

BOOST_AUTO_TEST_CASE(what_a_terminal_obeys_is_not_shown) {
    BOOST_TEST(ctl::shown("plain text, \xe7\x8e\x8b, \xf0\x9f\x98\x80") ==
               "plain text, \xe7\x8e\x8b, \xf0\x9f\x98\x80");
    // Escape, CSI (U+009B), a turn of the writing direction, and what is not UTF-8.
    BOOST_TEST(ctl::shown("a\x1b[31m") == "a?[31m");
    BOOST_TEST(ctl::shown("a\xc2\x9b\xe2\x80\xae\xff") == "a???");
}

BOOST_AUTO_TEST_CASE(ideographs_take_two_columns_and_accents_none) {
    BOOST_TEST(ctl::width_of("alice") == 5U);
    BOOST_TEST(ctl::width_of("\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e") == 6U);
    BOOST_TEST(ctl::width_of("\xf0\x9f\x98\x80") == 2U);
    BOOST_TEST(ctl::width_of("e\xcc\x81") == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_too_wide_is_cut_between_characters) {
    BOOST_TEST(ctl::cut("alice", 5) == "alice");
    BOOST_TEST(ctl::cut("alice", 4) == "ali\xe2\x80\xa6");
    BOOST_TEST(ctl::cut("\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e", 4) == "\xe7\x8e\x8b\xe2\x80\xa6");
}

BOOST_AUTO_TEST_SUITE_END()
