#pragma once

#include <cstdint>
#include <string>

namespace support {

/// The status of the answer to `GET path`; 0 if there is none.
[[nodiscard]] int http_status(std::uint16_t port, const std::string& path);

}  // namespace support
