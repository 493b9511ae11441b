#include "channel/channel.hpp"

#include "unit/channel/ids.hpp"
#include "unit/channel/one_shard.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

using channel::change;
using kind = channel::change::kind;

namespace {

using numbers = std::initializer_list<std::uint8_t>;

/// A channel by itself: peers are numbers, and time is what the test says.
struct fixture : one_shard::fixture {
    channel::channel& room = shard.find_or_add_channel(ids::channel(1));
    std::int64_t now = channel::shard::now_ms();

    static change make(kind what, std::uint8_t by, std::uint8_t whom = 0) {
        change made;
        made.what = what;
        made.by.id = ids::peer(by);
        made.by.name = "peer " + std::to_string(by);
        made.whom.id = ids::peer(whom);
        made.whom.name = "peer " + std::to_string(whom);
        made.whom.online = true;
        return made;
    }
    /// 0 if it was done, else the numeric.
    int apply(const change& wanted) {
        const auto done = room.apply(wanted, now);
        return done.refused ? static_cast<int>(done.refused->code) : 0;
    }
    int apply(kind what, std::uint8_t by, std::uint8_t whom = 0) { return apply(make(what, by, whom)); }
    int join(std::uint8_t who, std::string_view token = {}) {
        auto wanted = make(kind::join, who);
        if (!token.empty()) wanted.key.emplace(room.id(), token);
        return apply(wanted);
    }
    int say(std::uint8_t who, const std::string& text) {
        auto wanted = make(kind::publish, who);
        wanted.text = text;
        return apply(wanted);
    }
    [[nodiscard]] bool is_operator(std::uint8_t who) const { return room.is_operator(ids::peer(who)); }
    [[nodiscard]] bool has(std::uint8_t who) const { return room.has_member(ids::peer(who)); }

    /// How often something stands in what the members were told.
    [[nodiscard]] int told(std::string_view text) const {
        const auto& log = shard.find_audience(ids::channel(1))->log();
        const auto frames = log.read(log.first().ordinal, log.head().ordinal);
        const auto content = std::string(frames.front) + std::string(frames.back);
        int count = 0;
        for (auto at = content.find(text); at != std::string::npos; at = content.find(text, at + 1)) ++count;
        return count;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(channel, fixture)

BOOST_AUTO_TEST_CASE(who_creates_it_owns_it_and_is_operator) {
    BOOST_TEST(join(1) == 0);
    BOOST_TEST(join(2) == 0);
    BOOST_TEST(is_operator(1));
    BOOST_TEST(!is_operator(2));
    BOOST_TEST((room.joined_for(ids::peer(2), false).owner == ids::peer(1)));
}

BOOST_AUTO_TEST_CASE(what_it_takes_is_accounted_for_to_the_byte) {
    const auto held = [this] { return shard.count.state_bytes; };
    join(1);
    const auto small = held();
    auto banning = make(kind::ban, 1, 2);
    banning.text = std::string(200, 'r');
    apply(banning);
    BOOST_TEST(held() > small + 200);
    // Once is enough.
    const auto with_ban = held();
    apply(banning);
    BOOST_TEST(held() == with_ban);
    auto named = make(kind::join, 3);
    named.by.name = std::string(256, 'n');
    apply(named);
    BOOST_TEST(held() > with_ban + 256);
    apply(kind::invite, 1, 4);
    apply(kind::op, 1, 3);
    const auto kept = room.state();
    const auto full = held();
    room.restore(kept);
    BOOST_TEST(held() == full);
    join(4);
    apply(kind::deop, 1, 3);
    named.what = kind::announce;
    named.by.name = "peer 3";
    named.text = "event";
    apply(named);
    for (const auto who : numbers{3, 4}) apply(kind::part, who);
    apply(kind::unban, 1, 2);
    BOOST_TEST(held() == small);
    shard.erase_channel(ids::channel(1));
    BOOST_TEST(held() == 0U);
}

BOOST_AUTO_TEST_CASE(messages_of_a_channel_from_elsewhere_are_counted_on) {
    join(1);
    auto kept = room.state();
    kept.seq = 41;
    room.restore(kept);
    const auto& log = shard.find_audience(ids::channel(1))->log();
    BOOST_TEST(log.head().seq == 41U);
    BOOST_TEST(log.position_of(log.head().ordinal).seq == 41U);
    auto message = make(kind::publish, 1);
    message.text = "the next";
    apply(message);
    BOOST_TEST(log.head().seq == 42U);
    // Of a channel that is over nothing goes on.
    room.restore({});
    BOOST_TEST(log.head().seq == 0U);
}

BOOST_AUTO_TEST_CASE(joining_twice_and_leaving_without_being_in_change_nothing) {
    join(1);
    BOOST_TEST(join(1) == 0);
    BOOST_TEST(room.member_count() == 1U);
    BOOST_TEST(told(R"("type":"join")") == 1);
    BOOST_TEST(apply(kind::part, 2) == 442);
    BOOST_TEST(apply(kind::lose, 2) == 0);
    BOOST_TEST(told(R"("type":"quit")") == 0);
}

BOOST_AUTO_TEST_CASE(the_first_token_is_the_key) {
    join(1, "sesame");
    BOOST_TEST(room.is_protected());
    BOOST_TEST(join(2) == 475);
    BOOST_TEST(join(2, "wrong") == 475);
    BOOST_TEST(join(2, "sesame") == 0);
    // Once inside one needs it no more, but one who left does.
    BOOST_TEST(join(2) == 0);
    apply(kind::part, 1);
    BOOST_TEST(join(1) == 475);
}

BOOST_AUTO_TEST_CASE(a_token_for_an_open_channel_is_ignored) {
    join(1);
    BOOST_TEST(join(2, "sesame") == 0);
    BOOST_TEST(!room.is_protected());
    BOOST_TEST(join(3) == 0);
}

BOOST_AUTO_TEST_CASE(an_invitation_lets_in_once_without_the_token) {
    join(1, "sesame");
    join(2, "sesame");
    BOOST_TEST(apply(kind::invite, 2, 3) == 0);
    BOOST_TEST(join(3) == 0);
    apply(kind::part, 3);
    BOOST_TEST(join(3) == 475);
    BOOST_TEST(apply(kind::invite, 2, 1) == 443);
    BOOST_TEST(apply(kind::invite, 3, 1) == 442);
}

BOOST_AUTO_TEST_CASE(an_invitation_does_not_pass_a_ban_nor_a_full_channel) {
    settings.limits.members = 2;
    join(1, "sesame");
    apply(kind::invite, 1, 2);
    apply(kind::ban, 1, 2);
    BOOST_TEST(join(2) == 474);
    apply(kind::unban, 1, 2);
    BOOST_TEST(join(2) == 475);
    join(4, "sesame");
    apply(kind::invite, 1, 3);
    BOOST_TEST(join(3) == 471);
}

BOOST_AUTO_TEST_CASE(of_invitations_the_newest_are_kept) {
    settings.max_invitations = 2;
    join(1, "sesame");
    for (const auto who : numbers{2, 3, 4}) apply(kind::invite, 1, who);
    BOOST_TEST(join(2) == 475);
    BOOST_TEST(join(3) == 0);
    BOOST_TEST(join(4) == 0);
}

BOOST_AUTO_TEST_CASE(refusals_come_in_the_order_of_the_protocol) {
    settings.limits.members = 1;
    join(1, "sesame");
    apply(kind::ban, 1, 2);
    BOOST_TEST(join(2, "wrong") == 474);
    BOOST_TEST(join(3, "wrong") == 475);
    BOOST_TEST(join(3, "sesame") == 471);
    // 442 before 482 before 401 before 441.
    auto absent = make(kind::kick, 4, 5);
    absent.whom.online = false;
    BOOST_TEST(apply(absent) == 442);
    settings.limits.members = 10;
    join(4, "sesame");
    BOOST_TEST(apply(absent) == 482);
    absent.by.id = ids::peer(1);
    BOOST_TEST(apply(absent) == 401);
    BOOST_TEST(apply(kind::kick, 1, 5) == 441);
}

BOOST_AUTO_TEST_CASE(messages_are_numbered_and_refusals_take_no_number) {
    join(1);
    BOOST_TEST(say(2, "outside") == 442);
    BOOST_TEST(say(1, "one") == 0);
    BOOST_TEST(say(3, "outside") == 442);
    BOOST_TEST(say(1, "two") == 0);
    BOOST_TEST(room.joined_for(ids::peer(1), false).seq == 2U);
    const auto kept = room.history().last(10, std::nullopt);
    BOOST_REQUIRE(kept.messages.size() == 2U);
    BOOST_TEST(kept.messages.back().find(R"("seq":2)") != std::string_view::npos);
    BOOST_TEST(told("outside") == 0);
}

BOOST_AUTO_TEST_CASE(a_kick_and_a_ban_take_operator_rights_and_leaving_does_not) {
    for (const auto who : numbers{1, 2, 3, 4}) join(who);
    for (const auto who : numbers{2, 3, 4}) apply(kind::op, 1, who);
    apply(kind::part, 2);
    apply(kind::kick, 1, 3);
    apply(kind::ban, 1, 4);
    apply(kind::unban, 1, 4);
    for (const auto who : numbers{2, 3, 4}) join(who);
    BOOST_TEST(is_operator(2));
    BOOST_TEST(!is_operator(3));
    BOOST_TEST(!is_operator(4));
}

BOOST_AUTO_TEST_CASE(nobody_touches_the_owner) {
    join(1);
    join(2);
    apply(kind::op, 1, 2);
    for (const auto what : {kind::kick, kind::ban, kind::deop}) BOOST_TEST(apply(what, 2, 1) == 482);
    apply(kind::part, 1);
    BOOST_TEST(apply(kind::ban, 2, 1) == 482);
    BOOST_TEST(join(1) == 0);
    BOOST_TEST(is_operator(1));
}

BOOST_AUTO_TEST_CASE(what_changes_nothing_succeeds_and_nobody_is_told) {
    join(1);
    join(2);
    apply(kind::op, 1, 2);
    BOOST_TEST(apply(kind::op, 1, 2) == 0);
    BOOST_TEST(told(R"("type":"op")") == 1);
    BOOST_TEST(apply(kind::unban, 1, 5) == 0);
    apply(kind::ban, 1, 5);
    BOOST_TEST(apply(kind::ban, 1, 5) == 0);
    BOOST_TEST(told(R"("type":"ban")") == 1);
    BOOST_TEST(room.bans().size() == 1U);
}

BOOST_AUTO_TEST_CASE(bans_are_bounded_and_the_refusal_says_what_helps) {
    settings.max_bans = 2;
    join(1);
    apply(kind::ban, 1, 10);
    apply(kind::ban, 1, 11);
    BOOST_TEST(apply(kind::ban, 1, 12) == 400);
    BOOST_TEST(apply(kind::ban, 1, 11) == 0);
    apply(kind::unban, 1, 10);
    BOOST_TEST(apply(kind::ban, 1, 12) == 0);
}

BOOST_AUTO_TEST_CASE(who_has_been_in_longest_succeeds) {
    for (const auto who : numbers{1, 2, 3}) join(who);
    apply(kind::part, 2);
    join(2);
    apply(kind::part, 1);
    BOOST_TEST(is_operator(3));
    BOOST_TEST(!is_operator(2));
    BOOST_TEST(told(R"("by":null)") == 1);
    // The owner comes back as an operator, and nobody loses anything by it.
    join(1);
    BOOST_TEST(is_operator(1));
    BOOST_TEST(is_operator(3));
}

BOOST_AUTO_TEST_CASE(who_steps_down_is_chosen_again_only_if_nobody_else_is_there) {
    join(1);
    join(2);
    apply(kind::op, 1, 2);
    apply(kind::part, 1);
    BOOST_TEST(apply(kind::deop, 2, 2) == 0);
    BOOST_TEST(is_operator(2));
    join(3);
    apply(kind::deop, 2, 2);
    BOOST_TEST(!is_operator(2));
    BOOST_TEST(is_operator(3));
}

BOOST_AUTO_TEST_CASE(the_first_into_an_emptied_channel_is_operator_at_once) {
    join(1);
    join(2);
    apply(kind::part, 1);
    apply(kind::part, 2);
    BOOST_TEST(join(3) == 0);
    BOOST_TEST(room.joined_for(ids::peer(3), false).is_operator);
}

BOOST_AUTO_TEST_CASE(for_the_retention_time_an_emptied_channel_stays_as_it_was) {
    join(1, "sesame");
    say(1, "one");
    apply(kind::ban, 1, 5);
    apply(kind::part, 1);
    now += settings.retention.count() - 1;
    BOOST_TEST(join(2) == 475);
    BOOST_TEST(join(5, "sesame") == 474);
    BOOST_TEST(join(2, "sesame") == 0);
    BOOST_TEST(room.joined_for(ids::peer(2), false).seq == 1U);
}

BOOST_AUTO_TEST_CASE(after_the_retention_time_it_is_a_new_channel) {
    join(1, "sesame");
    say(1, "one");
    apply(kind::ban, 1, 5);
    apply(kind::part, 1);
    now += settings.retention.count();
    BOOST_TEST(say(1, "late") == 403);
    BOOST_TEST(join(5) == 0);
    const auto fields = room.joined_for(ids::peer(5), false);
    BOOST_TEST((fields.owner == ids::peer(5)));
    BOOST_TEST(fields.seq == 0U);
    BOOST_TEST(!room.is_protected());
    BOOST_TEST(room.history().last(10, std::nullopt).messages.empty());
}

BOOST_AUTO_TEST_CASE(members_are_paged_in_the_order_of_their_ids) {
    for (const auto who : numbers{5, 3, 9, 1, 7}) join(who);
    const auto first = room.page_of_members(std::nullopt, 2);
    BOOST_REQUIRE(first.size() == 2U);
    BOOST_TEST((first.back().peer.id == ids::peer(3)));
    const auto next = room.page_of_members(first.back().peer.id, 10);
    BOOST_REQUIRE(next.size() == 3U);
    BOOST_TEST((next.front().peer.id == ids::peer(5)));
    BOOST_TEST(room.page_of_members(ids::peer(9), 10).empty());
}

BOOST_AUTO_TEST_SUITE_END()
