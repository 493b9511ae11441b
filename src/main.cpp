#include "ctl/ctl.hpp"
#include "logging/log.hpp"
#include "server/config.hpp"
#include "server/server.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <exception>
#include <iostream>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

/// A connection is a descriptor: as many as the system lets us have.
std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::size_t>::max();
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

/// Who found no descriptor left would wait for an answer until somebody else has gone; so they are refused, as others
/// beyond --max-connections are. Those being refused, administration and the event loops need some, too.
void bound_connections(server::config& config, std::size_t descriptors) {
    constexpr std::size_t most_kept_back = 1500;
    config.max_connections = std::min(config.max_connections, descriptors - std::min(most_kept_back, descriptors / 3));
}

/// What is opened next would get the number of a standard stream that is closed, and be sent the log.
void open_standard_streams() {
    for (;;) {
        const int opened = ::open("/dev/null", O_RDWR);
        if (opened > STDERR_FILENO) ::close(opened);
        if (opened < 0 || opened > STDERR_FILENO) return;
    }
}

/// From its default, which would end us, until the server takes it.
void hold_hangups(bool on) {
    sigset_t hangups;
    sigemptyset(&hangups);
    sigaddset(&hangups, SIGHUP);
    pthread_sigmask(on ? SIG_BLOCK : SIG_UNBLOCK, &hangups, nullptr);
}

void log_start(const server::config& config, const server::server& service) {
    using logging::event;
    using logging::line;
    const std::string_view store = config.store == "memory" ? "memory" : "redis";
    line(event::started)
        .with("version", server::version())
        .with("threads", config.threads)
        .with("store", store)
        .with("max_connections", config.max_connections);
    for (const auto& address : service.addresses()) line(event::listening).with("address", address);
    for (const auto& address : service.admin_addresses())
        line(event::listening).with("address", address).with("for", "administration");
}

int serve(server::config config) {
    const logging::output log(config.log, STDERR_FILENO);
    bound_connections(config, raise_descriptor_limit());
    server::server service(config);
    hold_hangups(false);
    for (const auto& address : service.addresses())
        std::cout << "signaller " << server::version() << " listening on " << address << '\n';
    for (const auto& page : service.pages()) std::cout << "open " << page << " in a browser\n";
    for (const auto& address : service.admin_addresses())
        std::cout << "signaller " << server::version() << " administration on " << address << '\n';
    std::cout.flush();
    log_start(config, service);
    service.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    open_standard_streams();
    // hiredis writes to a socket as to a pipe: one that has broken is to be an error, not the end.
    std::signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && std::string_view(argv[1]) == "ctl")
        return ctl::run(std::vector<std::string>(argv + 2, argv + argc), std::cout, std::cerr);
    // Who reloads a service that has only just been started means the one that is coming.
    hold_hangups(true);
    const auto parsed = server::parse_config(argc, argv, environ);
    if (const auto* exit = std::get_if<server::exit_request>(&parsed)) {
        (exit->to_stderr ? std::cerr : std::cout) << exit->text;
        if (std::cout.flush()) return exit->code;
        std::cerr << "signaller: the output cannot be written\n";
        return 1;
    }
    try {
        return serve(std::get<server::config>(parsed));
    } catch (const std::exception& e) {
        std::cerr << "signaller: " << e.what() << '\n';
        return 1;
    }
}
