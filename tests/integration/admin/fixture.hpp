#pragma once

#include "integration/admin/metrics_page.hpp"
#include "integration/conformance/fixture.hpp"

#include <string>
#include <utility>
#include <vector>

namespace admin {

using conformance::join;
using conformance::make_channel;
using support::client;

inline std::vector<std::string> with_administration(std::vector<std::string> options) {
    options.insert(options.end(), {"--admin-address", "127.0.0.1:0"});
    return options;
}

/// A server whose metrics are elsewhere, so that asking for them moves none.
struct watched : conformance::fixture {
    explicit watched(std::vector<std::string> options = {})
        : conformance::fixture(with_administration(std::move(options))) {}

    /// A peer whose socket is full soon if it does not read.
    [[nodiscard]] client slow_peer() const {
        client::options options;
        options.receive_buffer_bytes = 4096;
        client made(server.port(), options);
        made.describe("\"name\": \"slow\"");
        return made;
    }
    [[nodiscard]] metrics_page page() const { return metrics_page::of(server); }
    /// Until the server has noticed.
    metrics_page page_with(const std::string& name, const labels& with, double value) const {
        return admin::page_with(server, [&](const metrics_page& page) { return page.value(name, with) == value; });
    }
};

}  // namespace admin
