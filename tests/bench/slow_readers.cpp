#include "bench/channel_load.hpp"

#include <algorithm>

namespace bench {
namespace {

constexpr std::size_t one_in = 10;
constexpr int receive_buffer_bytes = 128 * 1024;

class slow_readers : public handler {
public:
    explicit slow_readers(const options& wanted) : loop_(wanted.port, *this), load_(loop_, wanted) {
        // Else the kernel keeps for the one who does not read, on the client's side, what the server should be seen to
        // deal with.
        for (std::size_t i = 0; i < loop_.size(); ++i) loop_.at(i).receive_buffer = receive_buffer_bytes;
    }

    void on_event(connection& from, std::string_view text) override { load_.on_event(from, text); }

    void on_tick() override {
        if (server_ == nullptr || now_ns() < next_look_) return;
        next_look_ = now_ns() + 100'000'000U;
        peak_ = std::max(peak_, server_->resident_bytes());
        kernel_peak_ = std::max(kernel_peak_, kernel_tcp_bytes());
    }

    void run(const options& wanted, const process_meter& server, report& result) {
        loop_.open_all();
        settle(loop_, server);

        // Both halves begin with a pause and a warm-up, so that they differ in nothing but in who reads.
        window measured(server);
        (void)measure(wanted, measured);
        const double p99_before = load_.latency().percentile_us(99);
        const auto resident = server.resident_bytes();
        const auto kernel = kernel_tcp_bytes();
        load_.stop_reading(one_in);
        watch(&server);
        measured.describe(result, measure(wanted, measured));
        watch(nullptr);
        load_.resume_reading();

        const double p99 = load_.latency().percentile_us(99);
        result.add("p50_us", load_.latency().percentile_us(50));
        result.add("p99_us", p99);
        result.add("p99_before_us", p99_before);
        result.add("p99_during_by_before", p99_before > 0 ? p99 / p99_before : 0.0);
        result.add("resident_bytes", resident);
        result.add("growth_bytes", static_cast<double>(peak_) - static_cast<double>(resident));
        result.add("kernel_growth_bytes", static_cast<double>(kernel_peak_) - static_cast<double>(kernel));
        result.add("stopped", load_.stopped());
        result.add("announced_as_lost", load_.announced_as_lost());
        load_.check().describe(result);
    }

private:
    /// The deliveries in the window.
    std::uint64_t measure(const options& wanted, window& measured) {
        load_.start();
        loop_.run_for(wanted.warm_up_seconds);
        load_.latency().clear();
        const auto before = load_.deliveries();
        measured.begin();
        loop_.run_for(wanted.seconds);
        measured.end();
        const auto operations = load_.deliveries() - before;
        load_.pause();
        return operations;
    }

    void watch(const process_meter* server) {
        server_ = server;
        if (server == nullptr) return;
        peak_ = server->resident_bytes();
        kernel_peak_ = kernel_tcp_bytes();
    }

    client_loop loop_;
    channel_load load_;
    const process_meter* server_ = nullptr;
    std::uint64_t next_look_ = 0;
    std::uint64_t peak_ = 0;
    std::uint64_t kernel_peak_ = 0;
};

}  // namespace

void run_slow_readers(const options& wanted, const process_meter& server, report& result) {
    slow_readers(wanted).run(wanted, server, result);
}

}  // namespace bench
