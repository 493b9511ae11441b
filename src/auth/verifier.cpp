#include "auth/verifier.hpp"

#include "auth/base64url.hpp"
#include "auth/json.hpp"

#include <algorithm>

namespace auth {

namespace {

/// What would have to be understood (RFC 7515, 4.1.11), or brings a key along.
constexpr const char* refused_parameters[] = {"crit", "zip", "jku", "jwk", "x5u", "x5c", "b64"};

objection malformed(std::string_view what) { return objection{"is malformed: " + std::string(what)}; }

}  // namespace

std::variant<grant, objection> verifier::verify(std::string_view token, grant::wall_time now) const {
    if (token.size() > most_bytes_) return objection{"is longer than " + std::to_string(most_bytes_) + " bytes"};
    const auto first = token.find('.');
    const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (std::count(token.begin(), token.end(), '.') != 2) return malformed("expected header.claims.signature");
    const auto header_text = decode_base64url(token.substr(0, first));
    const auto claims_text = decode_base64url(token.substr(first + 1, second - first - 1));
    const auto signature = decode_base64url(token.substr(second + 1));
    if (!header_text || !claims_text || !signature) return malformed("expected three parts in base64url");
    const auto header = parse_object(*header_text);
    if (!header) return malformed("the header is no JSON object, or names something twice");
    for (const char* const name : refused_parameters) {
        if (json_object_get(header.get(), name))
            return objection{"has a " + std::string(name) + " in its header, which is not taken here"};
    }
    const json_t* const algorithm = json_object_get(header.get(), "alg");
    const json_t* const id = json_object_get(header.get(), "kid");
    if (!json_is_string(algorithm) || (id && !json_is_string(id))) return malformed("alg and kid must be strings");
    const key* const signer = keys_.find(id ? std::optional(text_of(id)) : std::nullopt, text_of(algorithm));
    if (!signer) return objection{"is signed by no key that is known here for its alg and kid"};
    if (signature->empty() || !signer->has_signed(token)) return objection{"is not signed as its header says"};
    auto read = read_claims(*claims_text, policy_, now);
    // Who has a signature of ours did not make this up.
    if (auto* const why = std::get_if<objection>(&read)) why->is_guess = false;
    return read;
}

}  // namespace auth
