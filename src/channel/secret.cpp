#include "channel/secret.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <stdexcept>

namespace channel {

namespace {

constexpr std::size_t id_digits = 24;
constexpr std::size_t secret_digits = 32;

int digit_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

secret secret::make() {
    // Some at once: asking the generator costs more than what it makes.
    constexpr std::size_t made_at_once = 32;
    thread_local std::array<bytes_type, made_at_once> made;
    thread_local std::size_t left = 0;
    if (left == 0) {
        if (RAND_bytes(made[0].data(), sizeof made) != 1) throw std::runtime_error("no random numbers");
        left = made.size();
    }
    auto& next = made[--left];
    const secret fresh(next);
    OPENSSL_cleanse(next.data(), next.size());
    return fresh;
}

bool secret::same_as(const secret& other) const {
    return CRYPTO_memcmp(bytes_.data(), other.bytes_.data(), bytes_.size()) == 0;
}

std::string session_token::text() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(id_digits + secret_digits);
    protocol::append_hex(out, id.bytes());
    for (const auto byte : proof.bytes()) {
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 15U]);
    }
    return out;
}

std::optional<session_token> session_token::parse(std::string_view text) {
    if (text.size() != id_digits + secret_digits) return std::nullopt;
    const auto id = protocol::parse_object_id(text.substr(0, id_digits));
    if (!id) return std::nullopt;
    secret::bytes_type bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = digit_value(text[id_digits + 2 * i]);
        const int low = digit_value(text[id_digits + 2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return session_token{protocol::peer_id(*id), secret(bytes)};
}

token_hash::token_hash(const protocol::channel_id& channel, std::string_view token) {
    auto text = channel.hex();
    text.append(token);
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest_.data());
}

bool token_hash::same_as(const token_hash& other) const {
    return CRYPTO_memcmp(digest_.data(), other.digest_.data(), digest_.size()) == 0;
}

}  // namespace channel
