#include "protocol/object_id.hpp"

#include <atomic>
#include <chrono>
#include <random>

namespace protocol {

namespace {

std::uint64_t random_word() {
    std::random_device source;
    const std::uint64_t high = source();
    return high << 32 | source();
}

struct process_random {
    std::uint64_t id_part = random_word();
    std::atomic<std::uint32_t> counter{static_cast<std::uint32_t>(random_word())};
    std::uint64_t hash_keys[2] = {random_word(), random_word()};
};

process_random& of_this_process() {
    static process_random random;
    return random;
}

constexpr std::array<std::int8_t, 256> digit_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::int8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = i;
    for (std::int8_t i = 0; i < 6; ++i) {
        values[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
        values[static_cast<std::size_t>('A' + i)] = static_cast<std::int8_t>(10 + i);
    }
    return values;
}();

int digit_value(char c) { return digit_values[static_cast<unsigned char>(c)]; }

__extension__ using uint128 = unsigned __int128;

std::uint64_t multiply_and_fold(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<uint128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::optional<object_id_bytes> parse_object_id(std::string_view hex) {
    object_id_bytes bytes;
    if (hex.size() != 2 * bytes.size()) return std::nullopt;
    int invalid = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = digit_value(hex[2 * i]);
        const int low = digit_value(hex[2 * i + 1]);
        invalid |= high | low;
        bytes[i] = static_cast<std::uint8_t>((high & 15) << 4 | (low & 15));
    }
    if (invalid < 0) return std::nullopt;
    return bytes;
}

object_id_bytes make_object_id() {
    using namespace std::chrono;
    auto& process = of_this_process();
    const auto now = static_cast<std::uint64_t>(duration_cast<seconds>(system_clock::now().time_since_epoch()).count());
    const auto count = process.counter.fetch_add(1, std::memory_order_relaxed);
    object_id_bytes bytes;
    for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(now >> (24 - 8 * i));
    for (unsigned i = 0; i < 5; ++i) bytes[4 + i] = static_cast<std::uint8_t>(process.id_part >> (8 * i));
    for (unsigned i = 0; i < 3; ++i) bytes[9 + i] = static_cast<std::uint8_t>(count >> (16 - 8 * i));
    return bytes;
}

void append_hex(std::string& out, const object_id_bytes& bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    char text[2 * std::tuple_size_v<object_id_bytes>];
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    out.append(text, sizeof text);
}

// The structure of wyhash: two folded 128-bit products, each keyed.
std::uint64_t hash_object_id(const object_id_bytes& bytes) {
    std::uint64_t head;
    std::uint32_t tail;
    std::memcpy(&head, bytes.data(), sizeof head);
    std::memcpy(&tail, bytes.data() + sizeof head, sizeof tail);
    const auto& keys = of_this_process().hash_keys;
    const auto mixed = multiply_and_fold(head ^ keys[0], tail ^ keys[1]);
    return multiply_and_fold(mixed ^ keys[1], keys[0] ^ 0x9E3779B97F4A7C15ULL);
}

}  // namespace protocol
