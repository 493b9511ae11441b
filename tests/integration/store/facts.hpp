#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace stored {

struct violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What all clients together were told, by which the state is judged afterwards. One command is under way at a time:
/// what was acknowledged last is how things are, unless one was given up shortly before, which may still be done.
class facts {
public:
    /// A number of a channel stands for one message, and a message has one number.
    void message(const std::string& channel, std::int64_t seq, const std::string& content) {
        const auto [at, added] = messages_[channel].emplace(seq, content);
        if (!added && at->second != content)
            throw violation(channel + " number " + std::to_string(seq) + " is " + at->second + " and " + content);
        const auto [number, is_new] = numbers_.emplace(content, std::pair(channel, seq));
        if (!is_new && number->second != std::pair(channel, seq))
            throw violation(content + " was said twice, as " + std::to_string(number->second.second) + " and " +
                            std::to_string(seq));
    }
    [[nodiscard]] const std::map<std::int64_t, std::string>& messages(const std::string& channel) {
        return messages_[channel];
    }

    /// `what` ("ban <channel> <peer>") is so, as somebody was told in reply.
    void acknowledged(const std::string& what, const std::string& value) {
        auto& known = states_[what];
        known.value.reset();
        if (clock::now() > known.unsure_until) known.value = value;
    }
    /// Somebody wanted to change it and was not told what became of that.
    void unsure(const std::string& what) {
        auto& known = states_[what];
        known.value.reset();
        known.unsure_until = clock::now() + late;
    }
    /// Everything that is known and begins with `prefix`, which is cut off.
    [[nodiscard]] std::map<std::string, std::string> known(const std::string& prefix) const {
        std::map<std::string, std::string> found;
        for (const auto& [what, state] : states_) {
            if (what.starts_with(prefix) && state.value) found.emplace(what.substr(prefix.size()), *state.value);
        }
        return found;
    }

private:
    using clock = std::chrono::steady_clock;
    /// Longer than anything given up may still be on its way.
    static constexpr std::chrono::seconds late{2};

    struct knowledge {
        std::optional<std::string> value;
        clock::time_point unsure_until{};
    };
    std::map<std::string, std::map<std::int64_t, std::string>> messages_;
    std::map<std::string, std::pair<std::string, std::int64_t>> numbers_;
    std::map<std::string, knowledge> states_;
};

/// The private messages to one peer, each of which says `<sender> <number>`.
class letters {
public:
    /// It was acknowledged. Who writes to itself has it by then. `at`: the port of the server that both are at, which
    /// acknowledges before it is kept; 0 if there is none.
    void expect(const std::string& sender, int number, std::uint16_t at) {
        if (!arrived_[sender].contains(number)) expected_[sender].emplace(number, at);
    }
    /// That server crashed.
    void forgive_what_was_at(std::uint16_t port) {
        for (auto& [sender, numbers] : expected_)
            std::erase_if(numbers, [&](const auto& one) { return one.second == port; });
    }
    /// The receiver was told that it lost something.
    void forgive() { expected_.clear(); }
    void arrived(const std::string& content) {
        const auto space = content.rfind(' ');
        const auto sender = content.substr(0, space);
        const auto number = std::stoi(content.substr(space + 1));
        auto& before = arrived_[sender];
        if (!before.empty() && number <= *before.rbegin())
            throw violation("private message " + content + " comes after number " + std::to_string(*before.rbegin()));
        before.insert(number);
        auto& expected = expected_[sender];
        expected.erase(number);
        if (!expected.empty() && expected.begin()->first < number)
            throw violation("private message " + content + " comes before number " +
                            std::to_string(expected.begin()->first));
    }
    /// What has not come yet.
    [[nodiscard]] std::string missing() const {
        std::string text;
        for (const auto& [sender, numbers] : expected_) {
            for (const auto& [number, at] : numbers) text += " " + sender + " " + std::to_string(number);
        }
        return text;
    }

private:
    std::map<std::string, std::map<int, std::uint16_t>> expected_;
    std::map<std::string, std::set<int>> arrived_;
};

}  // namespace stored
