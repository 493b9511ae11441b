#include "bench/scenario.hpp"

namespace bench {
namespace {

class idle : public handler {
public:
    explicit idle(std::uint16_t port) : loop_(port, *this) {}

    void on_event(connection&, std::string_view text) override {
        throw failure("an event for somebody idle: " + std::string(text));
    }

    void run(const options& wanted, const process_meter& server, report& result) {
        // The first connection touches what is there once, whoever comes: it is not counted.
        (void)loop_.add();
        loop_.open_all();
        settle(loop_, server);
        const auto resident_before = server.resident_bytes();
        const auto kernel_before = kernel_tcp_bytes();
        for (std::size_t i = 0; i < wanted.members; ++i) (void)loop_.add();
        window measured(server);
        measured.begin();
        loop_.open_all();
        measured.end();
        settle(loop_, server);
        const auto resident = server.resident_bytes();
        measured.describe(result, wanted.members);
        result.add("resident_bytes", resident);
        const auto per_connection = [&](std::uint64_t before, std::uint64_t after) {
            return (static_cast<double>(after) - static_cast<double>(before)) / static_cast<double>(wanted.members);
        };
        result.add("bytes_per_connection", per_connection(resident_before, resident));
        result.add("kernel_bytes_per_connection", per_connection(kernel_before, kernel_tcp_bytes()));
        faults{}.describe(result);
    }

private:
    client_loop loop_;
};

}  // namespace

void run_idle(const options& wanted, const process_meter& server, report& result) {
    idle(wanted.port).run(wanted, server, result);
}

}  // namespace bench
