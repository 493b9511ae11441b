#include "integration/admin/fixture.hpp"

using namespace admin;

namespace {

labels result(const std::string& what) { return {{"result", what}}; }
labels state(const std::string& what) { return {{"state", what}}; }

/// The peer's connection has broken off, and the server has noticed.
void drop(const watched& at, client& who) {
    const auto before = at.page().value("peers", state("connected"));
    who.drop();
    at.page_with("peers", state("connected"), before - 1);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sessions)

BOOST_AUTO_TEST_CASE(peers_are_connected_absent_or_remembered) {
    const watched at;
    auto plain = at.peer("plain");
    auto resumable = at.peer("resumable", "\"resume\": true");
    BOOST_TEST(at.page().value("peers", state("connected")) == 2);
    drop(at, resumable);
    BOOST_TEST(at.page().value("peers", state("absent")) == 1);
    drop(at, plain);
    const auto page = at.page();
    BOOST_TEST(page.value("peers", state("absent")) == 1);
    BOOST_TEST(page.value("peers", state("remembered")) == 1);
}

BOOST_AUTO_TEST_CASE(channels_and_memberships_come_and_go) {
    const watched at({"--retention", "0s"});
    auto alice = at.peer("alice");
    auto bob = at.peer("bob");
    const auto shared = make_channel();
    join(alice, shared);
    join(bob, shared, {&alice});
    join(bob, make_channel());
    const auto page = at.page();
    BOOST_TEST(page.value("channels") == 2);
    BOOST_TEST(page.value("memberships") == 3);
    bob.ask("/quit " + shared);
    BOOST_TEST(at.page().value("memberships") == 2);
    alice.drop();
    bob.drop();
    at.page_with("channels", {}, 0);
    at.page_with("memberships", {}, 0);
}

BOOST_AUTO_TEST_CASE(who_comes_back_is_counted_by_what_became_of_it) {
    const watched at({"--resume-events", "2"});
    auto alice = at.peer("alice");
    auto bob = at.peer("bob", "\"resume\": true");
    drop(at, bob);
    alice.ask("/privmsg " + bob.id() + " missed");
    auto again = at.stranger();
    again.describe(bob.proof() + ", \"seen\": 0");
    BOOST_TEST(at.page().value("resumes_total", result("complete")) == 1);
    again.expect("privmsg");
    drop(at, again);
    for (int i = 0; i < 5; ++i) alice.ask("/privmsg " + bob.id() + " too many");
    auto late = at.stranger();
    BOOST_TEST(support::flag_of(late.describe(bob.proof() + ", \"seen\": 1"), "lost"));
    BOOST_TEST(at.page().value("resumes_total", result("lost")) == 1);
    drop(at, alice);
    auto back = at.stranger();
    back.describe(alice.proof());
    BOOST_TEST(at.page().value("resumes_total", result("taken_back")) == 1);
    auto stranger = at.stranger();
    stranger.describe("\"id\": \"" + support::make_id() + "\", \"session\": \"" + back.session() + "\"");
    BOOST_TEST(at.page().value("resumes_total", result("unknown")) == 1);
    auto thief = at.stranger();
    thief.send("/descp {\"id\": \"" + back.id() + "\", \"session\": \"" + stranger.session() + "\"}");
    thief.expect_error(433);
    const auto page = at.page();
    BOOST_TEST(page.value("resumes_total", result("refused")) == 1);
    for (const std::string once : {"complete", "lost", "taken_back", "unknown"})
        BOOST_TEST(page.value("resumes_total", result(once)) == 1, once);
}

BOOST_AUTO_TEST_SUITE_END()
