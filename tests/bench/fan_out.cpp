#include "bench/channel_load.hpp"

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
        measured.begin();
        loop_.run_for(wanted.seconds);
        measured.end();
        const auto operations = load_.deliveries() - before;
        const auto resident = server.resident_bytes();
        load_.pause();
        measured.describe(result, operations);
        result.add("p50_us", load_.latency().percentile_us(50));
        result.add("p99_us", load_.latency().percentile_us(99));
        result.add("resident_bytes", resident);
        load_.check().describe(result);
    }

private:
    client_loop loop_;
    channel_load load_;
};

}  // namespace

void run_fan_out(const options& wanted, const process_meter& server, report& result) { fan_out(wanted).run(wanted, server, result); }

}  // namespace bench
