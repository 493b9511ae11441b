#include "channel/outbox.hpp"

#include "unit/channel/ids.hpp"
#include "unit/channel/one_shard.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

using channel::log_span;
using one_shard::fake_link;
using one_shard::frame;

namespace {

struct losses final : channel::loss_listener {
    void on_lost(const log_span& span, std::string_view lost_frame) override {
        ++count;
        last = span;
        told = lost_frame;
    }
    int count = 0;
    log_span last;
    std::string told;
};

struct fixture : one_shard::fixture {
    std::shared_ptr<channel::channel_log> log = std::make_shared<channel::channel_log>();
    fake_link link{shard};
    channel::outbox box;
    losses lost;

    /// A stretch of so many public messages; `wanted` gets what the reader is to get.
    log_span say(int count, std::string& wanted, bool with_own = false) {
        const auto from = log->head();
        std::uint64_t events = 0;
        for (int i = 0; i < count; ++i) {
            const auto seq = log->head().seq + 1;
            const auto text = frame("message " + std::to_string(seq));
            if (with_own && i % 3 == 1) {
                log->append(text, seq, std::array{ids::peer(1)});
                continue;
            }
            log->append(text, seq, {});
            wanted += text;
            ++events;
        }
        return {log, ids::channel(1), ids::peer(1), from, log->head(), events};
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(outbox, fixture)

BOOST_AUTO_TEST_CASE(empty_it_writes_nothing) {
    BOOST_TEST(box.empty());
    BOOST_TEST(box.flush(link, &lost, shard.count));
    BOOST_TEST(link.writes == 0U);
}

BOOST_AUTO_TEST_CASE(frames_and_stretches_go_out_in_their_order_in_one_write) {
    std::string wanted = frame("first");
    box.append(frame("first"));
    box.append(say(3, wanted));
    wanted += frame("second");
    box.append(frame("second"));
    box.append(say(2, wanted));
    BOOST_TEST(!box.empty());
    BOOST_TEST(box.flush(link, &lost, shard.count));
    BOOST_TEST(link.received == wanted);
    BOOST_TEST(link.writes == 1U);
    BOOST_TEST(box.empty());
}

BOOST_AUTO_TEST_CASE(a_stretch_goes_without_what_is_not_for_the_reader) {
    std::string wanted;
    box.append(say(10, wanted, true));
    BOOST_TEST(box.flush(link, &lost, shard.count));
    BOOST_TEST(link.received == wanted);
}

BOOST_AUTO_TEST_CASE(an_empty_stretch_is_nothing) {
    log->append(frame("own"), 1, std::array{ids::peer(1)});
    box.append(log_span{log, ids::channel(1), ids::peer(1), {0, 0}, log->head(), 0});
    BOOST_TEST(box.empty());
}

BOOST_AUTO_TEST_CASE(wherever_the_socket_stops_not_a_byte_is_lost_or_doubled) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        fake_link slow(shard);
        channel::outbox waiting;
        std::string wanted;
        for (int i = 0; i < 8; ++i) {
            wanted += frame("frame " + std::to_string(i));
            waiting.append(frame("frame " + std::to_string(i)));
            waiting.append(say(1 + static_cast<int>(random() % 5), wanted, random() % 2 == 0));
        }
        bool all_gone = false;
        for (int turns = 0; !all_gone && turns < 10000; ++turns) {
            slow.allow(1 + random() % 40);
            all_gone = waiting.flush(slow, &lost, shard.count);
        }
        BOOST_REQUIRE_EQUAL(slow.received, wanted);
    }
    BOOST_TEST(lost.count == 0);
}

BOOST_AUTO_TEST_CASE(the_rest_of_a_cut_frame_goes_first) {
    box.append_rest("half of ", "a frame");
    box.append(frame("next"));
    BOOST_TEST(box.flush(link, &lost, shard.count));
    BOOST_TEST(link.received == "half of a frame" + frame("next"));
}

BOOST_AUTO_TEST_CASE(a_cut_frame_is_finished_though_the_log_forgets_it) {
    std::string wanted;
    box.append(say(2, wanted));
    link.allow(5);
    BOOST_TEST(!box.flush(link, &lost, shard.count));
    log->trim_to(log->head().ordinal);
    link.allow(1000000);
    BOOST_TEST(box.flush(link, &lost, shard.count));
    BOOST_TEST(lost.count == 0);
    const auto first_size = wanted.size() / 2;
    BOOST_TEST(link.received.substr(0, first_size) == wanted.substr(0, first_size));
    BOOST_TEST(link.received.find(R"("type":"lost")") != std::string::npos);
    BOOST_TEST(link.received.find(R"("from":2,"to":2)") != std::string::npos, link.received);
}

BOOST_AUTO_TEST_CASE(who_has_everything_of_a_stretch_loses_nothing_with_its_log) {
    std::string wanted;
    box.append(say(1, wanted));
    link.allow(5);
    BOOST_TEST(!box.flush(link, &lost, shard.count));
    // The channel goes on.
    std::string ignored;
    static_cast<void>(say(1, ignored));
    log->trim_to(log->head().ordinal);
    link.allow(1000000);
    BOOST_TEST(box.flush(link, &lost, shard.count));
    BOOST_TEST(lost.count == 0);
    BOOST_TEST(link.received == wanted);
}

BOOST_AUTO_TEST_CASE(a_stretch_that_the_log_forgot_becomes_lost_in_its_place) {
    std::string ignored;
    box.append(frame("before"));
    auto span = say(3, ignored);
    span.counted = true;
    box.append(span);
    box.append(frame("after"));
    log->trim_to(log->head().ordinal);
    BOOST_TEST(box.flush(link, &lost, shard.count));
    BOOST_TEST(lost.count == 1);
    BOOST_TEST(lost.last.to.seq == 3U);
    BOOST_TEST(link.received == frame("before") + lost.told + frame("after"));
    BOOST_TEST(lost.told.find(R"("from":1,"to":3)") != std::string::npos, lost.told);
}

BOOST_AUTO_TEST_CASE(only_frames_of_its_own_count_as_waiting) {
    std::string ignored;
    link.allow(0);
    box.append(say(100, ignored));
    BOOST_TEST(box.waiting_bytes() == 0U);
    box.append(frame("reply"));
    BOOST_TEST(box.waiting_bytes() == frame("reply").size());
    BOOST_TEST(!box.flush(link, &lost, shard.count));
    box.clear();
    BOOST_TEST(box.empty());
    BOOST_TEST(box.waiting_bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(many_stretches_are_written_in_bounded_gathers) {
    std::string wanted;
    for (int i = 0; i < 500; ++i) {
        box.append(frame("reply " + std::to_string(i)));
        wanted += frame("reply " + std::to_string(i));
        box.append(say(1, wanted));
    }
    BOOST_TEST(box.flush(link, &lost, shard.count));
    BOOST_TEST(link.received == wanted);
    BOOST_TEST(link.writes > 1U);
}

BOOST_AUTO_TEST_SUITE_END()
