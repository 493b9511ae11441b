#include "net/accept_failure.hpp"

#include "logging/log.hpp"

#include <system_error>

namespace net {

void report_accept_failure(int error_number) noexcept {
    logging::line(logging::event::accept_failed).with("problem", std::generic_category().message(error_number));
}

}  // namespace net
