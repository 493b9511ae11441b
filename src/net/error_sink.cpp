#include "net/error_sink.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <cstring>

namespace net {

void report_error(const char* name, std::exception_ptr error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        spdlog::error("task={} error=\"{}\"", name, e.what());
    } catch (...) {
        spdlog::error("task={} error=unknown", name);
    }
}

void report_accept_failure(int error_number) noexcept {
    using namespace std::chrono;
    static std::atomic<std::int64_t> last_second{0};
    const auto second = duration_cast<seconds>(steady_clock::now().time_since_epoch()).count();
    if (last_second.exchange(second) == second) return;
    spdlog::warn("accept failed, pausing: {}", std::strerror(error_number));
}

}  // namespace net
