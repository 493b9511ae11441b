#include "auth/claims.hpp"

#include "auth/json.hpp"
#include "protocol/text.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace auth {

namespace {

constexpr std::size_t most_subject_bytes = 256;
constexpr std::size_t most_listed_channels = 1000;
/// The end of the year 9999: what calendars and our own arithmetic can hold.
constexpr double latest_second = 253402300799.0;

using wall_time = grant::wall_time;
using outcome = std::optional<objection>;

objection wrong(std::string_view claim, std::string_view expected) {
    return {"has a wrong " + std::string(claim) + ": expected " + std::string(expected)};
}

/// NumericDate (RFC 7519, 2): may have a fraction.
std::optional<wall_time> date_of(const json_t* value) {
    if (!json_is_number(value)) return std::nullopt;
    const double seconds = json_number_value(value);
    if (!std::isfinite(seconds) || seconds < 0 || seconds > latest_second) return std::nullopt;
    return wall_time(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)));
}

outcome check_times(const json_t* claims, const claim_policy& policy, wall_time now, grant& into) {
    const auto until = date_of(json_object_get(claims, "exp"));
    if (!until) return wrong("exp", "the time of its end, in seconds since 1970");
    into.expires = *until + policy.leeway;
    if (into.expires <= now) return objection{"has expired", true};
    for (const char* const name : {"nbf", "iat"}) {
        const json_t* const value = json_object_get(claims, name);
        if (value && !date_of(value)) return wrong(name, "a time in seconds since 1970");
    }
    const auto from = date_of(json_object_get(claims, "nbf"));
    if (from && *from > now + policy.leeway) return objection{"is not valid yet"};
    return std::nullopt;
}

bool is_meant_for(const json_t* audience, std::string_view us) {
    if (json_is_string(audience)) return text_of(audience) == us;
    for (std::size_t i = 0; i < json_array_size(audience); ++i) {
        const json_t* const one = json_array_get(audience, i);
        if (json_is_string(one) && text_of(one) == us) return true;
    }
    return false;
}

outcome check_parties(const json_t* claims, const claim_policy& policy) {
    const json_t* const issuer = json_object_get(claims, "iss");
    if (!policy.issuer.empty() && !(json_is_string(issuer) && text_of(issuer) == policy.issuer))
        return objection{"is not of this server's issuer (iss)"};
    const json_t* const audience = json_object_get(claims, "aud");
    if (policy.audience.empty() ? audience != nullptr : !is_meant_for(audience, policy.audience))
        return objection{"is not meant for this server (aud)"};
    return std::nullopt;
}

outcome take_subject(const json_t* claims, grant& into) {
    const json_t* const subject = json_object_get(claims, "sub");
    const auto text = json_is_string(subject) ? text_of(subject) : std::string_view();
    if (text.empty() || text.size() > most_subject_bytes) return wrong("sub", "a string of 1 to 256 bytes");
    into.id = peer_of_subject(text);
    return std::nullopt;
}

outcome take_name(const json_t* claims, const claim_policy& policy, grant& into) {
    const json_t* const name = json_object_get(claims, "name");
    if (!name) return std::nullopt;
    const auto text = json_is_string(name) ? text_of(name) : std::string_view();
    if (text.empty() || protocol::has_control_characters(text) ||
        protocol::count_code_points(text) > policy.name_code_points)
        return wrong("name",
                     "a string of 1 to " + std::to_string(policy.name_code_points) +
                         " code points without control characters");
    into.name = std::string(text);
    return std::nullopt;
}

std::optional<rights> rights_of(const json_t* list) {
    struct named {
        std::string_view name;
        right what;
    };
    constexpr std::array all{named{"join", join}, named{"send", send}, named{"create", create}, named{"op", op}};
    if (!json_is_array(list)) return std::nullopt;
    rights sum = 0;
    for (std::size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* const one = json_array_get(list, i);
        if (!json_is_string(one)) return std::nullopt;
        const auto* const found =
            std::find_if(all.begin(), all.end(), [&](const named& n) { return n.name == text_of(one); });
        if (found == all.end()) return std::nullopt;
        sum = static_cast<rights>(sum | found->what);
    }
    return sum;
}

outcome take_channels(json_t* claims, grant& into) {
    json_t* const listed = json_object_get(claims, "channels");
    if (!listed) return std::nullopt;
    const auto refused = [] {
        return wrong("channels",
                     "an object of up to 1000 channel ids, or *, each with a list of join, send, create, op");
    };
    if (!json_is_object(listed) || json_object_size(listed) > most_listed_channels) return refused();
    into.elsewhere = 0;
    const char* key = nullptr;
    json_t* value = nullptr;
    json_object_foreach(listed, key, value) {
        std::string_view written(key);
        const auto granted = rights_of(value);
        if (!granted) return refused();
        if (written == "*") {
            into.elsewhere = *granted;
            continue;
        }
        if (written.starts_with('#')) written.remove_prefix(1);
        const auto id = protocol::parse_object_id(written);
        // In two spellings it would be a matter of chance which of them counts.
        if (!id || !into.channels.emplace(protocol::channel_id(*id), *granted).second) return refused();
    }
    return std::nullopt;
}

outcome take_flag(const json_t* claims, const char* name, bool& into) {
    const json_t* const value = json_object_get(claims, name);
    if (value && !json_is_boolean(value)) return wrong(name, "true or false");
    into = json_is_true(value);
    return std::nullopt;
}

}  // namespace

protocol::peer_id peer_of_subject(std::string_view subject) {
    if (const auto id = protocol::parse_object_id(subject)) return protocol::peer_id(*id);
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(subject.data()), subject.size(), digest.data());
    protocol::object_id_bytes bytes{};
    std::copy_n(digest.begin(), bytes.size(), bytes.begin());
    return protocol::peer_id(bytes);
}

std::variant<grant, objection> read_claims(std::string_view payload, const claim_policy& policy, wall_time now) {
    const auto claims = parse_object(payload);
    if (!claims) return objection{"is malformed: the claims are no JSON object, or name something twice"};
    grant made;
    auto problem = check_times(claims.get(), policy, now, made);
    if (!problem) problem = check_parties(claims.get(), policy);
    if (!problem) problem = take_subject(claims.get(), made);
    if (!problem) problem = take_name(claims.get(), policy, made);
    if (!problem) problem = take_channels(claims.get(), made);
    if (!problem) problem = take_flag(claims.get(), "broadcast", made.broadcast);
    if (!problem) problem = take_flag(claims.get(), "admin", made.admin);
    if (problem) return std::move(*problem);
    return made;
}

}  // namespace auth
