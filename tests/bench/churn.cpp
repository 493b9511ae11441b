#include "bench/scenario.hpp"

#include <string>
#include <vector>

namespace bench {
namespace {

/// Lanes of peers that connect, describe themselves, join, quit and close, one after the other, each lane in a channel
/// of its own in which somebody stays: that one must see each come and go, once.
class churn : public handler {
public:
    explicit churn(const options& wanted) : loop_(wanted.port, *this), lanes_(wanted.lanes) {
        for (std::size_t i = 0; i < lanes_.size(); ++i) (void)loop_.add(fresh_channel(i));
    }

    void on_ready(connection& c) override {
        if (c.index >= lanes_.size()) loop_.send(c, "/quit " + c.channel);
    }

    void on_event(connection& from, std::string_view text) override {
        if (from.index < lanes_.size()) {
            on_seen(lanes_[from.index], text);
        } else if (is_event(text, "quit") && text.find(from.id) != std::string_view::npos) {
            loop_.close(from);
        } else {
            throw failure("not the reply to /quit: " + std::string(text.substr(0, 300)));
        }
    }

    void on_closed(connection& c) override {
        auto& l = lanes_[c.index - lanes_.size()];
        ++l.cycles;
        ++cycles_;
        const auto now = now_ns();
        latency_.add(now - l.started_ns);
        l.started_ns = now;
        if (running_) {
            loop_.open(c);
        } else {
            ++idle_;
        }
    }

    void run(const options& wanted, const process_meter& server, report& result) {
        loop_.open_all();
        settle(loop_, server);
        const auto resident_before = server.resident_bytes();
        for (std::size_t i = 0; i < lanes_.size(); ++i) {
            auto& c = loop_.add(loop_.at(i).channel);
            lanes_[i].started_ns = now_ns();
            loop_.open(c);
        }
        loop_.run_for(wanted.warm_up_seconds);
        window measured(server);
        latency_.clear();
        const auto before = cycles_;
        measured.begin();
        loop_.run_for(wanted.seconds);
        measured.end();
        const auto operations = cycles_ - before;
        running_ = false;
        loop_.run_until([&] { return idle_ == lanes_.size(); }, 10, "the last cycles");
        settle(loop_, server);
        measured.describe(result, operations);
        result.add("p50_us", latency_.percentile_us(50));
        result.add("p99_us", latency_.percentile_us(99));
        result.add("resident_bytes", server.resident_bytes());
        result.add("remembered_bytes",
                   static_cast<double>(server.resident_bytes() - resident_before) / static_cast<double>(cycles_));
        check().describe(result);
    }

private:
    struct lane {
        std::uint64_t started_ns = 0;
        std::uint64_t cycles = 0;
        std::uint64_t joins = 0;  ///< as the one who stays has seen them
        std::uint64_t quits = 0;
    };

    void on_seen(lane& l, std::string_view text) {
        if (is_event(text, "join")) {
            ++l.joins;
        } else if (is_event(text, "quit")) {
            ++l.quits;
        } else {
            throw failure("neither join nor quit: " + std::string(text.substr(0, 300)));
        }
        if (l.quits > l.joins || l.joins > l.quits + 1) ++faults_.reordered;
    }

    [[nodiscard]] faults check() const {
        faults result = faults_;
        for (const auto& l : lanes_) {
            for (const auto seen : {l.joins, l.quits}) {
                if (seen < l.cycles) result.lost += l.cycles - seen;
                if (seen > l.cycles) result.doubled += seen - l.cycles;
            }
        }
        return result;
    }

    client_loop loop_;
    std::vector<lane> lanes_;
    samples latency_;
    faults faults_;
    std::uint64_t cycles_ = 0;
    std::size_t idle_ = 0;
    bool running_ = true;
};

}  // namespace

void run_churn(const options& wanted, const process_meter& server, report& result) {
    churn(wanted).run(wanted, server, result);
}

}  // namespace bench
