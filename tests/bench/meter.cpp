#include "bench/meter.hpp"

#include "bench/wire.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

namespace bench {
namespace {

std::uint64_t read_clock(clockid_t clock) {
    timespec time{};
    if (clock_gettime(clock, &time) != 0) throw failure("the server process is gone");
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

std::uint64_t now_ns() { return read_clock(CLOCK_MONOTONIC); }

std::uint64_t own_cpu_ns() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

process_meter::process_meter(pid_t pid) : pid_(pid) {
    if (clock_getcpuclockid(pid, &clock_) != 0) throw failure("no process " + std::to_string(pid));
}

std::uint64_t process_meter::cpu_ns() const { return read_clock(clock_); }

std::uint64_t process_meter::resident_bytes() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/smaps_rollup");
    for (std::string word; file >> word;) {
        if (std::uint64_t kib = 0; word == "Rss:" && file >> kib) return kib * 1024;
    }
    throw failure("cannot read the server's resident memory");
}

std::uint64_t kernel_tcp_bytes() {
    std::ifstream file("/proc/net/sockstat");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("TCP:")) {
            const auto at = line.find(" mem ");
            if (at == std::string::npos) break;
            return std::stoull(line.substr(at + 5)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
        }
    }
    return 0;
}

double samples::percentile_us(double percent) {
    if (values_.empty()) return 0;
    const auto last = static_cast<double>(values_.size() - 1);
    const auto nth = values_.begin() + static_cast<std::ptrdiff_t>(last * percent / 100.0);
    std::nth_element(values_.begin(), nth, values_.end());
    return static_cast<double>(*nth) / 1000.0;
}

void report::add_raw(std::string_view key, std::string_view value) {
    if (!fields_.empty()) fields_ += ", ";
    fields_.append("\"").append(key).append("\": ").append(value);
}

void report::add(std::string_view key, double value) {
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%.4f", value);
    add_raw(key, {text.data(), static_cast<std::size_t>(size)});
}

void report::add(std::string_view key, std::uint64_t value) { add_raw(key, std::to_string(value)); }

void report::add(std::string_view key, std::string_view text) { add_raw(key, "\"" + std::string(text) + "\""); }

void window::begin() {
    started_ = now_ns();
    cpu_ = server_.cpu_ns();
    own_cpu_ = own_cpu_ns();
}

void window::end() {
    cpu_ = server_.cpu_ns() - cpu_;
    own_cpu_ = own_cpu_ns() - own_cpu_;
    elapsed_ = now_ns() - started_;
}

void window::describe(report& to, std::uint64_t operations) const {
    const auto elapsed = static_cast<double>(elapsed_);
    const auto cpu = static_cast<double>(cpu_);
    to.add("operations", operations);
    to.add("cpu_us", operations == 0 ? 0.0 : cpu / 1000.0 / static_cast<double>(operations));
    to.add("per_second", static_cast<double>(operations) * 1e9 / elapsed);
    to.add("server_busy", cpu / elapsed);
    to.add("generator_busy", static_cast<double>(own_cpu_) / elapsed);
}

}  // namespace bench
