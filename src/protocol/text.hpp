#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace protocol {

/// Incremental UTF-8 check (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF) that fails at the first
/// impossible byte, so that a fragmented message can be refused before it is complete (RFC 6455, 8.1).
class utf8_validator {
public:
    /// False as soon as the text so far cannot be the beginning of valid UTF-8. Fast for ASCII (8 bytes a step).
    [[nodiscard]] bool feed(std::string_view bytes);

    /// True if the text so far does not end inside a character.
    [[nodiscard]] bool complete() const { return needed_ == 0; }

    void reset() { *this = utf8_validator{}; }

private:
    std::uint8_t needed_ = 0;
    std::uint8_t lower_ = 0x80;
    std::uint8_t upper_ = 0xBF;
};

[[nodiscard]] bool is_valid_utf8(std::string_view text);

/// Number of code points of valid UTF-8.
[[nodiscard]] std::size_t count_code_points(std::string_view text);

/// Whether valid UTF-8 holds a C0, DEL or C1 control character.
[[nodiscard]] bool has_control_characters(std::string_view text);

/// Appends valid UTF-8 as a JSON string with its quotes; escapes by table: ", \ and C0 (with \n, \t … short), nothing
/// else.
void append_json_string(std::string& out, std::string_view text);

/// Appends a decimal number.
void append_number(std::string& out, std::uint64_t value);

/// At most `limit_bytes` of valid UTF-8, cut at a character boundary (for messages that echo hostile input).
[[nodiscard]] std::string_view cut(std::string_view text, std::size_t limit_bytes);

}  // namespace protocol
