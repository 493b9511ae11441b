// The entry point that every unit test program shares; its suites are named after the files they stand in.
#define BOOST_TEST_MODULE signaller
#include <boost/test/unit_test.hpp>
