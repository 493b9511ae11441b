#pragma once

#include "admin/api.hpp"
#include "net/host.hpp"
#include "web/site.hpp"

#include <memory>
#include <string>
#include <vector>

namespace server {

/// What a listening address answers plain HTTP requests with: how the server is, its metrics, and the rest of the site.
class front final : public net::http_site {
public:
    enum class metrics : bool { elsewhere, here };

    /// `pages` is null where there are none, `api` where there is no administration. All are referred to.
    front(const web::site* pages, metrics where, const std::vector<std::unique_ptr<net::host>>& hosts,
          const admin::api* api = nullptr)
        : pages_(pages),
          metrics_(where),
          hosts_(hosts),
          api_(api) {}

    [[nodiscard]] channel::task<std::string> answer(const net::http_request& request) const override;

private:
    [[nodiscard]] std::string readiness(const net::http_request& request) const;

    const web::site* pages_;
    metrics metrics_;
    const std::vector<std::unique_ptr<net::host>>& hosts_;
    const admin::api* api_;  ///< null: no administration here
};

}  // namespace server
