#include "server/option_table.hpp"

#include "server/option_rows.hpp"

#include <algorithm>
#include <cctype>

namespace server {

namespace rows {

bool assign_path(std::string& to, std::string_view value) {
    constexpr std::size_t most_bytes = 4096;
    const auto is_plain = [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7F' && c != '#'; };
    if (value.empty() || value.size() > most_bytes || value.front() == ' ' || value.back() == ' ') return false;
    if (!std::ranges::all_of(value, is_plain)) return false;
    to = value == "none" ? "" : value;
    return true;
}

}  // namespace rows

namespace {

std::vector<option> make_table() {
    std::vector<option> table;
    rows::add_network(table);
    rows::add_limits(table);
    rows::add_services(table);
    return table;
}

}  // namespace

const std::vector<option>& option_table() {
    static const auto table = make_table();
    return table;
}

const option* find_option(std::string_view name) {
    const auto& table = option_table();
    const auto found = std::ranges::find(table, name, &option::name);
    return found == table.end() ? nullptr : &*found;
}

std::string environment_name(const option& named) {
    std::string name{"SIGNALLER_"};
    for (const char c : named.name)
        name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

}  // namespace server
