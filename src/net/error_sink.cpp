#include "net/error_sink.hpp"

#include "logging/log.hpp"

#include <system_error>

namespace net {

void report_error(const char* name, std::exception_ptr error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        logging::line(logging::event::task_failed).with("task", name).with("problem", e.what());
    } catch (...) {
        logging::line(logging::event::task_failed).with("task", name).with("problem", "unknown");
    }
}

void report_accept_failure(int error_number) noexcept {
    logging::line(logging::event::accept_failed).with("problem", std::generic_category().message(error_number));
}

}  // namespace net
