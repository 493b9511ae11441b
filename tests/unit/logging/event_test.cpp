#include "logging/log.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

BOOST_AUTO_TEST_SUITE(event)

BOOST_AUTO_TEST_CASE(names_are_plain_and_no_two_are_alike) {
    std::set<std::string_view> names;
    for (const auto& kind : logging::event_kinds) {
        BOOST_TEST(names.insert(kind.name).second, kind.name << " is there twice");
        const auto plain = [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); };
        BOOST_TEST(std::all_of(kind.name.begin(), kind.name.end(), plain), kind.name);
    }
}

BOOST_AUTO_TEST_CASE(the_readme_explains_each) {
    std::ifstream file{SIGNALLER_README};
    BOOST_REQUIRE(file.is_open());
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto from = text.find("### Logs\n");
    BOOST_REQUIRE(from != std::string::npos);
    for (const auto& kind : logging::event_kinds)
        BOOST_TEST(text.find("`" + std::string(kind.name) + "`", from) != std::string::npos,
                   "the README's section Logs does not explain " << kind.name);
}

BOOST_AUTO_TEST_CASE(without_an_output_nothing_is_wanted_and_lines_are_harmless) {
    for (const auto what : {logging::event::task_failed, logging::event::started}) {
        BOOST_TEST(!logging::wanted(what));
        logging::line told(what);
        BOOST_TEST(!told);
        told.with("key", "value").with("number", 1);
    }
    logging::report_left_out();
}

BOOST_AUTO_TEST_SUITE_END()
