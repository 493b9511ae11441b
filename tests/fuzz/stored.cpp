#include "store/codec.hpp"

#include "fuzz/require.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// What is read from Redis, a change or a channel, survives being written and read again.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (const auto read = store::read_entry(text)) {
        const auto written = store::write_entry(read->node, read->ticket, read->what);
        const auto again = store::read_entry(written);
        require(again && store::write_entry(again->node, again->ticket, again->what) == written,
                "a change survives being written and read");
    }
    if (const auto read = store::read_state(text)) {
        const auto written = store::write_state(*read);
        const auto again = store::read_state(written);
        require(again && store::write_state(*again) == written, "a channel survives being written and read");
    }
    return 0;
}
