#include "integration/stress/actor.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace stress {

using support::flag_of;
using support::id_in;
using support::number_of;
using support::text_of;

namespace {

using namespace std::chrono_literals;

/// What a command may be refused for where everybody acts on everybody else: not a member, no operator, not there,
/// there already, banned, owner.
const std::set<std::int64_t> usual_refusals{401, 403, 441, 442, 443, 474, 482};

std::string with_label(const std::string& label, const std::string& text) { return "@label=" + label + " " + text; }

/// "P 17 …": the number of a private message.
std::int64_t number_in(const std::string& content) { return std::stoll(content.substr(2)); }

}  // namespace

actor::actor(std::uint16_t port, kind what, record& all)
    : port_(port),
      kind_(what),
      all_(all),
      id_(support::make_id()) {}

// --- the connection

void actor::connect() {
    support::client made(port_);
    std::string fields = R"("id": ")" + id_ + '"';
    if (!session_.empty()) fields += R"(, "session": ")" + session_ + '"';
    if (kind_ == kind::resumable) fields += R"(, "resume": true, "seen": )" + std::to_string(counted_);
    made.send("/descp {" + fields + "}");
    const auto welcome = made.expect("welcome");
    if (connection_) connection_->skip_to_close(4501);
    note((connection_ ? "takes over: " : "comes back: ") + boost::json::serialize(welcome.at("channels")) + " seen " +
         std::to_string(counted_) + " missed " + std::to_string(number_of(welcome, "missed")));
    connection_ = std::move(made);
    if (flag_of(welcome, "resumed") == session_.empty()) object_to(welcome, "is not what its session should give");
    if (flag_of(welcome, "lost")) object_to(welcome, "has lost what was within the limits");
    session_ = text_of(welcome, "session");
    enter_again(welcome);
}

void actor::drop() {
    note("breaks off");
    connection_->drop();
    connection_.reset();
}

void actor::quit_session() {
    settle();
    ask("/quit", [this](const event& got) { expect_reply(got, "quit"); });
    settle();
    connection_->expect_close(1000);
    connection_.reset();
    memberships_.clear();
    // It starts again, and its counting too.
    counted_ = 0;
}

void actor::enter(const event& joined) {
    auto& in = memberships_[text_of(joined, "channel")];
    in.seq = number_of(joined, "seq");
    in.members.reset();
}

/// A resumable session goes on in its channels where it was: what it has joined and left meanwhile is among the events
/// that it missed. Any other reads on from what the `welcome` says.
void actor::enter_again(const event& welcome) {
    if (kind_ == kind::resumable) {
        orphans_.insert(orphans_.end(), pending_.begin(), pending_.end());
        pending_.clear();
        for (const auto& [channel, in] : memberships_) {
            if (!in.members) read_members(channel);
        }
        return;
    }
    pending_.clear();
    memberships_.clear();
    for (const auto& fields : welcome.at("channels").as_array()) enter(fields.as_object());
    for (const auto& [channel, in] : memberships_) read_members(channel);
}

// --- commands

void actor::ask(const std::string& text, on_reply then) {
    auto label = std::to_string(++labels_);
    connection_->send(with_label(label, text));
    note("> " + label + " " + text);
    pending_.push_back({std::move(label), text, std::move(then)});
}

void actor::join(const std::string& channel) {
    ask("/join " + channel, [this, channel](const event& got) {
        if (text_of(got, "type") == "error") return expect_reply(got, "joined");
        const bool member = memberships_.contains(channel);
        if (!member) {
            enter(got);
            read_members(channel);
        } else if (number_of(got, "seq") != memberships_.at(channel).seq) {
            object_to(got, "does not come where it says that it is");
        }
    });
}

void actor::read_members(const std::string& channel) {
    ask("/peers " + channel, [this, channel](const event& got) {
        const auto in = memberships_.find(channel);
        if (text_of(got, "type") == "error") return expect_reply(got, "peers");
        std::set<std::string> members;
        for (const auto& entry : got.at("peers").as_array()) members.insert(text_of(entry.as_object(), "id"));
        // A command that was under way may have ended the membership.
        if (members.contains(id_) != (in != memberships_.end())) object_to(got, "does not know who asks");
        if (in == memberships_.end()) return;
        if (in->second.members && *in->second.members != members) object_to(got, "is not what the events said");
        in->second.members = std::move(members);
    });
}

void actor::quit(const std::string& channel) {
    ask("/quit " + channel, [this, channel](const event& got) {
        expect_reply(got, "quit");
        if (text_of(got, "type") == "quit" && memberships_.erase(channel) == 0) object_to(got, "ends no membership");
    });
}

void actor::say(const std::string& channel) {
    const auto content = id_ + " says " + std::to_string(++said_);
    ask("/pubmsg " + channel + " " + content, [this, channel, content](const event& got) {
        expect_reply(got, "ack");
        if (text_of(got, "type") == "ack") take_message(channel, number_of(got, "seq"), content);
    });
}

void actor::tell(const std::string& peer) {
    const auto number = all_.next_private(id_, peer);
    ask("/privmsg " + peer + " P " + std::to_string(number), [this, peer, number](const event& got) {
        expect_reply(got, "ack");
        if (text_of(got, "type") == "ack") all_.private_acknowledged(id_, peer, number);
    });
}

void actor::rename(const std::string& name) {
    ask(R"(/descp {"name": ")" + name + "\"}", [this](const event& got) { expect_reply(got, "welcome"); });
}

void actor::command(const std::string& text, std::string_view reply) {
    ask(text, [this, type = std::string(reply)](const event& got) {
        expect_reply(got, type);
        const auto answer = text_of(got, "type");
        if (answer != "kick" && answer != "ban") return;
        const auto in = memberships_.find(text_of(got, "channel"));
        if (in != memberships_.end()) take_presence(in->second, got, answer);
    });
}

void actor::expect_reply(const event& got, std::string_view type) const {
    const auto answer = text_of(got, "type");
    if (answer == type) return;
    if (answer == "error" && usual_refusals.contains(number_of(got, "code"))) return;
    object_to(got, "answers a command whose reply is " + std::string(type));
}

// --- events

void actor::listen() {
    while (const auto got = connection_->poll(1ms)) take(*got);
}

void actor::settle() {
    while (!pending_.empty()) take(connection_->next());
}

void actor::listen_until(const std::string& channel, std::int64_t seq) {
    while (memberships_.at(channel).seq < seq) take(connection_->next());
}

void actor::listen_until_only(const std::string& channel, const std::set<std::string>& peers) {
    while (!std::ranges::includes(peers, members_of(channel))) take(connection_->next());
}

void actor::take(const event& got) {
    ++heard_;
    note("< " + boost::json::serialize(got));
    const auto type = text_of(got, "type");
    if (type == "bye" && number_of(got, "code") == 1001) throw std::runtime_error("the server goes away");
    if (type == "bye") object_to(got, "was not asked for");
    if (type == "lost") object_to(got, "is for slow readers");
    count_event();
    if (got.contains("label")) {
        take_reply(got, text_of(got, "label"));
    } else if (type == "privmsg") {
        all_.private_received(id_in(got, "from"), id_, number_in(text_of(got, "content")));
    } else if (got.contains("channel") && type != "invite") {
        take_from_channel(got, type);
    }
}

void actor::count_event() {
    if (kind_ != kind::resumable) return;
    ++counted_;
    if (counted_ % 16 == 0) connection_->send("/ack " + std::to_string(counted_));
}

void actor::take_reply(const event& got, const std::string& label) {
    const auto orphan = std::ranges::find(orphans_, label, &request::label);
    if (orphan != orphans_.end()) {
        const auto then = std::move(orphan->then);
        // What was sent before it has been answered, or was never read.
        orphans_.erase(orphans_.begin(), std::next(orphan));
        return then(got);
    }
    if (pending_.empty() || pending_.front().label != label) object_to(got, "comes out of turn");
    const auto then = std::move(pending_.front().then);
    pending_.pop_front();
    then(got);
}

void actor::take_from_channel(const event& got, const std::string& type) {
    const auto channel = text_of(got, "channel");
    const bool about_me = got.contains("peer") && id_in(got, "peer") == id_;
    const auto in = memberships_.find(channel);
    if (about_me && type == "ban" && in == memberships_.end()) return;
    if (in == memberships_.end()) object_to(got, "is of a channel that it is not in");
    if (about_me && (type == "kick" || type == "ban")) {
        memberships_.erase(in);
    } else if (type == "pubmsg") {
        take_message(channel, number_of(got, "seq"), text_of(got, "content"));
    } else {
        take_presence(in->second, got, type);
    }
}

void actor::take_presence(membership& in, const event& got, const std::string& type) {
    if (!in.members) return;
    if (type == "join" && !in.members->insert(id_in(got, "peer")).second) object_to(got, "is of a member");
    const bool gone = type == "quit" || type == "kick" || type == "ban";
    if (gone && in.members->erase(id_in(got, "peer")) == 0 && type != "ban") object_to(got, "is of somebody else");
}

void actor::take_message(const std::string& channel, std::int64_t seq, const std::string& content) {
    all_.public_message(channel, seq, content);
    const auto in = memberships_.find(channel);
    if (in == memberships_.end()) return;
    if (seq != in->second.seq + 1)
        fail("in " + channel + " seq " + std::to_string(seq) + " after " + std::to_string(in->second.seq));
    in->second.seq = seq;
}

std::set<std::string> actor::channels() const {
    std::set<std::string> names;
    for (const auto& [name, in] : memberships_) names.insert(name);
    return names;
}

const std::set<std::string>& actor::members_of(const std::string& channel) const {
    return memberships_.at(channel).members.value();
}

void actor::note(std::string line) {
    constexpr std::size_t kept_lines = 40;
    constexpr std::size_t line_bytes = 240;
    line.resize(std::min(line.size(), line_bytes));
    transcript_.push_back(std::move(line));
    if (transcript_.size() > kept_lines) transcript_.pop_front();
}

void actor::fail(const std::string& why) const {
    std::string text = "for " + id_ + ": " + why + "; before that:";
    for (const auto& line : transcript_) text.append("\n  ").append(line);
    throw violation(text);
}

void actor::object_to(const event& got, const std::string& why) const { fail(boost::json::serialize(got) + " " + why); }

}  // namespace stress
