#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace protocol {

/// The 12 bytes of a BSON ObjectId (protocol.md, Identifiers): 4-byte seconds, 5-byte random, 3-byte counter, big
/// endian, so that byte order is the order of the hexadecimal text. A plain value; can be guessed, so never a secret.
using object_id_bytes = std::array<std::uint8_t, 12>;

/// Parses exactly 24 hexadecimal digits of either case.
[[nodiscard]] std::optional<object_id_bytes> parse_object_id(std::string_view hex);

/// A new id: now, this process' random part, the next counter. Callable from any thread.
[[nodiscard]] object_id_bytes make_object_id();

/// Appends the 24 lower-case digits.
void append_hex(std::string& out, const object_id_bytes& bytes);

/// Ids of peers and of channels are distinct types, so that one is never taken for the other.
template <class Tag>
class basic_object_id {
public:
    constexpr basic_object_id() = default;
    constexpr explicit basic_object_id(const object_id_bytes& bytes) : bytes_(bytes) {}

    [[nodiscard]] static basic_object_id make() { return basic_object_id(make_object_id()); }

    [[nodiscard]] const object_id_bytes& bytes() const { return bytes_; }

    [[nodiscard]] std::string hex() const {
        std::string out;
        append_hex(out, bytes_);
        return out;
    }

    /// Well mixed even where ids are consecutive or chosen by an attacker who does not know `hash_key`.
    [[nodiscard]] std::uint64_t hash() const;

    friend constexpr auto operator<=>(const basic_object_id&, const basic_object_id&) = default;

private:
    object_id_bytes bytes_{};
};

/// Keyed hash of an id; the key is random per process, so that nobody can aim ids at one bucket or shard.
[[nodiscard]] std::uint64_t hash_object_id(const object_id_bytes& bytes);

template <class Tag>
std::uint64_t basic_object_id<Tag>::hash() const {
    return hash_object_id(bytes_);
}

using peer_id = basic_object_id<struct peer_tag>;
using channel_id = basic_object_id<struct channel_tag>;

struct object_id_hash {
    template <class Tag>
    std::size_t operator()(const basic_object_id<Tag>& id) const {
        return static_cast<std::size_t>(id.hash());
    }
};

}  // namespace protocol
