#include "protocol/command_forms.hpp"

#include "protocol/parameter_reader.hpp"

#include <array>
#include <utility>

namespace protocol {

namespace {

descp read(parameter_reader& in, const limits&, std::in_place_type_t<descp>) {
    return {in.required_text("the description, a JSON object,")};
}

join read(parameter_reader& in, const limits& limits, std::in_place_type_t<join>) {
    const auto channel = in.required_channel(parameter_reader::more_follow);
    return {channel, in.optional_text("token", limits.token).value_or("")};
}

quit read(parameter_reader& in, const limits& limits, std::in_place_type_t<quit>) {
    const auto channel = in.optional_channel(parameter_reader::more_follow);
    return {channel, in.optional_text("reason", limits.reason)};
}

privmsg read(parameter_reader& in, const limits& limits, std::in_place_type_t<privmsg>) {
    const auto peer = in.required_peer(parameter_reader::more_follow);
    return {peer, in.required_text("content", limits.content)};
}

pubmsg read(parameter_reader& in, const limits& limits, std::in_place_type_t<pubmsg>) {
    const auto channel = in.required_channel(parameter_reader::more_follow);
    return {channel, in.required_text("content", limits.content)};
}

broadcast read(parameter_reader& in, const limits& limits, std::in_place_type_t<broadcast>) {
    return {in.required_text("content", limits.content)};
}

whois read(parameter_reader& in, const limits&, std::in_place_type_t<whois>) {
    if (in.channel_ahead()) return {in.required_channel(parameter_reader::last)};
    return {in.required_peer(parameter_reader::last)};
}

peers read(parameter_reader& in, const limits&, std::in_place_type_t<peers>) {
    const auto channel = in.required_channel(parameter_reader::more_follow);
    return {channel, in.optional_peer("after-peer")};
}

away read(parameter_reader& in, const limits& limits, std::in_place_type_t<away>) {
    return {in.optional_text("message", limits.reason)};
}

bans read(parameter_reader& in, const limits&, std::in_place_type_t<bans>) {
    return {in.required_channel(parameter_reader::last)};
}

history read(parameter_reader& in, const limits&, std::in_place_type_t<history>) {
    history value{in.required_channel(parameter_reader::more_follow), history{}.count, std::nullopt};
    if (const auto count = in.optional_number("count", parameter_reader::more_follow, 1)) value.count = *count;
    value.before_seq = in.optional_number("before-seq", parameter_reader::last, 0);
    return value;
}

ice read(parameter_reader& in, const limits&, std::in_place_type_t<ice>) {
    in.nothing_more();
    return {};
}

ping read(parameter_reader& in, const limits& limits, std::in_place_type_t<ping>) {
    return {in.optional_text("content", limits.content).value_or("")};
}

ack read(parameter_reader& in, const limits&, std::in_place_type_t<ack>) {
    const auto written = in.ahead();
    return {in.required_number("n"), written};
}

/// `peer [#channel]`
template <class Command>
concept acts_on_a_peer = requires(Command c) {
    c.peer;
    c.channel;
};

/// `peer [#channel [reason]]`
template <class Command>
concept acts_for_a_reason = acts_on_a_peer<Command> && requires(Command c) {
    c.reason;
};

template <acts_on_a_peer Command>
Command read(parameter_reader& in, const limits&, std::in_place_type_t<Command>) {
    const auto peer = in.required_peer(parameter_reader::more_follow);
    return {peer, in.optional_channel(parameter_reader::last)};
}

template <acts_for_a_reason Command>
Command read(parameter_reader& in, const limits& limits, std::in_place_type_t<Command>) {
    const auto peer = in.required_peer(parameter_reader::more_follow);
    const auto channel = in.optional_channel(parameter_reader::more_follow);
    return {peer, channel, in.optional_text("reason", limits.reason)};
}

template <class Command>
std::optional<failure> parse(std::string_view parameters, const limits& limits, std::optional<command>& value) {
    parameter_reader in(parameters);
    auto parsed = read(in, limits, std::in_place_type<Command>);
    if (!in.error()) value.emplace(parsed);
    return std::move(in.error());
}

// The busiest first: the table is searched from the top.
constexpr std::array forms{
    command_form{"pubmsg", "#channel content", parse<pubmsg>},
    command_form{"privmsg", "peer content", parse<privmsg>},
    command_form{"ack", "n", parse<ack>},
    command_form{"ping", "[content]", parse<ping>},
    command_form{"join", "#channel [token]", parse<join>},
    command_form{"quit", "[#channel [reason]]", parse<quit>},
    command_form{"descp", "{json}", parse<descp>},
    command_form{"broadcast", "content", parse<broadcast>},
    command_form{"whois", "peer | #channel", parse<whois>},
    command_form{"peers", "#channel [after-peer]", parse<peers>},
    command_form{"history", "#channel [count [before-seq]]", parse<history>},
    command_form{"away", "[message]", parse<away>},
    command_form{"ice", "", parse<ice>},
    command_form{"invite", "peer [#channel]", parse<invite>},
    command_form{"kick", "peer [#channel [reason]]", parse<kick>},
    command_form{"ban", "peer [#channel [reason]]", parse<ban>},
    command_form{"unban", "peer [#channel]", parse<unban>},
    command_form{"bans", "#channel", parse<bans>},
    command_form{"op", "peer [#channel]", parse<op>},
    command_form{"deop", "peer [#channel]", parse<deop>},
};

static_assert(forms.size() == std::variant_size_v<command>);

}  // namespace

const command_form* find_command_form(std::string_view verb) {
    for (const auto& form : forms) {
        if (form.verb == verb) return &form;
    }
    return nullptr;
}

}  // namespace protocol
