#pragma once

#include "net/http.hpp"
#include "protocol/numeric.hpp"
#include "protocol/object_id.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Administration by HTTP (README, Administration).
namespace admin {

/// What a request comes to.
struct reply {
    unsigned status = 200;
    boost::json::object body;
    std::string headers{};  ///< complete lines
};

/// `{"error": {"code": …, "message": …}}`.
[[nodiscard]] reply error(unsigned status, std::string_view code, std::string_view message);
/// A channel's refusal: 404 if it is not there, 503 if the store does not answer, else 409, with the protocol's number.
[[nodiscard]] reply refused(const protocol::failure& why);

/// 24 hexadecimal digits, for channels also with `#` in front.
[[nodiscard]] std::optional<protocol::object_id_bytes> parse_id(std::string_view text);

/// `?limit=N&after=ID`.
struct paging {
    std::size_t limit = 100;
    std::optional<protocol::object_id_bytes> after;
};
inline constexpr std::size_t most_per_page = 1000;
/// Or what is wrong with it.
[[nodiscard]] std::optional<reply> read_paging(std::string_view query, paging& into);

/// A list of what was found, by id, and where the next page begins: one more than `limit` may be given.
template <class Id>
[[nodiscard]] reply page_of(std::string_view name, std::vector<std::pair<Id, boost::json::object>>& found,
                            std::size_t limit) {
    boost::json::array list;
    for (std::size_t i = 0; i < std::min(found.size(), limit); ++i) list.push_back(std::move(found[i].second));
    reply answer;
    answer.body[name] = std::move(list);
    answer.body["next"] = nullptr;
    if (found.size() > limit) answer.body["next"] = found[limit - 1].first.hex();
    return answer;
}

/// What is in the request's body, a JSON object. Within the limits that peers have, too.
class fields {
public:
    explicit fields(const net::http_request& request);
    /// Not read, or a field of it is missing or of another kind.
    [[nodiscard]] const std::optional<reply>& problem() const { return problem_; }

    /// Not empty.
    std::string content();
    std::optional<std::string> reason();
    protocol::object_id_bytes id(std::string_view name);

private:
    std::string text(std::string_view name, std::size_t most_bytes);
    std::optional<std::string> optional_text(std::string_view name, std::size_t most_bytes);

    boost::json::object from_;
    std::optional<reply> problem_;
};

}  // namespace admin
