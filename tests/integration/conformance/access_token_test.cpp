#include "integration/conformance/fixture.hpp"
#include "support/token.hpp"

#include <chrono>
#include <string>
#include <thread>

namespace {

using namespace conformance;
using support::token_issuer;

std::int64_t seconds_from_now(std::int64_t seconds) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count() + seconds;
}

const token_issuer& issuer() {
    static const token_issuer one("ES256");
    return one;
}

std::vector<std::string> with_tokens(std::vector<std::string> more = {}) {
    std::vector<std::string> all{"--auth", "jwt", "--auth-key", issuer().option(), "--auth-leeway", "0"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

/// Good for a minute.
std::string token(const std::string& subject, const std::string& more = {}, std::int64_t seconds = 60) {
    return issuer().issue(R"({"sub":")" + subject + R"(","exp":)" + std::to_string(seconds_from_now(seconds)) + more +
                          "}");
}

std::string as_member(const std::string& token) { return R"("token": ")" + token + "\""; }

std::string only(const std::string& channel, const std::string& rights) {
    return R"(,"channels":{")" + channel + R"(":[)" + rights + "]}";
}

struct guarded : fixture {
    guarded() : fixture(with_tokens()) {}

    [[nodiscard]] client bearer(const std::string& subject, const std::string& more = {}) const {
        client made(server.port());
        made.describe(as_member(token(subject, more)));
        return made;
    }
};

struct guarded_broadcast : fixture {
    guarded_broadcast() : fixture(with_tokens({"--broadcast", "token"})) {}
};

struct for_an_audience : fixture {
    for_an_audience()
        : fixture(with_tokens({"--auth-issuer", "https://id.example.org", "--auth-audience", "signaller"})) {}
};

}  // namespace

BOOST_AUTO_TEST_SUITE(access_token)

BOOST_FIXTURE_TEST_CASE(without_a_token_nobody_is_welcome, guarded) {
    auto who = stranger();
    refused(who, R"(/descp {"name": "mallory"})", 464);
    refused(who, R"(/descp {"token": ""})", 464);
    refused(who, R"(/descp {"token": "not.a.token"})", 464);
    refused(who, "/join " + make_channel(), 451);
    answered(who, "/descp {" + as_member(token("alice")) + "}", "welcome");
}

BOOST_FIXTURE_TEST_CASE(expired_and_foreign_tokens_are_464_and_say_why, guarded) {
    auto who = stranger();
    const auto late = who.ask("/descp {" + as_member(token("alice", {}, -1)) + "}");
    BOOST_TEST(number_of(late, "code") == 464);
    BOOST_TEST(text_of(late, "message") == "the access token has expired");
    refused(who, "/descp {" + as_member(token_issuer("ES256").issue(R"({"sub":"alice","exp":4000000000})")) + "}", 464);
    refused(who,
            "/descp {" + as_member(issuer().issue(R"({"alg":"none"})", R"({"sub":"alice","exp":4000000000})")) + "}",
            464);
}

BOOST_FIXTURE_TEST_CASE(a_token_may_be_good_for_ever, guarded) {
    // As issuers write it: the year 3000, and the last second that a claim can name.
    for (const std::string end : {"32503680000", "253402300799"}) {
        auto who = stranger();
        who.describe(as_member(issuer().issue(R"({"sub":")" + end + R"(","exp":)" + end + "}")));
        // An end that has passed is noticed at once.
        std::this_thread::sleep_for(std::chrono::milliseconds(250));
        who.expect_nothing();
    }
}

BOOST_FIXTURE_TEST_CASE(the_subject_is_the_id_and_the_tokens_name_is_the_name, guarded) {
    const auto id = make_id();
    auto alice = stranger();
    answered(alice, "/descp {\"name\": \"bob\", " + as_member(token(id, R"(,"name":"Alice")")) + "}", "welcome",
             {{"id", id}, {"name", "Alice"}});
    answered(alice, R"(/descp {"name": "bob"})", "welcome", {{"name", "Alice"}});
    auto carol = bearer("carol");
    auto other = stranger();
    // The same subject, the same id: which another connection has.
    refused(other, "/descp {" + as_member(token("carol")) + "}", 433);
    refused(other, "/descp {\"id\": \"" + id + "\", " + as_member(token("dave")) + "}", 464);
}

BOOST_FIXTURE_TEST_CASE(a_token_is_never_shown, guarded) {
    auto alice = bearer("alice");
    auto bob = bearer("bob");
    const auto shown = bob.ask("/whois " + alice.id());
    BOOST_TEST(!shown.at("peer").as_object().contains("token"));
}

BOOST_FIXTURE_TEST_CASE(a_token_may_come_with_the_upgrade, guarded) {
    client::options way;
    way.path = "/ws?x=1&access_token=" + token("alice");
    client alice(server.port(), way);
    alice.describe();
    way.path = "/?access_token=broken";
    client bob(server.port(), way);
    refused(bob, "/descp {}", 464);
    answered(bob, "/descp {" + as_member(token("bob")) + "}", "welcome");
}

BOOST_FIXTURE_TEST_CASE(the_header_of_the_upgrade_carries_a_token_as_well, guarded) {
    client::options way;
    way.authorization = "Bearer " + token("alice", {}, 4);
    client alice(server.port(), way);
    alice.describe();
    answered(alice, "/descp {" + as_member(token("alice")) + "}", "welcome", {{"id", alice.id()}});
    // Ends after what Alice had at first.
    way.authorization = "Bearer " + token("bob", {}, 4);
    client bob(server.port(), way);
    bob.describe();
    BOOST_TEST(alice.id() != bob.id());
    BOOST_TEST(flag_of(bob.skip_to_close(4003), "reconnect"));
    alice.expect_nothing();
}

BOOST_FIXTURE_TEST_CASE(an_authorization_that_is_no_good_does_not_stand_in_the_way_of_a_good_one, guarded) {
    client::options way;
    for (const std::string& header :
         std::vector<std::string>{"Bearer", "Bearer not.a.token", "Basic " + token("alice")}) {
        way.authorization = header;
        client who(server.port(), way);
        refused(who, "/descp {}", 464);
        who.describe(as_member(token(make_id())));
    }
}

BOOST_FIXTURE_TEST_CASE(another_tokens_session_is_not_taken_back, guarded) {
    auto alice = bearer("alice");
    auto mallory = stranger();
    refused(mallory,
            "/descp {\"session\": \"" + alice.session() + "\", \"id\": \"" + alice.id() + "\", " +
                as_member(token("mallory")) + "}",
            464);
    alice.drop();
    auto back = stranger();
    answered(back, "/descp {\"session\": \"" + alice.session() + "\", " + as_member(token("alice")) + "}", "welcome",
             {{"resumed", true}, {"id", alice.id()}});
}

BOOST_FIXTURE_TEST_CASE(an_expired_token_ends_the_connection_with_4003, guarded) {
    auto alice = stranger();
    alice.describe(as_member(token("alice", {}, 2)));
    const auto bye = alice.skip_to_close(4003);
    BOOST_TEST(flag_of(bye, "reconnect"));
}

BOOST_FIXTURE_TEST_CASE(a_later_description_renews_the_token, guarded) {
    auto alice = stranger();
    alice.describe(as_member(token("alice", {}, 2)));
    auto bob = stranger();
    bob.describe(as_member(token("bob", {}, 2)));
    answered(alice, "/descp {" + as_member(token("alice")) + "}", "welcome", {{"id", alice.id()}});
    bob.skip_to_close(4003);
    alice.expect_nothing();
    refused(alice, "/descp {" + as_member(token("bob")) + "}", 464);
    answered(alice, "/whois " + alice.id(), "whois");
}

BOOST_FIXTURE_TEST_CASE(a_renewal_can_shorten_the_time_left, guarded) {
    auto alice = bearer("alice");
    answered(alice, "/descp {" + as_member(token("alice", {}, 2)) + "}", "welcome");
    alice.skip_to_close(4003);
}

BOOST_FIXTURE_TEST_CASE(only_the_channels_of_the_token_can_be_joined, guarded) {
    const auto channel = make_channel();
    auto alice = bearer("alice", only(channel, R"("join","create")"));
    refused(alice, "/join " + make_channel(), 481);
    answered(alice, "/join " + channel, "joined", {{"created", true}});
    refused(alice, "/pubmsg " + channel + " hello", 404);
}

BOOST_FIXTURE_TEST_CASE(who_may_not_create_a_channel_finds_none, guarded) {
    const auto channel = make_channel();
    auto bob = bearer("bob", only("*", R"("join","send")"));
    refused(bob, "/join " + channel, 403);
    auto alice = bearer("alice");
    answered(alice, "/whois " + channel, "error", {{"code", 403}});
    join(alice, channel);
    join(bob, channel, {&alice});
    answered(bob, "/pubmsg " + channel + " hello", "ack");
}

BOOST_FIXTURE_TEST_CASE(who_has_the_right_is_an_operator_from_the_first_moment, guarded) {
    const auto channel = make_channel();
    auto alice = bearer("alice");
    join(alice, channel);
    auto moderator = bearer("moderator", only(channel, R"("join","send","op")"));
    answered(moderator, "/join " + channel, "joined", {{"operator", true}, {"created", false}});
    alice.expect("join");
    const auto op = alice.expect("op");
    BOOST_TEST(id_in(op, "peer") == moderator.id());
    BOOST_TEST(op.at("by").is_null());
    auto bob = bearer("bob");
    join(bob, channel, {&alice, &moderator});
    answered(moderator, "/kick " + bob.id() + " " + channel, "kick");
}

BOOST_FIXTURE_TEST_CASE(a_ban_sticks_to_who_the_token_says_it_is, guarded) {
    const auto channel = make_channel();
    auto alice = bearer("alice");
    join(alice, channel);
    auto bob = bearer("bob");
    join(bob, channel, {&alice});
    answered(alice, "/ban " + bob.id() + " " + channel, "ban");
    bob.expect("ban");
    bob.drop();
    auto back = stranger();
    refused(back, "/descp {\"id\": \"" + make_id() + "\", " + as_member(token("bob")) + "}", 464);
    answered(back, "/descp {\"session\": \"" + bob.session() + "\", " + as_member(token("bob")) + "}", "welcome",
             {{"id", bob.id()}});
    refused(back, "/join " + channel, 474);
}

BOOST_FIXTURE_TEST_CASE(a_narrower_token_ends_what_it_does_not_allow, guarded) {
    const auto kept = make_channel();
    const auto lost = make_channel();
    auto alice = bearer("alice");
    auto bob = bearer("bob");
    for (const auto& channel : {kept, lost}) {
        join(bob, channel);
        join(alice, channel, {&bob});
    }
    alice.send("/descp {" + as_member(token("alice", only(kept, R"("join")"))) + "}");
    alice.expect("welcome");
    alice.expect("quit", {{"channel", lost}, {"reason", "access token"}});
    bob.expect("quit", {{"channel", lost}});
    refused(alice, "/pubmsg " + kept + " hello", 404);
    refused(alice, "/join " + lost, 481);
}

BOOST_FIXTURE_TEST_CASE(broadcast_is_for_those_whose_token_says_so, guarded_broadcast) {
    auto alice = stranger();
    alice.describe(as_member(token("alice", R"(,"broadcast":true)")));
    auto bob = stranger();
    bob.describe(as_member(token("bob")));
    refused(bob, "/broadcast hello", 481);
    answered(alice, "/broadcast hello", "ack");
    bob.expect("broadcast", {{"content", "hello"}});
}

BOOST_FIXTURE_TEST_CASE(issuer_and_audience_are_asked_for, for_an_audience) {
    auto who = stranger();
    refused(who, "/descp {" + as_member(token("alice")) + "}", 464);
    refused(who, "/descp {" + as_member(token("alice", R"(,"iss":"https://id.example.org","aud":"other")")) + "}", 464);
    answered(who,
             "/descp {" + as_member(token("alice", R"(,"iss":"https://id.example.org","aud":["signaller"])")) + "}",
             "welcome");
}

BOOST_AUTO_TEST_CASE(a_key_that_is_no_good_is_one_line_and_no_server) {
    const auto weak = support::run_to_end({"--auth", "jwt", "--auth-key", "HS256:inline:too-short-secret"});
    BOOST_TEST(weak.code == 2);
    BOOST_TEST(weak.errors.find("32 bytes") != std::string::npos);
    BOOST_TEST(weak.errors.find("too-short-secret") == std::string::npos);
    const auto missing = support::run_to_end({"--auth", "jwt", "--auth-key", "ES256:file:/nowhere/key.pem"});
    BOOST_TEST(missing.code == 2);
    BOOST_TEST(missing.errors.find("/nowhere/key.pem") != std::string::npos);
    BOOST_TEST(support::run_to_end({"--auth", "jwt"}).code == 2);
    BOOST_TEST(support::run_to_end({"--auth", "jwt", "--auth-key", "none:inline:x"}).code == 2);
    BOOST_TEST(support::run_to_end({"--broadcast", "token"}).code == 2);
}

BOOST_AUTO_TEST_CASE(who_makes_tokens_up_is_not_listened_to_for_a_while_and_who_has_an_old_one_is) {
    const support::server_process server(with_tokens({"--max-wrong-guesses", "2"}));
    const token_issuer somebody_else("ES256");
    const auto forged = somebody_else.issue(R"({"sub":"mallory","exp":)" + std::to_string(seconds_from_now(60)) + "}");
    client mallory(server.port());
    for (int i = 0; i < 2; ++i) {
        mallory.send("/descp {" + as_member(forged) + "}");
        mallory.expect_error(464);
    }
    mallory.send("/descp {" + as_member(token("mallory")) + "}");
    BOOST_TEST(number_of(mallory.expect_error(263), "retryAfter") > 0);
    client late(server.port());
    for (int i = 0; i < 3; ++i) {
        late.send("/descp {" + as_member(token("late", {}, -60)) + "}");
        late.expect_error(464);
    }
    late.describe(as_member(token("late")));
}

BOOST_AUTO_TEST_SUITE_END()
