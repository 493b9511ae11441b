#pragma once

#include "integration/conformance/fixture.hpp"

namespace conformance {

/// Three members of one channel: alice made it, bob and carol came after her, in this order.
struct trio : fixture {
    std::string channel = make_channel();
    client alice;
    client bob;
    client carol;

    explicit trio(std::vector<std::string> options = {}, const std::string& token = {})
        : fixture(std::move(options)),
          alice(peer("alice")),
          bob(peer("bob")),
          carol(peer("carol")) {
        join(alice, channel, {}, token);
        join(bob, channel, {&alice}, token);
        join(carol, channel, {&alice, &bob}, token);
    }

    /// Nothing of the channel is under way to `others`: a message of `from`, another member, is what comes next. What a
    /// channel says keeps its order on all shards, which a ping would not wait for.
    void expect_silence(client& from, std::vector<client*> others, here at = here::current()) const {
        from.send("/pubmsg " + channel + " silence");
        for (client* const other : others) other->expect("pubmsg", {{"content", "silence"}}, at);
    }
    [[nodiscard]] static std::vector<std::string> operators_of(client& asker, const std::string& channel) {
        const auto whois = asker.ask("/whois " + channel);
        std::vector<std::string> found;
        for (const auto& id : whois.at("channel").at("operators").as_array()) found.emplace_back(id.as_string());
        return found;
    }
};

}  // namespace conformance
