#pragma once

#include "channel/timer_wheel.hpp"

#include <algorithm>

namespace channel {

/// What somebody may use by and by, as the moment up to which it has been used in advance: a token bucket in one number
/// (GCRA). What is used costs time.
class allowance {
public:
    using duration = steady_time::duration;

    /// How long one has to wait before this may be used as well, where so much may be used at once.
    [[nodiscard]] duration wait_for(duration cost, duration at_once, steady_time now) const {
        return std::max(duration::zero(), std::max(used_until_, now) + cost - now - std::max(at_once, cost));
    }
    void use(duration cost, steady_time now) { used_until_ = std::max(used_until_, now) + cost; }

private:
    steady_time used_until_{};
};

}  // namespace channel
