#pragma once

#include "integration/store/facts.hpp"
#include "integration/store/fixture.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace stored {

/// A client that keeps account of what it was told, and comes back whatever happens. Every event is held against what
/// it knows: what cannot be is a violation, thrown.
class actor {
public:
    actor(facts& told, std::string name, bool resumable) : told_(told), name_(std::move(name)), resumable_(resumable) {}

    /// True once it is connected and described.
    bool connect(const server_process& node);
    /// By another connection, while the one it has is there.
    void move(const server_process& node);
    void drop();
    [[nodiscard]] bool connected() const { return connection_ != nullptr; }

    /// Everything that is there to be read.
    void listen();
    /// The labelled reply; nothing if the connection ended first.
    std::optional<event> ask(const std::string& command);

    void publish(const std::string& channel, const std::string& content);
    void whisper(actor& to);
    /// Says what it has seen, which need not be kept for it any more.
    void confirm();
    /// A command that makes `fact` be `value`, where it is answered by `reply`.
    void change(const std::string& command, std::string_view reply, const std::string& fact, const std::string& value);

    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    /// Where it was told that it is a member.
    [[nodiscard]] const std::map<std::string, std::int64_t>& channels() const { return last_; }
    [[nodiscard]] const letters& mail() const { return mail_; }
    /// The server at this port crashed.
    void note_crash(std::uint16_t port) { mail_.forgive_what_was_at(port); }
    /// What it said and was told of late.
    [[nodiscard]] std::string trace() const;
    /// How often it was told that something is lost.
    [[nodiscard]] unsigned losses() const { return losses_; }

private:
    void guarded(const std::function<void()>& work);
    void welcomed(const event& welcome);
    void hear(const event& got);
    void hear_message(const std::string& channel, std::int64_t seq, const std::string& content);
    void remember(std::string line);
    [[noreturn]] void complain(const std::string& what);

    facts& told_;
    std::string name_;
    bool resumable_;
    std::unique_ptr<client> connection_;
    std::uint16_t port_ = 0;  ///< of the server it is or was at
    std::string id_;
    std::string session_;
    std::deque<std::string> trace_;
    std::int64_t seen_ = 0;
    unsigned labels_ = 0;
    unsigned losses_ = 0;
    int whispered_ = 0;
    letters mail_;
    std::map<std::string, std::int64_t> last_;  ///< channels it is in, and the last message it knows of
    std::map<std::string, std::set<std::int64_t>> mine_;
    std::map<std::string, int> unsure_;  ///< messages of its own of which it does not know whether they were said
};

}  // namespace stored
