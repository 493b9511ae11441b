#include "protocol/text_frame.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::string_literals;

namespace {

std::string header_of(std::size_t size) {
    std::string frame = "x";
    protocol::append_text_frame(frame, std::string(size, 'a'));
    BOOST_TEST(frame.starts_with("x"));
    BOOST_TEST(frame.ends_with(std::string(size, 'a')));
    return frame.substr(1, frame.size() - 1 - size);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_frame)

BOOST_AUTO_TEST_CASE(the_length_is_written_in_its_shortest_form) {
    BOOST_TEST(header_of(0) == "\x81\x00"s);
    BOOST_TEST(header_of(125) == "\x81\x7d"s);
    BOOST_TEST(header_of(126) == "\x81\x7e\x00\x7e"s);
    BOOST_TEST(header_of(65535) == "\x81\x7e\xff\xff"s);
    BOOST_TEST(header_of(65536) == "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
    BOOST_TEST(header_of(131072) == "\x81\x7f\x00\x00\x00\x00\x00\x02\x00\x00"s);
}

BOOST_AUTO_TEST_SUITE_END()
