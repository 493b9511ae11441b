#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace support {

/// How long a test waits for something that must happen: generous, because it is only reached when something is wrong.
/// SIGNALLER_TEST_PATIENCE (seconds) changes it for sanitizers and slow machines.
[[nodiscard]] std::chrono::milliseconds patience();

/// The real program, listening on a port of its own. Started with `--port 0` and the given options, and with `--threads
/// N` if SIGNALLER_TEST_THREADS says so; SIGNALLER_BINARY names another program to test.
class server_process {
public:
    explicit server_process(std::vector<std::string> options = {}) : server_process(std::move(options), -1) {}
    /// `log_to`: where stderr goes, the caller's; -1: a file that errors() reads.
    server_process(std::vector<std::string> options, int log_to) : server_process(std::move(options), log_to, {}) {}
    /// `meanwhile`: what is done to it while it starts.
    server_process(std::vector<std::string> options, int log_to, const std::function<void(pid_t)>& meanwhile);

    /// Ends the program by SIGTERM, unless it has ended, and fails the test if it does not exit with 0: a sanitizer's
    /// finding does not.
    ~server_process();
    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;

    /// Of the first address.
    [[nodiscard]] std::uint16_t port() const { return ports_.empty() ? std::uint16_t{0} : ports_.front(); }
    /// In the order of `--address`.
    [[nodiscard]] const std::vector<std::uint16_t>& ports() const { return ports_; }
    /// Of the first --admin-address; 0 if there is none, or it is no TCP port.
    [[nodiscard]] std::uint16_t admin_port() const { return admin_port_; }
    [[nodiscard]] pid_t pid() const { return pid_; }

    void terminate() const;
    void kill();
    /// What it has logged so far, also after its end.
    [[nodiscard]] std::string errors() const;
    /// Waits for the end, bounded by patience(); the exit code, or minus the signal's number.
    int wait_exit();

private:
    void read_ports();

    pid_t pid_ = -1;
    int output_ = -1;
    int errors_ = -1;  ///< a file without a name: no pipe that fills up
    std::vector<std::uint16_t> ports_;
    std::uint16_t admin_port_ = 0;
    bool killed_ = false;
};

/// How a program ended that does not serve.
struct ending {
    int code = 0;  ///< or minus the signal's number
    std::string output;
    std::string errors;
};

/// Runs the program with these options, and `--port 0` if they name none, until it ends by itself; killed after
/// patience().
[[nodiscard]] ending run_to_end(std::vector<std::string> options);

}  // namespace support
