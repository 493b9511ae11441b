#pragma once

#include <exception>

namespace logging {

/// Where errors of background work end: one line. `name` says whose it was. Any thread.
void task_failed(const char* name, std::exception_ptr error) noexcept;

}  // namespace logging
