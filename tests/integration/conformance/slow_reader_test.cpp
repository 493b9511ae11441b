#include "integration/conformance/fixture.hpp"

using namespace conformance;

namespace {

client slow_peer(const fixture& at, const std::string& more = {}) {
    client made(at.server.port(), {.receive_buffer_bytes = 4096});
    made.describe("\"name\": \"slow\"" + more);
    return made;
}

/// Says so much in the channel that no socket buffer holds it.
constexpr int many = 600;
const std::string large(20000, 'x');

}  // namespace

BOOST_AUTO_TEST_SUITE(slow_reader)

BOOST_AUTO_TEST_CASE(public_messages_are_skipped_and_told_by_lost) {
    fixture at({"--rate", "0"});
    auto talker = at.peer("talker");
    auto slow = slow_peer(at);
    auto quick = at.peer("quick");
    const auto channel = make_channel();
    join(talker, channel);
    join(slow, channel, {&talker});
    join(quick, channel, {&talker, &slow});
    for (int i = 1; i <= many; ++i) {
        talker.send("/pubmsg " + channel + " " + large);
        BOOST_REQUIRE(number_of(quick.expect("pubmsg"), "seq") == i);
    }
    // Private messages are never skipped, and what was said before them comes, or is told lost, before.
    talker.ask("/privmsg " + slow.id() + " important");
    std::int64_t next = 1;
    bool told = false;
    for (;;) {
        const auto event = slow.next();
        const auto type = text_of(event, "type");
        if (type == "privmsg") break;
        if (type == "lost") {
            BOOST_TEST(number_of(event, "from") == next);
            next = number_of(event, "to") + 1;
            told = true;
        } else {
            BOOST_REQUIRE(type == "pubmsg");
            BOOST_REQUIRE(number_of(event, "seq") == next);
            ++next;
        }
    }
    BOOST_TEST(told);
    BOOST_TEST(next == many + 1);
    talker.send("/pubmsg " + channel + " present");
    BOOST_TEST(number_of(slow.expect("pubmsg"), "seq") == many + 1);
}

BOOST_AUTO_TEST_CASE(a_resumable_session_counts_lost_as_one_event) {
    fixture at({"--rate", "0"});
    auto talker = at.peer("talker");
    auto slow = slow_peer(at, ", \"resume\": true");
    const auto channel = make_channel();
    join(talker, channel);
    join(slow, channel, {&talker});
    for (int i = 1; i <= many; ++i) talker.send("/pubmsg " + channel + " " + large);
    talker.ask("/privmsg " + slow.id() + " mark");
    std::int64_t seen = 1;
    for (;;) {
        const auto type = text_of(slow.next(), "type");
        ++seen;
        if (type == "privmsg") break;
    }
    slow.send("/ack " + std::to_string(seen));
    slow.expect_nothing();
    slow.send("/ack " + std::to_string(seen + 1));
    slow.expect_error(461);
}

BOOST_AUTO_TEST_CASE(private_messages_over_the_queue_limit_close_with_4001) {
    fixture at({"--rate", "0", "--queue", "64KiB"});
    auto talker = at.peer("talker");
    auto slow = slow_peer(at);
    for (int i = 0; i < 100000; ++i) {
        talker.send("@label=a /privmsg " + slow.id() + " " + large);
        if (text_of(talker.next(), "type") == "error") break;
    }
    const auto end = talker.ask("/whois " + slow.id());
    BOOST_TEST(number_of(end, "code") == 401);
}

BOOST_AUTO_TEST_SUITE_END()
