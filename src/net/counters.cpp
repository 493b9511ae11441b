#include "net/counters.hpp"

namespace net {

namespace {

template <class Cells>
void add_each(Cells& to, const Cells& from) {
    std::transform(to.begin(), to.end(), from.begin(), to.begin(), [](auto a, auto b) { return a + b; });
}

}  // namespace

void counters::add(const counters& other) {
    accepted += other.accepted;
    upgraded += other.upgraded;
    http_requests += other.http_requests;
    received_bytes += other.received_bytes;
    sent_bytes += other.sent_bytes;
    broken += other.broken;
    add_each(closed, other.closed);
    add_each(refused, other.refused);
    add_each(failed, other.failed);
}

}  // namespace net
