#pragma once

#include "channel/change.hpp"
#include "channel/channel_state.hpp"

#include <optional>
#include <string>
#include <string_view>

/// How changes and channels are written down: JSON with short keys, as documented in the README ("What is in Redis").
/// Reading never throws: what another version or hand wrote wrongly is nothing.
namespace store {

/// A change and whose it is.
struct entry {
    channel::node_id node = 0;
    std::uint64_t ticket = 0;  ///< by which the node knows its own change again
    channel::change what;
};

[[nodiscard]] std::string write_entry(channel::node_id node, std::uint64_t ticket, const channel::change& c);
[[nodiscard]] std::optional<entry> read_entry(std::string_view text);

[[nodiscard]] std::string write_state(const channel::channel_state& state);
[[nodiscard]] std::optional<channel::channel_state> read_state(std::string_view text);

[[nodiscard]] std::string node_text(channel::node_id id);
[[nodiscard]] std::optional<channel::node_id> read_node(std::string_view text);

}  // namespace store
