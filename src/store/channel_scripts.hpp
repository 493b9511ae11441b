#pragma once

#include "store/redis_bus.hpp"

/// The steps in which Redis changes and reads channels. Keys and what is in them: README, "What is in Redis".
namespace store {

/// KEYS log, state; ARGV entry, topic, life (ms), version that is known already. The version goes on where an earlier
/// channel of that id cannot have been: numbers never come twice. 0 where Redis has forgotten what is known.
extern const script append_script;

/// KEYS log, state; ARGV version that is known already (0: none) and its time (0: not known). Answers version, time,
/// then either '' or the state to begin with and its version, and the changes after that. 'behind' where Redis has
/// forgotten what is known. Of what is known and not in Redis, but something else in its place, nothing remains.
extern const script load_script;

/// KEYS log, state; ARGV version, its time, state, life: where Redis came back without what was acknowledged.
extern const script give_back_script;

/// KEYS log, state; ARGV version, state. Keeps the state before as well, and the changes since that one: whoever comes
/// back has something to read from.
extern const script state_script;

}  // namespace store
