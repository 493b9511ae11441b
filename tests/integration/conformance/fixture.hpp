#pragma once

#include "support/client.hpp"
#include "support/server_process.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace conformance {

using support::client;
using support::event;
using support::flag_of;
using support::id_in;
using support::make_channel;
using support::make_id;
using support::number_of;
using support::text_of;

/// A server of its own for each case, so that no case sees another's peers. Starting it takes some 10 ms.
struct fixture {
    support::server_process server;

    explicit fixture(std::vector<std::string> options = {}) : server(std::move(options)) {}

    /// A described client.
    [[nodiscard]] client peer(const std::string& name, const std::string& more = {}) const {
        client made(server.port());
        made.describe("\"name\": \"" + name + "\"" + (more.empty() ? "" : ", " + more));
        return made;
    }
    /// A connection that has not described itself.
    [[nodiscard]] client stranger() const { return client(server.port()); }
};

/// `member` joins; everybody in `others` is told.
inline event join(client& member, const std::string& channel, std::vector<client*> others = {},
                  const std::string& token = {}) {
    auto joined = member.ask("/join " + channel + (token.empty() ? "" : " " + token));
    BOOST_TEST(text_of(joined, "type") == "joined");
    for (client* const other : others) BOOST_TEST(id_in(other->expect("join"), "peer") == member.id());
    return joined;
}

}  // namespace conformance
