#pragma once

#include <exception>

namespace store {

/// Logs what a task of the store threw: a bug, or no memory.
void report(const char* name, std::exception_ptr error) noexcept;

}  // namespace store
