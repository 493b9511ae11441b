#pragma once

#include "store/redis_bus.hpp"

/// The steps in which Redis changes and reads peers. Keys and what is in them: README, "What is in Redis".
namespace store {

/// KEYS peer, channels, events, mail; ARGV expected tenure ('' if there must be no such peer), life, 1 to begin anew,
/// then fields and values, of which the server is the first. Answers the new tenure and the channels, or what is there.
/// Tenures grow, also where the key was gone meanwhile.
extern const script claim_script;

/// KEYS peer, events, channels; ARGV server, how many channels to count events from, or '' to go on counting, these and
/// their numbers, then fields and values: only if that server still looks after it. 2: there is no such peer.
extern const script save_script;

/// KEYS peer, channels, events, mail; ARGV server, tenure, 'waited', 'outlived', 'lost' or 'quit', life. Dated by
/// Redis; late words about who has come again since then change nothing.
extern const script left_script;

/// KEYS peer; ARGV until when, life.
extern const script pin_script;

/// KEYS list, peer; ARGV frame, most, most bytes, life, server: only if that one is still said to look after the peer.
extern const script letter_script;

/// KEYS list, channels, peer, mail; ARGV record, life, 1 to begin anew, server, how many letters are among the events,
/// these, then channels and their numbers. The server that looked after a peer before may keep its events until the
/// next one takes them (`keeper`), and not from then on, however late its commands come.
extern const script keep_script;

/// KEYS list, peer; ARGV server, how many.
extern const script trim_script;

/// KEYS peer, list, mail; ARGV server.
extern const script drop_script;

/// KEYS list, mail, peer, channels; ARGV server.
extern const script take_script;

/// KEYS channels; ARGV channel, life.
extern const script membership_script;

/// KEYS peer, channels; ARGV channel, server: late words of another than that one change nothing.
extern const script forget_membership_script;

/// KEYS peer, channels, mail; ARGV tenure, life, number of channels, these, then fields and values, of which the server
/// is the first: for a store that came back without what it had, or that was not told. Answers 2 if another server has
/// the peer, 3 if there are letters for it, 4 if there was nothing.
extern const script restore_script;

}  // namespace store
