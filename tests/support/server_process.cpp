#include "support/server_process.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int usual_patience_seconds = 60;
#else
constexpr int usual_patience_seconds = 20;
#endif

using clock = std::chrono::steady_clock;

/// That the Redis of SIGNALLER_TEST_STORE has.
constexpr std::uint32_t test_databases = 10000;

std::vector<std::string> command_line(std::vector<std::string> options) {
    const char* const other = std::getenv("SIGNALLER_BINARY");
    std::vector<std::string> line{other ? other : SIGNALLER_PROGRAM};
    if (std::find(options.begin(), options.end(), "--log-level") == options.end())
        line.insert(line.end(), {"--log-level", "warning"});
    if (std::find(options.begin(), options.end(), "--port") == options.end()) line.insert(line.end(), {"--port", "0"});
    const char* const threads = std::getenv("SIGNALLER_TEST_THREADS");
    const bool chosen = std::find(options.begin(), options.end(), "--threads") != options.end();
    if (threads && !chosen) line.insert(line.end(), {"--threads", threads});
    const char* const store = std::getenv("SIGNALLER_TEST_STORE");
    const bool has_store = std::find(options.begin(), options.end(), "--store") != options.end();
    // A database of its own, so that servers of other tests are other services.
    static std::uint32_t database = std::random_device{}();
    if (store && !has_store)
        line.insert(line.end(), {"--store", std::string(store) + "/" + std::to_string(database++ % test_databases)});
    line.insert(line.end(), options.begin(), options.end());
    return line;
}

}  // namespace

namespace {

pid_t start(std::vector<std::string> options, int output, int errors) {
    auto line = command_line(std::move(options));
    std::vector<char*> arguments;
    for (auto& word : line) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child != 0) return child;
    dup2(output, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    // Ours, and the server refuses variables with its prefix that it does not know.
    for (const char* const name :
         {"SIGNALLER_BINARY", "SIGNALLER_TEST_THREADS", "SIGNALLER_TEST_PATIENCE", "SIGNALLER_TEST_SEED",
          "SIGNALLER_TEST_STEPS", "SIGNALLER_TEST_STORE", "SIGNALLER_TEST_SECONDS"})
        unsetenv(name);
    execv(arguments.front(), arguments.data());
    _exit(127);
}

/// The exit code, or minus the signal's number.
int wait_for(pid_t child) {
    const auto deadline = clock::now() + patience();
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (clock::now() > deadline) {
            ::kill(child, SIGKILL);
            waitpid(child, &status, 0);
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string content_of(int file) {
    std::string text;
    char part[64 * 1024];
    for (ssize_t count = 0; (count = pread(file, part, sizeof part, static_cast<off_t>(text.size()))) > 0;)
        text.append(part, static_cast<std::size_t>(count));
    return text;
}

}  // namespace

std::chrono::milliseconds patience() {
    const char* const seconds = std::getenv("SIGNALLER_TEST_PATIENCE");
    return std::chrono::seconds(seconds ? std::atoi(seconds) : usual_patience_seconds);
}

server_process::server_process(std::vector<std::string> options, int log_to,
                               const std::function<void(pid_t)>& meanwhile) {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    errors_ = memfd_create("stderr", MFD_CLOEXEC);
    pid_ = start(std::move(options), pipe_ends[1], log_to < 0 ? errors_ : log_to);
    close(pipe_ends[1]);
    output_ = pipe_ends[0];
    if (meanwhile) meanwhile(pid_);
    read_ports();
}

void server_process::read_ports() {
    std::string text;
    const auto deadline = clock::now() + patience();
    while (text.find('\n') == std::string::npos) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
        pollfd ready{output_, POLLIN, 0};
        char part[512];
        if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) <= 0)
            throw std::runtime_error("the server does not start: " + errors());
        const auto count = read(output_, part, sizeof part);
        if (count <= 0) throw std::runtime_error("the server ended at once: " + errors());
        text.append(part, static_cast<std::size_t>(count));
    }
    if (text.substr(0, text.find('\n')).find(" listening on ") == std::string::npos)
        throw std::runtime_error("the server says: " + text);
    // All lines come in one write.
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const bool is_ours = line.find(" listening on ") != std::string::npos;
        const bool is_administration = line.find(" administration on ") != std::string::npos;
        if ((!is_ours && !is_administration) || line.find("://") == std::string::npos) continue;
        const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
        if (is_ours) ports_.push_back(port);
        if (is_administration && admin_port_ == 0) admin_port_ = port;
    }
}

std::string server_process::errors() const { return content_of(errors_); }

void server_process::terminate() const { ::kill(pid_, SIGTERM); }

void server_process::kill() {
    killed_ = true;
    ::kill(pid_, SIGKILL);
}

int server_process::wait_exit() {
    const int code = wait_for(pid_);
    pid_ = -1;
    return code;
}

server_process::~server_process() {
    if (pid_ > 0) {
        if (!killed_) terminate();
        const int code = wait_exit();
        if (!killed_ && code != 0) BOOST_ERROR("the server ended with " << code << ": " << errors());
    }
    close(output_);
    close(errors_);
}

ending run_to_end(std::vector<std::string> options) {
    const int output = memfd_create("stdout", MFD_CLOEXEC);
    const int errors = memfd_create("stderr", MFD_CLOEXEC);
    ending got;
    got.code = wait_for(start(std::move(options), output, errors));
    got.output = content_of(output);
    got.errors = content_of(errors);
    close(output);
    close(errors);
    return got;
}

}  // namespace support
