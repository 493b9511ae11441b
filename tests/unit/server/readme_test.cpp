#include "server/config.hpp"
#include "server/option_table.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view begin_mark = "<!-- options:begin -->\n";
constexpr std::string_view end_mark = "<!-- options:end -->";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';  // it would end the cell
        out += c;
    }
    return out;
}

std::string code(std::string_view text) { return "`" + escaped(text) + "`"; }

std::string options_as_markdown() {
    const server::config defaults;
    std::string out = "| option | environment | default | meaning |\n| --- | --- | --- | --- |\n";
    std::string_view group;
    for (const auto& row : server::option_table()) {
        if (row.group != group) {
            group = row.group;
            out.append("| **").append(group).append("** | | | |\n");
        }
        const auto shown = row.show(defaults);
        out.append("| ").append(code("--" + std::string{row.name} + " " + std::string{row.placeholder}));
        out.append(" | ").append(code(server::environment_name(row)));
        out.append(" | ").append(shown.empty() ? std::string{} : code(shown));
        out.append(" | ").append(escaped(row.help));
        if (!row.range.empty()) out.append(" (").append(escaped(row.range)).append(")");
        out.append(" |\n");
    }
    return out;
}

std::string read(const char* path) {
    std::ifstream file{path};
    BOOST_REQUIRE(file.is_open());
    return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(readme)

/// With SIGNALLER_TEST_WRITE_README set, the table is written anew: scripts/lib/write_options_table does that.
BOOST_AUTO_TEST_CASE(lists_every_option_as_the_table_has_it) {
    auto text = read(SIGNALLER_README);
    const auto begin = text.find(begin_mark);
    const auto end = text.find(end_mark);
    BOOST_REQUIRE(begin != std::string::npos);
    BOOST_REQUIRE(end != std::string::npos);
    const auto from = begin + begin_mark.size();
    BOOST_REQUIRE(from <= end);

    const auto wanted = options_as_markdown();
    const bool is_current = text.compare(from, end - from, wanted) == 0;
    if (!is_current && std::getenv("SIGNALLER_TEST_WRITE_README") != nullptr) {
        text.replace(from, end - from, wanted);
        std::ofstream{SIGNALLER_README} << text;
        return;
    }
    BOOST_TEST(is_current,
               "the README's table of options is not that of the program: run scripts/lib/write_options_table");
}

BOOST_AUTO_TEST_SUITE_END()
