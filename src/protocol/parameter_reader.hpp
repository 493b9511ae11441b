#pragma once

#include "protocol/command.hpp"

#include <limits>

namespace protocol {

/// Takes the parameters of one command from left to right. What is wrong is gathered, never thrown; a reader that met
/// an error goes on, and keeps the error that protocol.md puts first: 461 of any parameter, then 476, then 417. Views
/// that it returns point into the text given.
class parameter_reader {
public:
    /// A parameter ends at the next space, or, where it is the command's last, only at the end of the message.
    enum position { more_follow, last };

    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

    explicit parameter_reader(std::string_view parameters) : rest_(parameters) {}

    [[nodiscard]] std::string_view ahead() const { return rest_; }
    [[nodiscard]] bool channel_ahead() const { return rest_.starts_with('#'); }

    channel_arg required_channel(position where);
    peer_arg required_peer(position where);
    /// The rest of the message, not empty.
    std::string_view required_text(std::string_view what, std::size_t limit_bytes = unlimited);
    /// The rest of the message.
    std::uint64_t required_number(std::string_view what);

    /// Nothing if the message ends here. One that is empty with more behind it is an error.
    std::optional<channel_arg> optional_channel(position where);
    std::optional<peer_id> optional_peer(std::string_view what);
    std::optional<std::string_view> optional_text(std::string_view what, std::size_t limit_bytes);
    /// Digits alone; what is too great for 64 bits becomes the greatest value.
    std::optional<std::uint64_t> optional_number(std::string_view what, position where, std::uint64_t least);

    void nothing_more();

    [[nodiscard]] std::optional<failure>& error() { return error_; }

private:
    std::string_view take(position where);
    channel_arg channel_from(std::string_view written);
    std::uint64_t number_from(std::string_view what, std::string_view written, std::uint64_t least);
    void check_length(std::string_view what, std::string_view text, std::size_t limit_bytes);
    void missing(std::string_view what, std::string_view expected);
    void refuse(numeric code, std::string message, std::string_view target);

    std::string_view rest_;
    std::optional<failure> error_;
};

}  // namespace protocol
