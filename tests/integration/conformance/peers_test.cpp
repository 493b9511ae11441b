#include "integration/conformance/trio.hpp"

#include <algorithm>

using namespace conformance;

namespace {

std::vector<std::string> ids_of(const event& peers) {
    std::vector<std::string> ids;
    for (const auto& entry : peers.at("peers").as_array()) ids.push_back(text_of(entry.as_object(), "id"));
    return ids;
}

std::vector<std::string> sorted(std::vector<std::string> ids) {
    std::sort(ids.begin(), ids.end());
    return ids;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(peers, trio)

BOOST_AUTO_TEST_CASE(members_are_listed_in_id_order_with_their_rights) {
    const auto reply =
        answered(bob, "/peers " + channel, "peers", {{"channel", channel}, {"total", 3}, {"next", nullptr}});
    BOOST_TEST(support::fields_of(reply) == "channel label next peers total type");
    const auto members = sorted({alice.id(), bob.id(), carol.id()});
    BOOST_TEST(ids_of(reply) == members, boost::test_tools::per_element());
    for (const auto& entry : reply.at("peers").as_array()) {
        const auto& member = entry.as_object();
        BOOST_TEST(support::fields_of(member) == "away id name operator");
        BOOST_TEST(flag_of(member, "operator") == (text_of(member, "name") == "alice"));
        BOOST_TEST(!flag_of(member, "away"));
    }
}

BOOST_AUTO_TEST_CASE(names_and_rights_are_those_of_now) {
    bob.send("/descp {\"name\": \"robert\"}");
    bob.expect("welcome");
    alice.expect("peer");
    answered(alice, "/op " + bob.id() + " " + channel, "op");
    const auto listed = answered(alice, "/peers " + channel, "peers").at("peers").as_array();
    const auto found = std::find_if(listed.begin(), listed.end(),
                                    [&](const auto& entry) { return text_of(entry.as_object(), "id") == bob.id(); });
    BOOST_REQUIRE((found != listed.end()));
    support::require(found->as_object(), {{"name", "robert"}, {"operator", true}});
}

BOOST_AUTO_TEST_CASE(after_peer_goes_on_behind_it_whether_it_is_a_member_or_not) {
    const auto members = sorted({alice.id(), bob.id(), carol.id()});
    const auto after = [&](const std::string& id) {
        return ids_of(answered(bob, "/peers " + channel + " " + id, "peers", {{"total", 3}, {"next", nullptr}}));
    };
    BOOST_TEST(after(members[0]) == (std::vector{members[1], members[2]}), boost::test_tools::per_element());
    BOOST_TEST(after(members[2]).empty());
    BOOST_TEST(after(std::string(24, '0')) == members, boost::test_tools::per_element());
    BOOST_TEST(after(std::string(24, 'F')).empty());
}

BOOST_AUTO_TEST_CASE(a_list_is_paged_by_limits_page) {
    fixture paged({"--page", "3"});
    std::vector<client> all;
    const auto made = make_channel();
    std::vector<std::string> expected;
    for (int i = 0; i < 7; ++i) {
        all.push_back(paged.peer("peer" + std::to_string(i)));
        BOOST_TEST(number_of(all.back().ask("/join " + made), "members") == i + 1);
        expected.push_back(all.back().id());
    }
    auto& asker = all.back();
    BOOST_TEST(asker.describe("\"name\": \"asker\"").at("limits").at("page").as_int64() == 3);
    std::vector<std::string> found;
    std::vector<std::size_t> sizes;
    std::string after;
    for (;;) {
        const auto page = trio::answered(asker, "/peers " + made + after, "peers", {{"total", 7}});
        const auto ids = ids_of(page);
        sizes.push_back(ids.size());
        found.insert(found.end(), ids.begin(), ids.end());
        if (page.at("next").is_null()) break;
        BOOST_TEST(text_of(page, "next") == ids.back());
        after = " " + text_of(page, "next");
    }
    BOOST_TEST(sizes == (std::vector<std::size_t>{3, 3, 1}), boost::test_tools::per_element());
    BOOST_TEST(found == sorted(expected), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_last_page_that_is_full_has_no_next) {
    trio paged({"--page", "3"});
    trio::answered(paged.bob, "/peers " + paged.channel, "peers", {{"total", 3}, {"next", nullptr}});
}

BOOST_AUTO_TEST_CASE(an_open_channel_is_listed_for_everybody) {
    auto outsider = peer("outsider");
    BOOST_TEST(ids_of(answered(outsider, "/peers " + channel, "peers")).size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_channel_with_a_token_is_listed_for_members_alone) {
    trio closed({}, "sesame");
    auto outsider = closed.peer("outsider");
    trio::refused(outsider, "/peers " + closed.channel, 442, {{"command", "peers"}, {"target", closed.channel}});
    trio::answered(closed.bob, "/peers " + closed.channel, "peers", {{"total", 3}});
    trio::answered(closed.alice, "/quit " + closed.channel, "quit");
    trio::refused(closed.alice, "/peers " + closed.channel, 442);
}

BOOST_AUTO_TEST_CASE(an_emptied_channel_has_no_members) {
    auto outsider = peer("outsider");
    const auto made = make_channel();
    join(outsider, made);
    answered(outsider, "/quit " + made, "quit");
    const auto reply = answered(outsider, "/peers " + made, "peers", {{"total", 0}, {"next", nullptr}});
    BOOST_TEST(reply.at("peers").as_array().empty());
}

BOOST_AUTO_TEST_CASE(a_peer_within_its_resume_window_is_listed_and_one_that_has_left_is_not) {
    auto dave = peer("dave", "\"resume\": true");
    join(dave, channel, {&alice, &bob, &carol});
    dave.drop();
    while (flag_of(alice.ask("/whois " + dave.id()).at("peer").as_object(), "connected")) {
    }
    answered(alice, "/peers " + channel, "peers", {{"total", 4}});
    carol.drop();
    alice.expect("quit");
    const auto left = ids_of(answered(alice, "/peers " + channel, "peers", {{"total", 3}}));
    BOOST_TEST((std::find(left.begin(), left.end(), carol.id()) == left.end()));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_refused) {
    const auto nowhere = make_channel();
    refused(bob, "/peers", 461, {{"command", "peers"}, {"target", nullptr}});
    refused(bob, "/peers ", 461);
    refused(bob, "/peers " + bob.id(), 476, {{"target", bob.id()}});
    refused(bob, "/peers " + channel + " bob", 461, {{"target", "bob"}});
    refused(bob, "/peers " + channel + " #" + bob.id(), 461, {{"target", "#" + bob.id()}});
    refused(bob, "/peers " + nowhere, 403, {{"target", nowhere}});
}

BOOST_AUTO_TEST_SUITE_END()
