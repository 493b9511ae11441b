#pragma once

#include "support/client.hpp"
#include "support/server_process.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace conformance {

using support::ask_until;
using support::client;
using support::event;
using support::flag_of;
using support::here;
using support::id_in;
using support::make_channel;
using support::make_id;
using support::number_of;
using support::text_of;

/// A peer as events name it.
inline event named(const client& who, const std::string& name) { return {{"id", who.id()}, {"name", name}}; }

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

    /// Nothing is under way to `to` that `from` has caused.
    static void expect_silence_between(client& from, client& to, here at = here::current()) {
        from.send("/privmsg " + to.id() + " silence");
        to.expect("privmsg", {{"content", "silence"}}, at);
    }
    /// The reply, which has to be of this type, with these fields.
    static event answered(client& who, const std::string& command, std::string_view type, const event& fields = {},
                          here at = here::current()) {
        auto got = who.ask(command, at);
        auto wanted = fields;
        wanted["type"] = type;
        support::require(got, wanted, at);
        return got;
    }
    static void refused(client& who, const std::string& command, int code, const event& fields = {},
                        here at = here::current()) {
        auto wanted = fields;
        wanted["code"] = code;
        answered(who, command, "error", wanted, at);
    }
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
