#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace store {

/// A reply of Redis, owned.
struct redis_value {
    enum class kind : std::uint8_t {
        nil,
        integer,
        text,
        array,
        error,  ///< Redis refused; `text` says why, beginning with the error's name ("READONLY", "OOM", "LOADING" …)
        unavailable,  ///< no answer: no connection, or it broke, or took too long; the command may have been carried
                      ///< out
    };

    kind what = kind::nil;
    std::int64_t integer = 0;
    std::string text;
    std::vector<redis_value> elements;

    [[nodiscard]] bool failed() const { return what == kind::error || what == kind::unavailable; }
    [[nodiscard]] bool is_nil() const { return what == kind::nil; }
    [[nodiscard]] static redis_value no_answer(std::string_view why) {
        return {kind::unavailable, 0, std::string(why), {}};
    }
};

}  // namespace store
