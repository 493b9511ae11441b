#include "integration/store/actor.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace stored {

namespace {

constexpr std::chrono::milliseconds moment{0};
constexpr std::size_t trace_lines = 200;

}  // namespace

bool actor::connect(const server_process& node) {
    if (connection_) return true;
    try {
        auto made = std::make_unique<client>(node.port());
        std::string fields = "\"name\": \"" + name_ + "\", \"resume\": " + (resumable_ ? "true" : "false");
        if (!id_.empty()) fields += ", \"id\": \"" + id_ + "\", \"session\": \"" + session_ + "\"";
        if (!id_.empty() && resumable_) fields += ", \"seen\": " + std::to_string(seen_);
        made->send("/descp {" + fields + "}");
        const auto answer = made->next();
        remember("connected to port " + std::to_string(node.port()) + ", seen " + std::to_string(seen_) + ": " +
                 boost::json::serialize(answer).substr(0, 700));
        if (text_of(answer, "type") != "welcome") {
            if (number_of(answer, "code") != 400)
                throw violation(name_ + " is refused: " + boost::json::serialize(answer));
            return false;
        }
        connection_ = std::move(made);
        port_ = node.port();
        welcomed(answer);
        return true;
    } catch (const violation&) {
        throw;
    } catch (const std::exception&) {
        connection_.reset();
        return false;
    }
}

void actor::move(const server_process& node) {
    const auto before = std::move(connection_);
    remember("moves");
    static_cast<void>(connect(node));
}

void actor::drop() {
    remember("drops its connection");
    if (connection_) connection_->drop();
    connection_.reset();
}

void actor::listen() {
    guarded([this] {
        while (const auto got = connection_->poll(moment)) hear(*got);
    });
}

std::optional<event> actor::ask(const std::string& command) {
    std::optional<event> reply;
    guarded([&] {
        const auto label = std::to_string(++labels_);
        remember("< " + command);
        connection_->send("@label=" + label + " " + command);
        while (!reply) {
            auto got = connection_->next();
            const auto* const mine = got.if_contains("label");
            const bool is_reply = mine && mine->as_string() == label;
            hear(got);
            if (is_reply) reply = std::move(got);
        }
    });
    return reply;
}

void actor::publish(const std::string& channel, const std::string& content) {
    ++unsure_[channel];
    const auto reply = ask("/pubmsg " + channel + " " + content);
    if (!reply || text_of(*reply, "type") != "ack") return;
    --unsure_[channel];
    told_.message(channel, number_of(*reply, "seq"), content);
    mine_[channel].insert(number_of(*reply, "seq"));
}

void actor::whisper(actor& to) {
    const auto number = ++whispered_;
    const auto reply = ask("/privmsg " + to.id_ + " " + name_ + " " + std::to_string(number));
    if (reply && text_of(*reply, "type") == "ack" && to.resumable_)
        to.mail_.expect(name_, number, to.port_ == port_ ? port_ : std::uint16_t{0});
}

void actor::confirm() {
    if (!resumable_) return;
    guarded([this] {
        remember("< /ack " + std::to_string(seen_));
        connection_->send("/ack " + std::to_string(seen_));
    });
}

void actor::change(const std::string& command, std::string_view reply, const std::string& fact,
                   const std::string& value) {
    const auto got = ask(command);
    if (got && text_of(*got, "type") == reply) {
        told_.acknowledged(fact, value);
    } else if (!got || number_of(*got, "code") == 400) {
        told_.unsure(fact);
    }
}

void actor::guarded(const std::function<void()>& work) {
    if (!connection_) return;
    try {
        work();
    } catch (const violation&) {
        throw;
    } catch (const std::exception& e) {
        remember(std::string("its connection ends: ") + e.what());
        connection_.reset();
    }
}

void actor::welcomed(const event& welcome) {
    if (!id_.empty() && !flag_of(welcome, "resumed")) throw violation(name_ + " was forgotten");
    id_ = text_of(welcome, "id");
    session_ = text_of(welcome, "session");
    const bool lost = flag_of(welcome, "lost");
    const bool goes_on = resumable_ && !lost && !last_.empty();
    if (lost) seen_ = 0;
    if (lost) mail_.forgive();
    if (lost) ++losses_;
    auto before = std::exchange(last_, {});
    for (const auto& one : welcome.at("channels").as_array()) {
        const auto& in = one.as_object();
        const auto channel = text_of(in, "channel");
        const auto known = before.find(channel);
        last_[channel] = goes_on && known != before.end() ? known->second : number_of(in, "seq");
    }
}

void actor::remember(std::string line) {
    trace_.push_back(std::move(line));
    if (trace_.size() > trace_lines) trace_.pop_front();
}

std::string actor::trace() const {
    std::string text;
    for (const auto& line : trace_) text += "\n    " + line;
    return text;
}

void actor::complain(const std::string& what) {
    std::string text = name_ + " " + what + "; before that" + trace();
    try {
        while (const auto more = connection_->poll(std::chrono::milliseconds(300)))
            text += "\n    then " + boost::json::serialize(*more);
    } catch (const std::exception&) {
        // No more.
    }
    // Not in the exception: Boost.Test shows the first 4 kB of one.
    BOOST_TEST_MESSAGE(text);
    throw violation(name_ + " " + what);
}

void actor::hear(const event& got) {
    remember("> " + std::to_string(seen_) + " " + boost::json::serialize(got).substr(0, 260));
    const auto type = text_of(got, "type");
    if (type == "bye") return;
    if (type != "pong") ++seen_;
    const bool is_expelled = (type == "quit" || type == "kick") && got.at("channel").is_string();
    if (type == "joined") {
        last_[text_of(got, "channel")] = number_of(got, "seq");
    } else if (is_expelled && id_in(got, "peer") == id_) {
        last_.erase(text_of(got, "channel"));
    } else if (type == "lost") {
        auto& last = last_[text_of(got, "channel")];
        last = std::max(last, number_of(got, "to"));
    } else if (type == "pubmsg") {
        hear_message(text_of(got, "channel"), number_of(got, "seq"), text_of(got, "content"));
    } else if (type == "privmsg") {
        try {
            mail_.arrived(text_of(got, "content"));
        } catch (const violation& wrong) {
            complain(wrong.what());
        }
    }
}

void actor::hear_message(const std::string& channel, std::int64_t seq, const std::string& content) {
    told_.message(channel, seq, content);
    // Of a channel left meanwhile, in events from before.
    if (!last_.contains(channel)) return;
    auto& last = last_[channel];
    if (seq <= last) complain("hears number " + std::to_string(seq) + " of " + channel + " again");
    for (auto missing = last + 1; missing < seq; ++missing) {
        // What it said itself it is not told; of what it does not know whether it was said, it may be that.
        if (mine_[channel].contains(missing) || unsure_[channel] > 0) continue;
        complain("misses number " + std::to_string(missing) + " of " + channel);
    }
    last = seq;
}

}  // namespace stored
