#include "ctl/http_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

using boost::asio::ip::tcp;

namespace {

/// Of ask(), which is to give up after a second.
std::string complaint(const std::string& base) {
    try {
        static_cast<void>(ctl::ask(base, "", "GET", "/healthz", "", std::chrono::seconds(1)));
    } catch (const std::runtime_error& e) {
        return e.what();
    }
    return "answered";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_client)

BOOST_AUTO_TEST_CASE(a_server_that_does_not_answer_is_given_up) {
    boost::asio::io_context context;
    // The kernel completes the connection, and that is all.
    tcp::acceptor listening(context, {boost::asio::ip::address_v4::loopback(), 0});
    const auto base = "http://127.0.0.1:" + std::to_string(listening.local_endpoint().port());
    BOOST_TEST(complaint(base) == base + ": no answer within 1 s");
    // Half an answer is none.
    auto silent = listening.accept();
    std::thread half([&] {
        auto asked = listening.accept();
        boost::asio::write(asked, boost::asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")));
        boost::system::error_code ended;
        std::string rest(1024, ' ');
        while (!ended) asked.read_some(boost::asio::buffer(rest), ended);
    });
    BOOST_TEST(complaint(base) == base + ": no answer within 1 s");
    half.join();
}

BOOST_AUTO_TEST_SUITE_END()
