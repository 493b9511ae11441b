#pragma once

#include <iosfwd>
#include <string>
#include <vector>

/// `signaller ctl …`: administration from the command line (README, Administration).
namespace ctl {

/// `arguments` are those behind `ctl`. The exit code: 0, 1 if the server said no or is not there, 2 for a wrong
/// command.
[[nodiscard]] int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& errors);

}  // namespace ctl
