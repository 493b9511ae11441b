#pragma once

#include "integration/transport/raw_client.hpp"
#include "support/server_process.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace admin {

using labels = std::map<std::string, std::string>;

/// `GET path`, on a connection of its own.
[[nodiscard]] transport::http_response get(std::uint16_t port, const std::string& path);

/// A page in Prometheus' text format 0.0.4, read strictly: what Prometheus would forgive fails here, too. Each family
/// is told in one piece, with HELP and TYPE first; no series comes twice; histograms are cumulative and whole.
class metrics_page {
public:
    /// Throws with the line that is wrong.
    explicit metrics_page(std::string_view text);
    /// `GET /metrics`; throws unless it is answered by 200.
    [[nodiscard]] static metrics_page of(std::uint16_t port);
    /// Where the server has it.
    [[nodiscard]] static metrics_page of(const support::server_process& server);

    /// 0 if there is no such series yet; throws if there is no such family. Names are without `signaller_`.
    [[nodiscard]] double value(const std::string& name, const labels& with = {}) const;
    [[nodiscard]] bool has_family(const std::string& name) const { return families_.contains(name); }

    struct family {
        std::string type;
        std::string help;
        std::set<std::string> label_names;  ///< of its series, without a histogram's `le`
    };
    /// By name, without `signaller_`.
    [[nodiscard]] const std::map<std::string, family>& families() const { return families_; }
    /// As they are written, up to the value.
    [[nodiscard]] const std::set<std::string>& series() const { return written_; }

private:
    void read_line(std::string_view line);
    void read_comment(std::string_view line);
    void read_sample(std::string_view line);
    [[nodiscard]] std::string family_of(const std::string& sample_name) const;
    void check_histograms() const;

    std::map<std::string, family> families_;
    std::map<std::pair<std::string, labels>, double> samples_;
    std::set<std::string> written_;
    std::string current_;  ///< the family that is being told
};

/// By how much a counter went up.
[[nodiscard]] double growth(const metrics_page& before, const metrics_page& after, const std::string& name,
                            const labels& with = {});

/// The first page that satisfies; throws after patience(). For what the server notices in its own time.
[[nodiscard]] metrics_page page_with(const support::server_process& server,
                                     const std::function<bool(const metrics_page&)>& satisfies);

}  // namespace admin
