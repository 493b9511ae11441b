#include "store/channel_scripts.hpp"

namespace store {

const script append_script(R"lua(
if tonumber(redis.call('HGET', KEYS[2], 'v') or 0) < tonumber(ARGV[4]) then return {0, now} end
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('HSET', KEYS[2], 'v', now * 1000, 'first', now * 1000) end
local v = redis.call('HINCRBY', KEYS[2], 'v', 1)
local version = string.format('%.0f', v)
local time = string.format('%.0f', now)
redis.call('HSET', KEYS[2], 't', time)
redis.call('XADD', KEYS[1], version .. '-1', 't', time, 'd', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PUBLISH', ARGV[2], version .. ' ' .. time .. ' ' .. ARGV[1])
return {v, now}
)lua");

const script load_script(R"lua(
local h = redis.call('HMGET', KEYS[2], 'v', 'first', 'earlier', 'earlierVersion', 't')
local v = tonumber(h[1] or 0)
local known = tonumber(ARGV[1])
if known > v then return {v, now, 'behind', 0, {}} end
if v == 0 then return {0, now, '', 0, {}} end
if known == v and (ARGV[2] == '0' or ARGV[2] == h[5]) then return {v, now, '', known, {}} end
if known > 0 and known < v then
  local at = string.format('%.0f', known) .. '-1'
  local from = string.format('%.0f', known + 1) .. '-1'
  local last = redis.call('XRANGE', KEYS[1], at, at)
  local first = redis.call('XRANGE', KEYS[1], from, from)
  local same = ARGV[2] == '0' or (#last == 1 and last[1][2][2] == ARGV[2])
  if same and #first == 1 then return {v, now, '', known, redis.call('XRANGE', KEYS[1], from, '+')} end
end
local base = tonumber(h[4] or h[2])
return {v, now, h[3] or 'none', base, redis.call('XRANGE', KEYS[1], string.format('%.0f', base + 1) .. '-1', '+')}
)lua");

const script give_back_script(R"lua(
if tonumber(redis.call('HGET', KEYS[2], 'v') or 0) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[2], 'v', ARGV[1], 'first', ARGV[1], 't', ARGV[2], 'state', ARGV[3], 'stateVersion', ARGV[1],
           'earlier', ARGV[3], 'earlierVersion', ARGV[1])
redis.call('DEL', KEYS[1])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
)lua");

const script state_script(R"lua(
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local h = redis.call('HMGET', KEYS[2], 'stateVersion', 'state')
local last = tonumber(h[1] or 0)
if tonumber(ARGV[1]) <= last then return 0 end
if last > 0 then
  redis.call('HSET', KEYS[2], 'earlier', h[2], 'earlierVersion', h[1])
  redis.call('XTRIM', KEYS[1], 'MINID', h[1] .. '-2')
end
redis.call('HSET', KEYS[2], 'state', ARGV[2], 'stateVersion', ARGV[1])
return 1
)lua");

}  // namespace store
