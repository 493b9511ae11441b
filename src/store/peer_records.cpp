#include "store/peer_records.hpp"

#include "store/codec.hpp"

#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <map>
#include <string_view>

namespace store {

using channel::peer_record;
using protocol::channel_id;
using protocol::peer_id;

namespace {

constexpr std::string_view end_kept = "-";

std::int64_t number_of(const std::string& text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

peer_keys::peer_keys(const peer_id& id)
    : peer("signaller:{p:" + id.hex() + "}"),
      channels(peer + ":channels"),
      events(peer + ":events"),
      letters(peer + ":mail") {}

std::string hash_of(const channel::secret& session) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(session.bytes().data(), session.bytes().size(), digest.data(), &size, EVP_sha256(), nullptr);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
        out.push_back(digits[digest[i] >> 4U]);
        out.push_back(digits[digest[i] & 15U]);
    }
    return out;
}

void put_fields(std::vector<std::string>& to, const peer_record& record) {
    const auto put = [&](std::string_view name, std::string value) {
        to.emplace_back(name);
        to.push_back(std::move(value));
    };
    put("name", record.name);
    put("description", record.description);
    // With a mark in front, so that away without a message is not the same as here.
    put("away", record.away ? "+" + *record.away : std::string());
    put("connectedAt", std::to_string(record.connected_at_ms));
    put("resumable", record.resumable ? "1" : "0");
}

std::string written_reach(const channel::kept_membership& in) {
    return in.seq ? std::to_string(*in.seq) : std::string(end_kept);
}

std::vector<channel::kept_membership> read_memberships(const redis_value& fields) {
    std::vector<channel::kept_membership> in;
    for (std::size_t i = 0; i + 1 < fields.elements.size(); i += 2) {
        const auto parsed = protocol::parse_object_id(fields.elements[i].text);
        const auto& seq = fields.elements[i + 1].text;
        if (!parsed) continue;
        auto& one = in.emplace_back();
        one.id = channel_id(*parsed);
        if (!seq.empty() && seq != end_kept) one.seq = static_cast<std::uint64_t>(number_of(seq));
    }
    return in;
}

std::optional<stored_peer> read_peer(const redis_value& fields) {
    std::map<std::string_view, const std::string*> by_name;
    for (std::size_t i = 0; i + 1 < fields.elements.size(); i += 2)
        by_name[fields.elements[i].text] = &fields.elements[i + 1].text;
    if (!by_name.contains("tenure")) return std::nullopt;
    static const std::string nothing;
    const auto field = [&](std::string_view name) -> const std::string& {
        const auto found = by_name.find(name);
        return found == by_name.end() ? nothing : *found->second;
    };
    stored_peer who;
    who.record.name = field("name");
    who.record.description = field("description");
    if (const auto& away = field("away"); !away.empty()) who.record.away = away.substr(1);
    who.record.connected_at_ms = number_of(field("connectedAt"));
    who.record.resumable = field("resumable") == "1";
    who.session_hash = field("session");
    who.node = read_node(field("node")).value_or(0);
    who.keeper = read_node(field("keeper")).value_or(0);
    who.tenure = field("tenure");
    who.connected = !by_name.contains("left");
    who.waited_for = !field("waited").empty();
    who.left_at_ms = number_of(field("left"));
    who.pinned_until_ms = number_of(field("pinned"));
    return who;
}

}  // namespace store
