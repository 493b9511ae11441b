#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace auth {

/// Strict base64url (RFC 7515, 2): no padding, no white space, no bits left over, so that no two texts mean the same
/// bytes. Empty text is no bytes.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace auth
