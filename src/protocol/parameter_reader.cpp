#include "protocol/parameter_reader.hpp"

#include "protocol/command_forms.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <charconv>

namespace protocol {

namespace {

constexpr std::string_view peer_form = "24 hexadecimal digits";
constexpr std::string_view channel_form = "# and 24 hexadecimal digits";

std::string sentence(std::string_view what, std::string_view verb, std::string_view expected) {
    std::string text(what);
    text.append(verb).append(expected);
    return text;
}

int rank(numeric code) {
    if (code == numeric::need_more_params) return 0;
    return code == numeric::bad_chan_mask ? 1 : 2;
}

}  // namespace

channel_arg parameter_reader::required_channel(position where) {
    const auto written = take(where);
    if (written.empty()) {
        missing("the channel", channel_form);
        return {};
    }
    return channel_from(written);
}

peer_arg parameter_reader::required_peer(position where) {
    const auto written = take(where);
    if (written.empty()) {
        missing("the peer", peer_form);
        return {};
    }
    const auto bytes = parse_object_id(written);
    if (!bytes) {
        refuse(numeric::need_more_params, sentence("the peer", " must be ", peer_form), written);
        return {};
    }
    return {peer_id(*bytes), written};
}

std::string_view parameter_reader::required_text(std::string_view what, std::size_t limit_bytes) {
    const auto text = take(last);
    if (text.empty()) missing(what, "text that is not empty");
    check_length(what, text, limit_bytes);
    return text;
}

std::uint64_t parameter_reader::required_number(std::string_view what) {
    const auto written = take(last);
    if (written.empty()) {
        missing(what, "a whole number");
        return 0;
    }
    return number_from(what, written, 0);
}

std::optional<channel_arg> parameter_reader::optional_channel(position where) {
    if (rest_.empty()) return std::nullopt;
    return channel_from(take(where));
}

std::optional<peer_id> parameter_reader::optional_peer(std::string_view what) {
    const auto written = take(last);
    if (written.empty()) return std::nullopt;
    const auto bytes = parse_object_id(written);
    if (!bytes) {
        refuse(numeric::need_more_params, sentence(what, " must be ", peer_form), written);
        return std::nullopt;
    }
    return peer_id(*bytes);
}

std::optional<std::string_view> parameter_reader::optional_text(std::string_view what, std::size_t limit_bytes) {
    const auto text = take(last);
    if (text.empty()) return std::nullopt;
    check_length(what, text, limit_bytes);
    return text;
}

std::optional<std::uint64_t> parameter_reader::optional_number(std::string_view what, position where,
                                                               std::uint64_t least) {
    if (rest_.empty()) return std::nullopt;
    return number_from(what, take(where), least);
}

void parameter_reader::nothing_more() {
    if (!rest_.empty()) refuse(numeric::need_more_params, "no parameter is expected", rest_);
}

std::string_view parameter_reader::take(position where) {
    const auto end = where == last ? rest_.size() : std::min(rest_.find(' '), rest_.size());
    const auto taken = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return taken;
}

channel_arg parameter_reader::channel_from(std::string_view written) {
    const auto bytes = written.starts_with('#') ? parse_object_id(written.substr(1)) : std::nullopt;
    if (!bytes) {
        refuse(numeric::bad_chan_mask, sentence("not a channel id", ": expected ", channel_form), written);
        return {};
    }
    return {channel_id(*bytes), written};
}

std::uint64_t parameter_reader::number_from(std::string_view what, std::string_view written, std::uint64_t least) {
    std::uint64_t value = 0;
    const auto* const end = written.data() + written.size();
    const auto [stop, ec] = std::from_chars(written.data(), end, value);
    if (ec == std::errc::result_out_of_range && stop == end) return std::numeric_limits<std::uint64_t>::max();
    if (ec != std::errc{} || stop != end || value < least) {
        refuse(numeric::need_more_params,
               sentence(what, " must be a whole number", least > 0 ? " of 1 or more" : " of 0 or more"), written);
    }
    return value;
}

void parameter_reader::check_length(std::string_view what, std::string_view text, std::size_t limit_bytes) {
    if (text.size() <= limit_bytes) return;
    auto message = sentence("the ", what, " is too long: at most ");
    append_number(message, limit_bytes);
    message.append(" bytes, not ");
    append_number(message, text.size());
    refuse(numeric::input_too_long, std::move(message), {});
}

void parameter_reader::missing(std::string_view what, std::string_view expected) {
    refuse(numeric::need_more_params, sentence(what, " is missing: expected ", expected), {});
}

void parameter_reader::refuse(numeric code, std::string message, std::string_view target) {
    if (error_ && rank(error_->code) <= rank(code)) return;
    error_.emplace(code, std::move(message), cut(target, echo_limit_bytes));
}

}  // namespace protocol
