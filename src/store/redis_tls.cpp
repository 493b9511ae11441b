#include "store/redis_tls.hpp"

#include "logging/log.hpp"

#ifdef SIGNALLER_REDIS_TLS

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <system_error>

namespace store {

namespace {

struct release {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* connection) const { SSL_free(connection); }
};

std::string reason() {
    const auto code = ERR_peek_error();
    if (ERR_SYSTEM_ERROR(code)) return std::system_category().message(ERR_GET_REASON(code));
    const char* const text = ERR_reason_error_string(code);
    return text ? text : "no reason given";
}

bool trust(SSL_CTX* context, const std::string& authorities) {
    if (authorities.empty()) return SSL_CTX_set_default_verify_paths(context) == 1;
    return SSL_CTX_load_verify_file(context, authorities.c_str()) == 1;
}

bool expect_name(SSL* connection, const std::string& name) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), name.c_str()) == 1) return true;
    // SSL_set_tlsext_host_name without its macro's cast; OpenSSL copies the name.
    return SSL_set1_host(connection, name.c_str()) == 1 &&
        SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(name.c_str())) == 1;
}

/// hiredis only tells that the connection broke.
int report_refusal(int is_good, X509_STORE_CTX* chain) {
    if (is_good == 1) return 1;
    const auto problem = X509_STORE_CTX_get_error(chain);
    logging::line(logging::event::store_certificate_refused).with("problem", X509_verify_cert_error_string(problem));
    return 0;
}

}  // namespace

bool has_redis_tls() { return true; }

std::optional<std::string> begin_redis_tls(redisContext& on, const std::string& name, const std::string& authorities) {
    ERR_clear_error();
    const std::unique_ptr<SSL_CTX, release> context(SSL_CTX_new(TLS_client_method()));
    if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) return "no TLS: " + reason();
    if (!trust(context.get(), authorities))
        return "ca " + authorities + ": expected a PEM file with certificates (" + reason() + ")";
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, report_refusal);
    std::unique_ptr<SSL, release> connection(SSL_new(context.get()));
    if (!connection || !expect_name(connection.get(), name)) return "no TLS: " + reason();
    // hiredis' buffer of what is to be written moves when it grows.
    SSL_set_mode(connection.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (redisInitiateSSL(&on, connection.get()) != REDIS_OK) return std::string("no TLS: ") + on.errstr;
    // It is the connection's now.
    static_cast<void>(connection.release());
    return std::nullopt;
}

}  // namespace store

#else

namespace store {

bool has_redis_tls() { return false; }

std::optional<std::string> begin_redis_tls(redisContext&, const std::string&, const std::string&) {
    return "this build's Redis client has no TLS";
}

}  // namespace store

#endif
