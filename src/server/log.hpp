#pragma once

#include "server/config.hpp"

namespace server {

/// Sends the log to stderr, a line an event, from the given level on.
void start_log(log_level from);

}  // namespace server
