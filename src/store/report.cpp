#include "store/report.hpp"

#include <spdlog/spdlog.h>

namespace store {

void report(const char* name, std::exception_ptr error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        spdlog::error("task=\"{}\" error=\"{}\"", name, e.what());
    } catch (...) {
        spdlog::error("task=\"{}\" error=unknown", name);
    }
}

}  // namespace store
