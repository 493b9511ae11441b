#pragma once

#include <exception>

namespace net {

/// Where errors of background work end: one log line. `name` says whose it was.
void report_error(const char* name, std::exception_ptr error) noexcept;

/// The system has no descriptor or memory for another connection.
void report_accept_failure(int error_number) noexcept;

}  // namespace net
