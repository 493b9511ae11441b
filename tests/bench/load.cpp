#include "bench/scenario.hpp"

#include <sys/resource.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <exception>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace {

using bench::options;

struct scenario {
    std::string_view name;
    void (*run)(const options&, const bench::process_meter&, bench::report&);
};

constexpr scenario scenarios[] = {
    {"fan-out", bench::run_fan_out}, {"relay", bench::run_relay}, {"busy-relay", bench::run_busy_relay},
    {"churn", bench::run_churn},     {"idle", bench::run_idle},   {"slow-readers", bench::run_slow_readers},
};

constexpr std::string_view usage =
    "usage: bench_load SCENARIO --port N --pid N [--members N] [--senders N] [--window N] [--content BYTES] [--pairs "
    "N]\n"
    "                  [--tls 0|1] [--pair-window N] [--rate N] [--lanes N] [--warm-up SECONDS] [--seconds SECONDS]\n"
    "SCENARIO: fan-out, relay, busy-relay, churn, idle, slow-readers. Prints one line of JSON; `run` explains what it "
    "means.\n";

double parse_number(std::string_view name, std::string_view text, double most) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= most)) {
        throw bench::failure("bad value for " + std::string(name));
    }
    return value;
}

struct command_line {
    const scenario* what = nullptr;
    options wanted;
    pid_t pid = 0;
};

void set_option(command_line& line, std::string_view name, std::string_view text) {
    const auto count = [&](double most) { return static_cast<std::size_t>(parse_number(name, text, most)); };
    auto& wanted = line.wanted;
    if (name == "--port") {
        wanted.port = static_cast<std::uint16_t>(count(65535));
    } else if (name == "--pid") {
        line.pid = static_cast<pid_t>(count(std::numeric_limits<pid_t>::max()));
    } else if (name == "--tls") {
        bench::use_tls = count(1) == 1;
    } else if (name == "--members") {
        wanted.members = count(19'000);
    } else if (name == "--senders") {
        wanted.senders = count(256);
    } else if (name == "--window") {
        wanted.window = count(8192);
    } else if (name == "--content") {
        wanted.content_bytes = count(32'768);
    } else if (name == "--pairs") {
        wanted.pairs = count(5'000);
    } else if (name == "--pair-window") {
        wanted.pair_window = count(1'000);
    } else if (name == "--rate") {
        wanted.rate = count(1'000'000);
    } else if (name == "--lanes") {
        wanted.lanes = count(5'000);
    } else if (name == "--warm-up") {
        wanted.warm_up_seconds = parse_number(name, text, 60);
    } else if (name == "--seconds") {
        wanted.seconds = parse_number(name, text, 600);
    } else {
        throw bench::failure("unknown option " + std::string(name));
    }
}

command_line parse(int argc, char** argv) {
    command_line line;
    for (const auto& s : scenarios) {
        if (argc > 1 && s.name == argv[1]) line.what = &s;
    }
    if (line.what == nullptr || argc % 2 != 0) throw bench::failure("a scenario, then options with values");
    for (int i = 2; i + 1 < argc; i += 2) set_option(line, argv[i], argv[i + 1]);
    if (line.wanted.port == 0 || line.pid == 0) throw bench::failure("--port and --pid are needed");
    return line;
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
    command_line line;
    try {
        line = parse(argc, argv);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "bench_load: %s\n%.*s", problem.what(), static_cast<int>(usage.size()), usage.data());
        return 2;
    }
    try {
        raise_descriptor_limit();
        const bench::process_meter server(line.pid);
        bench::report result;
        result.add("scenario", line.what->name);
        line.what->run(line.wanted, server, result);
        std::printf("%s\n", result.json().c_str());
        return 0;
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "bench_load: %s: %s\n", std::string(line.what->name).c_str(), problem.what());
        return 1;
    }
}
