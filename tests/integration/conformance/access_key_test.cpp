#include "integration/conformance/fixture.hpp"
#include "support/token.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using namespace conformance;
using support::server_process;
using support::token_issuer;

class key_file {
public:
    explicit key_file(const std::string& text) {
        std::string name = (std::filesystem::temp_directory_path() / "signaller-key-XXXXXX").string();
        const int descriptor = ::mkstemp(name.data());
        if (descriptor < 0) throw std::runtime_error("no temporary file");
        ::close(descriptor);
        path_ = name;
        write(text);
    }
    ~key_file() { std::filesystem::remove(path_); }
    key_file(const key_file&) = delete;
    key_file& operator=(const key_file&) = delete;

    void write(const std::string& text) const { std::ofstream(path_) << text; }
    [[nodiscard]] std::vector<std::string> options() const {
        return {"--auth", "jwt", "--auth-key", "ES256:file:" + path_.string(), "--log-level", "info"};
    }

private:
    std::filesystem::path path_;
};

/// With the signal sent, up to the line that says what came of it.
void reload(const server_process& server, const std::string& outcome) {
    const auto before = server.errors().size();
    ::kill(server.pid(), SIGHUP);
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    while (server.errors().find(outcome, before) == std::string::npos) {
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("no \"" + outcome + "\" in the log: " + server.errors());
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

std::string description(const token_issuer& by, const std::string& subject) {
    return R"("token": ")" + by.issue(R"({"sub":")" + subject + R"(","exp":4000000000})") + "\"";
}

void is_taken(const server_process& server, const token_issuer& by) {
    client(server.port()).describe(description(by, make_id()));
}

void is_refused(const server_process& server, const token_issuer& by) {
    client who(server.port());
    fixture::refused(who, "/descp {" + description(by, make_id()) + "}", 464);
}

constexpr auto read_again = "keys of access tokens read again";
constexpr auto old_stay = "the old keys stay";

}  // namespace

BOOST_AUTO_TEST_SUITE(access_key)

BOOST_AUTO_TEST_CASE(a_new_key_takes_the_place_of_the_old_one_and_nobody_is_dropped) {
    const token_issuer first("ES256");
    const token_issuer second("ES256");
    const key_file file(first.public_pem());
    const server_process server(file.options());
    client alice(server.port());
    alice.describe(description(first, "alice"));
    is_refused(server, second);

    file.write(second.public_pem());
    reload(server, read_again);
    is_taken(server, second);
    is_refused(server, first);
    alice.expect_nothing();
    fixture::answered(alice, "/descp {" + description(second, "alice") + "}", "welcome", {{"id", alice.id()}});
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_good_leaves_the_old_keys_and_is_told) {
    const token_issuer first("ES256");
    const token_issuer second("ES256");
    const key_file file(first.public_pem());
    const server_process server(file.options());
    for (const std::string& text : {std::string("no key, but a-secret-of-somebody"), std::string(),
                                    token_issuer("EdDSA").public_pem(), std::string(2 * 1024 * 1024, 'x')}) {
        file.write(text);
        reload(server, old_stay);
        is_taken(server, first);
        is_refused(server, second);
    }
    BOOST_TEST(server.errors().find("a-secret-of-somebody") == std::string::npos);
    file.write(second.public_pem());
    reload(server, read_again);
    is_taken(server, second);
}

BOOST_AUTO_TEST_SUITE_END()
