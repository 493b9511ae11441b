#pragma once

#include "auth/claims.hpp"
#include "auth/grant.hpp"
#include "auth/key_ring.hpp"

#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>

namespace auth {

/// Decides whether an access token is good: a JWT (RFC 7519) in the compact form of a JWS (RFC 7515, 7.1), signed by
/// one of our keys with that key's algorithm, with the claims that the policy asks for. Constant; callable from all
/// threads at once. Takes no more than the time of one signature check.
class verifier {
public:
    verifier(key_ring keys, claim_policy policy, std::size_t most_bytes)
        : keys_(std::move(keys)),
          policy_(std::move(policy)),
          most_bytes_(most_bytes) {}

    [[nodiscard]] std::variant<grant, objection> verify(std::string_view token, grant::wall_time now) const;

private:
    key_ring keys_;
    claim_policy policy_;
    std::size_t most_bytes_;
};

}  // namespace auth
