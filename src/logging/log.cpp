#include "logging/log.hpp"

#include "logging/escape.hpp"
#include "logging/stderr_writer.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <array>
#include <chrono>
#include <mutex>

namespace logging {

namespace {

class writer_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit writer_sink(stderr_writer& to) : to_(to) {}

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t formatted;
        formatter_->format(message, formatted);
        to_.push({formatted.data(), formatted.size()});
    }
    void flush_() override {}

    stderr_writer& to_;
};

/// How many lines of an event were logged in the second it is in. Threads may disagree for a moment about when a second
/// begins; then a few lines more or less are logged.
struct rate {
    std::atomic<std::int64_t> second{-1};
    std::atomic<std::uint32_t> lines{0};
    std::atomic<std::uint64_t> left_out{0};

    bool admits(std::uint32_t lines_per_second) {
        using namespace std::chrono;
        const auto now = duration_cast<seconds>(steady_clock::now().time_since_epoch()).count();
        auto before = second.load(std::memory_order_relaxed);
        if (before != now && second.compare_exchange_strong(before, now)) lines = 0;
        if (lines_per_second == 0 || lines.fetch_add(1) < lines_per_second) return true;
        ++left_out;
        return false;
    }
};

constexpr const char* pattern_of(format as) {
    return as == format::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                              : "time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v";
}

}  // namespace

struct output::parts {
    settings how;
    stderr_writer writer;
    spdlog::logger logger;
    std::array<rate, event_kinds.size()> rates;

    parts(const settings& wanted, int descriptor)
        : how(wanted),
          writer(descriptor),
          logger("signaller", std::make_shared<writer_sink>(writer)) {
        logger.set_formatter(
            std::make_unique<spdlog::pattern_formatter>(pattern_of(how.as), spdlog::pattern_time_type::utc));
        logger.set_level(spdlog::level::trace);
    }
};

namespace {

std::atomic<output::parts*> current{nullptr};

}  // namespace

output::output(const settings& how, int descriptor) : parts_(std::make_unique<parts>(how, descriptor)) {
    current = parts_.get();
    detail::least = how.from;
}

output::~output() {
    report_left_out();
    detail::least = level::off;
    current = nullptr;
}

void report_left_out() {
    auto* const to = current.load();
    if (!to) return;
    for (std::size_t index = 0; index < event_kinds.size(); ++index) {
        const auto count = to->rates[index].left_out.exchange(0);
        if (count > 0) line(event::lines_left_out).with("of", event_kinds[index].name).with("count", count);
    }
    const auto dropped = to->writer.take_dropped();
    if (dropped > 0) line(event::lines_left_out).with("of", "any").with("count", dropped);
}

void line::begin(event what) {
    auto* const to = current.load();
    if (!to) return;
    // What sums up the others is bounded by how often it is asked for.
    const bool sums_up = what == event::lines_left_out;
    if (!sums_up && !to->rates[static_cast<std::size_t>(what)].admits(to->how.lines_per_second)) return;
    what_ = what;
    active_ = true;
    append("event", kind_of(what).name);
}

void line::append_key(std::string_view key) {
    const bool json = current.load()->how.as == format::json;
    if (!text_.empty()) text_ += json ? ',' : ' ';
    if (json) text_ += '"';
    text_ += key;
    text_ += json ? "\":" : "=";
}

void line::append(std::string_view key, std::string_view value) {
    append_key(key);
    if (current.load()->how.as == format::json) {
        append_quoted(text_, value);
    } else {
        append_word(text_, value);
    }
}

void line::append_number(std::string_view key, std::string_view value) {
    append_key(key);
    text_ += value;
}

void line::write() noexcept {
    // spdlog catches what its sink throws.
    current.load()->logger.log(static_cast<spdlog::level::level_enum>(kind_of(what_).severity),
                               spdlog::string_view_t(text_.data(), text_.size()));
}

}  // namespace logging
