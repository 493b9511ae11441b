#include "ctl/ctl.hpp"
#include "logging/log.hpp"
#include "server/config.hpp"
#include "server/server.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

/// A connection is a descriptor: as many as the system lets us have.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void log_start(const server::config& config, const server::server& service) {
    using logging::event;
    using logging::line;
    const std::string_view store = config.store == "memory" ? "memory" : "redis";
    line(event::started).with("version", server::version()).with("threads", config.threads).with("store", store);
    for (const auto& address : service.addresses()) line(event::listening).with("address", address);
    for (const auto& address : service.admin_addresses())
        line(event::listening).with("address", address).with("for", "administration");
}

int serve(const server::config& config) {
    const logging::output log(config.log, STDERR_FILENO);
    raise_descriptor_limit();
    server::server service(config);
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
    // hiredis writes to a socket as to a pipe: one that has broken is to be an error, not the end.
    std::signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && std::string_view(argv[1]) == "ctl")
        return ctl::run(std::vector<std::string>(argv + 2, argv + argc), std::cout, std::cerr);
    const auto parsed = server::parse_config(argc, argv, environ);
    if (const auto* exit = std::get_if<server::exit_request>(&parsed)) {
        (exit->to_stderr ? std::cerr : std::cout) << exit->text;
        return exit->code;
    }
    try {
        return serve(std::get<server::config>(parsed));
    } catch (const std::exception& e) {
        std::cerr << "signaller: " << e.what() << '\n';
        return 1;
    }
}
