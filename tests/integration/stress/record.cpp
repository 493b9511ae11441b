#include "integration/stress/record.hpp"

#include <algorithm>
#include <set>

namespace stress {

void record::public_message(const std::string& channel, std::int64_t seq, const std::string& content) {
    const std::lock_guard lock(mutex_);
    const auto [at, added] = channels_[channel].emplace(seq, content);
    if (added || at->second == content) return;
    throw violation(channel + ": seq " + std::to_string(seq) + " is \"" + at->second + "\" for one member and \"" +
                    content + "\" for another");
}

std::size_t record::public_message_count() const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [channel, messages] : channels_) count += messages.size();
    return count;
}

std::int64_t record::next_private(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    return ++conversations_[{to, from}].sent;
}

void record::private_acknowledged(const std::string& from, const std::string& to, std::int64_t number) {
    const std::lock_guard lock(mutex_);
    conversations_[{to, from}].acknowledged.push_back(number);
}

void record::private_received(const std::string& from, const std::string& to, std::int64_t number) {
    const std::lock_guard lock(mutex_);
    auto& received = conversations_[{to, from}].received;
    if (!received.empty() && number <= received.back()) {
        throw violation("private message " + std::to_string(number) + " from " + from + " to " + to + " comes after " +
                        std::to_string(received.back()));
    }
    received.push_back(number);
}

std::vector<std::string> record::messages_of(const std::string& channel) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> messages;
    std::set<std::string> different;
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return messages;
    for (const auto& [seq, content] : found->second) {
        messages.push_back(content);
        if (seq != static_cast<std::int64_t>(messages.size()))
            throw violation(channel + ": nobody has seq " + std::to_string(messages.size()));
        if (!different.insert(content).second) throw violation(channel + ": \"" + content + "\" was said twice");
    }
    return messages;
}

std::size_t record::require_all_private_received(const std::string& to) const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [pair, said] : conversations_) {
        if (pair.first != to) continue;
        count += said.received.size();
        for (const auto number : said.acknowledged) {
            if (std::ranges::binary_search(said.received, number)) continue;
            throw violation("private message " + std::to_string(number) + " from " + pair.second + " to " + to +
                            " was acknowledged and never came");
        }
    }
    return count;
}

}  // namespace stress
