#include "net/watched_socket.hpp"

#include "net/poller.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

/// One end is watched, the other one is the test's.
class connection final : public net::watched_socket::user {
public:
    explicit connection(net::poller& by) {
        std::array<int, 2> ends{};
        BOOST_REQUIRE_EQUAL(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        far_ = ends[1];
        socket.emplace(by, ends[0], *this);
    }
    ~connection() { hang_up(); }

    void say(std::string_view text) const {
        BOOST_REQUIRE_EQUAL(::send(far_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    }
    void hang_up() {
        if (far_ >= 0) ::close(std::exchange(far_, -1));
    }
    void drink() const {
        std::array<char, 65536> into{};
        while (::recv(far_, into.data(), into.size(), 0) > 0) continue;
    }
    void fill() const {
        const std::string much(65536, 'x');
        while (::send(socket->descriptor(), much.data(), much.size(), MSG_NOSIGNAL) > 0) continue;
    }
    std::string read(std::size_t capacity = 100) {
        std::string got(capacity, '\0');
        const auto count = ::recv(socket->descriptor(), got.data(), got.size(), 0);
        if (count < static_cast<ssize_t>(capacity)) socket->note_emptied();
        got.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        return got;
    }

    std::optional<net::watched_socket> socket;
    int inputs = 0;
    int rooms = 0;
    std::function<void()> at_input;

private:
    void on_input() override {
        ++inputs;
        if (at_input) at_input();
    }
    void on_room() override { ++rooms; }

    int far_ = -1;
};

struct fixture {
    boost::asio::io_context context;
    net::poller sockets{context};

    /// Everything that can happen by now.
    void turn() {
        context.restart();
        while (context.poll() > 0) continue;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(watched_socket, fixture)

BOOST_AUTO_TEST_CASE(tells_of_input_once_for_each_time_it_is_awaited) {
    connection one(sockets);
    one.say("hello");
    turn();
    BOOST_TEST(one.inputs == 0);
    one.socket->await_input();
    BOOST_TEST(one.inputs == 0);
    turn();
    BOOST_TEST(one.inputs == 1);
    turn();
    BOOST_TEST(one.inputs == 1);
    one.socket->await_input();
    turn();
    BOOST_TEST(one.inputs == 2);
}

BOOST_AUTO_TEST_CASE(waits_for_more_once_it_was_emptied) {
    connection one(sockets);
    one.say("hello");
    one.socket->await_input();
    turn();
    BOOST_TEST(one.read() == "hello");
    one.socket->await_input();
    turn();
    BOOST_TEST(one.inputs == 1);
    one.say("again");
    turn();
    BOOST_TEST(one.inputs == 2);
    BOOST_TEST(one.read() == "again");
}

BOOST_AUTO_TEST_CASE(goes_on_with_what_a_read_has_left) {
    connection one(sockets);
    one.say("hello");
    one.socket->await_input();
    turn();
    BOOST_TEST(one.read(3) == "hel");
    one.socket->await_input();
    turn();
    BOOST_TEST(one.inputs == 2);
    BOOST_TEST(one.read(3) == "lo");
}

BOOST_AUTO_TEST_CASE(tells_of_an_end_that_came_with_the_last_input) {
    connection one(sockets);
    one.say("bye");
    one.hang_up();
    one.socket->await_input();
    turn();
    BOOST_TEST(one.read() == "bye");
    one.socket->await_input();
    turn();
    BOOST_TEST(one.inputs == 2);
    BOOST_TEST(one.read().empty());
}

BOOST_AUTO_TEST_CASE(tells_of_input_that_is_not_in_the_socket) {
    connection one(sockets);
    one.socket->note_input();
    one.socket->await_input();
    BOOST_TEST(one.inputs == 0);
    turn();
    BOOST_TEST(one.inputs == 1);
}

BOOST_AUTO_TEST_CASE(tells_of_room_when_there_is_some) {
    connection one(sockets);
    one.fill();
    one.socket->await_room();
    turn();
    BOOST_TEST(one.rooms == 0);
    one.drink();
    turn();
    BOOST_TEST(one.rooms == 1);
    one.fill();
    one.drink();
    turn();
    BOOST_TEST(one.rooms == 1);
    one.socket->await_room();
    turn();
    BOOST_TEST(one.rooms == 2);
}

BOOST_AUTO_TEST_CASE(is_told_nothing_when_another_one_destroys_it) {
    connection one(sockets);
    connection other(sockets);
    one.at_input = [&] { other.socket.reset(); };
    other.at_input = [&] { one.socket.reset(); };
    one.say("a");
    other.say("b");
    one.socket->await_input();
    other.socket->await_input();
    turn();
    BOOST_TEST(one.inputs + other.inputs == 1);
}

BOOST_AUTO_TEST_CASE(is_told_nothing_any_more_when_it_is_gone_before_its_turn) {
    connection one(sockets);
    one.socket->note_input();
    one.socket->await_input();
    one.socket.reset();
    turn();
    BOOST_TEST(one.inputs == 0);
}

BOOST_AUTO_TEST_CASE(moves_to_another_poller_with_what_it_has_not_read) {
    net::poller elsewhere(context);
    connection one(sockets);
    one.say("hello");
    one.socket->await_input();
    const int fd = one.socket->release();
    one.socket.reset();
    turn();
    BOOST_TEST(one.inputs == 0);
    one.socket.emplace(elsewhere, fd, one);
    one.socket->await_input();
    turn();
    BOOST_TEST(one.inputs == 1);
    BOOST_TEST(one.read() == "hello");
}

BOOST_AUTO_TEST_CASE(many_are_all_told_however_many_are_ready_at_once) {
    std::vector<std::unique_ptr<connection>> all;
    for (int i = 0; i < 600; ++i) {
        all.push_back(std::make_unique<connection>(sockets));
        all.back()->socket->await_input();
        all.back()->say("x");
    }
    turn();
    for (const auto& one : all) BOOST_TEST(one->inputs == 1);
}

BOOST_AUTO_TEST_CASE(those_behind_one_that_throws_are_told_all_the_same) {
    connection one(sockets);
    connection other(sockets);
    const auto fail_once = [&] {
        one.at_input = other.at_input = nullptr;
        throw std::runtime_error("a bug");
    };
    one.at_input = other.at_input = fail_once;
    one.say("a");
    other.say("b");
    one.socket->await_input();
    other.socket->await_input();
    BOOST_CHECK_THROW(turn(), std::runtime_error);
    // With whatever comes next.
    connection third(sockets);
    third.say("c");
    turn();
    BOOST_TEST(one.inputs + other.inputs == 2);
}

BOOST_AUTO_TEST_CASE(the_context_runs_out_of_work_without_sockets) {
    {
        connection one(sockets);
        turn();
        BOOST_TEST(!context.stopped());
    }
    context.restart();
    context.run();
    BOOST_TEST(context.stopped());
    connection later(sockets);
    later.say("x");
    later.socket->await_input();
    turn();
    BOOST_TEST(later.inputs == 1);
}

BOOST_AUTO_TEST_SUITE_END()
