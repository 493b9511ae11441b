#include "protocol/canonical_json.hpp"

#include "protocol/text.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

namespace protocol {

namespace {

bool is_white_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool begins_key(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; }

bool continues_key(char c) { return begins_key(c) || (c >= '0' && c <= '9'); }

/// The position after the string that opens at `i`, or the end of the text.
std::size_t skip_string(std::string_view text, std::size_t i) {
    for (++i; i < text.size(); ++i) {
        if (text[i] == '"') return i + 1;
        if (text[i] == '\\') ++i;
    }
    return text.size();
}

/// Calls back with the begin and end of each unquoted key: a name after `{` or `,` and before `:`. That this is so in
/// an array too does no harm, since the colon is an error there anyway.
template <class Callback>
void for_each_unquoted_key(std::string_view json, Callback&& callback) {
    char before = 0;
    for (std::size_t i = 0; i < json.size();) {
        const char c = json[i];
        if (c == '"') {
            i = skip_string(json, i);
        } else if ((before == '{' || before == ',') && begins_key(c)) {
            auto end = i;
            while (end < json.size() && continues_key(json[end])) ++end;
            auto next = end;
            while (next < json.size() && is_white_space(json[next])) ++next;
            if (next < json.size() && json[next] == ':') callback(i, end);
            i = next;
        } else {
            ++i;
        }
        if (!is_white_space(c)) before = c;
    }
}

/// Where in `json` the byte at `offset` of quote_keys(json) stands.
std::size_t offset_before_quoting(std::string_view json, std::size_t offset) {
    std::size_t quotes = 0;
    for_each_unquoted_key(json, [&](std::size_t begin, std::size_t end) {
        if (begin + quotes < offset) ++quotes;
        if (end + quotes < offset) ++quotes;
    });
    return std::min(offset - quotes, json.size());
}

bool has_too_long_exponent(std::string_view number) {
    const auto mark = number.find_first_of("eE");
    if (mark == std::string_view::npos) return false;
    auto digits = number.substr(mark + 1);
    digits.remove_prefix(std::min(digits.find_first_of("0123456789"), digits.size()));
    std::int32_t value = 0;
    return std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{};
}

/// Handler of Boost.JSON's parser (its names are fixed) that writes what it hears in canonical form.
class canonical_writer {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    using error_code = boost::json::error_code;
    using text = boost::json::string_view;

    [[nodiscard]] std::string& out() { return out_; }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return open('{', true); }
    bool on_object_end(std::size_t, error_code&) {
        drop_doubled_keys();
        members_.resize(levels_.back().first_member);
        return close('}');
    }
    bool on_array_begin(error_code&) { return open('[', false); }
    bool on_array_end(std::size_t, error_code&) { return close(']'); }
    bool on_key_part(text s, std::size_t, error_code&) { return keep_part(s); }
    bool on_key(text s, std::size_t, error_code&) {
        separate();
        members_.push_back({out_.size(), 0, 0});
        write_string(s);
        members_.back().key_end = out_.size();
        out_.push_back(':');
        return true;
    }
    bool on_string_part(text s, std::size_t, error_code&) { return keep_part(s); }
    bool on_string(text s, std::size_t, error_code&) {
        separate_element();
        write_string(s);
        return end_value();
    }
    bool on_number_part(text s, error_code&) { return keep_part(s); }
    bool on_int64(std::int64_t, text s, error_code& ec) { return write_number(s, ec); }
    bool on_uint64(std::uint64_t, text s, error_code& ec) { return write_number(s, ec); }
    bool on_double(double, text s, error_code& ec) { return write_number(s, ec); }
    bool on_bool(bool value, error_code&) { return write_word(value ? "true" : "false"); }
    bool on_null(error_code&) { return write_word("null"); }
    bool on_comment_part(text, error_code&) { return true; }
    bool on_comment(text, error_code&) { return true; }

private:
    /// Positions in out_.
    struct member {
        std::size_t begin;
        std::size_t key_end;
        std::size_t end;
    };

    struct level {
        bool is_object;
        bool is_empty;
        std::size_t begin;
        std::size_t first_member;
    };

    std::string_view key(const member& m) const { return std::string_view(out_).substr(m.begin, m.key_end - m.begin); }

    void separate() {
        if (!levels_.back().is_empty) out_.push_back(',');
        levels_.back().is_empty = false;
    }

    void separate_element() {
        if (!levels_.empty() && !levels_.back().is_object) separate();
    }

    bool end_value() {
        if (!levels_.empty() && levels_.back().is_object) members_.back().end = out_.size();
        return true;
    }

    bool open(char bracket, bool is_object) {
        separate_element();
        out_.push_back(bracket);
        levels_.push_back({is_object, true, out_.size(), members_.size()});
        return true;
    }

    bool close(char bracket) {
        out_.push_back(bracket);
        levels_.pop_back();
        return end_value();
    }

    bool keep_part(text s) {
        part_.append(s.data(), s.size());
        return true;
    }

    void write_string(text s) {
        if (part_.empty()) {
            append_json_string(out_, {s.data(), s.size()});
            return;
        }
        keep_part(s);
        append_json_string(out_, part_);
        part_.clear();
    }

    bool write_number(text s, error_code& ec) {
        separate_element();
        const auto begin = out_.size();
        out_.append(part_).append(s.data(), s.size());
        part_.clear();
        // Boost 1.81 refuses these itself, 1.83 makes them infinite.
        if (has_too_long_exponent(std::string_view(out_).substr(begin))) {
            ec = boost::json::error::exponent_overflow;
            return false;
        }
        return end_value();
    }

    bool write_word(std::string_view word) {
        separate_element();
        out_.append(word);
        return end_value();
    }

    // Sorting bounds the work where a hash table could be aimed at.
    void drop_doubled_keys() {
        const auto first = levels_.back().first_member;
        if (members_.size() - first < 2) return;
        std::vector<std::size_t> order(members_.size() - first);
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = first + i;
        std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
            const int keys = key(members_[a]).compare(key(members_[b]));
            return keys != 0 ? keys < 0 : a < b;
        });
        std::vector<bool> doubled(order.size());
        bool any = false;
        for (std::size_t i = 0; i + 1 < order.size(); ++i) {
            if (key(members_[order[i]]) != key(members_[order[i + 1]])) continue;
            doubled[order[i] - first] = any = true;
        }
        if (any) close_gaps(doubled);
    }

    void close_gaps(const std::vector<bool>& doubled) {
        const auto begin = levels_.back().begin;
        auto at = begin;
        for (std::size_t i = 0; i < doubled.size(); ++i) {
            if (doubled[i]) continue;
            const auto& m = members_[levels_.back().first_member + i];
            if (at != begin) out_[at++] = ',';
            std::copy(out_.data() + m.begin, out_.data() + m.end, out_.data() + at);
            at += m.end - m.begin;
        }
        out_.resize(at);
    }

    std::string out_;
    std::string part_;
    std::vector<level> levels_;
    std::vector<member> members_;
};

}  // namespace

std::string quote_keys(std::string_view json) {
    std::string quoted;
    quoted.reserve(json.size() + 32);
    std::size_t done = 0;
    for_each_unquoted_key(json, [&](std::size_t begin, std::size_t end) {
        quoted.append(json, done, begin - done).append("\"").append(json, begin, end - begin).append("\"");
        done = end;
    });
    quoted.append(json, done);
    return quoted;
}

std::variant<std::string, json_error> canonical_members(std::string_view json) {
    std::size_t first = 0;
    while (first < json.size() && is_white_space(json[first])) ++first;
    if (first == json.size() || json[first] != '{') return json_error{first, "expected a JSON object"};

    const auto quoted = quote_keys(json);
    boost::json::parse_options options;
    options.max_depth = json_depth_limit;
    boost::json::basic_parser<canonical_writer> parser(options);
    boost::json::error_code ec;
    auto consumed = parser.write_some(false, quoted.data(), quoted.size(), ec);
    if (!ec && consumed < quoted.size()) ec = boost::json::error::extra_data;
    if (ec == boost::json::error::too_deep)
        return json_error{offset_before_quoting(json, consumed), "nested deeper than 32"};
    if (ec) return json_error{offset_before_quoting(json, consumed), ec.message()};
    auto& object = parser.handler().out();
    return object.substr(1, object.size() - 2);
}

bool member_walk::next() {
    if (rest_.empty()) return false;
    const auto key_end = skip_string(rest_, 0);
    auto end = key_end;
    for (std::size_t depth = 0; end < rest_.size() && (depth > 0 || rest_[end] != ',');) {
        const char c = rest_[end];
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        end = c == '"' ? skip_string(rest_, end) : end + 1;
    }
    member_ = rest_.substr(0, end);
    key_ = member_.substr(0, key_end);
    value_ = member_.substr(std::min(key_end + 1, end));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return true;
}

}  // namespace protocol
