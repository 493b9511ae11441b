#include "auth/verifier.hpp"

#include "fuzz/require.hpp"
#include "support/token.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

using auth::grant;
using auth::objection;
using fuzz::require;
using support::token_issuer;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr grant::wall_time now{std::chrono::seconds(2'000'000'000)};
constexpr std::size_t most_bytes = 8192;

struct scene {
    token_issuer hs{"HS256"};
    token_issuer rs{"RS256"};
    token_issuer es{"ES256"};
    token_issuer ed{"EdDSA"};
    auth::claim_policy policy;
    auth::verifier verifier{
        auth::key_ring::load(hs.option() + "," + rs.option() + "," + es.option() + "," + ed.option()), policy,
        most_bytes};
};

bool is_good(const std::variant<grant, objection>& verdict) { return std::holds_alternative<grant>(verdict); }

void check(const grant& made, const auth::claim_policy& policy) {
    require(made.expires > now, "what is good has not expired");
    require(!made.name || (!made.name->empty() && made.name->size() <= 4 * policy.name_code_points),
            "a name has its measure");
    require(made.channels.size() <= 1000, "channels are bounded");
}

}  // namespace

/// The first byte chooses what the rest is: a whole token, the claims of one, or the header and, in the
/// next line, the claims of one that is signed.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const scene s;
    if (size < 1) return 0;
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 3) {
        case 0: require(!is_good(s.verifier.verify(text, now)), "nobody finds a signature"); break;
        case 1: {
            const auto read = auth::read_claims(text, s.policy, now);
            if (is_good(read)) check(std::get<grant>(read), s.policy);
            const auto token = s.hs.issue(text);
            const auto verdict = s.verifier.verify(token, now);
            require(token.size() > most_bytes || is_good(verdict) == is_good(read),
                    "what is signed is as good as its claims");
            break;
        }
        default: {
            const auto end = text.find('\n');
            const auto claims = end == std::string::npos ? R"({"sub":"alice","exp":2000000060})" : text.substr(end + 1);
            static_cast<void>(s.verifier.verify(s.hs.issue(text.substr(0, end), claims), now));
            require(!is_good(s.verifier.verify(s.hs.issue(R"({"alg":"RS256"})", claims), now)),
                    "a key is for its own algorithm");
        }
    }
    return 0;
}
