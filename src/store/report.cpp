#include "store/report.hpp"

#include "logging/log.hpp"

namespace store {

void report(const char* name, std::exception_ptr error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        logging::line(logging::event::task_failed).with("task", name).with("problem", e.what());
    } catch (...) {
        logging::line(logging::event::task_failed).with("task", name).with("problem", "unknown");
    }
}

}  // namespace store
