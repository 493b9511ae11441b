#include "protocol/command.hpp"

#include "protocol/command_forms.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <array>

namespace protocol {

namespace {

constexpr std::string_view label_prefix = "@label=";
constexpr std::size_t unknown_verb_limit_bytes = 64;

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_label_character(char c) {
    return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '.' || c == '_' || c == ':' ||
        c == '-';
}

parsed_command refused(parse_stage stage, numeric code, std::string message, std::string_view target = {}) {
    parsed_command result;
    result.stage = stage;
    result.error.emplace(code, std::move(message), cut(target, echo_limit_bytes));
    return result;
}

std::optional<parsed_command> label_error(std::string_view message, std::string_view label, const limits& limits) {
    if (!message.starts_with(label_prefix)) {
        return refused(parse_stage::bad_label, numeric::need_more_params, "only @label=... may stand before a command",
                       message.substr(0, message.find(' ')));
    }
    if (label.empty()) {
        return refused(parse_stage::bad_label, numeric::need_more_params,
                       "the label is empty: expected characters of A-Z a-z 0-9 . _ : -");
    }
    if (!std::all_of(label.begin(), label.end(), is_label_character)) {
        return refused(parse_stage::bad_label, numeric::need_more_params,
                       "a label consists of A-Z a-z 0-9 . _ : - alone", label);
    }
    if (label.size() > limits.label) {
        std::string text = "the label is too long: at most ";
        append_number(text, limits.label);
        return refused(parse_stage::bad_label, numeric::input_too_long, text + " characters", label);
    }
    return std::nullopt;
}

/// The verb in lower case, in `buffer` where it has to be changed; verbs too long for that are unknown anyway.
const command_form* find_form(std::string_view written) {
    std::array<char, 16> buffer;
    if (written.size() > buffer.size()) return nullptr;
    std::transform(written.begin(), written.end(), buffer.begin(), to_lower);
    return find_command_form({buffer.data(), written.size()});
}

parsed_command unknown_command(std::string_view verb) {
    auto result = refused(parse_stage::unknown_command, numeric::unknown_command, "no such command");
    result.unknown_verb = cut(verb, unknown_verb_limit_bytes);
    std::transform(result.unknown_verb.begin(), result.unknown_verb.end(), result.unknown_verb.begin(), to_lower);
    return result;
}

void append_usage(std::string& message, const command_form& form) {
    message.append(" (usage: /").append(form.verb);
    if (!form.parameters.empty()) message.append(" ").append(form.parameters);
    message.append(")");
}

parsed_command parse_after_label(std::string_view text, const limits& limits) {
    if (!text.starts_with('/') || text.size() == 1 || text[1] == ' ') {
        return refused(parse_stage::unknown_command, numeric::unknown_command,
                       "no command: a message begins with / and a verb");
    }
    text.remove_prefix(1);
    const auto verb = text.substr(0, text.find(' '));
    const auto* const form = find_form(verb);
    if (form == nullptr) return unknown_command(verb);

    parsed_command result;
    result.verb = form->verb;
    text.remove_prefix(std::min(verb.size() + 1, text.size()));
    result.error = form->parse(text, limits, result.value);
    if (result.error) {
        result.stage = parse_stage::bad_form;
        append_usage(result.error->message, *form);
    }
    return result;
}

}  // namespace

parsed_command parse_command(std::string_view message, const limits& limits) {
    if (!message.starts_with('@')) return parse_after_label(message, limits);
    const auto end = std::min(message.find(' '), message.size());
    const auto label = message.substr(0, end).substr(std::min(label_prefix.size(), end));
    if (auto wrong = label_error(message, label, limits)) return std::move(*wrong);
    auto result = parse_after_label(message.substr(std::min(end + 1, message.size())), limits);
    result.label = label;
    return result;
}

}  // namespace protocol
