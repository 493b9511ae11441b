#include "ctl/ctl.hpp"

#include "ctl/http_client.hpp"
#include "ctl/table.hpp"
#include "ctl/terminal.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string_view>

namespace ctl {

namespace json = boost::json;

namespace {

constexpr std::string_view help = R"(Usage: signaller ctl [OPTION...] COMMAND
Options:
  --address URL      http://HOST:PORT or unix:/PATH, the server's --admin-address (default http://127.0.0.1:3013, or
                     SIGNALLER_CTL_ADDRESS)
  --token-file PATH  the server's --admin-token-file (or SIGNALLER_CTL_TOKEN_FILE)
  --json             prints what the server answers, for programs
  --limit N, --after ID
                     how many of a list, and behind which
  --                 ends the options: a text behind it may begin with --
Commands:
  peers                          who is connected to this server
  peer ID                        one of them
  disconnect ID [REASON]         ends its session: close code 4502
  channels                       all channels
  channel ID                     one of them, with members and bans
  kick CHANNEL ID [REASON]
  ban CHANNEL ID [REASON]
  unban CHANNEL ID
  send ID|#CHANNEL TEXT          as the server, to a peer or a channel
  broadcast TEXT                 to everybody
  drain                          ends the server gracefully, like SIGTERM
  health, ready, version, metrics
Exit status: 0; 1 if the server says no or cannot be reached, or the output cannot be written; 2 for a wrong command.
)";

/// A wrong command line.
struct mistake : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct request {
    std::string method = "GET";
    std::string target;
    json::object body;
};

struct command_line {
    std::string address = "http://127.0.0.1:3013";
    std::string token_file;
    bool as_json = false;
    bool wants_help = false;
    bool options_ended = false;
    std::string limit;
    std::string after;
    std::vector<std::string> words;
};

command_line read(std::span<const std::string> arguments) {
    command_line line;
    if (const char* const address = std::getenv("SIGNALLER_CTL_ADDRESS")) line.address = address;
    if (const char* const file = std::getenv("SIGNALLER_CTL_TOKEN_FILE")) line.token_file = file;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto& word = arguments[i];
        const auto value = [&]() -> const std::string& {
            if (i + 1 == arguments.size()) throw mistake(word + " needs a value");
            return arguments[++i];
        };
        if (line.options_ended) {
            line.words.push_back(word);
        } else if (word == "--") {
            line.options_ended = true;
        } else if (word == "--address") {
            line.address = value();
        } else if (word == "--token-file") {
            line.token_file = value();
        } else if (word == "--json") {
            line.as_json = true;
        } else if (word == "--limit") {
            line.limit = value();
        } else if (word == "--after") {
            line.after = value();
        } else if (word == "--help" || word == "-h") {
            line.wants_help = true;
        } else if (word.starts_with("--")) {
            throw mistake("there is no option " + word);
        } else {
            line.words.push_back(word);
        }
    }
    return line;
}

/// An id goes into a path as it is; anything else would be another path.
std::string id_of(const std::string& word) {
    const auto id = word.starts_with('#') ? word.substr(1) : word;
    if (id.size() != 24 || id.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
        throw mistake(word + ": an id of 24 hexadecimal digits was expected");
    return id;
}

std::string query_of(const command_line& line) {
    std::string query;
    if (line.limit.find_first_not_of("0123456789") != std::string::npos)
        throw mistake("--limit " + line.limit + ": a number was expected");
    if (!line.limit.empty()) query += "limit=" + line.limit;
    if (!line.after.empty()) query += (query.empty() ? "" : "&") + ("after=" + id_of(line.after));
    return query.empty() ? query : "?" + query;
}

request request_for(const command_line& line) {
    const auto& words = line.words;
    if (words.empty()) throw mistake("a command is missing");
    const auto& verb = words[0];
    const auto expect = [&](std::size_t least, std::size_t most) {
        if (words.size() - 1 < least || words.size() - 1 > most) throw mistake(verb + ": wrong number of arguments");
    };
    const auto with_reason = [&](std::size_t at) {
        json::object body;
        if (words.size() > at) body["reason"] = words[at];
        return body;
    };
    const std::string api = "/api/v1/";
    if (verb == "peers" || verb == "channels") {
        expect(0, 0);
        return {"GET", api + verb + query_of(line), {}};
    }
    if (verb == "peer" || verb == "channel") {
        expect(1, 1);
        return {"GET", api + verb + "s/" + id_of(words[1]) + (verb == "channel" ? query_of(line) : ""), {}};
    }
    if (verb == "disconnect") {
        expect(1, 2);
        return {"DELETE", api + "peers/" + id_of(words[1]), with_reason(2)};
    }
    if (verb == "kick" || verb == "ban") {
        expect(2, 3);
        auto body = with_reason(3);
        body["peer"] = id_of(words[2]);
        return {"POST", api + "channels/" + id_of(words[1]) + "/" + verb + "s", std::move(body)};
    }
    if (verb == "unban") {
        expect(2, 2);
        return {"DELETE", api + "channels/" + id_of(words[1]) + "/bans/" + id_of(words[2]), {}};
    }
    if (verb == "send") {
        expect(2, 2);
        const auto* const kind = words[1].starts_with('#') ? "channels/" : "peers/";
        return {"POST", api + kind + id_of(words[1]) + "/messages", {{"content", words[2]}}};
    }
    if (verb == "broadcast") {
        expect(1, 1);
        return {"POST", api + "broadcast", {{"content", words[1]}}};
    }
    if (verb == "drain") {
        expect(0, 0);
        return {"POST", api + "drain", {}};
    }
    if (verb == "health" || verb == "ready" || verb == "version" || verb == "metrics") {
        expect(0, 0);
        return {"GET", verb == "health" ? "/healthz" : verb == "ready" ? "/readyz" : "/" + verb, {}};
    }
    throw mistake("there is no command " + verb);
}

std::string read_token(const std::string& path) {
    std::string token;
    if (path.empty()) return token;
    std::ifstream file(path);
    if (!file || !std::getline(file, token)) throw mistake("--token-file " + path + ": cannot be read");
    // As the server reads it.
    const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    while (!token.empty() && is_space(token.back())) token.pop_back();
    token.erase(token.begin(), std::ranges::find_if_not(token, is_space));
    return token;
}

int show(const http_answer& answer, bool as_json, std::ostream& out, std::ostream& errors) {
    const bool good = answer.status >= 200 && answer.status < 300;
    boost::system::error_code ec;
    const auto body = json::parse(answer.body, ec);
    const auto* const object = ec ? nullptr : body.if_object();
    if (as_json || (good && !object)) {
        out << answer.body;
    } else if (good) {
        print(out, *object);
    } else if (const auto* const why = object ? object->if_contains("error") : nullptr) {
        errors << "signaller ctl: " << shown(std::string_view(why->at("message").as_string())) << '\n';
    } else {
        errors << "signaller ctl: " << answer.status << ' ' << answer.body;
    }
    return good ? 0 : 1;
}

int obey(const command_line& line, std::ostream& out, std::ostream& errors) {
    if (line.wants_help) {
        out << help;
        return 0;
    }
    const auto wanted = request_for(line);
    const auto token = read_token(line.token_file);
    const auto body = wanted.body.empty() ? std::string() : json::serialize(wanted.body);
    return show(ask(line.address, token, wanted.method, wanted.target, body), line.as_json, out, errors);
}

}  // namespace

int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& errors) {
    try {
        const auto code = obey(read(arguments), out, errors);
        if (!out.flush()) throw std::runtime_error("the output cannot be written");
        return code;
    } catch (const mistake& e) {
        errors << "signaller ctl: " << e.what() << "; signaller ctl --help lists the commands\n";
        return 2;
    } catch (const std::exception& e) {
        errors << "signaller ctl: " << e.what() << '\n';
        return 1;
    }
}

}  // namespace ctl
