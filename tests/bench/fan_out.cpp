#include "bench/channel_load.hpp"

#include <algorithm>

namespace bench {
namespace {

class fan_out : public handler {
public:
    fan_out(const options& wanted) : loop_(wanted.port, *this), load_(loop_, wanted) {}

    void on_event(connection& from, std::string_view text) override { load_.on_event(from, text); }

    void run(const options& wanted, const process_meter& server, report& result) {
        loop_.open_all();
        settle(loop_, server);
        load_.start();
        loop_.run_for(wanted.warm_up_seconds);
        window measured(server);
        load_.latency().clear();
        const auto before = load_.deliveries();
        const auto reads_before = loop_.reads();
        measured.begin();
        loop_.run_for(wanted.seconds);
        measured.end();
        const auto operations = load_.deliveries() - before;
        const auto reads = loop_.reads() - reads_before;
        const auto resident = server.resident_bytes();
        load_.pause();
        measured.describe(result, operations);
        result.add("p50_us", load_.latency().percentile_us(50));
        result.add("p99_us", load_.latency().percentile_us(99));
        result.add("events_per_read",
                   static_cast<double>(operations) / static_cast<double>(std::max<std::uint64_t>(reads, 1)));
        result.add("resident_bytes", resident);
        load_.check().describe(result);
    }

private:
    client_loop loop_;
    channel_load load_;
};

}  // namespace

void run_fan_out(const options& wanted, const process_meter& server, report& result) {
    fan_out(wanted).run(wanted, server, result);
}

}  // namespace bench
