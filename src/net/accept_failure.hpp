#pragma once

namespace net {

/// Logs that the system has no descriptor or memory for another connection.
void report_accept_failure(int error_number) noexcept;

}  // namespace net
