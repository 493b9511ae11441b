#include "net/proxy_header.hpp"

#include "fuzz/require.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

using fuzz::require;
using net::proxy_header_reader;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

struct outcome {
    proxy_header_reader::state state = proxy_header_reader::state::need_more;
    std::size_t taken = 0;
    std::optional<net::client_address> source;
};

/// Feeds at most `most` bytes at a time, in blocks of exactly their size, so that the sanitizer sees every byte too
/// far.
outcome read(std::string_view bytes, std::size_t most) {
    proxy_header_reader reader;
    outcome got;
    while (reader.wanted() > 0 && got.taken < bytes.size()) {
        const auto count = std::min({reader.wanted(), most, bytes.size() - got.taken});
        const auto block = std::make_unique<char[]>(count);
        bytes.copy(block.get(), count, got.taken);
        got.state = reader.feed({block.get(), count});
        got.taken += count;
        require((got.state == proxy_header_reader::state::need_more) == (reader.wanted() > 0),
                "more is wanted exactly while it has not ended");
    }
    got.source = reader.source();
    return got;
}

}  // namespace

/// However the header is cut, it ends at the same byte and names the same client; nothing behind it is taken.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t most_header_bytes = 16 + 2048;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = read(bytes, size);
    const auto cut = read(bytes, 1);
    require(cut.state == whole.state && cut.source == whole.source, "the same byte by byte");
    // What is no header may be known sooner.
    const bool failed = whole.state == proxy_header_reader::state::failed;
    require(failed ? cut.taken <= whole.taken : cut.taken == whole.taken, "no more is taken byte by byte");
    require(whole.taken <= most_header_bytes, "a header is bounded");
    if (whole.state == proxy_header_reader::state::need_more) require(whole.taken == size, "all input is taken");
    if (whole.state != proxy_header_reader::state::complete) return 0;
    const bool text = bytes.starts_with("PROXY ");
    require(text || bytes.starts_with(std::string_view("\r\n\r\n\0\r\nQUIT\n", 12)),
            "what is accepted begins as it must");
    if (text) require(bytes.substr(0, whole.taken).ends_with("\r\n"), "a line ends with the line");
    return 0;
}
