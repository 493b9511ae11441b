#pragma once

#include "channel/link.hpp"
#include "channel/peer.hpp"
#include "channel/settings.hpp"
#include "channel/shard.hpp"
#include "channel/task.hpp"
#include "protocol/text_frame.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>

/// The domain without sockets: one shard that a test moves on turn by turn.
namespace one_shard {

/// A complete frame around a text.
inline std::string frame(std::string_view text) {
    std::string out;
    protocol::append_text_frame(out, text);
    return out;
}

/// The way to a client that takes as many bytes as the test lets it.
class fake_link final : public channel::link {
public:
    explicit fake_link(channel::shard& at) : link(at) {}

    channel::task<> move_to(channel::shard&) override { co_return; }

    using link::note_input;

    /// The socket takes so many bytes from now on.
    void allow(std::size_t bytes) {
        allowed_ = bytes;
        if (wants_to_write_ && allowed_ > 0) {
            wants_to_write_ = false;
            on_writable();
        }
    }

    std::string received;
    protocol::close_code closed_with{};
    std::size_t writes = 0;

private:
    std::size_t try_write(std::span<const std::string_view> pieces) override {
        ++writes;
        std::size_t taken = 0;
        for (const auto piece : pieces) {
            const auto part = piece.substr(0, allowed_);
            received.append(part);
            allowed_ -= part.size();
            taken += part.size();
        }
        return taken;
    }
    void wait_until_writable() override { wants_to_write_ = true; }
    void begin_close(protocol::close_code code, std::string_view) override { closed_with = code; }

    std::size_t allowed_ = std::numeric_limits<std::size_t>::max();
    bool wants_to_write_ = false;
};

struct fixture {
    channel::settings settings;
    boost::asio::io_context context;
    channel::cluster all;
    channel::shard shard{0, all, context, settings};

    fixture() {
        all.add(shard);
        shard.become_current();
    }

    /// Everything that is ready, up to the end of the turn and of all that follow from it.
    void turn() {
        context.restart();
        context.poll();
    }
};

}  // namespace one_shard
