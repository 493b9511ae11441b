#pragma once

#include "integration/transport/certificate.hpp"
#include "support/server_process.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace soak {

/// What all loads share: where to go, and when to stop.
struct stage {
    std::uint16_t port = 0;
    std::uint16_t tls_port = 0;
    std::atomic<bool> over{false};
};

/// What a load has done. Written by its own thread, read when that has ended.
struct tally {
    std::size_t rounds = 0;
    std::size_t deliveries = 0;
    std::size_t lost_told = 0;  ///< messages of which `lost` said that they are
};

/// One speaks, `viewers` listen: each has to hear every message once, in order. Throws if one does not.
tally fan_out(const stage& on, std::size_t viewers);

/// Viewers that stop reading for a while, beside one that does not: what they miss has to be told, exactly.
tally slow_readers(const stage& on);

/// Everything that is no WebSocket, no frame, no command, in turn. The server has to close, or to answer, each within
/// its time-outs.
tally malformed_input(const stage& on);

/// A certificate after the other is put in place and SIGHUP sent; connections from before stay, new ones get the new
/// one.
tally reloads(const stage& on, const support::server_process& server, const transport::certificate_directory& files);

}  // namespace soak
