#pragma once

#include "metrics/collector.hpp"
#include "metrics/process_figures.hpp"

#include <string>
#include <string_view>

namespace metrics {

/// What Prometheus asks for by `Accept: text/plain`.
inline constexpr std::string_view exposition_type = "text/plain; version=0.0.4; charset=utf-8";

/// All metrics in Prometheus' text format. Every name begins with `signaller_`, units are seconds and bytes, and the
/// number of series depends on neither peers nor channels. A command's verb and result show up when they have occurred.
[[nodiscard]] std::string exposition(const snapshot& from, const process_figures& process, std::string_view version);

}  // namespace metrics
