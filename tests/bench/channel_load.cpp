#include "bench/channel_load.hpp"

#include <algorithm>

namespace bench {
namespace {

// A prime, so that what is sampled does not keep step with batches or members.
constexpr std::uint64_t sample_stride = 61;

}  // namespace

channel_load::channel_load(client_loop& loop, const options& wanted)
    : loop_(loop),
      first_(loop.size()),
      channel_(fresh_channel()),
      ring_(ring_size) {
    const auto count = std::min({wanted.senders, wanted.members, std::size_t{256}});
    if (count == 0 || wanted.window < count || wanted.window > ring_size / 2)
        throw failure("window or senders out of range");
    window_each_ = wanted.window / count;
    members_.resize(wanted.members);
    for (std::size_t i = 0; i < wanted.members; ++i) (void)loop_.add(channel_);
    for (std::size_t i = 0; i < count; ++i)
        senders_.push_back({static_cast<std::uint32_t>(i * wanted.members / count), 0, 0});
    constexpr std::string_view words = " what an unexpected turn of events this is, says the crowd";
    while (filler_.size() + stamp::size < wanted.content_bytes) filler_ += words;
    filler_.resize(wanted.content_bytes - std::min(wanted.content_bytes, stamp::size));
}

void channel_load::start() {
    publishing_ = true;
    for (std::size_t i = 0; i < senders_.size(); ++i) {
        while (senders_[i].in_flight < window_each_) publish(i);
    }
}

void channel_load::pause() {
    publishing_ = false;
    // A loss leaves a message in flight for ever; then the check says so, and this is no reason to wait long.
    const auto limit = now_ns() + 10'000'000'000U;
    loop_.run_until([&] { return in_flight_ == 0 || now_ns() > limit; }, 20, "messages in flight");
}

void channel_load::publish(std::size_t sender_index) {
    auto& s = senders_[sender_index];
    text_.assign("/pubmsg ").append(channel_).append(" ");
    append_stamp(text_,
                 {now_ns(), static_cast<std::uint32_t>(sender_index) << sender_shift | (s.published & 0xFFFFFFU)});
    text_.append(filler_);
    ++s.published;
    ++s.in_flight;
    ++in_flight_;
    ++published_;
    loop_.send(loop_.at(first_ + s.member), text_);
}

void channel_load::on_event(connection& from, std::string_view text) {
    if (is_event(text, "pubmsg")) {
        on_message(from, text);
    } else if (is_event(text, "lost")) {
        on_lost(from, text);
    } else if (is_event(text, "error")) {
        throw failure("an error: " + std::string(text));
    }
}

void channel_load::on_message(connection& at, std::string_view text) {
    auto& m = members_[at.index - first_];
    const auto seq = last_number(text, "\"seq\":");
    const auto content = content_(text);
    if (content.size() < stamp::size + filler_.size() || content.substr(stamp::size, filler_.size()) != filler_) {
        ++faults_.damaged;
        return;
    }
    if (seq <= m.last_seq) {
        ++(seq == m.last_seq ? faults_.doubled : faults_.reordered);
        return;
    }
    highest_seq_ = std::max(highest_seq_, seq);
    m.last_seq = seq;
    ++m.received;
    if (m.is_stopped) return;
    if (++deliveries_ % sample_stride == 0) latency_.add(now_ns() - parse_hex(content.substr(0, stamp::number_at)));

    const auto number =
        static_cast<std::uint32_t>(parse_hex(content.substr(stamp::number_at, stamp::size - stamp::number_at)));
    auto& sent = ring_[seq % ring_size];
    if (sent.seq < seq) {
        sent = {seq, number, static_cast<std::uint32_t>(members_.size() - stopped_ - 1)};
    } else if (sent.seq != seq || sent.number != number) {
        ++faults_.disordered;
        return;
    }
    if (--sent.missing == 0) on_complete(sent);
}

void channel_load::on_lost(connection& at, std::string_view text) {
    auto& m = members_[at.index - first_];
    const auto to = last_number(text, "\"to\":");
    const auto from = last_number(text.substr(0, text.rfind(',') + 1), "\"from\":");
    // Exactly what is missing: it goes on from the last message this member has, and not into what has not been said.
    if (from != m.last_seq + 1 || to < from || to > published_) {
        ++faults_.disordered;
        return;
    }
    m.last_seq = to;
    m.announced += to - from + 1;
    announced_ += to - from + 1;
}

void channel_load::on_complete(const message& done) {
    const std::size_t index = done.number >> sender_shift;
    if (index >= senders_.size() || senders_[index].in_flight == 0) throw failure("a message that nobody sent");
    --senders_[index].in_flight;
    --in_flight_;
    if (publishing_) publish(index);
}

void channel_load::stop_reading(std::size_t step) {
    for (std::size_t i = step - 1; i < members_.size(); i += step) {
        if (sender_at(i) != nullptr) continue;
        members_[i].is_stopped = true;
        ++stopped_;
        loop_.set_reading(loop_.at(first_ + i), false);
    }
}

void channel_load::resume_reading() {
    for (std::size_t i = 0; i < members_.size(); ++i) {
        if (members_[i].is_stopped) loop_.set_reading(loop_.at(first_ + i), true);
    }
    const auto is_up_to_date = [&](const member& m) { return !m.is_stopped || m.last_seq >= published_; };
    const auto limit = now_ns() + 20'000'000'000U;
    loop_.run_until([&] { return now_ns() > limit || std::all_of(members_.begin(), members_.end(), is_up_to_date); },
                    30, "stopped members");
}

const channel_load::sender* channel_load::sender_at(std::size_t member_index) const {
    const auto is_here = [&](const sender& s) { return s.member == member_index; };
    const auto found = std::find_if(senders_.begin(), senders_.end(), is_here);
    return found == senders_.end() ? nullptr : &*found;
}

faults channel_load::check() const {
    faults result = faults_;
    result.gaps = highest_seq_ > published_ ? highest_seq_ - published_ : 0;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const auto* own = sender_at(i);
        const auto due = published_ - (own == nullptr ? 0 : own->published);
        const auto got = members_[i].received + members_[i].announced;
        if (!members_[i].is_stopped && members_[i].announced > 0) result.lost += members_[i].announced;
        if (got < due) result.lost += due - got;
        if (got > due) result.doubled += got - due;
    }
    return result;
}

}  // namespace bench
