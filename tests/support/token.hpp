#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace support {

[[nodiscard]] std::string base64url(std::string_view bytes);

/// Issues tokens by OpenSSL alone, so that the library that verifies them does not judge its own work.
class token_issuer {
public:
    /// A new key for HS256, RS256, ES256 or EdDSA.
    explicit token_issuer(std::string algorithm);
    /// HS256 by this secret.
    [[nodiscard]] static token_issuer with_secret(std::string secret);

    /// `{"alg": its own, "typ": "JWT"}` as header.
    [[nodiscard]] std::string issue(std::string_view claims) const;
    /// Whatever the header says, signed by this key.
    [[nodiscard]] std::string issue(std::string_view header, std::string_view claims) const;
    [[nodiscard]] std::string sign(std::string_view input) const;

    [[nodiscard]] const std::string& secret() const { return secret_; }
    [[nodiscard]] std::string public_pem() const;
    [[nodiscard]] std::string private_pem() const;
    /// What stands between the lines of public_pem(), without newlines.
    [[nodiscard]] std::string public_base64() const;
    /// An entry of --auth-key.
    [[nodiscard]] std::string option() const;

private:
    struct release {
        void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    };

    std::string algorithm_;
    std::string secret_;
    std::unique_ptr<EVP_PKEY, release> key_;
};

}  // namespace support
