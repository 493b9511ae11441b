#include "protocol/description.hpp"

#include "protocol/canonical_json.hpp"
#include "protocol/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace protocol {

namespace {

constexpr std::size_t echo_limit_bytes = 128;

failure malformed(std::string message, std::string_view target = {}) {
    return {numeric::need_more_params, std::move(message), cut(target, echo_limit_bytes)};
}

failure too_long(std::string_view what, std::size_t limit, std::string_view unit) {
    std::string message(what);
    message.append(" is too long: at most ");
    append_number(message, limit);
    message.append(unit);
    return {numeric::input_too_long, std::move(message)};
}

std::optional<std::string> string_of(std::string_view canonical) {
    if (!canonical.starts_with('"')) return std::nullopt;
    const auto value = boost::json::parse({canonical.data(), canonical.size()});
    return std::string(value.get_string());
}

using outcome = std::optional<failure>;

outcome take_id(description_request& request, std::string_view value) {
    const auto hex = string_of(value);
    const auto bytes = hex ? parse_object_id(*hex) : std::nullopt;
    if (!bytes) return malformed("id must be a string of 24 hexadecimal digits", hex ? std::string_view(*hex) : value);
    request.id = peer_id(*bytes);
    request.id_written = *hex;
    return std::nullopt;
}

outcome take_name(description_request& request, std::string_view value) {
    request.name = string_of(value);
    if (!request.name) return malformed("name must be a string", value);
    if (request.name->empty()) return malformed("name must not be empty");
    if (has_control_characters(*request.name)) return malformed("name must not hold control characters", *request.name);
    return std::nullopt;
}

// What a session or token was is not echoed: it is a secret.
outcome take_session(description_request& request, std::string_view value) {
    request.session = string_of(value);
    if (!request.session) return malformed("session must be a string");
    return std::nullopt;
}

outcome take_token(description_request& request, std::string_view value) {
    request.token = string_of(value);
    if (!request.token) return malformed("token must be a string");
    return std::nullopt;
}

outcome take_resume(description_request& request, std::string_view value) {
    if (value != "true" && value != "false") return malformed("resume must be true or false", value);
    request.resume = value == "true";
    return std::nullopt;
}

outcome take_seen(description_request& request, std::string_view value) {
    std::uint64_t count = 0;
    const auto* const end = value.data() + value.size();
    const auto [stop, ec] = std::from_chars(value.data(), end, count);
    if (ec != std::errc{} || stop != end) return malformed("seen must be a whole number of 0 or more", value);
    request.seen = count;
    return std::nullopt;
}

struct known_key {
    std::string_view quoted;
    outcome (*take)(description_request&, std::string_view value);
};

constexpr std::array known_keys{
    known_key{"\"id\"", take_id},       known_key{"\"name\"", take_name},     known_key{"\"session\"", take_session},
    known_key{"\"token\"", take_token}, known_key{"\"resume\"", take_resume}, known_key{"\"seen\"", take_seen},
};

void append_member(std::string& members, std::string_view member) {
    if (!members.empty()) members.push_back(',');
    members.append(member);
}

outcome take_members(description_request& request, std::string_view members) {
    for (member_walk walk(members); walk.next();) {
        const auto known =
            std::find_if(known_keys.begin(), known_keys.end(), [&](const auto& k) { return k.quoted == walk.key(); });
        if (known == known_keys.end()) {
            append_member(request.description, walk.member());
        } else if (auto wrong = known->take(request, walk.value())) {
            return wrong;
        }
    }
    return std::nullopt;
}

outcome check_lengths(const description_request& request, const limits& limits) {
    if (request.name && count_code_points(*request.name) > limits.name_code_points) {
        return too_long("name", limits.name_code_points, " code points");
    }
    if (request.token && request.token->size() > limits.access_token)
        return too_long("token", limits.access_token, " bytes");
    if (request.description.size() > limits.description) {
        return too_long("the description without id, name, session, token, resume and seen", limits.description,
                        " bytes");
    }
    return std::nullopt;
}

}  // namespace

std::variant<description_request, failure> parse_description(std::string_view json, const limits& limits) {
    const auto members = canonical_members(json);
    if (const auto* const wrong = std::get_if<json_error>(&members)) {
        std::string message = "the description is not JSON as expected, at byte ";
        append_number(message, wrong->offset);
        return malformed(message.append(": ").append(wrong->message));
    }
    description_request request;
    auto wrong = take_members(request, std::get<std::string>(members));
    if (!wrong) wrong = check_lengths(request, limits);
    if (wrong) return std::move(*wrong);
    return request;
}

std::string without_keys(std::string_view members, std::initializer_list<std::string_view> keys) {
    std::string kept;
    for (member_walk walk(members); walk.next();) {
        const auto name = walk.key().substr(1, walk.key().size() - 2);
        if (std::find(keys.begin(), keys.end(), name) == keys.end()) append_member(kept, walk.member());
    }
    return kept;
}

}  // namespace protocol
