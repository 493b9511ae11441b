#pragma once

#include "web/site.hpp"

#include <span>

namespace web {

/// The files of src/web; their definition is written by the build (embed.cmake).
[[nodiscard]] std::span<const embedded_file> embedded_files();

}  // namespace web
