#pragma once

#include <boost/json/object.hpp>

#include <iosfwd>
#include <string_view>

namespace ctl {

/// What the server answered, for people: a list (`peers`, `channels`) as a table, anything else as lines. What
/// strangers have written is shown without control characters.
void print(std::ostream& out, const boost::json::object& answer);

}  // namespace ctl
