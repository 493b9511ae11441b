#include "integration/conformance/trio.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cctype>

using namespace conformance;

namespace {

struct questions : trio {
    client outsider = peer("outsider");

    [[nodiscard]] static event about(client& asker, const std::string& peer) {
        return answered(asker, "/whois " + peer, "whois").at("peer").as_object();
    }
    [[nodiscard]] event about_channel(client& asker) const {
        return answered(asker, "/whois " + channel, "whois").at("channel").as_object();
    }
    /// Until the clock has gone on, so that a change can be told from the one before.
    static void wait_past(client& any, std::int64_t time) {
        do {
            any.send("/privmsg " + any.id() + " tick");
        } while (number_of(any.expect("privmsg"), "time") <= time);
    }
    /// `command` of `by` is a change that `updatedAt` shows.
    void expect_update(client& by, const std::string& command, std::string_view reply, here at = here::current()) {
        const auto before = number_of(about_channel(outsider), "updatedAt");
        wait_past(outsider, before);
        answered(by, command, reply, {}, at);
        const auto after = number_of(about_channel(outsider), "updatedAt");
        BOOST_TEST(after > before, command);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(whois, questions)

BOOST_AUTO_TEST_CASE(a_peer_has_these_fields) {
    const auto reply = answered(alice, "/whois " + bob.id(), "whois");
    BOOST_TEST(support::fields_of(reply) == "label peer type");
    const auto& found = reply.at("peer").as_object();
    BOOST_TEST(support::fields_of(found) == "away channels connected connectedAt id idle name");
    support::require(found, {{"id", bob.id()}, {"name", "bob"}, {"away", nullptr}, {"connected", true}});
    BOOST_TEST((found.at("channels") == boost::json::array{channel}));
    BOOST_TEST(number_of(found, "connectedAt") > 1600000000000);
    BOOST_TEST(number_of(found, "idle") >= 0);
}

BOOST_AUTO_TEST_CASE(idle_counts_from_the_last_command) {
    // Whoever asks about itself has just sent a command.
    BOOST_TEST(number_of(about(alice, alice.id()), "idle") == 0);
}

BOOST_AUTO_TEST_CASE(an_id_is_found_in_either_case) {
    auto upper = bob.id();
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    BOOST_TEST(text_of(about(alice, upper), "id") == bob.id());
    const auto in_upper_case = "#" + upper;
    refused(alice, "/whois " + in_upper_case, 403, {{"target", in_upper_case}});
}

BOOST_AUTO_TEST_CASE(only_channels_that_are_shared_are_shown) {
    const auto secret = make_channel();
    const auto shared = make_channel();
    join(bob, secret);
    join(bob, shared);
    join(alice, shared, {&bob});
    const auto found = about(alice, bob.id()).at("channels").as_array();
    BOOST_TEST(found.size() == 2U);
    BOOST_TEST((std::find(found.begin(), found.end(), boost::json::value(secret)) == found.end()));
    BOOST_TEST(about(bob, bob.id()).at("channels").as_array().size() == 3U);
    BOOST_TEST(about(outsider, bob.id()).at("channels").as_array().empty());
}

BOOST_AUTO_TEST_CASE(the_description_is_shown_as_it_was_given) {
    auto dave =
        peer("dave", R"("mood": "good \u5f39", deep: {a: [1, null, true]}, n: 1.50, $big: 12345678901234567890)");
    const auto found = about(alice, dave.id());
    BOOST_TEST(support::fields_of(found) == "$big away channels connected connectedAt deep id idle mood n name");
    support::require(found, {{"mood", "good 弹"}, {"n", 1.5}, {"$big", 12345678901234567890U}});
    BOOST_TEST((found.at("deep") == boost::json::parse(R"({"a": [1, null, true]})")));
}

BOOST_AUTO_TEST_CASE(where_a_key_has_the_name_of_a_servers_field_the_servers_is_shown) {
    auto dave = peer("dave", R"("away": "gone", "channels": ["x"], "connected": false, "connectedAt": 1, "idle": -1,
                                "mood": "good", "members": 7)");
    const auto found = about(alice, dave.id());
    support::require(found,
                     {{"name", "dave"}, {"away", nullptr}, {"connected", true}, {"mood", "good"}, {"members", 7}});
    BOOST_TEST(found.at("channels").as_array().empty());
    BOOST_TEST(number_of(found, "connectedAt") > 1);
    BOOST_TEST(number_of(found, "idle") >= 0);
}

BOOST_AUTO_TEST_CASE(neither_session_nor_token_nor_resuming_is_shown) {
    auto dave = peer("dave", R"("token": "secret", "resume": true)");
    BOOST_TEST(support::fields_of(about(alice, dave.id())) == "away channels connected connectedAt id idle name");
}

BOOST_AUTO_TEST_CASE(a_later_description_replaces_the_one_before) {
    auto dave = peer("dave", R"("mood": "good", "shoe": 43)");
    dave.send(R"(/descp {"mood": "bad"})");
    dave.expect("welcome");
    const auto found = about(alice, dave.id());
    support::require(found, {{"name", "dave"}, {"mood", "bad"}});
    BOOST_TEST(!found.contains("shoe"));
}

BOOST_AUTO_TEST_CASE(within_its_resume_window_a_peer_is_not_connected) {
    auto dave = peer("dave", R"("resume": true, "mood": "good")");
    join(dave, channel, {&alice, &bob, &carol});
    const auto before = about(alice, dave.id());
    BOOST_TEST(flag_of(before, "connected"));
    dave.drop();
    auto found = before;
    while (flag_of(found, "connected")) found = about(alice, dave.id());
    support::require(found, {{"name", "dave"}, {"mood", "good"}, {"connectedAt", before.at("connectedAt")}});
    BOOST_TEST((found.at("channels") == boost::json::array{channel}));
    auto again = stranger();
    again.describe(dave.proof());
    BOOST_TEST(flag_of(about(alice, dave.id()), "connected"));
}

BOOST_AUTO_TEST_CASE(who_is_not_online_is_401) {
    const auto nobody = make_id();
    refused(alice, "/whois " + nobody, 401, {{"command", "whois"}, {"target", nobody}});
    bob.drop();
    alice.expect("quit");
    refused(alice, "/whois " + bob.id(), 401, {{"target", bob.id()}});
}

BOOST_AUTO_TEST_CASE(a_channel_has_these_fields) {
    const auto reply = answered(alice, "/whois " + channel, "whois");
    BOOST_TEST(support::fields_of(reply) == "channel label type");
    const auto& found = reply.at("channel").as_object();
    BOOST_TEST(support::fields_of(found) == "createdAt id members operators owner protected updatedAt");
    support::require(found, {{"id", channel}, {"owner", alice.id()}, {"members", 3}, {"protected", false}});
    BOOST_TEST((found.at("operators") == boost::json::array{alice.id()}));
    BOOST_TEST(number_of(found, "createdAt") > 1600000000000);
    BOOST_TEST(number_of(found, "updatedAt") >= number_of(found, "createdAt"));
}

BOOST_AUTO_TEST_CASE(an_open_channel_is_shown_to_everybody) {
    BOOST_TEST((about_channel(outsider) == about_channel(alice)));
}

BOOST_AUTO_TEST_CASE(a_channel_with_a_token_is_shown_to_members_alone) {
    trio closed({}, "sesame");
    auto guest = closed.peer("outsider");
    const auto shown = [&](client& asker) {
        return answered(asker, "/whois " + closed.channel, "whois").at("channel").as_object();
    };
    support::require(shown(closed.bob), {{"protected", true}, {"members", 3}, {"owner", closed.alice.id()}});
    const event little{{"id", closed.channel}, {"protected", true}};
    BOOST_TEST((shown(guest) == little));
    answered(closed.alice, "/invite " + guest.id() + " " + closed.channel, "inviting");
    guest.expect("invite");
    BOOST_TEST((shown(guest) == little));
    answered(closed.alice, "/quit " + closed.channel, "quit");
    BOOST_TEST((shown(closed.alice) == little));
}

BOOST_AUTO_TEST_CASE(no_such_channel_is_403_and_what_is_neither_is_461_or_476) {
    const auto nowhere = make_channel();
    refused(alice, "/whois " + nowhere, 403, {{"command", "whois"}, {"target", nowhere}});
    refused(alice, "/whois", 461, {{"target", nullptr}});
    refused(alice, "/whois ", 461, {{"target", nullptr}});
    refused(alice, "/whois bob", 461, {{"target", "bob"}});
    refused(alice, "/whois #bob", 476, {{"target", "#bob"}});
    refused(alice, "/whois #", 476, {{"target", "#"}});
    refused(alice, "/whois " + bob.id() + " ", 461);
    refused(alice, "/whois " + bob.id() + "0", 461);
    refused(alice, "/whois " + channel + "0", 476);
}

BOOST_AUTO_TEST_CASE(updated_at_is_of_the_last_change_of_operators_bans_or_members) {
    auto dave = peer("dave");
    expect_update(dave, "/join " + channel, "joined");
    alice.expect("join");
    expect_update(alice, "/op " + dave.id() + " " + channel, "op");
    expect_update(alice, "/deop " + dave.id() + " " + channel, "deop");
    expect_update(alice, "/ban " + make_id() + " " + channel, "ban");
    expect_update(alice, "/kick " + bob.id() + " " + channel, "kick");
    for (const char* type : {"op", "deop", "ban", "kick"}) dave.expect(type);
    expect_update(dave, "/quit " + channel, "quit");
}

BOOST_AUTO_TEST_CASE(nothing_else_changes_updated_at) {
    const auto before = about_channel(bob);
    wait_past(alice, number_of(before, "updatedAt"));
    auto dave = peer("dave");
    answered(alice, "/pubmsg " + channel + " hello", "ack");
    answered(alice, "/away", "away");
    answered(alice, "/invite " + dave.id() + " " + channel, "inviting");
    answered(alice, "/op " + alice.id() + " " + channel, "op");
    answered(alice, "/unban " + bob.id() + " " + channel, "unban");
    answered(alice, "/join " + channel, "joined");
    answered(alice, "/history " + channel, "history");
    for (const char* type : {"pubmsg", "away"}) bob.expect(type);
    BOOST_TEST((about_channel(bob) == before));
}

BOOST_AUTO_TEST_SUITE_END()
