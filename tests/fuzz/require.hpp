#pragma once

#include <cstdio>
#include <cstdlib>

namespace fuzz {

/// Ends the fuzzer, which then keeps the input, if something that must hold does not.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

}  // namespace fuzz
