#include "server/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace server {

void start_log(log_level from) {
    auto logger = spdlog::stderr_logger_mt("signaller");
    logger->set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc);
    logger->set_level(static_cast<spdlog::level::level_enum>(from));
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace server
