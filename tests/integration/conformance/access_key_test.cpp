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
        return {"--auth", "jwt", "--auth-key", "ES256:file:" + path_.string()};
    }

private:
    std::filesystem::path path_;
};

template <class Condition>
void until(Condition holds, const server_process& server) {
    const auto deadline = std::chrono::steady_clock::now() + support::patience();
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("the keys were not read: " + server.errors());
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

std::string description(const token_issuer& by, const std::string& subject) {
    return R"("token": ")" + by.issue(R"({"sub":")" + subject + R"(","exp":4000000000})") + "\"";
}

bool takes(const server_process& server, const token_issuer& by) {
    client who(server.port());
    const auto answer = who.ask("/descp {" + description(by, make_id()) + "}");
    if (text_of(answer, "type") == "error") BOOST_TEST(number_of(answer, "code") == 464);
    return text_of(answer, "type") == "welcome";
}

/// Shards take them one after the other: so often that each was asked.
bool all_take(const server_process& server, const token_issuer& by) {
    for (int i = 0; i < 10; ++i)
        if (!takes(server, by)) return false;
    return true;
}

void reload_until_all_take(const server_process& server, const token_issuer& by) {
    ::kill(server.pid(), SIGHUP);
    until([&] { return all_take(server, by); }, server);
}

void reload_in_vain(const server_process& server) {
    const auto before = server.errors().size();
    ::kill(server.pid(), SIGHUP);
    until([&] { return server.errors().find("event=reload_failed what=keys", before) != std::string::npos; }, server);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(access_key)

BOOST_AUTO_TEST_CASE(a_new_key_takes_the_place_of_the_old_one_and_nobody_is_dropped) {
    const token_issuer first("ES256");
    const token_issuer second("ES256");
    const key_file file(first.public_pem());
    const server_process server(file.options());
    client alice(server.port());
    alice.describe(description(first, "alice"));
    BOOST_TEST(!takes(server, second));

    file.write(second.public_pem());
    reload_until_all_take(server, second);
    BOOST_TEST(!takes(server, first));
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
        reload_in_vain(server);
        BOOST_TEST(takes(server, first));
        BOOST_TEST(!takes(server, second));
    }
    BOOST_TEST(server.errors().find("a-secret-of-somebody") == std::string::npos);
    file.write(second.public_pem());
    reload_until_all_take(server, second);
}

BOOST_AUTO_TEST_SUITE_END()
