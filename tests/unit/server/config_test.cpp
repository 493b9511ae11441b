#include "server/config.hpp"

#include "server/option_table.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
using server::exit_request;

namespace {

using words = std::vector<std::string>;

std::vector<const char*> pointers_to(const words& texts) {
    std::vector<const char*> pointers;
    for (const auto& text : texts) pointers.push_back(text.c_str());
    pointers.push_back(nullptr);
    return pointers;
}

std::variant<server::config, exit_request> parse(words arguments, const words& environment = {}) {
    arguments.insert(arguments.begin(), "signaller");
    const auto argv = pointers_to(arguments);
    return server::parse_config(static_cast<int>(arguments.size()), argv.data(), pointers_to(environment).data());
}

server::config accepted(const words& arguments, const words& environment = {}) {
    const auto parsed = parse(arguments, environment);
    const auto* refused = std::get_if<exit_request>(&parsed);
    if (refused != nullptr) BOOST_FAIL(refused->text);
    return std::get<server::config>(parsed);
}

/// The line on stderr, checked to be one.
std::string refused(const words& arguments, const words& environment = {}) {
    const auto parsed = parse(arguments, environment);
    const auto* request = std::get_if<exit_request>(&parsed);
    BOOST_REQUIRE(request != nullptr);
    BOOST_TEST(request->code == 2);
    BOOST_TEST(request->to_stderr);
    BOOST_TEST(std::ranges::count(request->text, '\n') == 1);
    BOOST_TEST(request->text.ends_with('\n'));
    return request->text;
}

std::string printed(const words& arguments, const words& environment = {}) {
    const auto parsed = parse(arguments, environment);
    const auto* request = std::get_if<exit_request>(&parsed);
    BOOST_REQUIRE(request != nullptr);
    BOOST_TEST(request->code == 0);
    BOOST_TEST(!request->to_stderr);
    return request->text;
}

bool mentions(std::string_view text, std::initializer_list<std::string_view> parts) {
    return std::ranges::all_of(parts,
                               [text](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

/// Deleted with the object.
class temporary_file {
public:
    explicit temporary_file(std::string_view content)
        : path_((std::filesystem::temp_directory_path() /
                 ("signaller-config-test-" + std::to_string(::getpid()) + ".conf"))
                    .string()) {
        std::ofstream{path_} << content;
    }
    ~temporary_file() { std::remove(path_.c_str()); }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

std::string shown(const server::config& made, std::string_view name) { return server::find_option(name)->show(made); }

}  // namespace

BOOST_AUTO_TEST_SUITE(config)

BOOST_AUTO_TEST_CASE(every_option_has_its_default) {
    const std::vector<std::pair<std::string_view, std::string_view>> defaults{{"address", "127.0.0.1"},
                                                                              {"port", "3012"},
                                                                              {"threads", "1"},
                                                                              {"max-connections", "100000"},
                                                                              {"max-connections-per-address", "1000"},
                                                                              {"connection-rate", "5000"},
                                                                              {"connection-rate-per-address", "50"},
                                                                              {"max-handshake-failures", "100"},
                                                                              {"max-wrong-guesses", "20"},
                                                                              {"max-header", "16KiB"},
                                                                              {"allowed-origin", "any"},
                                                                              {"server-name", "signaller/1.0.0"},
                                                                              {"tls-certificate", "none"},
                                                                              {"tls-key", "none"},
                                                                              {"path-prefix", "/"},
                                                                              {"trusted-proxy", "none"},
                                                                              {"forwarded-by", "x-forwarded-for"},
                                                                              {"proxy-protocol", "off"},
                                                                              {"heartbeat", "25s"},
                                                                              {"handshake-timeout", "10s"},
                                                                              {"describe-timeout", "10s"},
                                                                              {"close-timeout", "2s"},
                                                                              {"shutdown-timeout", "5s"},
                                                                              {"retry-after", "1s"},
                                                                              {"retry-spread", "10s"},
                                                                              {"retention", "60s"},
                                                                              {"max-remembered", "1000000"},
                                                                              {"resume-window", "60s"},
                                                                              {"resume-events", "1000"},
                                                                              {"resume-bytes", "256KiB"},
                                                                              {"history", "100"},
                                                                              {"history-bytes", "1MiB"},
                                                                              {"rate", "300"},
                                                                              {"burst", "600"},
                                                                              {"broadcast-rate", "300"},
                                                                              {"byte-rate", "8MiB"},
                                                                              {"max-message", "128KiB"},
                                                                              {"max-content", "64KiB"},
                                                                              {"max-name", "64"},
                                                                              {"max-description", "4KiB"},
                                                                              {"max-label", "64"},
                                                                              {"max-token", "256"},
                                                                              {"max-reason", "256"},
                                                                              {"broadcast", "everyone"},
                                                                              {"auth", "none"},
                                                                              {"auth-key", "none"},
                                                                              {"auth-issuer", "any"},
                                                                              {"auth-audience", "none"},
                                                                              {"auth-leeway", "5s"},
                                                                              {"max-access-token", "8KiB"},
                                                                              {"max-channels", "100"},
                                                                              {"max-members", "100000"},
                                                                              {"max-bans", "1000"},
                                                                              {"max-invitations", "1000"},
                                                                              {"page", "1000"},
                                                                              {"presence-threshold", "256"},
                                                                              {"presence-interval", "1s"},
                                                                              {"channel-log", "1MiB"},
                                                                              {"queue", "1MiB"},
                                                                              {"max-memory", "0"},
                                                                              {"ice-servers", "[]"},
                                                                              {"turn-secret", "none"},
                                                                              {"turn-ttl", "24h"},
                                                                              {"turn-rest-key", "none"},
                                                                              {"store", "memory"},
                                                                              {"admin-address", "none"},
                                                                              {"admin-token-file", "none"},
                                                                              {"store-timeout", "1s"},
                                                                              {"log-level", "info"},
                                                                              {"log-format", "text"},
                                                                              {"log-rate", "20"}};
    const auto made = accepted({});
    for (const auto& [name, value] : defaults) {
        BOOST_REQUIRE_MESSAGE(server::find_option(name) != nullptr, name);
        BOOST_TEST(shown(made, name) == value, name);
    }
    BOOST_TEST(server::option_table().size() == defaults.size());
}

BOOST_AUTO_TEST_CASE(a_default_is_a_value_that_is_accepted) {
    const server::config defaults;
    for (const auto& option : server::option_table()) {
        server::config made;
        BOOST_TEST(option.assign(made, option.show(defaults)), option.name);
        BOOST_TEST(server::print_config(made) == server::print_config(defaults), option.name);
    }
}

BOOST_AUTO_TEST_CASE(the_command_line_goes_before_the_environment_and_that_before_the_file) {
    const temporary_file file{"port = 1\nhistory = 1\nrate = 1\n"};
    const auto made =
        accepted({"--config", file.path(), "--port", "3"}, {"SIGNALLER_PORT=2", "SIGNALLER_HISTORY=2", "HOME=/root"});
    BOOST_TEST(made.port == 3);
    BOOST_TEST(made.limits.history == 2U);
    BOOST_TEST(made.limits.rate == 1U);
    BOOST_TEST(made.limits.burst == 600U);
}

BOOST_AUTO_TEST_CASE(the_environment_can_name_the_file) {
    const temporary_file file{"port = 1\n"};
    BOOST_TEST(accepted({}, {"SIGNALLER_CONFIG=" + file.path()}).port == 1);
    BOOST_TEST(mentions(refused({}, {"SIGNALLER_CONFIG=/does/not/exist"}), {"/does/not/exist", "SIGNALLER_CONFIG"}));
}

BOOST_AUTO_TEST_CASE(units_arrive_in_the_fields) {
    const auto made = accepted({"--resume-window=2m", "--heartbeat", "1.5", "--max-message", "1MiB",
                                "--max-content=200k", "--queue", "512KiB"});
    BOOST_TEST((made.limits.resume_window == 120s));
    BOOST_TEST((made.heartbeat == 1500ms));
    BOOST_TEST(made.limits.message == 1048576U);
    BOOST_TEST(made.limits.content == 200000U);
    BOOST_TEST(made.queue_bytes == 524288U);
}

BOOST_AUTO_TEST_CASE(words_arrive_in_the_fields) {
    const auto made =
        accepted({"--broadcast", "nobody", "--log-level", "off", "--address", "::1", "--server-name", "my server/2"});
    BOOST_TEST((made.broadcast == server::broadcast_policy::nobody));
    BOOST_TEST((made.log.from == logging::level::off));
    BOOST_TEST(made.address == "::1");
    BOOST_TEST(made.server_name == "my server/2");
    BOOST_TEST((server::channel_settings(made).broadcast == server::broadcast_policy::nobody));
    BOOST_TEST(server::channel_settings(made).server_name == "my server/2");
}

BOOST_AUTO_TEST_CASE(what_is_printed_is_a_file_with_the_same_effect) {
    const auto text = printed({"--print-config", "--resume-window", "90", "--max-content", "1000", "--server-name",
                               "a = b", "--address", "0.0.0.0", "--ice-servers",
                               R"([{"urls":"turn:t.example","username":"u","credential":"a#b = c"}])"},
                              {"SIGNALLER_RATE=7"});
    const temporary_file file{text};
    const auto made = accepted({"--config", file.path()});
    BOOST_TEST(server::print_config(made) == text);
    BOOST_TEST((made.limits.resume_window == 90s));
    BOOST_TEST(made.server_name == "a = b");
    BOOST_TEST(made.ice_servers_json == R"([{"urls":"turn:t.example","username":"u","credential":"a#b = c"}])");
    BOOST_TEST(made.limits.rate == 7U);
}

BOOST_AUTO_TEST_CASE(a_bad_value_is_refused_with_its_name_its_place_and_what_was_expected) {
    for (const auto& option : server::option_table()) {
        const std::string name{option.name};
        const auto variable = server::environment_name(option);
        const std::string bad = "?#";
        const auto seen = option.secret ? "--" + name + " (" : "--" + name + " \"" + bad + "\" (";
        BOOST_TEST(mentions(refused({"--" + name, bad}), {seen, "command line", "expected " + option.expected}), name);
        BOOST_TEST(mentions(refused({}, {variable + "=" + bad}), {seen, variable, "expected " + option.expected}),
                   name);
        const temporary_file file{"\n# first\n" + name + " = \n"};
        BOOST_TEST(mentions(refused({"--config", file.path()}),
                            {"--" + name + " ", file.path() + ":3", "expected " + option.expected}),
                   name);
    }
}

BOOST_AUTO_TEST_CASE(ranges_are_checked_at_both_ends) {
    for (const words& arguments : std::initializer_list<words>{{"--port", "65536"},
                                                               {"--port", "-1"},
                                                               {"--threads", "0"},
                                                               {"--threads", "65"},
                                                               {"--page", "0"},
                                                               {"--max-message", "1023"},
                                                               {"--max-message", "17MiB"},
                                                               {"--max-content", "0"},
                                                               {"--heartbeat", "0"},
                                                               {"--heartbeat", "2h"},
                                                               {"--burst", "0"},
                                                               {"--max-invitations", "0"},
                                                               {"--max-connections", "0"},
                                                               {"--max-header", "100"},
                                                               {"--max-label", "0"},
                                                               {"--address", "localhost"},
                                                               {"--address", "127.0.0.1:80x"},
                                                               {"--address", "unix:relative"},
                                                               {"--allowed-origin", "example.org"},
                                                               {"--allowed-origin", " "},
                                                               {"--path-prefix", "x"},
                                                               {"--path-prefix", "/a b"},
                                                               {"--trusted-proxy", "10.0.0.0/33"},
                                                               {"--trusted-proxy", " \t"},
                                                               {"--forwarded-by", "via"},
                                                               {"--log-level", "INFO"},
                                                               {"--server-name", " a"},
                                                               {"--server-name", "a#b"},
                                                               {"--server-name", "\xC3\xA4"},
                                                               {"--ice-servers", "{}"},
                                                               {"--turn-secret", "a b"},
                                                               {"--turn-secret", ",a"},
                                                               {"--turn-ttl", "999ms"},
                                                               {"--turn-ttl", "721h"},
                                                               {"--turn-rest-key", "fifteen-charact"},
                                                               {"--turn-rest-key", "sixteen,charact."}}) {
        BOOST_TEST(mentions(refused(arguments), {arguments[0], "expected"}));
    }
    BOOST_TEST(accepted({"--port", "65535"}).port == 65535);
    BOOST_TEST(accepted({"--threads", "64"}).threads == 64U);
    BOOST_TEST(accepted({"--rate", "0"}).limits.rate == 0U);
}

BOOST_AUTO_TEST_CASE(a_message_shows_no_secret) {
    for (const std::string name : {"turn-secret", "turn-rest-key", "auth-key", "store", "ice-servers"}) {
        BOOST_TEST(!mentions(refused({"--" + name, "hunter 2#"}), {"hunter"}), name);
        BOOST_TEST(
            !mentions(refused({}, {server::environment_name(*server::find_option(name)) + "S=hunter2"}), {"hunter"}),
            name);
        const temporary_file file{name + " hunter2\n"};
        BOOST_TEST(!mentions(refused({"--config", file.path()}), {"hunter"}), name);
    }
}

BOOST_AUTO_TEST_CASE(files_that_do_not_serve_are_wrong_options) {
    BOOST_TEST(mentions(refused({"--auth", "jwt", "--auth-key", "ES256:file:/nowhere/key"}),
                        {"--auth-key", "/nowhere/key", "cannot be read"}));
    BOOST_TEST(mentions(refused({"--tls-certificate", "/nowhere/c", "--tls-key", "/nowhere/k"}),
                        {"--tls-certificate", "/nowhere/c"}));
    BOOST_TEST(mentions(refused({"--admin-address", "127.0.0.1:0", "--admin-token-file", "/nowhere/t"}),
                        {"--admin-token-file", "/nowhere/t", "cannot be read"}));
    const temporary_file weak{"fifteen-charact\n"};
    BOOST_TEST(mentions(refused({"--admin-address", "127.0.0.1:0", "--admin-token-file", weak.path()}),
                        {"--admin-token-file", "16 characters"}));
    BOOST_TEST(mentions(refused({"--admin-token-file", weak.path()}), {"expected --admin-address"}));
}

BOOST_AUTO_TEST_CASE(what_kubernetes_says_of_a_service_is_no_option) {
    const auto made = accepted({},
                               {"SIGNALLER_PORT=tcp://10.0.0.1:80", "SIGNALLER_PORT_80_TCP_PROTO=tcp",
                                "SIGNALLER_SERVICE_HOST=10.0.0.1", "SIGNALLER_SERVICE_PORT_WS=80"});
    BOOST_TEST(made.port == 3012);
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_refused_wherever_it_stands) {
    BOOST_TEST(mentions(refused({"--prot", "1"}), {"--prot"}));
    BOOST_TEST(mentions(refused({"--por", "1"}), {"--por"}));
    BOOST_TEST(mentions(refused({"-p", "1"}), {"-p"}));
    BOOST_TEST(mentions(refused({"3012"}), {"\"3012\"", "--help"}));
    BOOST_TEST(mentions(refused({"--", "3012"}), {"\"3012\""}));
    BOOST_TEST(mentions(refused({"--port"}), {"--port"}));
    BOOST_TEST(mentions(refused({}, {"SIGNALLER_PROT=1"}), {"SIGNALLER_PROT", "environment"}));
    BOOST_TEST(mentions(refused({}, {"SIGNALLER_HELP"}), {"SIGNALLER_HELP"}));
    const temporary_file file{"prot = 1\n"};
    BOOST_TEST(mentions(refused({"--config", file.path()}), {"\"prot\"", ":1"}));
}

BOOST_AUTO_TEST_CASE(a_file_is_lines_of_key_and_value) {
    const temporary_file good{"# comment\r\n\r\n  port=1   # behind\r\n\tserver-name =  a = b \r\n"};
    const auto made = accepted({"--config", good.path()});
    BOOST_TEST(made.port == 1);
    BOOST_TEST(made.server_name == "a = b");
    for (const std::string_view line : {"port", "[section]", "[]", "[", "= 1", "section.port = 1", "config = other",
                                        "port = 1\nport = 2", "port : 1"}) {
        const temporary_file bad{line};
        BOOST_TEST(mentions(refused({"--config", bad.path()}), {bad.path()}), line);
    }
    BOOST_TEST(mentions(refused({"--config", "/"}), {"\"/\"", "cannot be read"}));
}

BOOST_AUTO_TEST_CASE(an_option_is_given_once) {
    BOOST_TEST(mentions(refused({"--port", "1", "--port", "2"}), {"--port", "twice"}));
    BOOST_TEST(mentions(refused({"--config", "a", "--config", "b"}), {"--config", "twice"}));
}

BOOST_AUTO_TEST_CASE(a_hostile_value_stays_on_one_short_line) {
    const auto line = refused({"--port", "\n\r\x1b[31m" + std::string(100000, 'x')});
    BOOST_TEST(line.size() < 400U);
    BOOST_TEST(line.find('\x1b') == std::string::npos);
    refused({"--x\ny"});
    refused({}, {"SIGNALLER_A\nB=1"});
}

BOOST_AUTO_TEST_CASE(a_default_gives_way_to_a_choice_and_choices_must_agree) {
    const auto small = accepted({"--max-message", "1024"});
    BOOST_TEST(small.limits.content == 1024U);
    BOOST_TEST(small.limits.description == 1024U);
    const auto large = accepted({"--max-message", "4MiB", "--max-content", "2MiB"});
    BOOST_TEST(large.queue_bytes == 2097152U);
    BOOST_TEST(large.channel_log_bytes == 2097152U);
    BOOST_TEST(mentions(refused({"--max-message", "1024"}, {"SIGNALLER_MAX_CONTENT=2k"}),
                        {"--max-content", "\"2k\"", "--max-message"}));
    BOOST_TEST(mentions(refused({"--queue", "32KiB"}), {"--queue", "--max-content"}));
}

BOOST_AUTO_TEST_CASE(turn_servers_and_secrets_need_each_other) {
    const auto made = accepted({"--ice-servers", "turn:t.example", "--ice-servers", "stun:s.example", "--turn-secret",
                                "new", "--turn-secret", "old", "--turn-rest-key", "0123456789abcdef"});
    BOOST_TEST(made.turn_secrets == "new,old");
    BOOST_TEST(server::channel_settings(made).ice.expire());
    const auto rest = server::turn_rest_settings(made);
    BOOST_TEST(rest.secret == "new");
    BOOST_TEST(rest.uris.size() == 1U);
    // A configuration file that it prints is one that it takes.
    const temporary_file file{server::print_config(made)};
    BOOST_TEST(server::print_config(accepted({"--config", file.path()})) == server::print_config(made));
    BOOST_TEST(mentions(refused({"--turn-secret", "s"}), {"--turn-secret", "expected --ice-servers"}));
    BOOST_TEST(mentions(refused({"--turn-secret", "s", "--ice-servers", "stun:s"}), {"expected --ice-servers"}));
    BOOST_TEST(mentions(refused({"--ice-servers", "turn:t"}), {"--ice-servers", "expected --turn-secret"}));
    BOOST_TEST(mentions(refused({"--turn-rest-key", "0123456789abcdef"}), {"expected --turn-secret"}));
}

BOOST_AUTO_TEST_CASE(help_shows_every_option_with_its_default) {
    const auto text = printed({"--help"}, {"SIGNALLER_NONSENSE=1"});
    const server::config defaults;
    for (const auto& option : server::option_table()) {
        BOOST_TEST(mentions(text, {"--" + std::string{option.name} + " ", "default " + option.show(defaults) + ")"}),
                   option.name);
    }
    BOOST_TEST(printed({"-h"}) == text);
    BOOST_TEST(mentions(text, {"--config", "--print-config", "--version"}));
}

BOOST_AUTO_TEST_CASE(the_version_is_one_line) {
    BOOST_TEST(printed({"--version"}) == "signaller " + std::string{server::version()} + "\n");
}

BOOST_AUTO_TEST_CASE(variables_of_the_tests_are_no_options) {
    accepted({}, {"SIGNALLER_BINARY=/x", "SIGNALLER_TEST_THREADS=4", "SIGNALLERX=1", "PATH"});
}

BOOST_AUTO_TEST_SUITE_END()
