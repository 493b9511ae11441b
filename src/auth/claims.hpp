#pragma once

#include "auth/grant.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace auth {

/// What a token must say beside being signed.
struct claim_policy {
    std::string issuer;    ///< empty: any
    std::string audience;  ///< empty: none, and a token that is meant for somebody is refused (RFC 7519, 4.1.3)
    std::chrono::milliseconds leeway{5000};
    std::size_t name_code_points = 64;
};

/// Why a token is not good: completes "the access token …".
struct objection {
    std::string why;
    bool expired = false;
    bool is_guess = true;  ///< false: the signature was good
};

/// Reads the claims of a verified token (RFC 7519, 4.1; README, Access tokens) at the time `now`. `payload` is as
/// hostile as whoever got a token signed.
[[nodiscard]] std::variant<grant, objection> read_claims(std::string_view payload, const claim_policy& policy,
                                                         grant::wall_time now);

/// The peer id of a `sub`: an ObjectId is itself, anything else the first bytes of its SHA-256.
[[nodiscard]] protocol::peer_id peer_of_subject(std::string_view subject);

}  // namespace auth
