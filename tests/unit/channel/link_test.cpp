#include "channel/link.hpp"

#include "unit/channel/ids.hpp"
#include "unit/channel/one_shard.hpp"

#include <boost/test/unit_test.hpp>

BOOST_FIXTURE_TEST_SUITE(a_link, one_shard::fixture)

BOOST_AUTO_TEST_CASE(what_has_no_end_yet_is_held_until_it_ends_or_the_link_goes) {
    {
        one_shard::fake_link to(shard);
        to.note_input(5000);
        to.note_input(7000);
        BOOST_TEST(shard.count.held_bytes() == 7000U);
        to.note_input(0);
        BOOST_TEST(shard.count.held_bytes() == 0U);
        to.note_input(9000);
    }
    BOOST_TEST(shard.count.held_bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(who_does_not_end_its_message_is_given_up_when_memory_is_short) {
    settings.limits.message = 16 * 1024;
    one_shard::fake_link brief(shard);
    one_shard::fake_link endless(shard);
    shard.add_peer(ids::peer(1), channel::secret::make()).attach(brief);
    shard.add_peer(ids::peer(2), channel::secret::make()).attach(endless);
    one_shard::fake_link busy(shard);
    shard.add_peer(ids::peer(3), channel::secret::make()).attach(busy);
    brief.note_input(1024);
    endless.note_input(1025);
    for (int round = 0; round < channel::link::patient_rounds; ++round) {
        // One long message after the other.
        busy.note_input(9000);
        busy.note_input(8000);
        shard.relieve_memory();
    }
    BOOST_TEST(!endless.closing());
    shard.relieve_memory();
    BOOST_TEST(!busy.closing());
    BOOST_TEST((endless.closed_with == protocol::close_code::too_slow));
    BOOST_TEST(!brief.closing());
    shard.erase_peer(ids::peer(1));
    shard.erase_peer(ids::peer(2));
    shard.erase_peer(ids::peer(3));
}

BOOST_AUTO_TEST_SUITE_END()
