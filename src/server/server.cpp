#include "server/server.hpp"

#include "logging/failure.hpp"
#include "logging/log.hpp"

#include <openssl/rand.h>

#include <csignal>
#include <stdexcept>

#include <unistd.h>

namespace server {

namespace {

constexpr std::chrono::seconds pulse_interval{1};

net::connection_settings connection_settings(const config& from) {
    net::connection_settings to;
    to.heartbeat = from.heartbeat;
    to.handshake_timeout = from.handshake_timeout;
    to.describe_timeout = from.describe_timeout;
    to.close_timeout = from.close_timeout;
    to.retry_after = from.retry_after;
    to.retry_spread = from.retry_spread;
    to.message_bytes = from.limits.message;
    to.bytes_per_second = from.bytes_per_second;
    to.max_connections = from.max_connections;
    to.admission = from.admission;
    to.http.header_bytes = from.header_bytes;
    to.path_prefix = from.path_prefix;
    to.allowed_origins = net::origin_list::parse(from.allowed_origins).value_or(net::origin_list());
    to.trusted_proxies = net::network_list::parse(from.trusted_proxies).value_or(net::network_list());
    to.forwarded_by = from.forwarded_by;
    to.proxy_protocol = from.proxy == proxy_protocol::on;
    return to;
}

net::connection_settings administration_settings(const config& from) {
    net::connection_settings to;
    to.handshake_timeout = from.handshake_timeout;
    to.close_timeout = from.close_timeout;
    to.http.header_bytes = from.header_bytes;
    to.max_connections = 100;
    to.admission = {.connections_per_address = 20,
                    .connections_per_second = 100,
                    .connections_per_second_and_address = 20,
                    .failures_per_minute_and_address = 30};
    to.http.body_bytes = admin::api::body_bytes(from.limits.content);
    to.has_websockets = false;
    return to;
}

channel::node_id random_node() {
    channel::node_id id = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id) != 1)
        throw std::runtime_error("no random numbers");
    return id;
}

std::string url_of(const net::listen_address& where, std::string_view scheme, std::string_view prefix) {
    if (where.is_unix) return "unix:" + where.host;
    const bool is_v6 = where.host.find(':') != std::string::npos;
    std::string url(scheme);
    url += (is_v6 ? "[" + where.host + "]" : where.host) + ":" + std::to_string(*where.port);
    return url.append(prefix) + "/";
}

}  // namespace

server::runtime::runtime(std::size_t index, channel::cluster& all, const channel::settings& settings,
                         memory_limit& shared)
    // Handlers run on one thread only, but others post to it.
    : context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work(context.get_executor()),
      shard(index, all, context, settings),
      pulse(shard),
      memory(shard, shared) {}

void server::metronome::expired(channel::steady_time now) {
    of_.schedule(*this, now + pulse_interval);
    if (of_.index() == 0) logging::report_left_out();
}

server::administration::administration(const config& from, const std::vector<std::unique_ptr<net::host>>& hosts)
    : api(admin_token(from), from.server_name, hosts,
          // As the signal does it: a second one hurries.
          [] { ::kill(::getpid(), SIGTERM); }),
      site(nullptr, front::metrics::here, hosts, &api),
      settings(administration_settings(from)),
      admissions(settings.admission) {}

server::server(const config& from)
    : config_(from),
      settings_(channel_settings(from)),
      connection_settings_(connection_settings(from)),
      site_(turn_rest_settings(from)),
      front_(&site_, from.admin_address.empty() ? front::metrics::here : front::metrics::elsewhere, hosts_),
      admissions_(connection_settings_.admission),
      admin_(from, hosts_) {
    memory_.bytes = from.max_memory_bytes > 0 ? from.max_memory_bytes : half_of_memory();
    for (std::size_t index = 0; index < config_.threads; ++index) {
        runtimes_.push_back(std::make_unique<runtime>(index, cluster_, settings_, memory_));
        cluster_.add(runtimes_.back()->shard);
        hosts_.push_back(std::make_unique<net::host>(runtimes_.back()->shard, connection_settings_, front_,
                                                     connections_, admissions_, hosts_));
    }
    cluster_.report = logging::task_failed;
    share_store();
    read_certificate();
    read_keys();
    // Before anybody can know that the server is there; run() takes what comes in between.
    signals_.emplace(runtimes_.front()->context, SIGTERM, SIGINT);
    hangups_.emplace(runtimes_.front()->context, SIGHUP);
    listen();
    listen_for_administration();
}

server::~server() = default;

void server::share_store() {
    if (config_.store == "memory") return;
    std::string problem;
    store_address_ = store::redis_address::parse(config_.store, problem);
    if (!store_address_) throw std::runtime_error("store: expected " + problem);
    while (cluster_.node == 0) cluster_.node = random_node();
    store::redis_connection::settings how;
    how.timeout = config_.store_timeout;
    for (auto& each : runtimes_) {
        each->store = std::make_unique<store::redis_store>(each->shard, *store_address_, how);
        each->shard.shared = each->store.get();
    }
}

void server::read_certificate() {
    const auto made = certificate(config_);
    for (auto& host : hosts_) host->tls = made;
}

void server::read_keys() {
    const auto made = access_verifier(config_);
    for (auto& each : runtimes_) each->shard.access = made;
}

void server::listen() {
    auto places = net::parse_listen_addresses(config_.address);
    if (!places) throw std::runtime_error("address " + config_.address + ": malformed");
    for (auto& place : *places) {
        if (!place.port) place.port = config_.port;
        try {
            // All shards share a TCP port; a unix socket is one file and one queue, the first shard's.
            const auto count = place.is_unix ? 1 : runtimes_.size();
            for (std::size_t index = 0; index < count; ++index) {
                auto& listeners = runtimes_[index]->listeners;
                const auto among_others = index == 0 ? net::port_sharing::first : net::port_sharing::further;
                const auto sharing = count > 1 ? among_others : net::port_sharing::none;
                listeners.push_back(std::make_unique<net::acceptor>(*hosts_[index], place, sharing));
                // Port 0 is picked once and shared by all.
                place = listeners.back()->where();
            }
        } catch (const boost::system::system_error& e) {
            const auto port = place.is_unix ? "" : " port " + std::to_string(*place.port);
            throw std::runtime_error("cannot listen on " + place.host + port + ": " + e.code().message());
        }
    }
}

void server::listen_for_administration() {
    if (config_.admin_address.empty()) return;
    runtime& first = *runtimes_.front();
    admin_.host.push_back(std::make_unique<net::host>(first.shard, admin_.settings, admin_.site, admin_.connections,
                                                      admin_.admissions, admin_.host));
    const auto places = net::parse_listen_addresses(config_.admin_address);
    if (!places) throw std::runtime_error("address " + config_.admin_address + ": malformed");
    for (const auto& place : *places) {
        try {
            admin_.listeners.push_back(
                std::make_unique<net::acceptor>(*admin_.host.front(), place, net::port_sharing::none));
        } catch (const boost::system::system_error& e) {
            throw std::runtime_error("cannot listen on " + config_.admin_address + ": " + e.code().message());
        }
    }
}

bool server::speaks_tls(const net::listen_address& where) const {
    return !config_.tls_certificate.empty() && !where.is_plain;
}

std::vector<std::string> server::addresses() const {
    std::vector<std::string> all;
    for (const auto& listener : runtimes_.front()->listeners) {
        const auto& where = listener->where();
        all.push_back(url_of(where, speaks_tls(where) ? "wss://" : "ws://", config_.path_prefix));
    }
    return all;
}

std::vector<std::string> server::pages() const {
    std::vector<std::string> all;
    for (const auto& listener : runtimes_.front()->listeners) {
        auto where = listener->where();
        if (where.is_unix) continue;
        if (where.host == "0.0.0.0") where.host = "127.0.0.1";
        if (where.host == "::") where.host = "::1";
        all.push_back(url_of(where, speaks_tls(where) ? "https://" : "http://", config_.path_prefix));
    }
    return all;
}

std::vector<std::string> server::admin_addresses() const {
    std::vector<std::string> all;
    for (const auto& listener : admin_.listeners) all.push_back(url_of(listener->where(), "http://", {}));
    return all;
}

}  // namespace server
