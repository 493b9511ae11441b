#include "server/front.hpp"

#include "channel/store.hpp"
#include "metrics/collector.hpp"
#include "metrics/exposition.hpp"
#include "server/config.hpp"

namespace server {

namespace {

constexpr std::string_view text = "text/plain; charset=utf-8";
constexpr std::string_view json = "application/json";
constexpr std::string_view not_kept = "Cache-Control: no-store\r\n";

}  // namespace

channel::task<std::string> front::answer(const net::http_request& request) const {
    if (api_ && request.path.starts_with(admin::api::prefix)) {
        auto reply = co_await api_->answer(request);
        co_return std::move(reply);
    }
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (!reads) co_return net::make_response(request, 405, text, "only GET and HEAD\n", "Allow: GET, HEAD\r\n");
    if (request.path == "/healthz") co_return net::make_response(request, 200, text, "ok\n", not_kept);
    if (request.path == "/readyz") co_return readiness(request);
    if (request.path == "/version") {
        const auto body = R"({"name":"signaller","version":")" + std::string(version()) + "\"}\n";
        co_return net::make_response(request, 200, json, body, not_kept);
    }
    if (request.path == "/metrics" && metrics_ == metrics::here) {
        const auto figures = co_await ::metrics::collect(hosts_);
        const auto page = ::metrics::exposition(figures, ::metrics::read_process_figures(), version());
        co_return net::make_response(request, 200, ::metrics::exposition_type, page, not_kept);
    }
    if (pages_) co_return pages_->answer(request);
    co_return net::make_response(request, 404, text, "not found\n");
}

std::string front::readiness(const net::http_request& request) const {
    // Whoever spreads connections over servers asks this: here no new ones are wanted, or they would be refused.
    const auto& here = channel::shard::current();
    const bool draining = here.draining || hosts_[here.index()]->draining;
    const bool store_away = here.shared && !here.shared->answers();
    const std::string_view why = draining ? "draining\n" : store_away ? "the store is away\n" : "ready\n";
    return net::make_response(request, draining || store_away ? 503 : 200, text, why, not_kept);
}

}  // namespace server
