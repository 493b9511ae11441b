#include "ctl/ctl.hpp"
#include "ctl/http_client.hpp"
#include "integration/store/fixture.hpp"
#include "integration/transport/raw_client.hpp"

#include <boost/json/parse.hpp>

#include <fstream>
#include <sstream>

using namespace stored;

namespace {

const std::string token = "0123456789abcdef-secret";
const std::string zeros(24, '0');

/// A file with the token, and a socket beside it.
struct folder : support::scratch_folder {
    folder() { std::ofstream(path("token")) << token << "\n"; }
    [[nodiscard]] std::string address() const { return "unix:" + path("admin"); }
    [[nodiscard]] std::vector<std::string> options(std::vector<std::string> more = {}) const {
        more.insert(more.end(),
                    {"--admin-address", address(), "--admin-token-file", path("token"), "--server-name", "the server"});
        return more;
    }
};

struct administered : folder {
    server_process server;
    client alice;
    client bob;
    std::string channel = make_channel();

    administered() : server(options()), alice(peer_at(server, "alice")), bob(peer_at(server, "bob")) {
        join(alice, channel);
        join(bob, channel, {&alice});
    }

    [[nodiscard]] ctl::http_answer raw(const std::string& method, const std::string& target,
                                       const std::string& body = {}, const std::string& with = token) const {
        return ctl::ask(address(), with, method, target, body);
    }
    /// The answer, which has to have this status.
    [[nodiscard]] event asked(unsigned status, const std::string& method, const std::string& route,
                              const std::string& body = {}) const {
        const auto answer = raw(method, "/api/v1/" + route, body);
        BOOST_TEST(answer.status == status, route << ": " << answer.status << " " << answer.body);
        return boost::json::parse(answer.body).as_object();
    }
    void refused(unsigned status, const std::string& code, const std::string& method, const std::string& route,
                 const std::string& body = {}) const {
        const auto answer = asked(status, method, route, body);
        BOOST_REQUIRE(answer.contains("error"));
        BOOST_TEST(text_of(answer.at("error").as_object(), "code") == code);
        BOOST_TEST(!text_of(answer.at("error").as_object(), "message").empty());
    }
    [[nodiscard]] std::string id() const { return channel.substr(1); }

    struct ran {
        int code;
        std::string out;
        std::string errors;
    };
    [[nodiscard]] ran run(std::vector<std::string> words) const {
        words.insert(words.begin(), {"--address", address(), "--token-file", path("token")});
        std::ostringstream out;
        std::ostringstream errors;
        const int code = ctl::run(words, out, errors);
        return {code, out.str(), errors.str()};
    }
};

const event by_server{{"id", zeros}, {"name", "the server"}};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(administration, administered)

BOOST_AUTO_TEST_CASE(nobody_gets_in_without_the_token) {
    for (const auto& wrong : {std::string(), std::string("guess"), token + "x", token.substr(1)}) {
        const auto answer = raw("GET", "/api/v1/peers", {}, wrong);
        BOOST_TEST(answer.status == 401U);
        BOOST_TEST(answer.body.find("alice") == std::string::npos);
    }
    BOOST_TEST(raw("GET", "/healthz", {}, "").status == 200U);
    // Not on the port where peers are, whatever they bring.
    BOOST_TEST(
        ctl::ask("http://127.0.0.1:" + std::to_string(server.port()), token, "GET", "/api/v1/peers", "").status ==
        404U);
    const folder other;
    const server_process without({"--admin-address", other.address()});
    BOOST_TEST(ctl::ask(other.address(), token, "GET", "/api/v1/peers", "").status == 403U);
}

BOOST_AUTO_TEST_CASE(peers_and_channels_are_listed_in_pages_and_shown) {
    const auto first = asked(200, "GET", "peers?limit=1");
    BOOST_TEST(first.at("peers").as_array().size() == 1U);
    const auto second = asked(200, "GET", "peers?limit=1&after=" + text_of(first, "next"));
    BOOST_TEST(second.at("peers").as_array().size() == 1U);
    BOOST_TEST(second.at("next").is_null());
    const auto shown = asked(200, "GET", "peers/" + bob.id());
    BOOST_TEST(text_of(shown, "name") == "bob");
    BOOST_TEST(flag_of(shown, "connected"));
    BOOST_TEST(shown.at("channels").as_array().at(0).as_string() == channel);
    refused(404, "no_such_peer", "GET", "peers/" + make_id());

    const auto channels = asked(200, "GET", "channels").at("channels").as_array();
    BOOST_REQUIRE(channels.size() == 1U);
    BOOST_TEST(number_of(channels.at(0).as_object(), "members") == 2);
    const auto about = asked(200, "GET", "channels/" + id());
    BOOST_TEST(text_of(about, "owner") == alice.id());
    BOOST_TEST(about.at("peers").as_array().size() == 2U);
    refused(404, "no_such_channel", "GET", "channels/" + make_id());
}

BOOST_AUTO_TEST_CASE(the_server_speaks_to_a_peer_to_a_channel_and_to_all) {
    static_cast<void>(asked(200, "POST", "peers/" + alice.id() + "/messages", R"({"content": "to you"})"));
    alice.expect("privmsg", {{"content", "to you"}, {"from", by_server}});
    BOOST_TEST(
        number_of(asked(200, "POST", "channels/" + id() + "/messages", R"({"content": "to all here"})"), "seq") == 1);
    alice.expect("pubmsg", {{"content", "to all here"}, {"seq", 1}, {"from", by_server}});
    bob.expect("pubmsg", {{"seq", 1}});
    static_cast<void>(asked(200, "POST", "broadcast", R"({"content": "to everybody"})"));
    alice.expect("broadcast", {{"content", "to everybody"}, {"from", by_server}});
    bob.expect("broadcast");
    refused(404, "no_such_peer", "POST", "peers/" + make_id() + "/messages", R"({"content": "x"})");
    refused(404, "ERR_NOSUCHCHANNEL", "POST", "channels/" + make_id() + "/messages", R"({"content": "x"})");
    // Nobody else is the server.
    client thief(server.port());
    thief.send("/descp {\"id\": \"" + zeros + "\"}");
    thief.expect_error(433);
}

BOOST_AUTO_TEST_CASE(the_server_kicks_bans_and_disconnects_also_an_owner) {
    static_cast<void>(
        asked(200, "POST", "channels/" + id() + "/kicks", R"({"peer": ")" + alice.id() + R"(", "reason": "enough"})"));
    alice.expect("kick", {{"reason", "enough"}, {"by", by_server}});
    bob.expect("kick", {{"peer", named(alice, "alice")}});
    static_cast<void>(bob.skip_to("op"));
    static_cast<void>(asked(200, "POST", "channels/" + id() + "/bans", R"({"peer": ")" + alice.id() + "\"}"));
    alice.expect("ban");
    fixture::refused(alice, "/join " + channel, 474);
    bob.expect("ban");
    BOOST_TEST(asked(200, "GET", "channels/" + id()).at("bans").as_array().size() == 1U);
    static_cast<void>(asked(200, "DELETE", "channels/" + id() + "/bans/" + alice.id()));
    fixture::answered(alice, "/join " + channel, "joined");
    bob.expect("join");
    static_cast<void>(asked(200, "DELETE", "peers/" + bob.id(), R"({"reason": "that was it"})"));
    BOOST_TEST(text_of(bob.expect_close(4502), "reason") == "that was it");
    alice.expect("quit", {{"peer", named(bob, "bob")}});
    refused(404, "no_such_peer", "DELETE", "peers/" + bob.id());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said) {
    refused(400, "bad_limit", "GET", "peers?limit=0");
    refused(400, "bad_limit", "GET", "peers?limit=1001");
    refused(400, "bad_after", "GET", "peers?after=x");
    refused(400, "bad_query", "GET", "peers?admin=1");
    refused(400, "bad_peer", "GET", "peers/alice");
    refused(400, "bad_channel", "GET", "channels/x");
    refused(404, "no_such_route", "GET", "nothing");
    refused(404, "no_such_route", "GET", "");
    refused(404, "no_such_route", "POST", "peers/" + alice.id() + "/messages/x", R"({"content": "x"})");
    refused(405, "bad_method", "PUT", "peers");
    refused(405, "bad_method", "GET", "drain");
    refused(400, "bad_body", "POST", "broadcast", "{");
    refused(400, "bad_body", "POST", "broadcast", "[]");
    refused(400, "bad_body", "POST", "broadcast", R"({"content":)" + std::string(1000, '['));
    refused(400, "bad_content", "POST", "broadcast");
    refused(400, "bad_content", "POST", "broadcast", R"({"content": 1})");
    refused(400, "bad_content", "POST", "broadcast", R"({"content": ")" + std::string(65537, 'x') + "\"}");
    refused(400, "bad_peer", "POST", "channels/" + id() + "/kicks", R"({"peer": "bob"})");
    refused(404, "ERR_NOSUCHNICK", "POST", "channels/" + id() + "/kicks", R"({"peer": ")" + make_id() + "\"}");
    refused(400, "bad_content", "POST", "broadcast", R"({"content": ""})");
    refused(400, "bad_content", "POST", "peers/" + alice.id() + "/messages", R"({"content": ""})");
    refused(400, "bad_content", "POST", "channels/" + id() + "/messages", R"({"content": ""})");
    BOOST_TEST(raw("POST", "/api/v1/broadcast", std::string(400 * 1024, ' ')).status == 413U);
    alice.expect_nothing();
}

BOOST_AUTO_TEST_CASE(what_the_server_says_has_the_limits_of_what_peers_say) {
    const folder files;
    const server_process brief(files.options({"--max-content", "10", "--max-reason", "5"}));
    auto carol = peer_at(brief, "carol");
    const auto status = [&](const std::string& method, const std::string& route, const std::string& body) {
        return ctl::ask(files.address(), token, method, "/api/v1/" + route, body).status;
    };
    const auto to_carol = "peers/" + carol.id() + "/messages";
    BOOST_TEST(status("POST", to_carol, R"({"content": "01234567890"})") == 400U);
    BOOST_TEST(status("DELETE", "peers/" + carol.id(), R"({"reason": "012345"})") == 400U);
    carol.expect_nothing();
    // Each of them may be escaped.
    std::string escaped;
    for (int i = 0; i < 10; ++i) escaped += "\\u0041";
    BOOST_TEST(status("POST", to_carol, R"({"content": ")" + escaped + "\"}") == 200U);
    carol.expect("privmsg", {{"content", "AAAAAAAAAA"}});
}

BOOST_AUTO_TEST_CASE(the_scheme_is_the_same_in_any_case) {
    // RFC 9110, 11.1.
    transport::raw_client client(transport::connect_unix(path("admin")));
    client.send("GET /api/v1/peers HTTP/1.1\r\nHost: a\r\nAuthorization: bearer " + token + "\r\n\r\n");
    BOOST_TEST(client.read_response().status == 200U);
}

BOOST_AUTO_TEST_CASE(ctl_says_it_in_tables_and_in_json) {
    const auto table = run({"peers"});
    BOOST_TEST(table.code == 0);
    BOOST_TEST(table.out.find("id ") == 0U);
    BOOST_TEST(table.out.find("alice") != std::string::npos);
    const auto listed = boost::json::parse(run({"--json", "peers", "--limit", "1"}).out).as_object();
    BOOST_TEST(listed.at("peers").as_array().size() == 1U);
    BOOST_TEST(run({"channel", channel}).out.find("owner: " + alice.id()) != std::string::npos);
    BOOST_TEST(run({"send", alice.id(), "hello"}).code == 0);
    alice.expect("privmsg", {{"content", "hello"}});
    BOOST_TEST(run({"send", channel, "hello all"}).out.find("seq: 1") != std::string::npos);
    alice.expect("pubmsg");
    BOOST_TEST(run({"kick", channel, bob.id(), "bye"}).code == 0);
    bob.skip_to("kick");
    BOOST_TEST(run({"ban", channel, bob.id()}).code == 0);
    BOOST_TEST(run({"unban", channel, bob.id()}).code == 0);
    BOOST_TEST(run({"broadcast", "news"}).code == 0);
    alice.skip_to("broadcast");
    BOOST_TEST(run({"broadcast", "--news"}).code == 2);
    BOOST_TEST(run({"broadcast", "--", "--json"}).code == 0);
    alice.expect("broadcast", {{"content", "--json"}});
    BOOST_TEST(run({"disconnect", bob.id()}).code == 0);
    bob.skip_to_close(4502);
    BOOST_TEST(run({"health"}).out == "ok\n");
    BOOST_TEST(run({"metrics"}).out.find("signaller_connections") != std::string::npos);

    const auto missing = run({"peer", make_id()});
    BOOST_TEST(missing.code == 1);
    BOOST_TEST(missing.errors.find("no such peer") != std::string::npos);
    for (const auto& wrong : std::vector<std::vector<std::string>>{{},
                                                                   {"nonsense"},
                                                                   {"peer"},
                                                                   {"peer", "x"},
                                                                   {"peer", "../drain"},
                                                                   {"--nothing"},
                                                                   {"drain", "now"},
                                                                   {"peers", "--limit", "x"}})
        BOOST_TEST(run(wrong).code == 2);
    std::ostringstream out;
    std::ostringstream errors;
    BOOST_TEST(ctl::run({"--address", "http://127.0.0.1:1", "peers"}, out, errors) == 1);
    BOOST_TEST(ctl::run({"--help"}, out, errors) == 0);
}

BOOST_AUTO_TEST_CASE(spaces_around_the_token_are_not_of_it) {
    const folder files;
    std::ofstream(files.path("token")) << " \t" << token << " \r\n";
    const server_process spaced(files.options());
    BOOST_TEST(ctl::ask(files.address(), token, "GET", "/api/v1/peers", "").status == 200U);
    std::ostringstream out;
    std::ostringstream errors;
    BOOST_TEST(ctl::run({"--address", files.address(), "--token-file", files.path("token"), "peers"}, out, errors) ==
               0);
}

BOOST_AUTO_TEST_CASE(drain_ends_the_server_gracefully) {
    BOOST_TEST(run({"drain"}).code == 0);
    alice.skip_to_close(1001);
    bob.skip_to_close(1001);
    BOOST_TEST(server.wait_exit() == 0);
}

BOOST_AUTO_TEST_CASE(with_a_store_channels_and_messages_reach_other_servers) {
    const redis_process redis;
    const folder files;
    const server_process near(files.options({"--store", redis.store()}));
    const server_process far(with_store(redis.store()));
    auto carol = peer_at(far, "carol");
    const auto theirs = make_channel();
    join(carol, theirs);
    const auto at_near = [&](const std::string& method, const std::string& route, const std::string& body = {}) {
        return ctl::ask(files.address(), token, method, "/api/v1/" + route, body).status;
    };
    BOOST_TEST(at_near("GET", "channels/" + theirs.substr(1)) == 200U);
    BOOST_TEST(at_near("POST", "peers/" + carol.id() + "/messages", R"({"content": "far away"})") == 200U);
    carol.expect("privmsg", {{"content", "far away"}, {"from", by_server}});
    BOOST_TEST(at_near("POST", "broadcast", R"({"content": "all"})") == 200U);
    carol.expect("broadcast", {{"content", "all"}});
    BOOST_TEST(at_near("POST", "channels/" + theirs.substr(1) + "/messages", R"({"content": "here"})") == 200U);
    carol.expect("pubmsg", {{"content", "here"}, {"seq", 1}});
    BOOST_TEST(at_near("POST", "channels/" + theirs.substr(1) + "/bans", R"({"peer": ")" + carol.id() + "\"}") == 200U);
    carol.expect("ban");
}

BOOST_AUTO_TEST_SUITE_END()
