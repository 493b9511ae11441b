#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace protocol {

/// What a client may send and have; told to it in `welcome` (protocol.md, Events). Bytes unless the name says
/// otherwise.
struct limits {
    std::size_t message = 131072;
    std::size_t content = 65536;
    std::size_t name_code_points = 64;
    std::size_t description = 4096;
    std::size_t label = 64;
    std::size_t token = 256;
    std::size_t access_token = 8192;
    std::size_t reason = 256;
    std::size_t channels = 100;
    std::size_t members = 100000;
    std::size_t page = 1000;
    /// Commands a second; 0 is no limit.
    std::uint32_t rate = 300;
    std::uint32_t burst = 600;
    std::size_t history = 100;
    std::chrono::milliseconds resume_window{60000};
    /// Events kept for an absent or unconfirmed resumable session.
    std::size_t resume_events = 1000;
    std::size_t resume_bytes = 256 * 1024;
    std::size_t presence_threshold_members = 256;
};

}  // namespace protocol
