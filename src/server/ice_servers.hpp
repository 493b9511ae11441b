#pragma once

#include "channel/ice_servers.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace server {

/// Checks what clients are to be told, and gives it back as a compact JSON array of RTCIceServer dictionaries (W3C
/// WebRTC, 4.2.4). Either it is such an array, or URLs with commas between, of which those of TURN servers and the
/// others become a dictionary each. URLs are as in RFC 7064 and 7065, since anything else makes every browser's
/// RTCPeerConnection throw.
[[nodiscard]] std::optional<std::string> parse_ice_servers(std::string_view text);

/// Secrets that the server shares with TURN servers, with commas between; the first signs, the others are still, or
/// already, known to the TURN servers while a secret is replaced. 1 to 256 printable ASCII characters each, without
/// '#', ',' and space.
[[nodiscard]] bool are_turn_secrets(std::string_view text);

/// Empty if there is none.
[[nodiscard]] std::string first_turn_secret(std::string_view secrets);

/// What sessions ask for iceServers. `ice_servers_json` as from parse_ice_servers, `secrets` as above or empty.
[[nodiscard]] channel::ice_servers make_ice_servers(std::string_view ice_servers_json, std::string_view secrets,
                                                    std::chrono::milliseconds ttl);

/// The URLs of the TURN servers without `username` and `credential`: these need a secret, or browsers throw.
[[nodiscard]] std::vector<std::string> unsigned_turn_urls(std::string_view ice_servers_json);

}  // namespace server
