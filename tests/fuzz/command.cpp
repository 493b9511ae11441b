#include "protocol/command.hpp"

#include "fuzz/require.hpp"
#include "protocol/event.hpp"
#include "protocol/text.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

using fuzz::require;
using namespace protocol;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

/// Small, so that short inputs get over them too.
limits small_limits() {
    limits small;
    small.content = 48;
    small.reason = 24;
    small.token = 16;
    return small;
}

bool is_label(std::string_view label) {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    return !label.empty() && label.size() <= 64 && label.find_first_not_of(allowed) == std::string_view::npos;
}

/// Checks what every parameter of a command that was accepted promises.
class parameter_check {
public:
    parameter_check(std::string_view message, const limits& limits) : message_(message), limits_(limits) {}

    void operator()(const descp& c) const { text(c.json, message_.size()); }
    void operator()(const join& c) const { channel(c.channel), inside(c.token), fits(c.token, limits_.token); }
    void operator()(const quit& c) const {
        if (c.channel) channel(*c.channel);
        if (c.reason) require(c.channel.has_value(), "a reason needs the channel before it");
        reason(c.reason);
    }
    void operator()(const privmsg& c) const { peer(c.peer), text(c.content, limits_.content); }
    void operator()(const pubmsg& c) const { channel(c.channel), text(c.content, limits_.content); }
    void operator()(const broadcast& c) const { text(c.content, limits_.content); }
    void operator()(const whois& c) const {
        if (const auto* of_peer = std::get_if<peer_arg>(&c.target)) {
            peer(*of_peer);
        } else {
            channel(std::get<channel_arg>(c.target));
        }
    }
    void operator()(const peers& c) const { channel(c.channel); }
    void operator()(const away& c) const { reason(c.message); }
    void operator()(const bans& c) const { channel(c.channel); }
    void operator()(const history& c) const {
        channel(c.channel);
        require(c.count > 0, "a count is positive");
    }
    void operator()(const ice&) const {}
    void operator()(const ping& c) const { inside(c.content), fits(c.content, limits_.content); }
    void operator()(const ack&) const {}
    template <class Command>
    void operator()(const Command& c) const {
        peer(c.peer);
        if (c.channel) channel(*c.channel);
        if constexpr (requires { c.reason; }) {
            if (c.reason) require(c.channel.has_value(), "a reason needs the channel before it");
            reason(c.reason);
        }
    }

private:
    void inside(std::string_view view) const {
        if (view.empty()) return;
        require(view.data() >= message_.data() && view.data() + view.size() <= message_.data() + message_.size(),
                "views point into the message");
    }
    static void fits(std::string_view view, std::size_t limit) {
        require(view.size() <= limit, "text is within its limit");
    }
    void text(std::string_view view, std::size_t limit) const {
        require(!view.empty(), "a required text is not empty");
        inside(view);
        fits(view, limit);
        require(message_.ends_with(view), "the last parameter runs to the end of the message");
    }
    void reason(const std::optional<std::string_view>& given) const {
        if (given) text(*given, limits_.reason);
    }
    void peer(const peer_arg& arg) const {
        inside(arg.written);
        require(parse_object_id(arg.written) == arg.id.bytes(), "a peer is what was written");
    }
    void channel(const channel_arg& arg) const {
        inside(arg.written);
        require(arg.written.starts_with('#') && parse_object_id(arg.written.substr(1)) == arg.id.bytes(),
                "a channel is what was written");
    }

    std::string_view message_;
    const limits& limits_;
};

bool code_fits_stage(numeric code, parse_stage stage) {
    switch (stage) {
        case parse_stage::bad_label: return code == numeric::need_more_params || code == numeric::input_too_long;
        case parse_stage::unknown_command: return code == numeric::unknown_command;
        case parse_stage::bad_form:
            return code == numeric::need_more_params || code == numeric::bad_chan_mask ||
                code == numeric::input_too_long;
        case parse_stage::ok: return false;
    }
    return false;
}

void check_error(const parsed_command& parsed, bool valid_text) {
    require(code_fits_stage(parsed.error->code, parsed.stage), "the code fits the stage");
    require(!parsed.error->message.empty() && parsed.error->message.size() < 300,
            "the message says something, briefly");
    require(parsed.error->target.size() <= 128, "little is echoed");
    require(parsed.unknown_verb.size() <= 64, "an unknown verb is cut");
    if (!valid_text) return;
    std::string event;
    event::error(event, parsed.label, parsed.verb.empty() ? parsed.unknown_verb : parsed.verb, *parsed.error);
    require(is_valid_utf8(event), "the error is valid UTF-8");
    boost::json::error_code ec;
    boost::json::parse(event, ec);
    require(!ec, "the error is JSON");
}

void check_same(const parsed_command& a, const parsed_command& b) {
    require(a.stage == b.stage && a.verb == b.verb && a.unknown_verb == b.unknown_verb, "a label changes nothing");
    require(a.value.has_value() == b.value.has_value(), "a label changes nothing of the value");
    if (a.value) require(a.value->index() == b.value->index(), "a label does not change the command");
    if (a.error) {
        require(a.error->code == b.error->code && a.error->message == b.error->message &&
                    a.error->target == b.error->target,
                "a label does not change the error");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const limits small = small_limits();
    const std::string_view message(reinterpret_cast<const char*>(data), size);
    const auto parsed = parse_command(message, small);

    require(parsed.value.has_value() == (parsed.stage == parse_stage::ok),
            "a value is there if and only if all is well");
    require(parsed.error.has_value() != parsed.value.has_value(), "either a value or an error");
    if (parsed.value) {
        require(!parsed.verb.empty() && parsed.unknown_verb.empty(), "an accepted command has a known verb");
        std::visit(parameter_check(message, small), *parsed.value);
    } else {
        check_error(parsed, is_valid_utf8(message));
    }

    if (parsed.stage == parse_stage::bad_label) {
        require(message.starts_with('@') && parsed.label.empty() && parsed.verb.empty(), "a bad label leaves nothing");
    } else if (message.starts_with('@')) {
        require(is_label(parsed.label), "a label is well-formed");
        require(message.substr(7).starts_with(parsed.label), "a label comes back as it was written");
    } else {
        require(parsed.label.empty(), "no label was given");
        const auto labelled = "@label=a.B-9:_ " + std::string(message);
        const auto again = parse_command(labelled, small);
        require(again.label == "a.B-9:_", "the label comes back");
        check_same(parsed, again);
    }
    return 0;
}
