#include "metrics/exposition.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

std::string text_of(std::string_view text) { return std::string(text); }

/// Families in the order in which they are shown.
class page {
public:
    void counter(std::string_view name, std::string_view help, double value) {
        family(name, help, MetricType::Counter);
        add({}, value);
    }
    void gauge(std::string_view name, std::string_view help, double value) {
        family(name, help, MetricType::Gauge);
        add({}, value);
    }
    void family(std::string_view name, std::string_view help, MetricType type) {
        families_.push_back({"signaller_" + text_of(name), text_of(help), type, {}});
    }
    /// Another series of the last family.
    void add(labels with, double value) {
        auto& of = families_.back();
        ClientMetric& added = of.metric.emplace_back();
        added.label = std::move(with);
        if (of.type == MetricType::Counter) added.counter.value = value;
        if (of.type == MetricType::Gauge) added.gauge.value = value;
    }
    template <class Histogram>
    void add_histogram(labels with, const Histogram& from) {
        ClientMetric& added = families_.back().metric.emplace_back();
        added.label = std::move(with);
        auto& into = added.histogram;
        for (std::size_t i = 0; i + 1 < Histogram::size(); ++i) {
            into.sample_count += from.count(i);
            into.bucket.push_back({into.sample_count, Histogram::bound(i)});
        }
        into.sample_count += from.count(Histogram::size() - 1);
        into.sample_sum = from.sum();
    }
    template <class Histogram>
    void histogram(std::string_view name, std::string_view help, const Histogram& from) {
        family(name, help, MetricType::Histogram);
        add_histogram({}, from);
    }
    /// A counter by one label, all of its values.
    template <class Names, class Cells>
    void counters_by(std::string_view name, std::string_view help, std::string_view label, const Names& names,
                     const Cells& cells, std::size_t first = 0) {
        family(name, help, MetricType::Counter);
        for (std::size_t i = first; i < cells.size(); ++i)
            add({{text_of(label), text_of(names[i])}}, static_cast<double>(cells[i]));
    }

    [[nodiscard]] std::string text() const {
        std::ostringstream out;
        prometheus::TextSerializer().Serialize(out, families_);
        return out.str();
    }

private:
    std::vector<MetricFamily> families_;
};

double number(std::uint64_t value) { return static_cast<double>(value); }

void add_connections(page& to, const snapshot& from) {
    const auto& c = from.connections;
    std::uint64_t open = 0;
    for (const auto& shard : from.shards) open += shard.connections;
    to.gauge("connections", "Open connections, of whatever kind.", number(open));
    to.counter("connections_accepted_total", "Connections that were accepted, also to be refused.", number(c.accepted));
    to.counters_by("connections_refused_total", "Connections that were refused, by the limit they met.", "reason",
                   net::refusals, c.refused, 1);
    to.counters_by("handshake_failures_total", "Connections that did not come to be WebSockets, by what went wrong.",
                   "reason", net::handshake_failures, c.failed);
    to.counter("websockets_opened_total", "Upgrades that were accepted.", number(c.upgraded));
    to.family("websockets_closed_total", "WebSockets that ended, by close code; broken: without a closing handshake.",
              MetricType::Counter);
    for (std::size_t i = 0; i < c.closed.size(); ++i) {
        const auto code = static_cast<unsigned>(net::counters::close_codes[i]);
        to.add({{"code", std::to_string(code)}}, number(c.closed[i]));
    }
    to.add({{"code", "broken"}}, number(c.broken));
    to.counter("http_requests_total", "HTTP requests other than upgrades.", number(c.http_requests));
    to.counter("received_bytes_total", "Bytes from clients, without what TLS adds.", number(c.received_bytes));
    to.counter("sent_bytes_total", "Bytes to clients, without what TLS adds.", number(c.sent_bytes));
    to.gauge("client_addresses", "Client addresses with connections, or that had some lately.",
             number(from.known_addresses));
}

void add_peers(page& to, const snapshot& from) {
    const auto& d = from.domain;
    const auto absent = from.known_peers - std::min(from.known_peers, d.connected_peers + from.remembered_peers);
    to.family("peers", "Peers; absent: within their resume window or named by a channel; remembered: only their ids.",
              MetricType::Gauge);
    to.add({{"state", "connected"}}, number(d.connected_peers));
    to.add({{"state", "absent"}}, number(absent));
    to.add({{"state", "remembered"}}, number(from.remembered_peers));
    to.gauge("channels", "Channels, also those that are empty and not yet forgotten.", number(from.channels));
    to.gauge("memberships", "Memberships of this server's peers.", number(d.memberships));
    to.counters_by("resumes_total", "Sessions that clients came back with, by what became of it.", "result",
                   channel::resume_results, d.resumes);
}

void add_commands(page& to, const channel::command_counts& from) {
    using counts = channel::command_counts;
    to.family("commands_total", "Commands, by verb and result: ok, or the error's numeric.", MetricType::Counter);
    for (std::size_t verb = 0; verb < counts::verbs.size(); ++verb) {
        for (std::size_t result = 0; result <= counts::errors.size(); ++result) {
            if (from.at(verb, result) == 0) continue;
            auto name = result == 0 ? "ok" : std::to_string(static_cast<unsigned>(counts::errors[result - 1]));
            to.add({{"verb", text_of(counts::verbs[verb])}, {"result", std::move(name)}},
                   number(from.at(verb, result)));
        }
    }
}

void add_delivery(page& to, const channel::counters& d) {
    to.counter("published_messages_total", "Public messages that this server's peers sent.", number(d.published));
    to.family("deliveries_total",
              "Events that were handed to connections; channel: out of a channel's log, direct: replies and private "
              "messages.",
              MetricType::Counter);
    to.add({{"kind", "channel"}}, number(d.channel_events));
    to.add({{"kind", "direct"}}, number(d.direct_events));
    to.counter("skipped_events_total", "Events of channels that slow readers did not get (lost).",
               number(d.skipped_events));
    to.gauge("queue_bytes", "Bytes of replies and private messages that wait for connections which are full.",
             number(d.queue_bytes));
    to.gauge("input_bytes",
             "Bytes held of requests and messages whose end has not come, or that wait to be carried out.",
             number(d.input_bytes));
    to.gauge("log_bytes", "Bytes held by channels' logs.", number(d.log_bytes));
    to.gauge("history_bytes", "Bytes kept for /history.", number(d.history_bytes));
    to.gauge("journal_bytes", "Bytes kept for sessions that may be resumed, beside channels' logs.",
             number(d.journal_bytes));
    to.gauge("state_bytes", "Bytes that peers and channels themselves take, about: descriptions, members, bans, ….",
             number(d.state_bytes));
    to.histogram("fan_out_members", "Members of a channel that one round of fan-out went to, a shard each.",
                 d.fan_out_members);
    to.histogram("fan_out_duration_seconds", "From the beginning of a round of fan-out to its end.", d.fan_out_seconds);
}

void add_shards(page& to, const snapshot& from) {
    to.family("event_loop_lag_seconds", "How late the event loop of a shard was for its own timer.",
              MetricType::Histogram);
    for (std::size_t i = 0; i < from.shards.size(); ++i)
        to.add_histogram({{"shard", std::to_string(i)}}, from.shards[i].loop_lag_seconds);
    to.family("shard_connections", "Open connections of a shard.", MetricType::Gauge);
    for (std::size_t i = 0; i < from.shards.size(); ++i)
        to.add({{"shard", std::to_string(i)}}, number(from.shards[i].connections));
}

void add_store(page& to, const snapshot& from) {
    if (!from.has_store) return;
    to.gauge("store_up", "Whether the store can be asked.", from.store_up ? 1 : 0);
    to.histogram("store_call_duration_seconds", "Calls of the store that were answered.", from.domain.store_seconds);
    to.counter("store_call_failures_total", "Calls of the store that were not answered.",
               number(from.domain.store_failures));
}

void add_process(page& to, const process_figures& process) {
    to.counter("process_cpu_seconds_total", "CPU time, user and system.", process.cpu_seconds);
    to.gauge("process_start_time_seconds", "When the server was started, since 1970.", process.start_time_seconds);
    to.gauge("process_resident_memory_bytes", "Resident memory.", number(process.resident_bytes));
    to.gauge("process_virtual_memory_bytes", "Virtual memory.", number(process.virtual_bytes));
    to.gauge("process_open_fds", "Open file descriptors.", number(process.open_descriptors));
    to.gauge("process_max_fds", "How many there may be.", number(process.max_descriptors));
    to.gauge("process_threads", "Threads.", number(process.threads));
}

}  // namespace

std::string exposition(const snapshot& from, const process_figures& process, std::string_view version) {
    page all;
    all.family("build_info", "The server's version; always 1.", MetricType::Gauge);
    all.add({{"version", text_of(version)}}, 1);
    all.gauge("draining", "Whether the server sends its clients away.", from.draining ? 1 : 0);
    add_connections(all, from);
    add_peers(all, from);
    add_commands(all, from.domain.commands);
    add_delivery(all, from.domain);
    add_shards(all, from);
    add_store(all, from);
    add_process(all, process);
    return all.text();
}

}  // namespace metrics
