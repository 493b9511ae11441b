#include "net/client_address.hpp"

#include "fuzz/require.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

using fuzz::require;
using net::client_address;
using net::forwarding_header;
using net::network_list;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// The first byte chooses the header, the rest is its value. Who is not trusted is taken at their own address, whatever
/// they write; and an address that is believed survives being written and read.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const auto kind = data[0] % 2 == 0 ? forwarding_header::x_forwarded_for : forwarding_header::forwarded;
    // A block of exactly its size, so that the sanitizer sees every byte too far.
    const auto block = std::make_unique<char[]>(size - 1);
    const std::string_view value(block.get(), size - 1);
    std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1).copy(block.get(), size - 1);

    static const auto nobody = network_list::parse("").value();
    static const auto private_networks = network_list::parse("10.0.0.0/8, fd00::/8, unix").value();
    static const auto everybody = network_list::parse("0.0.0.0/0, ::/0, unix").value();
    static const auto stranger = client_address::parse("192.0.2.1").value();
    static const auto proxy = client_address::parse("10.0.0.1").value();

    require(net::client_behind(stranger, value, kind, nobody) == stranger,
            "nobody is believed where nobody is trusted");
    require(net::client_behind(stranger, value, kind, private_networks) == stranger, "a stranger is not believed");
    for (const auto* trusted : {&private_networks, &everybody}) {
        const auto client = net::client_behind(proxy, value, kind, *trusted);
        if (client.is_local_socket()) continue;
        const auto again = client_address::parse(client.to_string());
        require(again && *again == client, "an address survives being written and read");
        require(client.counted_as().counted_as() == client.counted_as(), "what counts is counted as itself");
    }
    const bool by_forwarded = kind == forwarding_header::forwarded;
    std::string appended(value);
    appended += by_forwarded ? R"(, for=192.0.2.77;host="a, for=198.51.100.1;x=\"")" : ", 192.0.2.77";
    require(net::client_behind(proxy, appended, kind, private_networks).to_string() == "192.0.2.77",
            "what a proxy appends is believed, whatever its client wrote before");
    if (const auto address = client_address::parse(value)) require(value.size() <= 45, "an address is short");
    static_cast<void>(network_list::parse(value));
    return 0;
}
