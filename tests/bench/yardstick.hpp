#pragma once

#include "bench/yardstick_text.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace bench {

inline constexpr std::size_t backlog_limit = 1024 * 1024;
inline constexpr int unsent_limit = 128 * 1024;
inline constexpr std::size_t kept_capacity = 16 * 1024;
inline constexpr std::size_t presence_above = 256;
inline constexpr std::size_t buffer_bytes = 512 * 1024;
inline constexpr std::size_t id_size = 24;

struct channel;

struct membership {
    channel* in;
    std::size_t index;
};

struct member {
    int fd = -1;
    bool is_open = false;  ///< upgraded
    bool is_blocked = false;
    bool is_dirty = false;
    bool has_spoken = false;  ///< published in this turn
    bool ends_when_sent = false;
    bool is_dead = false;
    std::array<char, id_size> id{};
    std::string name;
    std::string partial;                   ///< the beginning of a frame
    std::unique_ptr<std::string> pending;  ///< replies and private messages of the turn, or the backlog
    std::size_t sent = 0;                  ///< of the pending bytes
    std::vector<membership> channels;
    std::uint64_t lost_from = 0;  ///< while lost_to is not 0, public messages are skipped until the backlog is gone
    std::uint64_t lost_to = 0;
};

struct channel {
    struct entry {
        member* who;
        std::size_t from;  ///< of the turn's bytes: where it joined
    };
    struct piece {
        member* speaker;  ///< who does not get it
        std::size_t begin, end;
    };
    std::string name;
    std::vector<entry> members;
    std::string turn;  ///< the turn's frames, for everybody
    std::vector<piece> pieces;
    std::uint64_t seq = 0;
    std::uint64_t first_seq = 0;  ///< of the turn
};

/// What the server is measured against: the classic design done well. One thread, level-triggered epoll, no library but
/// for SHA-1. An event is encoded once; at the end of a turn (all that one epoll_wait reported) each member gets
/// everything the turn has for it in one send, and what a socket does not take is copied to that member's backlog. It
/// speaks what the benchmark needs of protocol.md, with the same bytes, and trusts its client: this is nothing to put
/// on a network. Connections are freed at the end of a turn only.
class yardstick {
public:
    /// With `copies` a turn is copied into a buffer of each member's before it is sent.
    yardstick(std::uint16_t port, bool copies);
    /// Until a signal asks for the end.
    void run();

private:
    void accept_all();
    void on_event(member& m, std::uint32_t what);
    void receive(member& m);
    std::size_t upgrade(member& m, text bytes);
    std::size_t take_frame(member& m, char* bytes, std::size_t size);
    void command(member& m, text line);
    void describe(member& m, text json);
    void join(member& m, text name);
    void quit(member& m, text name);
    void leave(member& m, std::size_t nth);
    void publish(member& m, text name, text content);
    void relay(member& m, text to, text content);

    void append_from(const member& m);
    void reply(member& m) { append_frame(pending_of(m), 0x81, scratch_); }
    std::string& pending_of(member& m);
    void mark_dirty(channel& c);
    void end_turn();
    void fan_out(channel& c);
    void append_turn(member& m, const channel& c, std::size_t from);
    void send_turn(member& m, text bytes);
    void flush(member& m);
    void set_blocked(member& m, bool is_blocked);
    void kill(member& m);
    void bury();

    int listener_;
    int epoll_;
    bool copies_;
    std::uint64_t now_ms_ = 0;
    std::string scratch_;
    std::vector<char> buffer_;
    std::unordered_map<text, member*> by_id_;
    std::unordered_map<std::string, channel> channels_;
    std::vector<channel*> dirty_channels_;
    std::vector<member*> dirty_members_;
    std::vector<member*> dead_;
    std::vector<std::unique_ptr<std::string>> spare_;
    std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace bench
