#include "server/config.hpp"
#include "server/option_table.hpp"

#include <cstddef>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

/// What the program says of its options.
namespace server {

namespace {

constexpr std::size_t help_column = 28;
constexpr std::size_t help_width = 110;

/// Puts words behind what stands in the last line of `out`, in lines of their own from a column on.
void append_wrapped(std::string& out, const std::vector<std::string>& words) {
    auto at = out.size() - (out.rfind('\n') + 1);
    if (at >= help_column) {
        out += '\n';
        at = 0;
    }
    out.append(help_column - at, ' ');
    at = help_column;
    for (const auto& word : words) {
        if (at > help_column && at + 1 + word.size() > help_width) {
            out.append("\n").append(help_column, ' ');
            at = help_column;
        }
        if (at > help_column) out += ' ';
        out += word;
        at += word.size() + 1;
    }
    out += '\n';
}

/// "its meaning (its range; default 3)"
std::vector<std::string> words_about(const option& row) {
    std::istringstream text{std::string{row.help} + " (" + row.range + (row.range.empty() ? "" : ";")};
    std::vector<std::string> words{std::istream_iterator<std::string>{text}, {}};
    auto last = "default " + row.show(config{}) + ")";
    if (row.range.empty()) {
        words.back() += last;
    } else {
        words.push_back(std::move(last));
    }
    return words;
}

}  // namespace

std::string print_config(const config& from) {
    std::string out;
    std::string_view group;
    for (const auto& row : option_table()) {
        if (row.group != group) {
            group = row.group;
            out.append(out.empty() ? "# " : "\n# ").append(group).append("\n");
        }
        out.append(row.name).append(" = ").append(row.show(from)).append("\n");
    }
    return out;
}

std::string help_text() {
    std::string out =
        "Usage: signaller [options]\n"
        "A WebRTC signalling server.\n"
        "\n"
        "Every option can also be set in the environment (--resume-window as SIGNALLER_RESUME_WINDOW) and in the file\n"
        "that --config or SIGNALLER_CONFIG names (resume-window = 2m). The command line goes before the environment, "
        "and\n"
        "that before the file. TIME is in seconds, or with ms, s, m or h (1.5, 250ms); SIZE is in bytes, or with KiB, "
        "MiB,\n"
        "GiB (powers of 1024), k, kB, M, MB, G or GB (powers of 1000).\n"
        "\n"
        "  --config FILE             lines of key = value; '#' begins a comment\n"
        "  --print-config            print the configuration as such a file, and exit\n"
        "  --help, -h                print this, and exit\n"
        "  --version                 print the version, and exit\n";
    std::string_view group;
    for (const auto& row : option_table()) {
        if (row.group != group) {
            group = row.group;
            out.append("\n").append(group).append(":\n");
        }
        out.append("  --").append(row.name).append(" ").append(row.placeholder);
        append_wrapped(out, words_about(row));
    }
    return out;
}

}  // namespace server
