#pragma once

#include "support/server_process.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logs {

/// One line of `--log-format json`.
using logged = boost::json::object;

/// What a server said until it ended, which this asks it to do. Every line has to be JSON with time, level and event,
/// and the text to end with a whole line.
[[nodiscard]] std::vector<logged> all_lines(support::server_process& server);

/// Those of one event.
[[nodiscard]] std::vector<logged> of(const std::vector<logged>& lines, std::string_view event);
/// The only one of that event.
[[nodiscard]] logged only(const std::vector<logged>& lines, std::string_view event);

[[nodiscard]] std::string text_in(const logged& line, std::string_view key);
[[nodiscard]] std::int64_t number_in(const logged& line, std::string_view key);

/// Asks for a WebSocket at `target`, with further complete header lines; the answer's status line. Any bytes may stand
/// in both.
std::string ask_upgrade(std::uint16_t port, std::string_view target, std::string_view more_fields = {});

}  // namespace logs
