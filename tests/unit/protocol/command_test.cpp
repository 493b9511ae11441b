#include "protocol/command.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <type_traits>

using namespace protocol;
using namespace std::string_literals;

namespace {

constexpr std::string_view a_peer = "507f1f77bcf86cd799439011";
constexpr std::string_view a_channel = "#5f43a1b2c3d4e5f607182930";

template <class... Parts>
std::string line(Parts... parts) {
    std::string text;
    (text.append(parts), ...);
    return text;
}

/// The command of this type that the message must be. The message must outlive the result.
template <class Command>
Command parsed(std::string_view message) {
    const auto result = parse_command(message, limits{});
    BOOST_TEST_CONTEXT("message: " << message) {
        BOOST_REQUIRE((result.stage == parse_stage::ok));
        BOOST_REQUIRE(!result.error);
        BOOST_REQUIRE(result.value);
        BOOST_TEST(result.unknown_verb.empty());
        BOOST_REQUIRE(std::holds_alternative<Command>(*result.value));
    }
    return std::get<Command>(*result.value);
}

void check(const peer_arg& peer) {
    BOOST_TEST(peer.id.hex() == a_peer);
    BOOST_TEST(peer.written == a_peer);
}

void check(const channel_arg& channel) {
    BOOST_TEST("#" + channel.id.hex() == a_channel);
    BOOST_TEST(channel.written == a_channel);
}

void check(const std::optional<channel_arg>& channel) {
    BOOST_REQUIRE(channel);
    check(*channel);
}

/// `/verb peer`, and `/verb peer #channel`.
template <class Command>
void check_peer_and_channel(std::string_view verb) {
    const auto alone = line("/", verb, " ", a_peer);
    check(parsed<Command>(alone).peer);
    BOOST_TEST(!parsed<Command>(alone).channel);
    const auto empty = line(alone, " ");
    BOOST_TEST(!parsed<Command>(empty).channel);
    const auto both = line("/", verb, " ", a_peer, " ", a_channel);
    check(parsed<Command>(both).peer);
    check(parsed<Command>(both).channel);
}

/// Also `/verb peer #channel reason`.
template <class Command>
void check_removal(std::string_view verb) {
    check_peer_and_channel<Command>(verb);
    const auto without = line("/", verb, " ", a_peer, " ", a_channel);
    BOOST_TEST(!parsed<Command>(without).reason);
    const auto empty = without + " ";
    BOOST_TEST(!parsed<Command>(empty).reason);
    check(parsed<Command>(empty).channel);
    const auto full = without + "  out of\nhere ";
    const auto command = parsed<Command>(full);
    check(command.peer);
    check(command.channel);
    BOOST_TEST(command.reason.value() == " out of\nhere ");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(command)

BOOST_AUTO_TEST_CASE(descp_takes_the_rest_as_json) {
    BOOST_TEST(parsed<descp>("/descp {}").json == "{}");
    BOOST_TEST(parsed<descp>("/descp  {a: \"x y\"}\n").json == " {a: \"x y\"}\n");
}

BOOST_AUTO_TEST_CASE(join_takes_a_channel_and_perhaps_a_token) {
    const auto open = line("/join ", a_channel);
    check(parsed<join>(open).channel);
    BOOST_TEST(parsed<join>(open).token.empty());
    const auto empty = line("/join ", a_channel, " ");
    BOOST_TEST(parsed<join>(empty).token.empty());
    const auto closed = line("/join ", a_channel, "  two words ");
    check(parsed<join>(closed).channel);
    BOOST_TEST(parsed<join>(closed).token == " two words ");
}

BOOST_AUTO_TEST_CASE(quit_takes_perhaps_a_channel_and_perhaps_a_reason) {
    for (const std::string_view message : {"/quit", "/quit "}) {
        BOOST_TEST(!parsed<quit>(message).channel);
        BOOST_TEST(!parsed<quit>(message).reason);
    }
    const auto channel = line("/quit ", a_channel);
    check(parsed<quit>(channel).channel);
    BOOST_TEST(!parsed<quit>(channel).reason);
    const auto reason = line("/quit ", a_channel, " good bye");
    check(parsed<quit>(reason).channel);
    BOOST_TEST(parsed<quit>(reason).reason.value() == "good bye");
}

BOOST_AUTO_TEST_CASE(privmsg_keeps_its_content_byte_for_byte) {
    for (const auto& content : {"hi"s, " leading"s, "trailing "s, "  "s, "v=0\r\no=- 1 2\r\n"s, "\n"s, "/join #x"s,
                                "@label=x"s, "\0\x7f\xf0\x9f\x98\x80"s}) {
        const auto message = line("/privmsg ", a_peer, " ", content);
        const auto command = parsed<privmsg>(message);
        check(command.peer);
        BOOST_TEST(command.content == content);
    }
}

BOOST_AUTO_TEST_CASE(pubmsg_takes_a_channel_and_content) {
    const auto message = line("/pubmsg ", a_channel, "  hello # world ");
    check(parsed<pubmsg>(message).channel);
    BOOST_TEST(parsed<pubmsg>(message).content == " hello # world ");
}

BOOST_AUTO_TEST_CASE(broadcast_takes_content) {
    BOOST_TEST(parsed<broadcast>("/broadcast hello all").content == "hello all");
    BOOST_TEST(parsed<broadcast>("/broadcast  ").content == " ");
}

BOOST_AUTO_TEST_CASE(whois_tells_peers_from_channels_by_the_hash_sign) {
    const auto of_peer = line("/whois ", a_peer);
    check(std::get<peer_arg>(parsed<whois>(of_peer).target));
    const auto of_channel = line("/whois ", a_channel);
    check(std::get<channel_arg>(parsed<whois>(of_channel).target));
}

BOOST_AUTO_TEST_CASE(peers_takes_a_channel_and_perhaps_a_peer_to_go_on_after) {
    const auto first = line("/peers ", a_channel);
    check(parsed<peers>(first).channel);
    BOOST_TEST(!parsed<peers>(first).after);
    const auto empty = line("/peers ", a_channel, " ");
    BOOST_TEST(!parsed<peers>(empty).after);
    const auto next = line("/peers ", a_channel, " ", a_peer);
    BOOST_TEST(parsed<peers>(next).after.value().hex() == a_peer);
}

BOOST_AUTO_TEST_CASE(invite_unban_op_and_deop_take_a_peer_and_perhaps_a_channel) {
    check_peer_and_channel<invite>("invite");
    check_peer_and_channel<unban>("unban");
    check_peer_and_channel<op>("op");
    check_peer_and_channel<deop>("deop");
}

BOOST_AUTO_TEST_CASE(kick_and_ban_take_a_reason_too) {
    check_removal<kick>("kick");
    check_removal<ban>("ban");
}

BOOST_AUTO_TEST_CASE(away_takes_perhaps_a_message) {
    BOOST_TEST(!parsed<away>("/away").message);
    BOOST_TEST(!parsed<away>("/away ").message);
    BOOST_TEST(parsed<away>("/away gone fishing ").message.value() == "gone fishing ");
}

BOOST_AUTO_TEST_CASE(bans_takes_a_channel) {
    const auto message = line("/bans ", a_channel);
    check(parsed<bans>(message).channel);
}

BOOST_AUTO_TEST_CASE(history_takes_perhaps_a_count_and_perhaps_a_seq) {
    const auto plain = line("/history ", a_channel);
    check(parsed<history>(plain).channel);
    BOOST_TEST(parsed<history>(plain).count == 50U);
    BOOST_TEST(!parsed<history>(plain).before_seq);
    const auto counted = line("/history ", a_channel, " 1");
    BOOST_TEST(parsed<history>(counted).count == 1U);
    BOOST_TEST(!parsed<history>(counted).before_seq);
    const auto before = line("/history ", a_channel, " 100 4711");
    BOOST_TEST(parsed<history>(before).count == 100U);
    BOOST_TEST(parsed<history>(before).before_seq.value() == 4711U);
    const auto empty_count = line("/history ", a_channel, " ");
    BOOST_TEST(parsed<history>(empty_count).count == 50U);
    const auto empty_seq = line("/history ", a_channel, " 7 ");
    BOOST_TEST(parsed<history>(empty_seq).count == 7U);
    BOOST_TEST(!parsed<history>(empty_seq).before_seq);
}

BOOST_AUTO_TEST_CASE(numbers_beyond_64_bits_are_the_greatest_number) {
    constexpr auto greatest = std::numeric_limits<std::uint64_t>::max();
    const auto many = line("/history ", a_channel, " 99999999999999999999999999 18446744073709551616");
    BOOST_TEST(parsed<history>(many).count == greatest);
    BOOST_TEST(parsed<history>(many).before_seq.value() == greatest);
    BOOST_TEST(parsed<ack>("/ack 18446744073709551615").count == greatest);
    BOOST_TEST(parsed<ack>("/ack 18446744073709551616").count == greatest);
}

BOOST_AUTO_TEST_CASE(ice_takes_nothing) {
    parsed<ice>("/ice");
    parsed<ice>("/ice ");
}

BOOST_AUTO_TEST_CASE(ping_takes_perhaps_content) {
    BOOST_TEST(parsed<ping>("/ping").content.empty());
    BOOST_TEST(parsed<ping>("/ping ").content.empty());
    BOOST_TEST(parsed<ping>("/ping 1 2 ").content == "1 2 ");
}

BOOST_AUTO_TEST_CASE(ack_takes_a_number) {
    BOOST_TEST(parsed<ack>("/ack 0").count == 0U);
    BOOST_TEST(parsed<ack>("/ack 32").count == 32U);
    BOOST_TEST(parsed<ack>("/ack 007").count == 7U);
}

BOOST_AUTO_TEST_CASE(verbs_and_ids_are_read_in_either_case) {
    const auto message = line("/PrivMSG ", "507F1F77BCF86CD799439011", " hi");
    const auto result = parse_command(message, limits{});
    BOOST_TEST(result.verb == "privmsg");
    const auto command = parsed<privmsg>(message);
    BOOST_TEST(command.peer.id.hex() == a_peer);
    BOOST_TEST(command.peer.written == "507F1F77BCF86CD799439011");
}

BOOST_AUTO_TEST_CASE(a_label_stands_before_the_command) {
    const auto message = line("@label=A-z0.9_:- /privmsg ", a_peer, " @label=b hi");
    const auto result = parse_command(message, limits{});
    BOOST_TEST(result.label == "A-z0.9_:-");
    BOOST_TEST(result.verb == "privmsg");
    BOOST_TEST(parsed<privmsg>(message).content == "@label=b hi");
}

BOOST_AUTO_TEST_CASE(a_label_may_have_64_characters) {
    const auto label = std::string(64, 'x');
    const auto message = line("@label=", label, " /ping");
    const auto result = parse_command(message, limits{});
    BOOST_TEST((result.stage == parse_stage::ok));
    BOOST_TEST(result.label == label);
}

BOOST_AUTO_TEST_CASE(what_is_exactly_at_its_limit_passes) {
    const limits defaults;
    const auto content = std::string(defaults.content, 'c');
    const auto message = line("/privmsg ", a_peer, " ", content);
    BOOST_TEST(parsed<privmsg>(message).content.size() == defaults.content);
    const auto token = line("/join ", a_channel, " ", std::string(defaults.token, 't'));
    BOOST_TEST(parsed<join>(token).token.size() == defaults.token);
    const auto reason = line("/kick ", a_peer, " ", a_channel, " ", std::string(defaults.reason, 'r'));
    BOOST_TEST(parsed<kick>(reason).reason.value().size() == defaults.reason);
    const auto absence = line("/away ", std::string(defaults.reason, 'a'));
    BOOST_TEST(parsed<away>(absence).message.value().size() == defaults.reason);
}

BOOST_AUTO_TEST_CASE(views_point_into_the_message) {
    const auto message = line("@label=l /kick ", a_peer, " ", a_channel, " because");
    const auto inside = [&](std::string_view view) {
        return view.data() >= message.data() && view.data() + view.size() <= message.data() + message.size();
    };
    const auto result = parse_command(message, limits{});
    const auto& command = std::get<kick>(result.value.value());
    BOOST_TEST(inside(result.label));
    BOOST_TEST(inside(command.peer.written));
    BOOST_TEST(inside(command.channel.value().written));
    BOOST_TEST(inside(command.reason.value()));
}

BOOST_AUTO_TEST_SUITE_END()
