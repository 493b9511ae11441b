#include "logging/failure.hpp"

#include "logging/log.hpp"

namespace logging {

void task_failed(const char* name, std::exception_ptr error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        line(event::task_failed).with("task", name).with("problem", e.what());
    } catch (...) {
        line(event::task_failed).with("task", name).with("problem", "unknown");
    }
}

}  // namespace logging
