#include "admin/api.hpp"

#include <boost/json/serialize.hpp>
#include <openssl/crypto.h>

namespace admin {

using channel::change;
using channel::task;

namespace {

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> words;
    while (!path.empty()) {
        const auto word = path.substr(0, path.find('/'));
        words.push_back(word);
        path.remove_prefix(std::min(word.size() + 1, path.size()));
    }
    return words;
}

reply not_there() {
    return error(404, "no_such_route", "there is nothing at this path: see Administration in the README");
}

reply drains() { return {202, {{"draining", true}}}; }

std::string written(const net::http_request& request, const reply& answer) {
    return net::make_response(request, answer.status, "application/json", boost::json::serialize(answer.body) + "\n",
                              "Cache-Control: no-store\r\n" + answer.headers);
}

reply only(std::string_view methods) {
    auto answer = error(405, "bad_method", "the method has to be " + std::string(methods));
    answer.headers = "Allow: " + std::string(methods) + "\r\n";
    return answer;
}

}  // namespace

task<std::string> api::answer(const net::http_request& request) const {
    if (const auto refusal = check_token(request)) co_return written(request, *refusal);
    const auto path = split(std::string_view(request.path).substr(prefix.size()));
    const auto answer = co_await route(request, path);
    co_return written(request, answer);
}

std::optional<reply> api::check_token(const net::http_request& request) const {
    if (token_.empty()) return error(403, "no_token", "the server was started without --admin-token-file");
    const auto given = net::bearer_token(request.authorization);
    if (given.size() == token_.size() && CRYPTO_memcmp(given.data(), token_.data(), token_.size()) == 0)
        return std::nullopt;
    auto answer = error(401, "bad_token", "Authorization: Bearer and the administrator's token were expected");
    answer.headers = "WWW-Authenticate: Bearer\r\n";
    return answer;
}

task<reply> api::route(const net::http_request& request, const words& path) const {
    const bool posts = request.method == "POST";
    if (!path.empty() && path[0] == "peers") {
        auto answer = co_await route_peer(request, path);
        co_return std::move(answer);
    }
    if (!path.empty() && path[0] == "channels") {
        auto answer = co_await route_channel(request, path);
        co_return std::move(answer);
    }
    if (path.size() != 1 || (path[0] != "broadcast" && path[0] != "drain")) co_return not_there();
    if (!posts) co_return only("POST");
    if (path[0] == "drain") {
        drain_();
        co_return drains();
    }
    fields body(request);
    auto content = body.content();
    if (body.problem()) co_return *body.problem();
    auto answer = co_await broadcast(std::move(content));
    co_return std::move(answer);
}

task<reply> api::route_peer(const net::http_request& request, const words& path) const {
    const bool gets = request.method == "GET";
    if (path.size() == 1) {
        if (!gets) co_return only("GET");
        paging page;
        if (auto problem = read_paging(request.query, page)) co_return std::move(*problem);
        auto answer = co_await list_peers(page);
        co_return std::move(answer);
    }
    const auto id = parse_id(path[1]);
    if (!id) co_return error(400, "bad_peer", "the peer's id: 24 hexadecimal digits were expected");
    fields body(request);
    if (path.size() == 2) {
        if (!gets && request.method != "DELETE") co_return only("GET, DELETE");
        auto reason = body.reason();
        if (body.problem()) co_return *body.problem();
        if (gets) {
            auto shown = co_await show_peer(peer_id(*id));
            co_return std::move(shown);
        }
        if (!reason) reason.emplace("removed by the administrator");
        auto done = co_await disconnect(peer_id(*id), std::move(*reason));
        co_return std::move(done);
    }
    if (path.size() != 3 || path[2] != "messages") co_return not_there();
    if (request.method != "POST") co_return only("POST");
    auto content = body.content();
    if (body.problem()) co_return *body.problem();
    auto answer = co_await send_to_peer(peer_id(*id), std::move(content));
    co_return std::move(answer);
}

task<reply> api::route_channel(const net::http_request& request, const words& path) const {
    const bool gets = request.method == "GET";
    paging page;
    if (gets) {
        if (auto problem = read_paging(request.query, page)) co_return std::move(*problem);
    }
    if (path.size() == 1) {
        if (!gets) co_return only("GET");
        auto answer = co_await list_channels(page);
        co_return std::move(answer);
    }
    const auto parsed = parse_id(path[1]);
    if (!parsed) co_return error(400, "bad_channel", "the channel's id: 24 hexadecimal digits were expected");
    const channel_id id(*parsed);
    if (path.size() == 2) {
        if (!gets) co_return only("GET");
        auto answer = co_await show_channel(id, page);
        co_return std::move(answer);
    }
    fields body(request);
    change wanted;
    wanted.by = server();
    wanted.by_server = true;
    wanted.whom.channel_written = "#" + id.hex();
    const auto what = path[2];
    const bool unbans = what == "bans" && path.size() == 4;
    if (!unbans && path.size() != 3) co_return not_there();
    if (unbans) {
        if (request.method != "DELETE") co_return only("DELETE");
        const auto whom = parse_id(path[3]);
        if (!whom) co_return error(400, "bad_peer", "the peer's id: 24 hexadecimal digits were expected");
        wanted.what = change::kind::unban;
        wanted.whom.id = peer_id(*whom);
    } else if (what == "messages") {
        if (request.method != "POST") co_return only("POST");
        wanted.what = change::kind::publish;
        wanted.text = body.content();
    } else if (what == "bans" || what == "kicks") {
        if (request.method != "POST") co_return only("POST");
        wanted.what = what == "bans" ? change::kind::ban : change::kind::kick;
        wanted.whom.id = peer_id(body.id("peer"));
        wanted.text = body.reason();
    } else {
        co_return not_there();
    }
    if (body.problem()) co_return *body.problem();
    wanted.whom.name = wanted.whom.id.hex();
    wanted.whom.written = wanted.whom.name;
    auto answer = co_await change_channel(id, std::move(wanted));
    co_return std::move(answer);
}

}  // namespace admin
