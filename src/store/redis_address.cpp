#include "store/redis_address.hpp"

#include "store/redis_tls.hpp"

#include <algorithm>
#include <charconv>

namespace store {

namespace {

constexpr unsigned most_databases = 1U << 20U;

template <class Number>
std::optional<Number> number_of(std::string_view text, Number most) {
    Number value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || ec != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
    return value;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// RFC 3986: %40 is '@', so that a password may hold anything.
std::optional<std::string> unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return out;
}

std::optional<redis_address::endpoint> parse_endpoint(std::string_view text) {
    redis_address::endpoint to;
    auto host = text;
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        host = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
        if (!text.empty() && !text.starts_with(':')) return std::nullopt;
        port = text.empty() ? text : text.substr(1);
    } else if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    if (host.empty()) return std::nullopt;
    to.host = host;
    if (port.empty()) return to;
    const auto number = number_of<std::uint16_t>(port, 65535);
    if (!number || *number == 0) return std::nullopt;
    to.port = *number;
    return to;
}

}  // namespace

std::optional<redis_address> redis_address::parse(std::string_view text, std::string& problem) {
    redis_address to;
    const auto fail = [&](std::string_view why) {
        problem = why;
        return std::nullopt;
    };
    auto query = std::string_view();
    if (const auto mark = text.find('?'); mark != std::string_view::npos) {
        query = text.substr(mark + 1);
        text = text.substr(0, mark);
    }
    std::string_view database;
    while (!query.empty()) {
        const auto word = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(word.size() + 1, query.size()));
        if (word.starts_with("master=")) {
            to.master = word.substr(7);
            if (to.master.empty()) return fail("a name behind master=");
        } else if (word.starts_with("database=")) {
            database = word.substr(9);
            if (database.empty()) return fail("a number behind database=");
        } else if (word.starts_with("ca=")) {
            to.authorities = word.substr(3);
            if (!to.authorities.starts_with('/')) return fail("a path from the root behind ca=");
        } else {
            return fail("master=name, database=number or ca=/path behind the ?");
        }
    }
    to.tls = text.starts_with("rediss://");
    if (to.tls && !has_redis_tls()) return fail("redis://: this build's Redis client has no TLS");
    if (!to.tls && !to.authorities.empty()) return fail("rediss:// with ca=");
    if (text.starts_with("unix:")) {
        text.remove_prefix(5);
        if (!text.starts_with('/')) return fail("a path from the root: unix:/run/redis.sock");
        to.endpoints.push_back({std::string(text), 0});
    } else if (to.tls || text.starts_with("redis://")) {
        text.remove_prefix(to.tls ? 9 : 8);
        if (const auto at = text.rfind('@'); at != std::string_view::npos) {
            const auto who = text.substr(0, at);
            const auto colon = who.find(':');
            if (colon == std::string_view::npos) return fail("user:password or :password before the @");
            const auto user = unescaped(who.substr(0, colon));
            const auto password = unescaped(who.substr(colon + 1));
            if (!user || !password) return fail("two hexadecimal digits behind each % of user and password");
            to.user = *user;
            to.password = *password;
            text.remove_prefix(at + 1);
        }
        if (const auto slash = text.find('/'); slash != std::string_view::npos) {
            if (slash + 1 < text.size()) database = text.substr(slash + 1);
            text = text.substr(0, slash);
        }
        while (!text.empty()) {
            const auto comma = text.find(',');
            const auto endpoint = parse_endpoint(text.substr(0, comma));
            if (!endpoint) return fail("host or host:port, several with commas between");
            to.endpoints.push_back(*endpoint);
            text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
        }
        if (to.endpoints.empty()) return fail("a host behind redis:// or rediss://");
    } else {
        return fail("redis://host:port/database or unix:/path");
    }
    if (!database.empty()) {
        const auto number = number_of<unsigned>(database, most_databases);
        if (!number) return fail("a number as database");
        to.database = *number;
    }
    return to;
}

std::string redis_address::shown() const {
    std::string out;
    if (endpoints.front().port == 0) {
        out = "unix:" + endpoints.front().host;
    } else {
        out = tls ? "rediss://" : "redis://";
        for (const auto& e : endpoints) {
            if (&e != &endpoints.front()) out += ',';
            out += (e.host.find(':') == std::string::npos ? e.host : "[" + e.host + "]") + ":" + std::to_string(e.port);
        }
    }
    if (database > 0) out += (endpoints.front().port == 0 ? "?database=" : "/") + std::to_string(database);
    return out;
}

}  // namespace store
