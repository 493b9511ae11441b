#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace auth {

/// JWS algorithms (RFC 7518, 3.1; RFC 8037, 3.1). No `none`.
enum class algorithm : std::uint8_t { hs256, rs256, es256, eddsa };

[[nodiscard]] std::string_view name_of(algorithm which);

/// One key and the one algorithm that it is for: what a token's header says never chooses how a key is used.
class key {
public:
    /// `material`: the secret for HS256, else the JWK as text.
    key(std::string id, algorithm for_what, std::string material)
        : id_(std::move(id)),
          for_what_(for_what),
          material_(std::move(material)) {}

    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] algorithm for_what() const { return for_what_; }
    /// Whether this is a compact JWS of the key's. Callable from any thread. The header must have been looked at.
    [[nodiscard]] bool has_signed(std::string_view token) const;

private:
    std::string id_;  ///< `kid`, may be empty
    algorithm for_what_;
    std::string material_;  ///< no value of the library's: those are not made for several threads
};

/// All keys of `--auth-key`; constant while the server runs.
class key_ring {
public:
    /// Several entries with commas between, each one of
    ///     [KID=]ALG:file:PATH      PEM of a public key or certificate; for HS256 the secret, without a newline at its
    ///     end [KID=]ALG:inline:TEXT    the same without newlines: the base64 between PEM's lines; for HS256 the secret
    ///     jwks:file:PATH           a JWK set (RFC 7517, 5)
    /// ALG is HS256, RS256, ES256 or EdDSA. Throws std::runtime_error with one line that never holds a secret.
    [[nodiscard]] static key_ring load(std::string_view entries);

    /// Whether load() would take it, as far as can be told without reading files.
    [[nodiscard]] static bool is_well_formed(std::string_view entries);

    /// The key of that id; without an id the only one there is for the algorithm. Null: none, or not the only one.
    [[nodiscard]] const key* find(std::optional<std::string_view> id, std::string_view algorithm_name) const;
    [[nodiscard]] std::size_t size() const { return keys_.size(); }

private:
    void add(std::string_view entry);
    void add(key added);
    void add_set(const std::string& path);

    std::vector<key> keys_;
};

}  // namespace auth
