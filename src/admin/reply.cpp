#include "admin/reply.hpp"

#include "channel/shard.hpp"
#include "protocol/text.hpp"

#include <boost/json/parse.hpp>

#include <charconv>

namespace admin {

namespace json = boost::json;

reply error(unsigned status, std::string_view code, std::string_view message) {
    return {status, {{"error", {{"code", code}, {"message", message}}}}};
}

reply refused(const protocol::failure& why) {
    using protocol::numeric;
    const bool missing = why.code == numeric::no_such_channel || why.code == numeric::no_such_nick;
    const unsigned status = missing ? 404 : why.code == numeric::unknown_error ? 503 : 409;
    auto answer = error(status, protocol::name_of(why.code), why.message);
    answer.body["error"].as_object()["number"] = static_cast<int>(why.code);
    return answer;
}

std::optional<protocol::object_id_bytes> parse_id(std::string_view text) {
    if (text.starts_with('#')) text.remove_prefix(1);
    if (text.starts_with("%23")) text.remove_prefix(3);
    return protocol::parse_object_id(text);
}

std::optional<reply> read_paging(std::string_view query, paging& into) {
    while (!query.empty()) {
        const auto part = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(part.size() + 1, query.size()));
        const auto name = part.substr(0, part.find('='));
        const auto value = name.size() < part.size() ? part.substr(name.size() + 1) : std::string_view();
        if (name == "limit") {
            const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), into.limit);
            const bool good = ec == std::errc{} && end == value.data() + value.size();
            if (!good || into.limit == 0 || into.limit > most_per_page)
                return error(400, "bad_limit", "limit: a number from 1 to 1000 was expected");
        } else if (name == "after") {
            into.after = parse_id(value);
            if (!into.after) return error(400, "bad_after", "after: 24 hexadecimal digits were expected");
        } else {
            return error(400, "bad_query", "only limit and after can be given here");
        }
    }
    return std::nullopt;
}

fields::fields(const net::http_request& request) {
    json::parse_options options;
    options.max_depth = 4;
    boost::system::error_code ec;
    auto value =
        json::parse(request.body.empty() ? std::string_view("{}") : std::string_view(request.body), ec, {}, options);
    if (ec || !value.is_object()) {
        problem_ = error(400, "bad_body", "the body: a JSON object was expected");
        return;
    }
    from_ = std::move(value.as_object());
}

std::string fields::content() {
    auto found = text("content", channel::shard::current().config().limits.content);
    if (found.empty() && !problem_) problem_ = error(400, "bad_content", "content: some text was expected");
    return found;
}

std::optional<std::string> fields::reason() {
    return optional_text("reason", channel::shard::current().config().limits.reason);
}

std::optional<std::string> fields::optional_text(std::string_view name, std::size_t most_bytes) {
    const auto* const found = from_.if_contains(name);
    if (!found || found->is_null()) return std::nullopt;
    const auto* const text = found->if_string();
    if (text && text->size() <= most_bytes) return std::string(*text);
    if (!problem_) {
        problem_ =
            error(400, "bad_" + std::string(name),
                  std::string(name) + ": a string of at most " + std::to_string(most_bytes) + " bytes was expected");
    }
    return std::nullopt;
}

std::string fields::text(std::string_view name, std::size_t most_bytes) {
    auto found = optional_text(name, most_bytes);
    if (!found && !problem_)
        problem_ = error(400, "bad_" + std::string(name), std::string(name) + ": is missing in the body");
    return found.value_or(std::string());
}

protocol::object_id_bytes fields::id(std::string_view name) {
    const auto written = text(name, 32);
    const auto parsed = parse_id(written);
    if (!parsed && !problem_)
        problem_ = error(400, "bad_" + std::string(name), std::string(name) + ": 24 hexadecimal digits were expected");
    return parsed.value_or(protocol::object_id_bytes{});
}

}  // namespace admin
