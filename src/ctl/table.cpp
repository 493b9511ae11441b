#include "ctl/table.hpp"

#include "ctl/terminal.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <ctime>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

namespace ctl {

namespace json = boost::json;

namespace {

constexpr std::size_t widest_cell = 40;

std::string time_of(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::ostringstream text;
    text << std::put_time(&parts, "%Y-%m-%dT%H:%M:%SZ");
    return text.str();
}

std::string cell(std::string_view name, const json::value& value) {
    std::string text;
    if (value.is_null()) {
        text = "-";
    } else if (value.is_bool()) {
        text = value.get_bool() ? "yes" : "no";
    } else if (const auto* const written = value.if_string()) {
        text = std::string_view(*written);
    } else if (const auto* const list = value.if_array()) {
        text = std::to_string(list->size());
    } else if ((name.ends_with("At") || name == "time") && value.is_int64()) {
        text = time_of(value.get_int64());
    } else {
        text = json::serialize(value);
    }
    return shown(text);
}

void print_table(std::ostream& out, const json::array& rows) {
    if (rows.empty() || !rows.front().is_object()) {
        out << "none\n";
        return;
    }
    std::vector<std::vector<std::string>> cells(1);
    for (const auto& [name, value] : rows.front().get_object()) cells.front().emplace_back(name);
    for (const auto& row : rows) {
        auto& line = cells.emplace_back();
        for (const auto& [name, value] : row.as_object()) line.push_back(cut(cell(name, value), widest_cell));
    }
    std::vector<std::size_t> widths(cells.front().size());
    for (const auto& line : cells) {
        for (std::size_t i = 0; i < std::min(line.size(), widths.size()); ++i)
            widths[i] = std::max(widths[i], width_of(line[i]));
    }
    for (const auto& line : cells) {
        for (std::size_t i = 0; i < std::min(line.size(), widths.size()); ++i) {
            out << line[i];
            if (i + 1 < widths.size()) out << std::string(widths[i] - width_of(line[i]) + 2, ' ');
        }
        out << '\n';
    }
}

}  // namespace

void print(std::ostream& out, const json::object& answer) {
    for (const auto& [name, value] : answer) {
        const bool rows = value.is_array() && !value.get_array().empty() && value.get_array().front().is_object();
        if (rows || (value.is_array() && answer.size() <= 2)) {
            if (answer.size() > 2) out << name << ":\n";
            print_table(out, value.get_array());
        } else if (name == "next") {
            if (value.is_string()) out << "more: --after " << std::string_view(value.get_string()) << '\n';
        } else if (const auto* const list = value.if_array()) {
            out << name << ':';
            for (const auto& one : *list) out << ' ' << cell(name, one);
            out << '\n';
        } else {
            out << name << ": " << cell(name, value) << '\n';
        }
    }
}

}  // namespace ctl
