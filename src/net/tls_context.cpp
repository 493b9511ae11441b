#include "net/tls_context.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <string_view>
#include <system_error>

namespace net {

namespace {

/// RFC 9325, 4.2: ephemeral keys and AEAD. AES with 128 bits first, which costs least where the processor has it; who
/// prefers ChaCha20 has no such processor, and gets that.
constexpr auto ciphers_1_3 = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
constexpr auto ciphers_1_2 = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
                             "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

/// As ALPN writes it: the length first (RFC 7301, 3.1).
constexpr std::string_view http_1_1 = "\x08http/1.1";

std::string reason() {
    // The first is the cause.
    const auto code = ERR_peek_error();
    if (ERR_SYSTEM_ERROR(code)) return std::system_category().message(ERR_GET_REASON(code));
    const char* const text = ERR_reason_error_string(code);
    return text ? text : "error " + std::to_string(code);
}

/// Who offers only other protocols (RFC 7301, 3.2) would not understand us.
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes, const unsigned char* offered,
                    unsigned int offered_bytes, void*) {
    unsigned char* found = nullptr;
    const auto* const ours = reinterpret_cast<const unsigned char*>(http_1_1.data());
    const auto result = SSL_select_next_proto(&found, chosen_bytes, ours, static_cast<unsigned int>(http_1_1.size()),
                                              offered, offered_bytes);
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// A server does not ask its terminal.
int no_pass_phrase(char*, int, int, void*) { return -1; }

bool is_private_key(const std::string& file) {
    const std::unique_ptr<BIO, int (*)(BIO*)> from(BIO_new_file(file.c_str(), "r"), BIO_free);
    if (!from) return false;
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
        PEM_read_bio_PrivateKey(from.get(), nullptr, no_pass_phrase, nullptr), EVP_PKEY_free);
    return key != nullptr;
}

bool configure(SSL_CTX* context) {
    SSL_CTX_set_options(context,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                            SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
    // What a connection that waits does not need is not kept: 34 KB a connection.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    // Tickets carry sessions; nothing is remembered here.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_ciphersuites(context, ciphers_1_3) == 1 && SSL_CTX_set_cipher_list(context, ciphers_1_2) == 1;
}

}  // namespace

std::shared_ptr<const tls_context> tls_context::load(const std::string& certificate_file, const std::string& key_file,
                                                     std::string& problem) {
    ERR_clear_error();
    const std::shared_ptr<const tls_context> made(new tls_context(SSL_CTX_new(TLS_server_method())));
    SSL_CTX* const context = made->native();
    if (!context || !configure(context)) {
        problem = "no TLS: " + reason();
    } else if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
        problem = "tls-certificate " + certificate_file +
            ": expected a PEM file with the server's certificate and its chain (" + reason() + ")";
    } else if (!is_private_key(key_file)) {
        problem =
            "tls-key " + key_file + ": expected a PEM file with a private key without a pass phrase (" + reason() + ")";
    } else if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
               SSL_CTX_check_private_key(context) != 1) {
        problem = "tls-key " + key_file + ": expected the key of the certificate in " + certificate_file;
    } else {
        return made;
    }
    ERR_clear_error();
    return nullptr;
}

tls_context::~tls_context() { SSL_CTX_free(context_); }

}  // namespace net
