#pragma once

#include "admin/reply.hpp"
#include "channel/change.hpp"
#include "channel/task.hpp"
#include "net/host.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace admin {

/// The routes below `/api/v1/`. A request goes from shard to shard like a command of a peer does; nothing is locked.
/// What it does, it does as the server: its events name the id of all zeros and the server's name.
class api {
public:
    static constexpr std::string_view prefix = "/api/v1/";
    /// The longest body for a content of so many bytes: JSON may write each of them as `\u0001`.
    [[nodiscard]] static constexpr std::size_t body_bytes(std::size_t content) { return 6 * content + 1024; }
    using host_list = std::vector<std::unique_ptr<net::host>>;

    /// `token`: what requests have to bring as `Authorization: Bearer`; empty: nobody is let in. `drain` begins the
    /// server's end. `hosts` is referred to.
    api(std::string token, std::string server_name, const host_list& hosts, std::function<void()> drain)
        : token_(std::move(token)),
          name_(std::move(server_name)),
          hosts_(hosts),
          drain_(std::move(drain)) {}

    /// To be awaited on a shard's thread; `request` stays valid meanwhile.
    [[nodiscard]] channel::task<std::string> answer(const net::http_request& request) const;

private:
    using words = std::vector<std::string_view>;
    using peer_id = protocol::peer_id;
    using channel_id = protocol::channel_id;

    [[nodiscard]] std::optional<reply> check_token(const net::http_request& request) const;
    [[nodiscard]] channel::task<reply> route(const net::http_request& request, const words& path) const;
    [[nodiscard]] channel::task<reply> route_peer(const net::http_request& request, const words& path) const;
    [[nodiscard]] channel::task<reply> route_channel(const net::http_request& request, const words& path) const;

    // --- peers.cpp
    [[nodiscard]] channel::task<reply> list_peers(paging page) const;
    [[nodiscard]] channel::task<reply> show_peer(peer_id id) const;
    [[nodiscard]] channel::task<reply> disconnect(peer_id id, std::string reason) const;
    [[nodiscard]] channel::task<reply> send_to_peer(peer_id id, std::string content) const;
    [[nodiscard]] channel::task<reply> broadcast(std::string content) const;

    // --- channels.cpp
    [[nodiscard]] channel::task<reply> list_channels(paging page) const;
    [[nodiscard]] channel::task<reply> show_channel(channel_id id, paging page) const;
    [[nodiscard]] channel::task<reply> change_channel(channel_id id, channel::change wanted) const;

    [[nodiscard]] channel::actor server() const { return {peer_id{}, name_}; }

    std::string token_;
    std::string name_;
    const host_list& hosts_;
    std::function<void()> drain_;
};

}  // namespace admin
