#pragma once

#include "protocol/event.hpp"
#include "protocol/text.hpp"

namespace protocol::event {

/// Appends one event, field by field, straight to the output. Field names are given with the punctuation around them,
/// so that the hot events cost a handful of appends and no temporary.
class event_writer {
public:
    /// Opens the object: type, then the label if there is one.
    event_writer(std::string& out, std::string_view type, std::string_view label) : out_(out) {
        if (out.empty()) out.reserve(usual_bytes);
        raw("{\"type\":\"").raw(type).raw("\"");
        if (!label.empty()) raw(",\"label\":").text(label);
    }

    event_writer& raw(std::string_view json) {
        out_.append(json);
        return *this;
    }
    event_writer& text(std::string_view value) {
        append_json_string(out_, value);
        return *this;
    }
    event_writer& text_or_null(const optional_text& value) { return value ? text(*value) : raw("null"); }
    event_writer& number(std::uint64_t value) {
        append_number(out_, value);
        return *this;
    }
    event_writer& time(std::int64_t milliseconds) {
        if (milliseconds < 0) raw("-");
        const auto magnitude = static_cast<std::uint64_t>(milliseconds);
        return number(milliseconds < 0 ? 0 - magnitude : magnitude);
    }
    event_writer& flag(bool value) { return raw(value ? "true" : "false"); }
    event_writer& id(peer_id value) {
        raw("\"");
        append_hex(out_, value.bytes());
        return raw("\"");
    }
    event_writer& id(channel_id value) {
        raw("\"#");
        append_hex(out_, value.bytes());
        return raw("\"");
    }
    event_writer& peer(const peer_ref& value) { return open_peer(value).raw("}"); }
    /// Without the closing brace.
    event_writer& open_peer(const peer_ref& value) {
        return raw("{\"id\":").id(value.id).raw(",\"name\":").text(value.name);
    }
    event_writer& peer_or_null(const std::optional<peer_ref>& value) { return value ? peer(*value) : raw("null"); }

    /// `write_one(item)` for each, in brackets, separated by commas.
    template <class Range, class WriteOne>
    event_writer& list(const Range& items, WriteOne&& write_one) {
        raw("[");
        bool first = true;
        for (const auto& item : items) {
            if (!first) raw(",");
            first = false;
            write_one(item);
        }
        return raw("]");
    }

    /// Closes the object.
    void end() { raw("}"); }

private:
    /// Most events are shorter, and so allocate once.
    static constexpr std::size_t usual_bytes = 240;

    std::string& out_;
};

/// The members of `joined`, without braces, as they also stand in `welcome`.
void append_joined_members(event_writer& out, const joined_fields& fields);

}  // namespace protocol::event
