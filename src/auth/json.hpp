#pragma once

#include <jansson.h>

#include <memory>
#include <string_view>

namespace auth {

struct json_release {
    void operator()(json_t* value) const { json_decref(value); }
};
using json_pointer = std::unique_ptr<json_t, json_release>;

/// A JSON object, or null: doubled keys are refused (RFC 7515, 4: which of them wins must not depend on the parser), so
/// are U+0000, bytes behind the object and more levels than the library's limit.
[[nodiscard]] inline json_pointer parse_object(std::string_view text) {
    json_pointer parsed(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, nullptr));
    if (!json_is_object(parsed.get())) return nullptr;
    return parsed;
}

[[nodiscard]] inline std::string_view text_of(const json_t* string) {
    return {json_string_value(string), json_string_length(string)};
}

}  // namespace auth
