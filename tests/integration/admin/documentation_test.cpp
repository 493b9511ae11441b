#include "integration/admin/fixture.hpp"
#include "support/redis_process.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

using namespace admin;

namespace {

std::string content_of(const std::string& file) {
    std::ifstream in(std::string(SIGNALLER_SOURCE) + "/" + file);
    BOOST_REQUIRE_MESSAGE(in.good(), file);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// All that there is: a server with a store, where a command has been given.
admin::metrics_page whole_page() {
    const support::redis_process redis;
    const watched at({"--store", redis.store()});
    auto alice = at.peer("alice");
    return at.page();
}

std::string joined(const std::set<std::string>& words) {
    std::string all;
    for (const auto& word : words) all += (all.empty() ? " `" : ", `") + word + "`";
    return all;
}

/// `name | type | labels`, as the README's table has them.
std::set<std::string> rows_of(const admin::metrics_page& page) {
    std::set<std::string> rows;
    for (const auto& [name, family] : page.families())
        rows.insert("`signaller_" + name + "` | " + family.type + " |" + joined(family.label_names));
    return rows;
}

std::set<std::string> rows_of_readme() {
    std::istringstream lines(content_of("README.md"));
    std::set<std::string> rows;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| `signaller_")) continue;
        // Up to the meaning, which is the fourth column.
        auto end = line.find(" |");
        for (int column = 1; column < 3; ++column) end = line.find(" |", end + 1);
        BOOST_TEST(line.size() > end + 10, line << " does not say what it means");
        rows.insert(line.substr(2, end - 2));
    }
    return rows;
}

/// Every string under a key of this name, at any depth.
void collect(const boost::json::value& from, std::string_view key, std::vector<std::string>& into) {
    if (const auto* const array = from.if_array()) {
        for (const auto& element : *array) collect(element, key, into);
    }
    const auto* const object = from.if_object();
    if (!object) return;
    for (const auto& entry : *object) {
        const auto* const text = entry.value().if_string();
        if (text && key == entry.key_c_str()) into.emplace_back(text->data(), text->size());
        collect(entry.value(), key, into);
    }
}

/// The metrics that an expression names.
std::vector<std::string> metrics_in(const std::string& expression) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz_0123456789";
    const std::string prefix = "signaller_";
    std::vector<std::string> found;
    for (auto at = expression.find(prefix); at != std::string::npos; at = expression.find(prefix, at)) {
        const auto end = std::min(expression.find_first_not_of(letters, at), expression.size());
        found.push_back(expression.substr(at + prefix.size(), end - at - prefix.size()));
        at = end;
    }
    return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(documentation)

BOOST_AUTO_TEST_CASE(the_table_of_the_readme_is_the_page) {
    const auto page = rows_of(whole_page());
    const auto readme = rows_of_readme();
    for (const auto& row : page) BOOST_TEST(readme.contains(row), "not in the README: " << row);
    for (const auto& row : readme) BOOST_TEST(page.contains(row), "not on the page: " << row);
}

BOOST_AUTO_TEST_CASE(the_dashboard_asks_for_metrics_that_there_are) {
    const auto dashboard = boost::json::parse(content_of("scripts/grafana-dashboard.json"));
    std::vector<std::string> expressions;
    collect(dashboard, "expr", expressions);
    collect(dashboard, "query", expressions);
    BOOST_TEST(expressions.size() >= 15U);
    const auto page = whole_page();
    std::size_t named = 0;
    for (const auto& expression : expressions) {
        for (const auto& name : metrics_in(expression)) {
            ++named;
            BOOST_CHECK_NO_THROW(static_cast<void>(page.value(name)));
            const bool is_histogram = page.has_family(name) && page.families().at(name).type == "histogram";
            BOOST_TEST(!is_histogram, name << " is a histogram: of what?");
        }
    }
    BOOST_TEST(named >= 15U);
}

BOOST_AUTO_TEST_SUITE_END()
