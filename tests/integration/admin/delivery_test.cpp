#include "integration/admin/fixture.hpp"

using namespace admin;

namespace {

const labels out_of_channels{{"kind", "channel"}};
const labels direct{{"kind", "direct"}};
const std::string large(20000, 'x');

}  // namespace

BOOST_AUTO_TEST_SUITE(delivery)

BOOST_AUTO_TEST_CASE(a_public_message_is_a_delivery_for_each_other_member) {
    const watched at;
    auto talker = at.peer("talker");
    std::vector<client> members;
    const auto channel = make_channel();
    join(talker, channel);
    for (int i = 0; i < 5; ++i) {
        members.push_back(at.peer("member" + std::to_string(i)));
        members.back().ask("/join " + channel);
        talker.expect("join");
        for (int earlier = 0; earlier < i; ++earlier) members[static_cast<std::size_t>(earlier)].expect("join");
    }
    const auto before = at.page();
    for (int i = 0; i < 3; ++i) {
        talker.ask("/pubmsg " + channel + " hello");
        for (auto& member : members) member.expect("pubmsg");
    }
    const auto after = at.page();
    BOOST_TEST(growth(before, after, "published_messages_total") == 3);
    // The talker's own position goes over its message, too, without an event.
    const auto delivered = growth(before, after, "deliveries_total", out_of_channels);
    BOOST_TEST(delivered == 15);
    // The acks.
    BOOST_TEST(growth(before, after, "deliveries_total", direct) == 3);
    BOOST_TEST(growth(before, after, "fan_out_members_count") >= 3);
    BOOST_TEST(growth(before, after, "fan_out_members_sum") >= 15);
    BOOST_TEST(growth(before, after, "fan_out_duration_seconds_count") ==
               growth(before, after, "fan_out_members_count"));
    BOOST_TEST(growth(before, after, "fan_out_duration_seconds_sum") > 0);
}

BOOST_AUTO_TEST_CASE(a_private_message_is_one_direct_delivery) {
    const watched at;
    auto alice = at.peer("alice");
    auto bob = at.peer("bob");
    const auto before = at.page();
    alice.send("/privmsg " + bob.id() + " hello");
    bob.expect("privmsg");
    BOOST_TEST(growth(before, at.page(), "deliveries_total", direct) == 1);
    BOOST_TEST(growth(before, at.page(), "deliveries_total", out_of_channels) == 0);
}

BOOST_AUTO_TEST_CASE(bytes_are_counted_both_ways) {
    const watched at;
    auto alice = at.peer("alice");
    const auto before = at.page();
    alice.ask("/ping " + large);
    const auto after = at.page();
    for (const std::string name : {"received_bytes_total", "sent_bytes_total"}) {
        BOOST_TEST(growth(before, after, name) > 20000, name);
        BOOST_TEST(growth(before, after, name) < 21000, name);
    }
}

BOOST_AUTO_TEST_CASE(what_waits_for_a_slow_reader_is_in_the_queue_until_it_reads_or_goes) {
    const watched at({"--rate", "0", "--queue", "8MiB"});
    auto talker = at.peer("talker");
    auto slow = at.slow_peer();
    BOOST_TEST(at.page().value("queue_bytes") == 0);
    int sent = 0;
    while (at.page().value("queue_bytes") < 10000 && sent < 2000) {
        for (int i = 0; i < 10; ++i, ++sent) talker.ask("/privmsg " + slow.id() + " " + large);
    }
    BOOST_TEST(at.page().value("queue_bytes") >= 10000);
    BOOST_TEST(at.page().value("queue_bytes") <= 8 * 1024 * 1024);
    for (int i = 0; i < sent; ++i) slow.expect("privmsg");
    BOOST_TEST(at.page().value("queue_bytes") == 0);
    while (at.page().value("queue_bytes") == 0) {
        for (int i = 0; i < 10; ++i) talker.ask("/privmsg " + slow.id() + " " + large);
    }
    slow.drop();
    at.page_with("queue_bytes", {}, 0);
}

BOOST_AUTO_TEST_CASE(what_is_kept_is_counted_in_bytes) {
    const watched at({"--rate", "0"});
    auto talker = at.peer("talker");
    auto slow = at.slow_peer();
    auto absent = at.peer("absent", "\"resume\": true");
    const auto channel = make_channel();
    join(talker, channel);
    join(slow, channel, {&talker});
    const auto before = at.page();
    for (int i = 0; i < 300; ++i) talker.ask("/pubmsg " + channel + " " + large);
    const auto after = at.page();
    BOOST_TEST(growth(before, after, "log_bytes") >= 20000);
    BOOST_TEST(growth(before, after, "history_bytes") >= 20000);
    absent.drop();
    at.page_with("peers", {{"state", "absent"}}, 1);
    talker.ask("/privmsg " + absent.id() + " " + large);
    BOOST_TEST(growth(after, at.page(), "journal_bytes") >= 20000);
}

BOOST_AUTO_TEST_CASE(what_a_slow_reader_does_not_get_is_counted_as_skipped) {
    const watched at({"--rate", "0"});
    auto talker = at.peer("talker");
    auto slow = at.slow_peer();
    const auto channel = make_channel();
    join(talker, channel);
    join(slow, channel, {&talker});
    constexpr int many = 600;
    for (int i = 0; i < many; ++i) talker.ask("/pubmsg " + channel + " " + large);
    talker.ask("/privmsg " + slow.id() + " mark");
    int got = 0;
    double lost = 0;
    for (;;) {
        const auto event = slow.next();
        const auto type = support::text_of(event, "type");
        if (type == "privmsg") break;
        if (type == "pubmsg") ++got;
        if (type == "lost")
            lost += static_cast<double>(support::number_of(event, "to") - support::number_of(event, "from") + 1);
    }
    BOOST_TEST(lost > 0);
    BOOST_TEST(got + lost == many);
    const auto page = at.page();
    BOOST_TEST(page.value("skipped_events_total") == lost);
    BOOST_TEST(page.value("published_messages_total") == many);
}

BOOST_AUTO_TEST_SUITE_END()
