#include "support/token.hpp"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace support {

namespace {

constexpr std::size_t secret_bytes = 32;
constexpr int coordinate_bytes = 32;

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

template <class Write>
std::string pem_of(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
    if (write(memory.get()) != 1) throw std::runtime_error("no PEM");
    char* data = nullptr;
    const auto size = BIO_get_mem_data(memory.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

/// The two numbers of fixed size of RFC 7518, 3.4, for OpenSSL's DER.
std::string fixed_size(const std::string& der) {
    const auto* at = raw(std::string_view(der));
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> read(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), ECDSA_SIG_free);
    std::string fixed(std::size_t{2} * coordinate_bytes, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(read.get()), raw(fixed), coordinate_bytes);
    BN_bn2binpad(ECDSA_SIG_get0_s(read.get()), raw(fixed) + coordinate_bytes, coordinate_bytes);
    return fixed;
}

}  // namespace

std::string base64url(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    text.resize(static_cast<std::size_t>(EVP_EncodeBlock(raw(text), raw(bytes), static_cast<int>(bytes.size()))));
    std::erase(text, '=');
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

token_issuer::token_issuer(std::string algorithm) : algorithm_(std::move(algorithm)) {
    if (algorithm_ == "RS256") key_.reset(EVP_RSA_gen(2048));
    if (algorithm_ == "ES256") key_.reset(EVP_EC_gen("P-256"));
    if (algorithm_ == "EdDSA") key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    if (algorithm_ != "HS256") return;
    std::array<unsigned char, secret_bytes> random{};
    RAND_bytes(random.data(), random.size());
    secret_ = base64url({reinterpret_cast<const char*>(random.data()), random.size()});
}

token_issuer token_issuer::with_secret(std::string secret) {
    token_issuer made("HS256");
    made.secret_ = std::move(secret);
    return made;
}

std::string token_issuer::issue(std::string_view claims) const {
    return issue(R"({"alg":")" + algorithm_ + R"(","typ":"JWT"})", claims);
}

std::string token_issuer::issue(std::string_view header, std::string_view claims) const {
    const auto input = base64url(header) + "." + base64url(claims);
    return input + "." + base64url(sign(input));
}

std::string token_issuer::sign(std::string_view input) const {
    std::string signature(512, '\0');
    if (!key_) {
        unsigned size = 0;
        HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), raw(input), input.size(), raw(signature),
             &size);
        signature.resize(size);
        return signature;
    }
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    const EVP_MD* const digest = algorithm_ == "EdDSA" ? nullptr : EVP_sha256();
    auto size = signature.size();
    if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), raw(signature), &size, raw(input), input.size()) != 1)
        throw std::runtime_error("cannot sign");
    signature.resize(size);
    return algorithm_ == "ES256" ? fixed_size(signature) : signature;
}

std::string token_issuer::public_pem() const {
    return pem_of([&](BIO* to) { return PEM_write_bio_PUBKEY(to, key_.get()); });
}

std::string token_issuer::private_pem() const {
    return pem_of(
        [&](BIO* to) { return PEM_write_bio_PrivateKey(to, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
}

std::string token_issuer::public_base64() const {
    auto text = public_pem();
    text.erase(0, text.find('\n') + 1);
    text.erase(text.find("-----END"));
    std::erase(text, '\n');
    return text;
}

std::string token_issuer::option() const { return algorithm_ + ":inline:" + (key_ ? public_base64() : secret_); }

}  // namespace support
