#include "net/listen_address.hpp"
#include "net/origin_list.hpp"
#include "server/ice_servers.hpp"
#include "server/quantity.hpp"
#include "store/redis_address.hpp"
#include "store/redis_tls.hpp"

#include "fuzz/require.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using fuzz::require;

/// So that rediss:// is read whatever hiredis there is, and without linking it.
bool store::has_redis_tls() { return true; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void read_quantities(std::string_view text) {
    if (const auto size = server::parse_size(text))
        require(server::parse_size(server::format_size(*size)) == size, "a size survives being written and read");
    if (const auto time = server::parse_duration(text))
        require(server::parse_duration(server::format_duration(*time)) == time,
                "a duration survives being written and read");
    if (const auto count = server::parse_count(text))
        require(server::parse_count(std::to_string(*count)) == count, "a number survives being written and read");
}

void read_ice_servers(std::string_view text) {
    const auto servers = server::parse_ice_servers(text);
    if (!servers) return;
    constexpr std::size_t most_bytes = 16 * 1024;
    require(servers->size() > most_bytes || server::parse_ice_servers(*servers), "what is written is taken again");
    static_cast<void>(server::unsigned_turn_urls(*servers));
    static_cast<void>(server::make_ice_servers(*servers, "secret", std::chrono::hours(1)).json_for({}, 0));
}

/// The one of these that a stranger writes: whose page it is.
void read_origin(std::string_view text) {
    static const auto ours = net::origin_list::parse("https://example.org, https://*.example.org:*").value();
    if (text.empty() || !ours.admits(text)) return;
    require(text.size() >= 19 && text.find_first_of(" ,/@\\", 8) == std::string_view::npos, "an origin is one");
    const auto host = text.substr(8, text.rfind(':') > 5 ? text.rfind(':') - 8 : text.size());
    std::string lower(host);
    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    require(lower == "example.org" || lower.ends_with(".example.org"), "no other site is admitted");
}

}  // namespace

/// The first byte chooses the parser, the rest is the value.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::string problem;
    switch (data[0] % 6) {
        case 0: read_quantities(text); break;
        case 1: read_ice_servers(text); break;
        case 2: read_origin(text); break;
        case 3: static_cast<void>(net::origin_list::parse(text)); break;
        case 4: static_cast<void>(net::parse_listen_addresses(text)); break;
        default:
            if (const auto address = store::redis_address::parse(text, problem))
                require(!address->endpoints.empty(), "a Redis is somewhere");
    }
    return 0;
}
