#include "net/http.hpp"

#include "fuzz/require.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

using fuzz::require;
using net::http_status;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr net::http_limits limits{.header_bytes = 4096, .body_bytes = 256};

/// In a block of exactly its size, so that the sanitizer sees every byte too far.
net::http_parse parse(std::string_view bytes) {
    const auto block = std::make_unique<char[]>(bytes.size());
    bytes.copy(block.get(), bytes.size());
    return net::parse_http({block.get(), bytes.size()}, limits);
}

bool has_line_end(std::string_view text) { return text.find_first_of("\r\n") != std::string_view::npos; }

void check_refusal(const std::string& response) {
    require(response.starts_with("HTTP/1.1 4") || response.starts_with("HTTP/1.1 5"), "a refusal is one");
    require(response.find("\r\nConnection: close\r\n") != std::string::npos ||
                (response.starts_with("HTTP/1.1 426 ") &&
                 response.find("\r\nConnection: close, Upgrade\r\n") != std::string::npos),
            "nothing comes behind a refusal");
}

void check_request(net::http_request request) {
    for (const auto& field : {request.method, request.path, request.query, request.host, request.origin,
                              request.x_forwarded_for, request.forwarded, request.authorization})
        require(!has_line_end(field), "what goes into an answer or the log is one line");
    require(request.body.size() <= limits.body_bytes, "a body is bounded");
    require(request.websocket_key.empty() || request.websocket_key.size() == 24, "a key has its length");
    require(!has_line_end(net::bearer_token(request)), "a token is one line");
    const auto redirect = net::make_redirect(request, "/prefix/");
    require(redirect.find("\r\n\r\n") + 4 + (request.head ? 0 : 6) == redirect.size(), "a redirect is one answer");
    const auto answer = net::answer_upgrade(request);
    require(answer.accepted == answer.response.starts_with("HTTP/1.1 101 "), "an upgrade is a 101");
    if (!answer.accepted) check_refusal(answer.response);
    if (answer.accepted) require(request.method == "GET" && !request.websocket_key.empty(), "a 101 needs a key");
    const auto path = request.path;
    if (net::take_path_prefix(request, "/signalling"))
        require(path == "/signalling" + request.path && (request.path.empty() || request.path.front() == '/'),
                "what is left of a path begins with a slash");
}

}  // namespace

/// However a request is cut, it ends at the same byte; what is behind it changes nothing.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    auto whole = parse(bytes);
    if (whole.status == http_status::need_more) {
        require(whole.response.empty(), "who is waited for gets no answer");
        return 0;
    }
    if (whole.status == http_status::refused) {
        check_refusal(whole.response);
        return 0;
    }
    require(whole.consumed > 0 && whole.consumed <= size, "a request is in what came");
    require(parse(bytes.substr(0, whole.consumed)).status == http_status::complete, "a request ends with itself");
    for (std::size_t cut = 0; cut < whole.consumed; cut += std::max<std::size_t>(1, whole.consumed / 8))
        require(parse(bytes.substr(0, cut)).status == http_status::need_more, "half a request is waited for");
    check_request(std::move(whole.request));
    return 0;
}
