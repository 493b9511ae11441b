#include "channel/ice_servers.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

namespace channel {

namespace {

constexpr std::int64_t ms_per_second = 1000;

}  // namespace

turn_credential make_turn_credential(std::string_view secret, std::int64_t expiry_seconds, std::string_view who) {
    turn_credential made;
    made.username = std::to_string(expiry_seconds);
    if (!who.empty()) made.username.append(":").append(who);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned digest_bytes = 0;
    const auto* const done = HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
                                  reinterpret_cast<const unsigned char*>(made.username.data()), made.username.size(),
                                  digest.data(), &digest_bytes);
    if (done == nullptr) throw std::runtime_error("no HMAC-SHA1");
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> encoded{};
    const int size = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest_bytes));
    made.credential.assign(reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size));
    return made;
}

std::string ice_servers::json_for(const protocol::peer_id& who, std::int64_t now_ms) const {
    std::string out = pieces_.front();
    if (!expire()) return out;
    // Rounded up: good for the whole ttl.
    const auto expiry = (now_ms + ms_per_second - 1) / ms_per_second + ttl_.count();
    const auto made = make_turn_credential(secret_, expiry, who.hex());
    for (std::size_t i = 1; i < pieces_.size(); ++i) {
        // Digits, colon and base64: nothing that JSON would escape.
        out.append(R"("username":")").append(made.username);
        out.append(R"(","credential":")").append(made.credential).append("\"").append(pieces_[i]);
    }
    return out;
}

}  // namespace channel
