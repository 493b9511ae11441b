#include "protocol/object_id.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <set>
#include <thread>
#include <type_traits>
#include <vector>

using namespace protocol;

namespace {

constexpr std::string_view sample = "507f1f77bcf86cd799439011";

peer_id peer_of(std::string_view hex) { return peer_id(parse_object_id(hex).value()); }

std::uint32_t counter_of(const object_id_bytes& bytes) {
    return static_cast<std::uint32_t>(bytes[9]) << 16 | static_cast<std::uint32_t>(bytes[10]) << 8 | bytes[11];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(object_id)

BOOST_AUTO_TEST_CASE(digits_of_either_case_are_read_and_lower_case_is_written) {
    const auto bytes = parse_object_id("507F1f77bcF86cd799439011");
    BOOST_REQUIRE(bytes);
    const object_id_bytes expected{0x50, 0x7f, 0x1f, 0x77, 0xbc, 0xf8, 0x6c, 0xd7, 0x99, 0x43, 0x90, 0x11};
    BOOST_TEST((*bytes == expected));
    BOOST_TEST(peer_id(*bytes).hex() == sample);
}

BOOST_AUTO_TEST_CASE(anything_but_24_digits_is_refused) {
    for (const std::string_view wrong :
         {"", "5", "507f1f77bcf86cd79943901", "507f1f77bcf86cd7994390111", "507f1f77bcf86cd79943901g",
          "507f1f77bcf86cd79943901 ", " 507f1f77bcf86cd79943901", "#507f1f77bcf86cd79943901",
          "507f1f77bcf86cd79943901\xc3", "0x7f1f77bcf86cd799439011", "-07f1f77bcf86cd799439011",
          "507f1f77bcf86cd7994390:1", "507f1f77bcf86cd7994390@1", "507f1f77bcf86cd7994390`1",
          "507f1f77bcf86cd7994390/1", "507f1f77bcf86cd7994390G1"}) {
        BOOST_TEST(!parse_object_id(wrong), wrong);
    }
    std::string with_nul(sample);
    for (std::size_t i = 0; i < with_nul.size(); ++i) {
        with_nul[i] = '\0';
        BOOST_TEST(!parse_object_id(with_nul));
        with_nul[i] = sample[i];
    }
}

BOOST_AUTO_TEST_CASE(every_byte_value_survives_a_round_trip) {
    for (unsigned value = 0; value < 256; ++value) {
        object_id_bytes bytes{};
        bytes.fill(static_cast<std::uint8_t>(value));
        std::string text = "before:";
        append_hex(text, bytes);
        BOOST_TEST(text.starts_with("before:"));
        const auto again = parse_object_id(std::string_view(text).substr(7));
        BOOST_REQUIRE(again);
        BOOST_TEST((*again == bytes));
    }
}

BOOST_AUTO_TEST_CASE(a_new_id_begins_with_the_seconds_of_now) {
    using namespace std::chrono;
    const auto now = [] { return duration_cast<seconds>(system_clock::now().time_since_epoch()).count(); };
    const auto before = now();
    const auto bytes = make_object_id();
    const auto after = now();
    std::int64_t made = 0;
    for (std::size_t i = 0; i < 4; ++i) made = made << 8 | bytes[i];
    BOOST_TEST(made >= before);
    BOOST_TEST(made <= after);
}

BOOST_AUTO_TEST_CASE(new_ids_share_the_random_part_of_the_process_and_count_on) {
    const auto first = make_object_id();
    const auto second = make_object_id();
    BOOST_TEST(std::equal(first.begin() + 4, first.begin() + 9, second.begin() + 4));
    BOOST_TEST(((counter_of(first) + 1) & 0xFFFFFF) == counter_of(second));
}

BOOST_AUTO_TEST_CASE(ids_made_by_several_threads_differ) {
    constexpr std::size_t each = 5000;
    std::vector<std::vector<object_id_bytes>> made(4);
    std::vector<std::thread> threads;
    for (auto& mine : made) {
        threads.emplace_back([&mine] {
            for (std::size_t i = 0; i < each; ++i) mine.push_back(make_object_id());
        });
    }
    for (auto& thread : threads) thread.join();
    std::set<object_id_bytes> all;
    for (const auto& mine : made) all.insert(mine.begin(), mine.end());
    BOOST_TEST(all.size() == 4 * each);
}

BOOST_AUTO_TEST_CASE(ids_are_ordered_as_their_text) {
    const std::vector<std::string> texts{"000000000000000000000000", "00000000000000000000000a",
                                         "0f0000000000000000000000", "7fffffffffffffffffffffff",
                                         "800000000000000000000000", "ffffffffffffffffffffffff"};
    for (const auto& a : texts) {
        for (const auto& b : texts) {
            BOOST_TEST((peer_of(a) < peer_of(b)) == (a < b));
            BOOST_TEST((peer_of(a) == peer_of(b)) == (a == b));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_peer_is_never_taken_for_a_channel) {
    BOOST_TEST((!std::is_convertible_v<peer_id, channel_id>));
    BOOST_TEST((!std::is_constructible_v<channel_id, peer_id>));
    BOOST_TEST((!std::is_convertible_v<object_id_bytes, peer_id>));
}

BOOST_AUTO_TEST_CASE(the_hash_depends_on_the_id_alone) {
    BOOST_TEST(peer_of(sample).hash() == peer_of(sample).hash());
    BOOST_TEST(peer_of(sample).hash() == channel_id(peer_of(sample).bytes()).hash());
    BOOST_TEST(object_id_hash{}(peer_of(sample)) == peer_of(sample).hash());
}

// Random buckets of 1,024 ids hold 1.0 on average and, but for one run in millions, never 16.
BOOST_AUTO_TEST_CASE(consecutive_ids_spread_over_low_and_high_bits) {
    std::vector<int> low(1024);
    std::vector<int> high(1024);
    object_id_bytes bytes{};
    for (unsigned i = 0; i < 1024; ++i) {
        bytes[10] = static_cast<std::uint8_t>(i >> 8);
        bytes[11] = static_cast<std::uint8_t>(i);
        const auto hash = hash_object_id(bytes);
        ++low[hash & 1023];
        ++high[hash >> 54];
    }
    BOOST_TEST(*std::max_element(low.begin(), low.end()) < 16);
    BOOST_TEST(*std::max_element(high.begin(), high.end()) < 16);
}

BOOST_AUTO_TEST_CASE(every_bit_of_an_id_moves_about_half_of_the_hash) {
    const auto base = make_object_id();
    for (unsigned bit = 0; bit < 96; ++bit) {
        auto other = base;
        other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ (1U << (bit % 8)));
        const auto moved = std::popcount(hash_object_id(base) ^ hash_object_id(other));
        BOOST_TEST(moved > 4, "bit " << bit << " moves " << moved);
    }
}

BOOST_AUTO_TEST_SUITE_END()
