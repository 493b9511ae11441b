#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace server {

/// Checks a JSON array of RTCIceServer dictionaries (W3C WebRTC, 4.2.4) and gives it back in compact form: each has
/// `urls`, a URL or a list of URLs with the scheme stun, stuns, turn or turns, since anything else makes every
/// browser's RTCPeerConnection throw.
[[nodiscard]] std::optional<std::string> parse_ice_servers(std::string_view json);

}  // namespace server
