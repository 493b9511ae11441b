#include "support/redis_process.hpp"

#include "support/server_process.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

namespace {

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("too long for a socket: " + path);
    path.copy(address.sun_path, path.size());
    return address;
}

int connect_to(const std::string& path) {
    const int made = socket(AF_UNIX, SOCK_STREAM, 0);
    const auto address = address_of(path);
    if (connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
    close(made);
    return -1;
}

int listen_at(const std::string& path) {
    const int made = socket(AF_UNIX, SOCK_STREAM, 0);
    const auto address = address_of(path);
    ::unlink(path.c_str());
    if (bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(made, 64) != 0)
        throw std::runtime_error("cannot listen at " + path);
    return made;
}

int listen_at(std::uint16_t port) {
    const int made = socket(AF_INET, SOCK_STREAM, 0);
    const int yes = 1;
    setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(made, 64) != 0)
        throw std::runtime_error("cannot listen at port " + std::to_string(port));
    return made;
}

bool write_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = write(to, bytes.data(), bytes.size());
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// Where a text comes for the time'th time.
class pausing_place {
public:
    pausing_place(std::string text, int time) : text_(std::move(text)), left_(time) {}

    /// How much of the bytes comes before it; all of them if it is not there.
    std::size_t look_for(std::string_view bytes) {
        for (auto at = bytes.find(text_); left_ > 0 && at != std::string_view::npos; at = bytes.find(text_, at + 1)) {
            if (--left_ == 0) return at;
        }
        return bytes.size();
    }

private:
    std::string text_;
    int left_;
};

volatile std::sig_atomic_t holds_back = 0;
constexpr int hold_back_signal = SIGUSR1;
constexpr int let_through_signal = SIGUSR2;

/// What is held back of one connection while the others go on.
struct held_part {
    std::string bytes;
    int to = -1;
};

/// False when a side has ended. Stops this process at a place, if any is given.
bool pass_on(int from, int to, pausing_place* where, held_part& held) {
    std::array<char, 65536> part;
    const auto got = read(from, part.data(), part.size());
    if (got <= 0) return false;
    const std::string_view bytes(part.data(), static_cast<std::size_t>(got));
    const auto before = where ? where->look_for(bytes) : bytes.size();
    if (!write_all(to, bytes.substr(0, before))) return false;
    if (before < bytes.size()) raise(SIGSTOP);
    if (holds_back && before < bytes.size()) {
        held = {std::string(bytes.substr(before)), to};
        return true;
    }
    return write_all(to, bytes.substr(before));
}

[[noreturn]] void forward(std::array<int, 2> listening, const std::string& to, pausing_place where) {
    std::vector<pollfd> sockets{{listening[0], POLLIN, 0}, {listening[1], POLLIN, 0}};
    held_part held;
    for (;;) {
        if (held.to >= 0 && !holds_back) {
            write_all(std::exchange(held.to, -1), held.bytes);
            // What is negative is not looked at.
            for (auto& one : sockets) one.fd = std::max(one.fd, ~one.fd);
        }
        // Not for ever: the signal may come just before.
        if (poll(sockets.data(), sockets.size(), held.to >= 0 ? 10 : -1) <= 0) continue;
        // Pairs stand beside each other behind the listening sockets.
        for (std::size_t i = listening.size(); i < sockets.size();) {
            const auto pair = i - i % 2;
            const auto other = i == pair ? pair + 1 : pair;
            auto* const looking = i == pair ? &where : nullptr;
            if (sockets[i].revents == 0 || pass_on(sockets[i].fd, sockets[other].fd, looking, held)) {
                if (held.to >= 0 && held.to == sockets[other].fd) {
                    sockets[i].fd = ~sockets[i].fd;
                    sockets[other] = {~sockets[other].fd, POLLIN, 0};
                }
                ++i;
                continue;
            }
            close(sockets[pair].fd);
            close(sockets[pair + 1].fd);
            const auto at = sockets.begin() + static_cast<std::ptrdiff_t>(pair);
            sockets.erase(at, at + 2);
            i = pair;
        }
        for (std::size_t i = 0; i < listening.size(); ++i) {
            if (sockets[i].revents == 0) continue;
            const int in = accept(listening[i], nullptr, nullptr);
            const int out = in < 0 ? -1 : connect_to(to);
            if (out < 0) {
                close(in);
                continue;
            }
            sockets.push_back({in, POLLIN, 0});
            sockets.push_back({out, POLLIN, 0});
        }
    }
}

}  // namespace

scratch_folder::scratch_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "signaller-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no folder for a test");
    path_ = name;
}

scratch_folder::~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::uint16_t free_port() {
    const int made = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        getsockname(made, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(made);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

child_process::~child_process() { kill(); }

child_process::child_process(child_process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

child_process& child_process::operator=(child_process&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
}

void child_process::kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void child_process::pause() const {
    ::kill(pid_, SIGSTOP);
    // Not before it really stands still.
    waitpid(pid_, nullptr, WUNTRACED);
}

void child_process::wait_until_paused() const {
    const auto deadline = std::chrono::steady_clock::now() + patience();
    while (waitpid(pid_, nullptr, WUNTRACED | WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the process never stands still");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

void child_process::go_on() const { ::kill(pid_, SIGCONT); }

void child_process::signal(int number) const { ::kill(pid_, number); }

child_process run_in_background(std::vector<std::string> line) {
    std::vector<char*> arguments;
    for (auto& word : line) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(nothing, STDOUT_FILENO);
        dup2(nothing, STDERR_FILENO);
        execvp(arguments.front(), arguments.data());
        _exit(127);
    }
    return child_process(child);
}

std::string ask_redis(const std::string& where, const std::string& command) {
    const auto line = "redis-cli " + where + " " + command + " 2>&1";
    FILE* const pipe = popen(line.c_str(), "re");
    if (!pipe) throw std::runtime_error("no redis-cli");
    std::string text;
    std::array<char, 4096> part;
    while (const auto count = fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), count);
    pclose(pipe);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

redis_process::redis_process(std::vector<std::string> options) : options_(std::move(options)) { start(); }

void redis_process::launch() {
    const char* const other = std::getenv("SIGNALLER_TEST_REDIS");
    std::vector<std::string> line{other ? other : "redis-server",
                                  "--port",
                                  std::to_string(port_),
                                  "--bind",
                                  "127.0.0.1",
                                  "--unixsocket",
                                  socket(),
                                  "--dir",
                                  folder_.path("."),
                                  "--save",
                                  "",
                                  "--logfile",
                                  folder_.path("redis.log")};
    const bool keeps = std::find(options_.begin(), options_.end(), "--appendonly") != options_.end();
    if (!keeps) line.insert(line.end(), {"--appendonly", "no"});
    line.insert(line.end(), options_.begin(), options_.end());
    process_ = run_in_background(std::move(line));
}

void redis_process::start_loading() {
    launch();
    const auto deadline = std::chrono::steady_clock::now() + patience();
    while (ask("PING").find("LOADING") == std::string::npos) {
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("redis-server never says LOADING");
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

void redis_process::start() {
    launch();
    const auto deadline = std::chrono::steady_clock::now() + patience();
    for (;;) {
        const auto answer = ask("PING");
        // NOAUTH: a password was asked for.
        if (answer.starts_with("PONG") || answer.find("NOAUTH") != std::string::npos) return;
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("redis-server does not start: " + answer);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

forwarder::forwarder(std::string to) : forwarder(std::move(to), {}, 0) {}

forwarder::forwarder(std::string to, std::string text, int time)
    : to_(std::move(to)),
      pausing_text_(std::move(text)),
      pausing_time_(time) {
    start();
}

void forwarder::start() {
    const std::array<int, 2> listening{listen_at(folder_.path("way.sock")), listen_at(port_)};
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGPIPE, SIG_IGN);
        signal(hold_back_signal, [](int) { holds_back = 1; });
        signal(let_through_signal, [](int) { holds_back = 0; });
        forward(listening, to_, pausing_place(pausing_text_, pausing_time_));
    }
    for (const int one : listening) close(one);
    process_ = child_process(child);
}

void forwarder::go_on_with_all_others() const {
    process_.signal(hold_back_signal);
    process_.go_on();
}

void forwarder::let_through() const { process_.signal(let_through_signal); }

}  // namespace support
