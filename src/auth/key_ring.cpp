#include "auth/key_ring.hpp"

#include "auth/base64url.hpp"
#include "auth/json.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <rhonabwy.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace auth {

namespace {

constexpr std::size_t least_secret_bytes = 32;  // RFC 7518, 3.2
constexpr unsigned least_rsa_bits = 2048;       // RFC 7518, 3.3
constexpr std::size_t most_file_bytes = 1024 * 1024;
constexpr std::size_t most_pem_bytes = 16 * 1024;
constexpr std::size_t most_keys = 100;
constexpr std::size_t most_id_bytes = 256;
constexpr std::array all_algorithms{algorithm::hs256, algorithm::rs256, algorithm::es256, algorithm::eddsa};
constexpr std::string_view private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth"};

struct jws_release {
    void operator()(jws_t* value) const { r_jws_free(value); }
};

std::optional<algorithm> algorithm_of(std::string_view name) {
    const auto* const found =
        std::find_if(all_algorithms.begin(), all_algorithms.end(), [=](algorithm a) { return name_of(a) == name; });
    return found == all_algorithms.end() ? std::nullopt : std::optional(*found);
}

[[noreturn]] void fail(std::string_view where, std::string_view problem) {
    throw std::runtime_error("auth-key " + std::string(where) + ": " + std::string(problem));
}

std::string_view member(const json_t* object, const char* name) {
    const json_t* const value = json_object_get(object, name);
    return json_is_string(value) ? text_of(value) : std::string_view();
}

/// The one algorithm of ours that a JWK can be used for, by its type.
std::optional<algorithm> algorithm_for(const json_t* jwk) {
    const auto type = member(jwk, "kty");
    const auto curve = member(jwk, "crv");
    if (type == "oct") return algorithm::hs256;
    if (type == "RSA") return algorithm::rs256;
    if (type == "EC" && curve == "P-256") return algorithm::es256;
    if (type == "OKP" && curve == "Ed25519") return algorithm::eddsa;
    return std::nullopt;
}

/// Made only of what belongs to the key: nothing in a key's file names other places to get it from (`x5u`).
std::string material_of(const json_t* jwk) {
    const json_pointer bare(json_object());
    for (const char* const name : {"kty", "crv", "x", "y", "n", "e", "k"}) {
        if (json_t* const value = json_object_get(jwk, name)) json_object_set(bare.get(), name, value);
    }
    char* const text = json_dumps(bare.get(), JSON_COMPACT);
    std::string copy = text ? text : "";
    // Jansson's allocator is free()'s unless somebody changes it.
    free(text);
    return copy;
}

/// Throws if the key is private, too weak or not valid.
key checked_key(std::string id, algorithm for_what, const json_t* jwk, std::string_view where) {
    for (const auto name : private_members) {
        if (json_object_get(jwk, std::string(name).c_str()))
            fail(where, "holds a private key, expected the public one alone");
    }
    if (id.size() > most_id_bytes) fail(where, "the kid is too long, expected at most 256 bytes");
    if (for_what == algorithm::hs256) {
        const auto secret = decode_base64url(member(jwk, "k"));
        if (!secret || secret->size() < least_secret_bytes)
            fail(where, "expected a secret of 32 bytes or more for HS256");
        return {std::move(id), for_what, *secret};
    }
    const auto material = material_of(jwk);
    const json_pointer copy = parse_object(material);
    unsigned bits = 0;
    const int type = copy ? r_jwk_key_type(copy.get(), &bits, R_FLAG_IGNORE_REMOTE) : R_KEY_TYPE_NONE;
    // Only when it is written as PEM the library looks whether there is such a key.
    std::string pem(most_pem_bytes, '\0');
    std::size_t pem_bytes = pem.size();
    if ((type & R_KEY_TYPE_PUBLIC) == 0 ||
        r_jwk_export_to_pem_der(copy.get(), R_FORMAT_PEM, reinterpret_cast<unsigned char*>(pem.data()), &pem_bytes,
                                R_FLAG_IGNORE_REMOTE) != RHN_OK)
        fail(where, "not a valid public key");
    if (for_what == algorithm::rs256 && bits < least_rsa_bits) fail(where, "expected an RSA key of 2048 bits or more");
    return {std::move(id), for_what, material};
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text;
    if (file) {
        text.resize(most_file_bytes + 1);
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(file.gcount()));
    }
    if (text.empty() || file.bad()) fail(path, "cannot be read, or is empty");
    if (text.size() > most_file_bytes) fail(path, "larger than 1 MiB");
    return text;
}

json_pointer jwk_of_secret(std::string_view secret) {
    jwk_t* made = nullptr;
    r_jwk_init(&made);
    json_pointer owned(made);
    r_jwk_import_from_symmetric_key(made, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
    return owned;
}

json_pointer jwk_of_pem(std::string_view pem, std::string_view where) {
    jwk_t* made = nullptr;
    r_jwk_init(&made);
    json_pointer owned(made);
    if (pem.find("PRIVATE KEY-----") != std::string_view::npos)
        fail(where, "holds a private key, expected the public one alone");
    const bool certificate = pem.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos;
    const int read = r_jwk_import_from_pem_der(made, certificate ? R_X509_TYPE_CERTIFICATE : R_X509_TYPE_PUBKEY,
                                               R_FORMAT_PEM, reinterpret_cast<const unsigned char*>(pem.data()),
                                               pem.size());
    if (read != RHN_OK) fail(where, "expected the PEM of a public key or certificate");
    return owned;
}

/// HS256 (RFC 7518, 3.2). Not by the library, which stops comparing at the first character that differs.
bool is_code_of(std::string_view secret, std::string_view token) {
    const auto end = token.rfind('.');
    const auto code = decode_base64url(token.substr(end + 1));
    std::array<unsigned char, SHA256_DIGEST_LENGTH> expected{};
    const auto* const text = reinterpret_cast<const unsigned char*>(token.data());
    const bool made = end != std::string_view::npos &&
        HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), text, end, expected.data(), nullptr);
    return made && code && code->size() == expected.size() &&
        CRYPTO_memcmp(code->data(), expected.data(), expected.size()) == 0;
}

/// An entry of `--auth-key` taken apart.
struct entry {
    std::string_view id;
    std::string_view kind;  ///< an algorithm's name, or "jwks"
    bool in_file = false;
    std::string_view value;
};

std::optional<entry> parse_entry(std::string_view text) {
    const auto take = [&](char mark) {
        const auto end = std::min(text.find(mark), text.size());
        const auto part = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        return part;
    };
    entry parsed;
    if (text.find('=') < text.find(':')) {
        parsed.id = take('=');
        if (parsed.id.empty() || parsed.id.size() > most_id_bytes) return std::nullopt;
    }
    parsed.kind = take(':');
    const auto source = take(':');
    parsed.in_file = source == "file";
    parsed.value = text;
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '#'; });
    if (parsed.value.empty() || !plain || (!parsed.in_file && source != "inline")) return std::nullopt;
    if (parsed.kind == "jwks") return parsed.in_file && parsed.id.empty() ? std::optional(parsed) : std::nullopt;
    return algorithm_of(parsed.kind) ? std::optional(parsed) : std::nullopt;
}

/// Calls `each` for one entry after the other until it returns false.
template <class Each>
bool for_each_entry(std::string_view entries, Each each) {
    for (std::size_t begin = 0; begin <= entries.size();) {
        const auto end = std::min(entries.find(',', begin), entries.size());
        if (!each(entries.substr(begin, end - begin))) return false;
        begin = end + 1;
    }
    return true;
}

}  // namespace

std::string_view name_of(algorithm which) {
    switch (which) {
        case algorithm::hs256: return "HS256";
        case algorithm::rs256: return "RS256";
        case algorithm::es256: return "ES256";
        case algorithm::eddsa: break;
    }
    return "EdDSA";
}

bool key::has_signed(std::string_view token) const {
    if (for_what_ == algorithm::hs256) return is_code_of(material_, token);
    jws_t* made = nullptr;
    if (r_jws_init(&made) != RHN_OK) return false;
    const std::unique_ptr<jws_t, jws_release> jws(made);
    const json_pointer material = parse_object(material_);
    // R_PARSE_NONE: no key that the token itself brings or points to, and nothing unsigned.
    if (!material ||
        r_jws_advanced_compact_parsen(made, token.data(), token.size(), R_PARSE_NONE, R_FLAG_IGNORE_REMOTE) != RHN_OK)
        return false;
    return r_jws_verify_signature(made, material.get(), R_FLAG_IGNORE_REMOTE) == RHN_OK;
}

bool key_ring::is_well_formed(std::string_view entries) {
    return for_each_entry(entries, [](std::string_view one) { return parse_entry(one).has_value(); });
}

key_ring key_ring::load(std::string_view entries) {
    if (!is_well_formed(entries)) throw std::runtime_error("auth-key: malformed");
    key_ring all;
    for_each_entry(entries, [&](std::string_view one) {
        all.add(one);
        return true;
    });
    return all;
}

void key_ring::add(std::string_view text) {
    const auto one = *parse_entry(text);
    const std::string path(one.in_file ? one.value : "");
    if (one.kind == "jwks") {
        add_set(path);
        return;
    }
    const auto for_what = *algorithm_of(one.kind);
    const std::string where = one.in_file ? path : std::string(one.kind) + ":inline";
    std::string content = one.in_file ? read_file(path) : std::string(one.value);
    if (for_what == algorithm::hs256) {
        while (one.in_file && (content.ends_with('\n') || content.ends_with('\r'))) content.pop_back();
    } else if (!one.in_file) {
        content = "-----BEGIN PUBLIC KEY-----\n" + content + "\n-----END PUBLIC KEY-----\n";
    }
    const auto jwk = for_what == algorithm::hs256 ? jwk_of_secret(content) : jwk_of_pem(content, where);
    if (algorithm_for(jwk.get()) != for_what) fail(where, "not a key for " + std::string(one.kind));
    add(checked_key(std::string(one.id), for_what, jwk.get(), where));
}

void key_ring::add_set(const std::string& path) {
    const auto set = parse_object(read_file(path));
    const json_t* const list = set ? json_object_get(set.get(), "keys") : nullptr;
    if (!json_is_array(list)) fail(path, "expected a JWK set: {\"keys\": [...]}");
    const auto before = keys_.size();
    for (std::size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* const one = json_array_get(list, i);
        const auto for_what = algorithm_for(one);
        const auto named = member(one, "alg");
        const auto use = member(one, "use");
        // Sets of identity providers hold keys for other purposes, too.
        if (!for_what || (!named.empty() && named != name_of(*for_what)) || (!use.empty() && use != "sig")) continue;
        add(checked_key(std::string(member(one, "kid")), *for_what, one, path));
    }
    if (keys_.size() == before) fail(path, "no key for HS256, RS256, ES256 or EdDSA in it");
}

void key_ring::add(key added) {
    const auto same = std::find_if(keys_.begin(), keys_.end(), [&](const key& one) { return one.id() == added.id(); });
    if (same != keys_.end() && !added.id().empty()) fail("kid " + added.id(), "given twice");
    const bool nameless = std::any_of(keys_.begin(), keys_.end(), [&](const key& one) {
        return one.for_what() == added.for_what() && one.id().empty() && added.id().empty();
    });
    if (nameless) fail(name_of(added.for_what()), "several keys, expected each with a kid");
    if (keys_.size() >= most_keys) fail("", "more than 100 keys");
    keys_.push_back(std::move(added));
}

const key* key_ring::find(std::optional<std::string_view> id, std::string_view algorithm_name) const {
    // Where keys have no names, what a token calls its key means nothing.
    const bool named = std::any_of(keys_.begin(), keys_.end(), [](const key& one) { return !one.id().empty(); });
    const key* found = nullptr;
    for (const auto& one : keys_) {
        if (name_of(one.for_what()) != algorithm_name || (id && named && one.id() != *id)) continue;
        if (found) return nullptr;
        found = &one;
    }
    return found;
}

}  // namespace auth
