#include "store/codec.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

using channel::change;

namespace {

change full_change(change::kind what) {
    change c;
    c.what = what;
    c.by = {protocol::peer_id::make(), "who \"does\" it \n \xE5\xBC\xB9\xE5\xB9\x95", true, 0xF123456789ABCDEF};
    c.whom = {protocol::peer_id::make(), "to whom", true, "Written", "#channel"};
    c.text = "text with \x01 and \xF0\x9F\x98\x80";
    c.key.emplace(protocol::channel_id::make(), "token");
    c.told = {protocol::peer_id::make(), protocol::peer_id::make()};
    c.time_ms = 1795473023982;
    c.returning = true;
    return c;
}

channel::channel_state full_state() {
    channel::channel_state s;
    s.owner = protocol::peer_id::make();
    s.created_at_ms = 1;
    s.updated_at_ms = 2;
    s.emptied_at_ms = 3;
    s.seq = 9007199254740993ULL;
    s.key.emplace(protocol::channel_id::make(), "token");
    s.members.push_back({protocol::peer_id::make(), "one", true, 7});
    s.members.push_back({protocol::peer_id::make(), "", false, 0xFFFFFFFFFFFFFFFFULL});
    s.operators = {protocol::peer_id::make()};
    s.bans.push_back({protocol::peer_id::make(), protocol::peer_id::make(), "by", 4, "reason"});
    s.bans.push_back({protocol::peer_id::make(), protocol::peer_id::make(), "by", 5, std::nullopt});
    s.invitations = {protocol::peer_id::make()};
    s.departures.push_back({protocol::peer_id::make(), 6});
    s.history.push_back({9, R"({"type":"pubmsg","content":"x"})"});
    return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(codec)

BOOST_AUTO_TEST_CASE(every_change_is_read_as_it_was_written) {
    for (auto kind = change::kind::join; kind <= change::kind::bury;
         kind = static_cast<change::kind>(static_cast<int>(kind) + 1)) {
        const auto c = full_change(kind);
        const auto text = store::write_entry(0xABCDEF, 42, c);
        const auto read = store::read_entry(text);
        BOOST_REQUIRE(read.has_value());
        BOOST_TEST(read->node == 0xABCDEFU);
        BOOST_TEST(read->ticket == 42U);
        BOOST_TEST((read->what.what == kind));
        BOOST_TEST((read->what.by.id == c.by.id));
        // Once more it is the same text: nothing was lost on the way.
        BOOST_TEST(store::write_entry(read->node, read->ticket, read->what) == text);
    }
}

BOOST_AUTO_TEST_CASE(a_change_with_nothing_optional_stays_without) {
    change c;
    c.what = change::kind::part;
    c.by.id = protocol::peer_id::make();
    const auto read = store::read_entry(store::write_entry(1, 2, c));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(!read->what.text.has_value());
    BOOST_TEST(!read->what.key.has_value());
    BOOST_TEST(read->what.told.empty());
    BOOST_TEST(!read->what.returning);
}

BOOST_AUTO_TEST_CASE(a_channel_is_read_as_it_was_written) {
    const auto text = store::write_state(full_state());
    const auto read = store::read_state(text);
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(store::write_state(*read) == text);
    BOOST_TEST(read->members.size() == 2U);
    BOOST_TEST(read->members[1].node == 0xFFFFFFFFFFFFFFFFULL);
    BOOST_TEST(read->seq == 9007199254740993ULL);
    BOOST_TEST(!read->bans[1].reason.has_value());
    BOOST_TEST(read->history[0].event == R"({"type":"pubmsg","content":"x"})");
}

BOOST_AUTO_TEST_CASE(what_somebody_else_wrote_is_nothing_and_never_throws) {
    for (const auto* const text : {"", "null", "[]", "{}", "{\"k\":1}", "{\"k\":\"join\"}", "[[[[", "\xFF\xFE"}) {
        BOOST_TEST(!store::read_entry(text).has_value(), text);
        BOOST_CHECK_NO_THROW(static_cast<void>(store::read_state(text)));
    }
    // Every single byte changed, and every beginning.
    std::mt19937 random(1);
    for (const auto& good :
         {store::write_entry(1, 2, full_change(change::kind::join)), store::write_state(full_state())}) {
        for (std::size_t at = 0; at < good.size(); ++at) {
            auto bad = good;
            bad[at] = static_cast<char>(random());
            BOOST_CHECK_NO_THROW(static_cast<void>(store::read_entry(bad)));
            BOOST_CHECK_NO_THROW(static_cast<void>(store::read_state(bad)));
            BOOST_CHECK_NO_THROW(static_cast<void>(store::read_entry(good.substr(0, at))));
            BOOST_CHECK_NO_THROW(static_cast<void>(store::read_state(good.substr(0, at))));
        }
    }
}

BOOST_AUTO_TEST_CASE(servers_are_known_by_sixteen_digits) {
    BOOST_TEST(store::node_text(0xF).size() == 16U);
    BOOST_TEST(store::read_node(store::node_text(0xFEDCBA9876543210ULL)).value() == 0xFEDCBA9876543210ULL);
    for (const auto* const text : {"", "1", "00000000000000001", "000000000000000g", "-000000000000001"})
        BOOST_TEST(!store::read_node(text).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()
