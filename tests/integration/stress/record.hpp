#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace stress {

/// Something that the protocol does not allow, as opposed to a connection that has come to its end.
class violation : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What all clients together know of what was said: the first who hears of something writes it down, and everybody else
/// has to have heard the same. Used by all client threads at once.
class record {
public:
    /// The message with this `seq`, as one member got it, or as its sender's `ack` says. Throws if another member got
    /// another.
    void public_message(const std::string& channel, std::int64_t seq, const std::string& content);

    [[nodiscard]] std::size_t public_message_count() const;

    /// The number of the next private message between two peers, from 1.
    [[nodiscard]] std::int64_t next_private(const std::string& from, const std::string& to);
    /// The sender's `ack` came: it has to arrive if the receiver never loses anything.
    void private_acknowledged(const std::string& from, const std::string& to, std::int64_t number);
    /// Throws if it was there before, or comes after a later one.
    void private_received(const std::string& from, const std::string& to, std::int64_t number);

    /// The messages of a channel from `seq` 1. Throws unless every one of them is known, and each was said once.
    [[nodiscard]] std::vector<std::string> messages_of(const std::string& channel) const;
    /// Throws unless everything that was acknowledged to a sender has been received by `to`; gives the count.
    std::size_t require_all_private_received(const std::string& to) const;

private:
    struct conversation {
        std::int64_t sent = 0;
        std::vector<std::int64_t> acknowledged;
        std::vector<std::int64_t> received;  ///< ascending
    };

    mutable std::mutex mutex_;
    std::map<std::string, std::map<std::int64_t, std::string>> channels_;
    std::map<std::pair<std::string, std::string>, conversation> conversations_;  ///< by receiver and sender
};

}  // namespace stress
