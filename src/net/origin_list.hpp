#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace net {

/// The origins (RFC 6454) whose pages may open a WebSocket here. A plain value, constant while the server runs.
/// It protects the users of browsers, which always say where a page is from; any other program can claim what it likes.
class origin_list {
public:
    static constexpr std::size_t most_patterns = 1000;

    /// "https://example.org, https://*.example.org:*, null": scheme, host and, unless it is the scheme's own, a port.
    /// "*." in front of a host stands for one or more labels, not for none; the port "*" for any. Empty text is an
    /// empty list; nullopt if malformed.
    [[nodiscard]] static std::optional<origin_list> parse(std::string_view text);

    /// `origin` as the Origin field has it. An empty list admits all; a request without the field, so no browser's, is
    /// admitted too. What is not a well-formed origin is not.
    [[nodiscard]] bool admits(std::string_view origin) const;

private:
    struct pattern {
        std::string scheme;
        std::string host;  ///< with ".example.org" for any name below it
        std::string port;  ///< "*": any; empty: the scheme's own
        [[nodiscard]] bool matches(const pattern& origin) const;
    };
    [[nodiscard]] static std::optional<pattern> parse_one(std::string_view text, bool with_wildcards);

    std::vector<pattern> patterns_;
};

}  // namespace net
