#include "integration/admin/metrics_page.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace admin {

namespace {

constexpr std::string_view prefix = "signaller_";

[[noreturn]] void wrong(std::string_view line, const std::string& why) {
    throw std::runtime_error("not a metrics page: " + why + ": " + std::string(line));
}

bool is_name_byte(char c, bool first) { return (c >= 'a' && c <= 'z') || c == '_' || (!first && c >= '0' && c <= '9'); }

/// Takes a name of lower-case letters, digits and underscores off the front.
std::string take_name(std::string_view& rest, std::string_view line) {
    std::size_t size = 0;
    while (size < rest.size() && is_name_byte(rest[size], size == 0)) ++size;
    if (size == 0) wrong(line, "a name is missing");
    const std::string name(rest.substr(0, size));
    rest.remove_prefix(size);
    return name;
}

void take(std::string_view& rest, char wanted, std::string_view line) {
    if (rest.empty() || rest.front() != wanted) wrong(line, std::string("no ") + wanted + " where one is due");
    rest.remove_prefix(1);
}

std::string take_quoted(std::string_view& rest, std::string_view line) {
    take(rest, '"', line);
    std::string value;
    while (!rest.empty() && rest.front() != '"') {
        if (rest.front() == '\\') {
            rest.remove_prefix(1);
            if (rest.empty() || std::string_view("\\\"n").find(rest.front()) == std::string_view::npos)
                wrong(line, "an unknown escape");
        }
        value += rest.front();
        rest.remove_prefix(1);
    }
    take(rest, '"', line);
    return value;
}

labels take_labels(std::string_view& rest, std::string_view line) {
    labels all;
    if (rest.empty() || rest.front() != '{') return all;
    do {
        rest.remove_prefix(1);
        auto name = take_name(rest, line);
        take(rest, '=', line);
        if (!all.emplace(std::move(name), take_quoted(rest, line)).second) wrong(line, "a label comes twice");
    } while (!rest.empty() && rest.front() == ',');
    take(rest, '}', line);
    return all;
}

double number_in(std::string_view text, std::string_view line) {
    if (text == "+Inf") return std::numeric_limits<double>::infinity();
    std::size_t used = 0;
    double value = 0;
    try {
        value = std::stod(std::string(text), &used);
    } catch (const std::logic_error&) {
        used = 0;
    }
    if (used == 0 || used != text.size() || !(value >= 0)) wrong(line, "no number of 0 or more");
    return value;
}

std::string without_prefix(const std::string& name, std::string_view line) {
    if (!name.starts_with(prefix)) wrong(line, "the name does not begin with signaller_");
    return name.substr(prefix.size());
}

}  // namespace

transport::http_response get(std::uint16_t port, const std::string& path) {
    transport::raw_client client(port);
    client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return client.read_response();
}

metrics_page::metrics_page(std::string_view text) {
    if (!text.ends_with('\n')) throw std::runtime_error("not a metrics page: the last line does not end");
    while (!text.empty()) {
        const auto end = text.find('\n');
        read_line(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    check_histograms();
}

metrics_page metrics_page::of(std::uint16_t port) {
    const auto response = get(port, "/metrics");
    if (response.status != 200) throw std::runtime_error("/metrics: " + std::to_string(response.status));
    return metrics_page(response.body);
}

metrics_page metrics_page::of(const support::server_process& server) {
    return of(server.admin_port() != 0 ? server.admin_port() : server.port());
}

void metrics_page::read_line(std::string_view line) {
    if (line.starts_with('#')) {
        read_comment(line);
    } else {
        read_sample(line);
    }
}

void metrics_page::read_comment(std::string_view line) {
    const bool is_help = line.starts_with("# HELP ");
    if (!is_help && !line.starts_with("# TYPE ")) wrong(line, "neither HELP nor TYPE");
    auto rest = line.substr(7);
    const auto name = without_prefix(take_name(rest, line), line);
    take(rest, ' ', line);
    if (is_help) {
        if (rest.empty()) wrong(line, "help without a word");
        if (!families_.emplace(name, family{"", std::string(rest), {}}).second) wrong(line, "a family comes twice");
        current_ = name;
        return;
    }
    if (name != current_ || !families_[name].type.empty()) wrong(line, "TYPE does not follow its HELP");
    if (rest != "counter" && rest != "gauge" && rest != "histogram") wrong(line, "an unknown type");
    if ((rest == "counter") != name.ends_with("_total")) wrong(line, "_total is for counters, all of them");
    families_[name].type = rest;
}

void metrics_page::read_sample(std::string_view line) {
    auto rest = line;
    auto name = without_prefix(take_name(rest, line), line);
    auto with = take_labels(rest, line);
    const std::string written(line.substr(0, line.size() - rest.size()));
    take(rest, ' ', line);
    const auto value = number_in(rest, line);
    if (family_of(name) != current_ || families_[current_].type.empty())
        wrong(line, "stands apart from its HELP and TYPE");
    for (const auto& [label, text] : with) {
        if (label != "le") families_[current_].label_names.insert(label);
    }
    if (!samples_.emplace(std::pair(std::move(name), std::move(with)), value).second)
        wrong(line, "a series comes twice");
    written_.insert(written);
}

std::string metrics_page::family_of(const std::string& sample_name) const {
    for (const std::string_view ending : {"_bucket", "_sum", "_count"}) {
        if (!sample_name.ends_with(ending)) continue;
        const auto found = families_.find(sample_name.substr(0, sample_name.size() - ending.size()));
        if (found != families_.end() && found->second.type == "histogram") return found->first;
    }
    return sample_name;
}

void metrics_page::check_histograms() const {
    std::map<std::pair<std::string, labels>, std::vector<std::pair<double, double>>> buckets;
    for (const auto& [series, value] : samples_) {
        auto [name, with] = series;
        if (!name.ends_with("_bucket")) continue;
        const auto bound = with.extract("le");
        if (bound.empty()) wrong(name, "a bucket without le");
        buckets[{name.substr(0, name.size() - 7), with}].emplace_back(number_in(bound.mapped(), name), value);
    }
    for (auto& [of, counts] : buckets) {
        const auto& [name, with] = of;
        std::ranges::sort(counts);
        if (!std::ranges::is_sorted(counts, {}, [](const auto& bucket) { return bucket.second; }))
            wrong(name, "buckets are not cumulative");
        if (counts.back().first != std::numeric_limits<double>::infinity()) wrong(name, "no bucket for the rest");
        if (counts.back().second != samples_.at({name + "_count", with})) wrong(name, "the buckets are not the count");
        static_cast<void>(samples_.at({name + "_sum", with}));
    }
}

double metrics_page::value(const std::string& name, const labels& with) const {
    const auto found = families_.find(family_of(name));
    if (found == families_.end()) throw std::runtime_error("no metric " + name);
    const auto sample = samples_.find({name, with});
    return sample == samples_.end() ? 0 : sample->second;
}

double growth(const metrics_page& before, const metrics_page& after, const std::string& name, const labels& with) {
    return after.value(name, with) - before.value(name, with);
}

metrics_page page_with(const support::server_process& server,
                       const std::function<bool(const metrics_page&)>& satisfies) {
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    for (;;) {
        auto page = metrics_page::of(server);
        if (satisfies(page)) return page;
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the metrics never got there");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

}  // namespace admin
