#pragma once

#include "protocol/object_id.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace channel {

/// 128 random bits that prove a session. Compared in constant time.
class secret {
public:
    using bytes_type = std::array<std::uint8_t, 16>;

    [[nodiscard]] static secret make();
    explicit secret(const bytes_type& bytes) : bytes_(bytes) {}

    [[nodiscard]] const bytes_type& bytes() const { return bytes_; }
    [[nodiscard]] bool same_as(const secret& other) const;

private:
    bytes_type bytes_;
};

/// What a `welcome` gives out as `session`: the peer's id, so that it can be found by the session alone, and the
/// secret.
struct session_token {
    protocol::peer_id id;
    secret proof;

    [[nodiscard]] std::string text() const;
    [[nodiscard]] static std::optional<session_token> parse(std::string_view text);
};

/// SHA-256 of a channel's id and token, so that the token itself is neither kept nor written down anywhere. Compared in
/// constant time.
class token_hash {
public:
    using digest_type = std::array<std::uint8_t, 32>;

    token_hash(const protocol::channel_id& channel, std::string_view token);
    explicit token_hash(const digest_type& digest) : digest_(digest) {}

    [[nodiscard]] const digest_type& digest() const { return digest_; }
    [[nodiscard]] bool same_as(const token_hash& other) const;

private:
    digest_type digest_;
};

}  // namespace channel
