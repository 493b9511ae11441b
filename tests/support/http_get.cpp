#include "support/http_get.hpp"

#include "support/server_process.hpp"

#include <cstdlib>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace support {

int http_status(std::uint16_t port, const std::string& path) {
    const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    std::string answer;
    const bool sent = connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
        send(made, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
    while (sent && answer.size() < 12) {
        pollfd ready{made, POLLIN, 0};
        char part[512];
        if (poll(&ready, 1, static_cast<int>(patience().count())) <= 0) break;
        const auto got = recv(made, part, sizeof part, 0);
        if (got <= 0) break;
        answer.append(part, static_cast<std::size_t>(got));
    }
    close(made);
    // "HTTP/1.1 200"
    return answer.size() < 12 ? 0 : std::atoi(answer.c_str() + 9);
}

}  // namespace support
