#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace support {

/// A folder for the sockets and files of one test, gone with it.
class scratch_folder {
public:
    scratch_folder();
    ~scratch_folder();
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

/// A port of the loopback interface that nobody has, for programs that cannot pick one and say which.
[[nodiscard]] std::uint16_t free_port();

/// A process that a test may stop, let go on and kill.
class child_process {
public:
    child_process() = default;
    explicit child_process(pid_t pid) : pid_(pid) {}
    /// Kills it.
    ~child_process();
    child_process(child_process&& other) noexcept;
    child_process& operator=(child_process&& other) noexcept;

    void kill();
    void pause() const;
    void go_on() const;
    /// For a process that stops itself.
    void wait_until_paused() const;
    void signal(int number) const;

private:
    pid_t pid_ = -1;
};

/// Runs a program without its output.
[[nodiscard]] child_process run_in_background(std::vector<std::string> line);

/// The answer to a command, as redis-cli prints it without a terminal; `where` are its options.
std::string ask_redis(const std::string& where, const std::string& command);

/// A real Redis on a unix socket and a port of its own, without persistence unless `options` say otherwise.
/// SIGNALLER_TEST_REDIS names another redis-server.
class redis_process {
public:
    explicit redis_process(std::vector<std::string> options = {});

    /// What `--store` takes.
    [[nodiscard]] std::string store() const { return "unix:" + socket(); }
    [[nodiscard]] std::string socket() const { return folder_.path("redis.sock"); }
    [[nodiscard]] std::uint16_t port() const { return port_; }

    std::string ask(const std::string& command) const { return ask_redis("-s " + socket(), command); }

    void kill() { process_.kill(); }
    void pause() const { process_.pause(); }
    void go_on() const { process_.go_on(); }
    /// After kill(): with the same files. Waits until it answers, but for `LOADING`.
    void start();
    /// The same, but waits until it answers `LOADING`: there has to be much to load.
    void start_loading();

private:
    void launch();

    scratch_folder folder_;
    std::uint16_t port_ = free_port();
    std::vector<std::string> options_;
    child_process process_;
};

/// A way to a unix socket, by another or by a port, that can be cut: pause() keeps everything back, kill() ends all
/// connections and takes no new ones.
class forwarder {
public:
    explicit forwarder(std::string to);
    /// Pauses by itself, once: when, for the time'th time, `text` is about to go to the other end.
    forwarder(std::string to, std::string text, int time);

    /// For it to pause by itself.
    void wait_until_paused() const { process_.wait_until_paused(); }

    [[nodiscard]] std::string store() const { return "unix:" + folder_.path("way.sock"); }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    void pause() const { process_.pause(); }
    void go_on() const { process_.go_on(); }
    /// After it has paused by itself: all but the connection at which it did goes on, until let_through().
    void go_on_with_all_others() const;
    void let_through() const;
    void kill() { process_.kill(); }
    void start();

private:
    scratch_folder folder_;
    std::uint16_t port_ = free_port();
    std::string to_;
    std::string pausing_text_;
    int pausing_time_ = 0;
    child_process process_;
};

}  // namespace support
