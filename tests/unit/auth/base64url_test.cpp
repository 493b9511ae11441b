#include "auth/base64url.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(base64url)

BOOST_AUTO_TEST_CASE(every_length_is_read) {
    BOOST_TEST(auth::decode_base64url("").value() == "");
    BOOST_TEST(auth::decode_base64url("Zg").value() == "f");
    BOOST_TEST(auth::decode_base64url("Zm8").value() == "fo");
    BOOST_TEST(auth::decode_base64url("Zm9v").value() == "foo");
    BOOST_TEST(auth::decode_base64url("-_-_").value() == "\xFB\xFF\xBF");
}

BOOST_AUTO_TEST_CASE(there_is_one_spelling_only) {
    for (const char* const text : {"Zg==", "Zh", "Zm9", "Z", "Zm9vY", "+/+/", "Zm 9v", "Zm9v\n", "Zm9v=", "Zm9\xC3"})
        BOOST_TEST(!auth::decode_base64url(text), text);
    BOOST_TEST(!auth::decode_base64url(std::string("Zg\0", 3)));
}

BOOST_AUTO_TEST_SUITE_END()
