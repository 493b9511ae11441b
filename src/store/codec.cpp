#include "store/codec.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace store {

namespace json = boost::json;

using channel::change;
using channel::channel_state;
using protocol::peer_id;

namespace {

// By name, not by number: what is written stays readable when kinds are added.
constexpr std::array<std::string_view, 13> kind_names{"join", "attach", "part",   "lose",    "kick",     "ban", "unban",
                                                      "op",   "deop",   "invite", "publish", "announce", "bury"};

template <class Bytes>
std::string hex_of(const Bytes& bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const auto byte : bytes) {
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 15U]);
    }
    return out;
}

std::optional<channel::token_hash> read_key(std::string_view text) {
    channel::token_hash::digest_type digest{};
    if (text.size() != 2 * digest.size()) return std::nullopt;
    for (std::size_t i = 0; i < digest.size(); ++i) {
        const auto* const at = text.data() + 2 * i;
        if (std::from_chars(at, at + 2, digest[i], 16).ptr != at + 2) return std::nullopt;
    }
    return channel::token_hash(digest);
}

/// Reads the fields of one object; a field that is missing is as if it were empty, one of another type fails all.
class reader {
public:
    explicit reader(const json::value& from) : object_(from.if_object()) {}

    [[nodiscard]] bool ok() const { return object_ && good_; }

    std::string text(std::string_view key) {
        const auto* const found = find(key);
        if (!found) return {};
        if (const auto* const s = found->if_string()) return std::string(*s);
        good_ = false;
        return {};
    }
    std::optional<std::string> optional_text(std::string_view key) {
        if (!find(key)) return std::nullopt;
        return text(key);
    }
    std::int64_t number(std::string_view key) { return number_of<std::int64_t>(key); }
    std::uint64_t count(std::string_view key) { return number_of<std::uint64_t>(key); }
    bool flag(std::string_view key) { return number(key) != 0; }
    channel::node_id node(std::string_view key) {
        const auto* const found = find(key);
        if (!found) return 0;
        const auto id = read_node(text(key));
        if (!id) good_ = false;
        return id.value_or(0);
    }
    peer_id peer(std::string_view key) { return peer_of(text(key)); }
    peer_id peer_of(std::string_view hex) {
        const auto id = protocol::parse_object_id(hex);
        if (!id) good_ = false;
        return id ? peer_id(*id) : peer_id{};
    }
    std::optional<channel::token_hash> key(std::string_view name) {
        if (!find(name)) return std::nullopt;
        auto hash = read_key(text(name));
        if (!hash) good_ = false;
        return hash;
    }
    template <class Visitor>
    void each(std::string_view key, Visitor visit) {
        const auto* const found = find(key);
        if (!found) return;
        const auto* const list = found->if_array();
        if (!list) good_ = false;
        for (std::size_t i = 0; list && i < list->size(); ++i) visit((*list)[i]);
    }
    void each_peer(std::string_view key, std::vector<peer_id>& into) {
        each(key, [&](const json::value& v) {
            const auto* const hex = v.if_string();
            if (hex) into.push_back(peer_of(*hex));
            if (!hex) good_ = false;
        });
    }
    /// Takes in whether a part was good.
    void include(const reader& part) { good_ = good_ && part.ok(); }

private:
    template <class Number>
    Number number_of(std::string_view key) {
        const auto* const found = find(key);
        if (!found) return 0;
        boost::system::error_code ec;
        const auto value = found->to_number<Number>(ec);
        if (ec) good_ = false;
        return ec ? Number{0} : value;
    }
    const json::value* find(std::string_view key) const { return object_ ? object_->if_contains(key) : nullptr; }

    const json::object* object_;
    bool good_ = true;
};

json::array peers_of(const std::vector<peer_id>& ids) {
    json::array out;
    for (const auto& id : ids) out.emplace_back(id.hex());
    return out;
}

void put_text(json::object& to, std::string_view key, std::string_view text) {
    if (!text.empty()) to[key] = text;
}

void put_flag(json::object& to, std::string_view key, bool value) {
    if (value) to[key] = 1;
}

template <class Number>
void put_number(json::object& to, std::string_view key, Number value) {
    if (value != 0) to[key] = value;
}

std::optional<json::value> parsed(std::string_view text) {
    boost::system::error_code ec;
    auto value = json::parse(text, ec);
    if (ec) return std::nullopt;
    return value;
}

}  // namespace

std::string node_text(channel::node_id id) {
    std::array<std::uint8_t, sizeof id> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(id >> (8 * (7 - i)));
    return hex_of(bytes);
}

std::optional<channel::node_id> read_node(std::string_view text) {
    channel::node_id id = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
    if (text.size() != 16 || ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return id;
}

std::string write_entry(channel::node_id node, std::uint64_t ticket, const change& c) {
    json::object to;
    to["k"] = kind_names[static_cast<std::size_t>(c.what)];
    to["n"] = node_text(node);
    to["i"] = ticket;
    to["by"] = c.by.id.hex();
    put_text(to, "byName", c.by.name);
    put_flag(to, "byAway", c.by.away);
    if (c.by.node != 0) to["byNode"] = node_text(c.by.node);
    put_number(to, "byTenure", c.by.tenure);
    if (c.whom.id != peer_id{}) {
        to["whom"] = c.whom.id.hex();
        put_text(to, "whomName", c.whom.name);
        put_flag(to, "whomOnline", c.whom.online);
    }
    if (c.text) to["text"] = *c.text;
    if (c.key) to["key"] = hex_of(c.key->digest());
    if (!c.told.empty()) to["told"] = peers_of(c.told);
    put_number(to, "time", c.time_ms);
    put_flag(to, "returning", c.returning);
    put_flag(to, "onlyExisting", c.only_existing);
    put_flag(to, "asOperator", c.as_operator);
    put_flag(to, "byServer", c.by_server);
    return json::serialize(to);
}

std::optional<entry> read_entry(std::string_view text) {
    const auto value = parsed(text);
    if (!value) return std::nullopt;
    reader from(*value);
    const auto kind = std::find(kind_names.begin(), kind_names.end(), from.text("k"));
    if (kind == kind_names.end()) return std::nullopt;
    entry to;
    to.node = from.node("n");
    to.ticket = from.count("i");
    change& c = to.what;
    c.what = static_cast<change::kind>(kind - kind_names.begin());
    c.by.id = from.peer("by");
    c.by.name = from.text("byName");
    c.by.away = from.flag("byAway");
    c.by.node = from.node("byNode");
    c.by.tenure = from.count("byTenure");
    if (const auto whom = from.optional_text("whom")) {
        c.whom.id = from.peer_of(*whom);
        c.whom.name = from.text("whomName");
        c.whom.online = from.flag("whomOnline");
    }
    c.text = from.optional_text("text");
    c.key = from.key("key");
    from.each_peer("told", c.told);
    c.time_ms = from.number("time");
    c.returning = from.flag("returning");
    c.only_existing = from.flag("onlyExisting");
    c.as_operator = from.flag("asOperator");
    c.by_server = from.flag("byServer");
    const bool has_text = c.text || (c.what != change::kind::publish && c.what != change::kind::announce);
    if (!from.ok() || !has_text) return std::nullopt;
    return to;
}

std::string write_state(const channel_state& state) {
    json::object to;
    to["owner"] = state.owner.hex();
    to["created"] = state.created_at_ms;
    to["updated"] = state.updated_at_ms;
    put_number(to, "emptied", state.emptied_at_ms);
    to["seq"] = state.seq;
    if (state.key) to["key"] = hex_of(state.key->digest());
    json::array members;
    for (const auto& m : state.members) {
        json::object member{{"id", m.id.hex()}, {"name", m.name}, {"node", node_text(m.node)}};
        put_flag(member, "away", m.away);
        put_number(member, "tenure", m.tenure);
        members.push_back(std::move(member));
    }
    to["members"] = std::move(members);
    to["operators"] = peers_of(state.operators);
    json::array bans;
    for (const auto& b : state.bans) {
        json::object ban{{"id", b.id.hex()}, {"by", b.by.hex()}, {"byName", b.by_name}, {"time", b.time_ms}};
        if (b.reason) ban["reason"] = *b.reason;
        bans.push_back(std::move(ban));
    }
    to["bans"] = std::move(bans);
    to["invitations"] = peers_of(state.invitations);
    json::array departures;
    for (const auto& d : state.departures) departures.push_back(json::object{{"id", d.id.hex()}, {"time", d.time_ms}});
    to["departures"] = std::move(departures);
    json::array history;
    for (const auto& m : state.history) history.push_back(json::object{{"seq", m.seq}, {"event", m.event}});
    to["history"] = std::move(history);
    return json::serialize(to);
}

std::optional<channel_state> read_state(std::string_view text) {
    const auto value = parsed(text);
    if (!value) return std::nullopt;
    reader from(*value);
    channel_state to;
    to.owner = from.peer("owner");
    to.created_at_ms = from.number("created");
    to.updated_at_ms = from.number("updated");
    to.emptied_at_ms = from.number("emptied");
    to.seq = from.count("seq");
    to.key = from.key("key");
    from.each("members", [&](const json::value& v) {
        reader m(v);
        to.members.push_back({m.peer("id"), m.text("name"), m.flag("away"), m.node("node"), m.count("tenure")});
        from.include(m);
    });
    from.each_peer("operators", to.operators);
    from.each("bans", [&](const json::value& v) {
        reader b(v);
        to.bans.push_back({b.peer("id"), b.peer("by"), b.text("byName"), b.number("time"), b.optional_text("reason")});
        from.include(b);
    });
    from.each_peer("invitations", to.invitations);
    from.each("departures", [&](const json::value& v) {
        reader d(v);
        to.departures.push_back({d.peer("id"), d.number("time")});
        from.include(d);
    });
    from.each("history", [&](const json::value& v) {
        reader m(v);
        to.history.push_back({m.count("seq"), m.text("event")});
        from.include(m);
    });
    if (!from.ok()) return std::nullopt;
    return to;
}

}  // namespace store
