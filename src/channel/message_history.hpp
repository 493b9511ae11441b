#pragma once

#include "channel/accounted_bytes.hpp"

#include <boost/container/deque.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace channel {

/// The last public messages of a channel as encoded events, for `/history`: bounded in number and in bytes; the newest
/// is always kept.
class message_history {
public:
    message_history(std::size_t max_messages, std::size_t max_bytes, std::uint64_t* account = nullptr)
        : max_messages_(max_messages),
          max_bytes_(max_bytes),
          held_(account) {}

    void add(std::uint64_t seq, std::string_view event);

    /// Forgets the oldest until at most so many bytes are left; the newest stays.
    void shrink_to(std::size_t limit_bytes);

    struct page {
        std::vector<std::string_view> messages;  ///< oldest first; valid until the next add()
        bool more = false;                       ///< older ones are kept
    };
    /// The last `count` before `before_seq` (not given: the newest), fewer if they would come to more than
    /// `page_bytes`.
    [[nodiscard]] page last(std::uint64_t count, std::optional<std::uint64_t> before_seq) const;

    /// Oldest first: visit(seq, event).
    template <class Visitor>
    void for_each(Visitor visit) const {
        for (const auto& e : entries_) visit(e.seq, std::string_view(e.event));
    }

    /// So that an answer does not fill the queue of who asked.
    static constexpr std::size_t page_bytes = 256 * 1024;

private:
    struct entry {
        std::uint64_t seq = 0;
        std::string event;
    };

    std::size_t max_messages_;
    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    boost::container::deque<entry> entries_;  ///< takes no memory while it is empty, other than the standard one
    accounted_bytes held_;
};

}  // namespace channel
