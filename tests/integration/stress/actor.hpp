#pragma once

#include "integration/stress/record.hpp"
#include "support/client.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace stress {

using support::event;

/// How a peer loses and finds its connection.
enum class kind {
    witness,    ///< keeps one connection from beginning to end, and founds its channel, so that nobody can remove it
    resumable,  ///< breaks off, resumes and takes over, and may miss nothing
    plain,      ///< breaks off, quits, and comes back with its session
};

/// One peer that keeps books on everything it is told, and throws as soon as something does not fit: an event of a
/// channel it is not in, a gap in `seq`, a second `join` of a member, a reply out of turn, an answer that no command
/// can have. Used by one thread at a time.
class actor {
public:
    actor(std::uint16_t port, kind what, record& all);

    [[nodiscard]] kind what() const { return kind_; }
    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] bool connected() const { return connection_.has_value(); }

    /// Connects and describes itself, with its session if there was one before; over an open connection it takes over.
    void connect();
    /// Breaks the connection off, whatever is under way.
    void drop();
    /// `/quit`: the session ends.
    void quit_session();

    void join(const std::string& channel);
    void quit(const std::string& channel);
    void say(const std::string& channel);
    void tell(const std::string& peer);
    void rename(const std::string& name);
    /// `/peers`, whose answer has to be what the events so far have told.
    void read_members(const std::string& channel);
    /// Any command that has a reply of its own type, or one of a member's and operator's errors.
    void command(const std::string& text, std::string_view reply);

    /// Takes in what has come.
    void listen();
    /// Waits until every command is answered.
    void settle();
    /// Waits until the message with this `seq` is there.
    void listen_until(const std::string& channel, std::int64_t seq);
    /// Waits until a channel has no members but some of these.
    void listen_until_only(const std::string& channel, const std::set<std::string>& peers);
    /// The server goes away: `bye` 1001 and the close frame come, after whatever else.
    void expect_the_end() { connection_->skip_to_close(1001); }

    [[nodiscard]] std::set<std::string> channels() const;
    [[nodiscard]] std::int64_t seq_in(const std::string& channel) const { return memberships_.at(channel).seq; }
    /// Who is in a channel, by the events so far; the channel has to be one that it is in.
    [[nodiscard]] const std::set<std::string>& members_of(const std::string& channel) const;
    [[nodiscard]] std::size_t heard() const { return heard_; }

private:
    struct membership {
        std::int64_t seq = 0;
        std::optional<std::set<std::string>> members;  ///< from `/peers` on
    };
    using on_reply = std::function<void(const event&)>;
    struct request {
        std::string label;
        std::string text;
        on_reply then;
    };

    void ask(const std::string& text, on_reply then);
    void take(const event& got);
    void take_reply(const event& got, const std::string& label);
    void take_from_channel(const event& got, const std::string& type);
    void take_presence(membership& in, const event& got, const std::string& type);
    void take_message(const std::string& channel, std::int64_t seq, const std::string& content);
    void expect_reply(const event& got, std::string_view type) const;
    void enter(const event& joined);
    void enter_again(const event& welcome);
    void count_event();
    void note(std::string line);
    [[noreturn]] void fail(const std::string& why) const;
    [[noreturn]] void object_to(const event& got, const std::string& why) const;

    std::uint16_t port_;
    kind kind_;
    record& all_;
    std::string id_;
    std::string session_;
    std::optional<support::client> connection_;
    std::deque<request> pending_;
    std::deque<request>
        orphans_;  ///< of the connection before; whether they were carried out shows when their replies come
    std::map<std::string, membership> memberships_;
    std::uint64_t labels_ = 0;
    std::uint64_t said_ = 0;
    std::uint64_t counted_ = 0;
    std::size_t heard_ = 0;
    std::deque<std::string> transcript_;  ///< the last lines, for the report of a failure
};

}  // namespace stress
