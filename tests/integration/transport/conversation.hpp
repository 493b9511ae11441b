#pragma once

#include "integration/transport/raw_client.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace transport {

/// What a client heard, one word per frame: "pong hello" for an event, "PONG x" and "PING x" for control frames, "bye
/// 1002", "CLOSE 1002", and "end" or "reset" for the connection's end.
using heard = std::vector<std::string>;

[[nodiscard]] std::string word_for(const server_frame& frame);

/// The next so many words.
[[nodiscard]] heard listen(raw_client& client, std::size_t count);
/// Everything up to the end.
[[nodiscard]] heard listen_to_end(raw_client& client);

/// Describes a new peer, and waits for the `welcome`.
void describe(raw_client& client);

/// A text field of an event, or the text of another value; "" if there is none.
[[nodiscard]] std::string field_of(std::string_view event, std::string_view name);

}  // namespace transport
