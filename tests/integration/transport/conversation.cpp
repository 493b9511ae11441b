#include "integration/transport/conversation.hpp"

#include "unit/net/client_frames.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

namespace transport {

std::string field_of(std::string_view event, std::string_view name) {
    const auto value = boost::json::parse({event.data(), event.size()});
    const auto* const found = value.as_object().if_contains({name.data(), name.size()});
    if (!found) return {};
    return found->is_string() ? std::string(found->as_string().c_str(), found->as_string().size())
                              : boost::json::serialize(*found);
}

std::string word_for(const server_frame& frame) {
    switch (frame.opcode) {
        case client_frames::close_frame: return "CLOSE " + std::to_string(frame.close_code());
        case client_frames::ping: return "PING " + frame.payload;
        case client_frames::pong: return "PONG " + frame.payload;
        case client_frames::text: break;
        default: return "opcode " + std::to_string(frame.opcode);
    }
    const auto type = field_of(frame.payload, "type");
    const auto* const detail = type == "pong" ? "content" : "code";
    return type + " " + field_of(frame.payload, detail);
}

heard listen(raw_client& client, std::size_t count) {
    heard words;
    while (words.size() < count) {
        const auto frame = client.read_frame();
        if (!frame) {
            words.emplace_back(client.was_reset() ? "reset" : "end");
            break;
        }
        words.push_back(word_for(*frame));
    }
    return words;
}

heard listen_to_end(raw_client& client) { return listen(client, SIZE_MAX); }

void describe(raw_client& client) {
    client.send(client_frames::whole(client_frames::text, "/descp {}"));
    const auto frame = client.read_frame();
    BOOST_REQUIRE(frame);
    BOOST_REQUIRE_EQUAL(field_of(frame->payload, "type"), "welcome");
}

}  // namespace transport
