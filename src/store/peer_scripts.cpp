#include "store/peer_scripts.hpp"

namespace store {

const script claim_script(R"lua(
local is = redis.call('HGET', KEYS[1], 'tenure') or ''
if is ~= ARGV[1] then return redis.call('HGETALL', KEYS[1]) end
local tenure = math.max((tonumber(is) or 0) + 1, now * 1000)
local written = string.format('%.0f', tenure)
-- First, because this is what fails where there is no memory left: then nothing was changed.
redis.call('HSET', KEYS[1], 'tenure', written)
if ARGV[3] == '1' then redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4]) end
redis.call('HSET', KEYS[1], 'tenure', written)
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
if ARGV[3] == '1' then redis.call('HSET', KEYS[1], 'keeper', ARGV[5]) end
redis.call('HDEL', KEYS[1], 'left', 'waited')
for i = 1, 4 do redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
return {tenure, redis.call('HGETALL', KEYS[2])}
)lua");

const script save_script(R"lua(
if redis.call('HGET', KEYS[1], 'node') ~= ARGV[1] then return redis.call('EXISTS', KEYS[1]) == 0 and 2 or 0 end
redis.call('HSET', KEYS[1], 'keeper', ARGV[1])
redis.call('HDEL', KEYS[1], 'left', 'waited')
local fields = 3
if ARGV[2] ~= '' then
  redis.call('DEL', KEYS[2])
  fields = 3 + 2 * tonumber(ARGV[2])
  for i = 3, fields - 1, 2 do
    if redis.call('HEXISTS', KEYS[3], ARGV[i]) == 1 then redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end
  end
end
for i = fields, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
)lua");

const script left_script(R"lua(
local is = redis.call('HMGET', KEYS[1], 'node', 'tenure')
if is[1] ~= ARGV[1] or tonumber(is[2] or 0) > tonumber(ARGV[2]) then return 0 end
local how = ARGV[3]
redis.call('HSET', KEYS[1], 'left', string.format('%.0f', now), 'waited', how == 'waited' and how or '')
if how == 'waited' then return 1 end
redis.call('DEL', KEYS[3], KEYS[4])
-- A record without its event: there was something, and it is lost.
if how == 'outlived' then
  redis.call('RPUSH', KEYS[3], '1 1\n')
  redis.call('PEXPIRE', KEYS[3], ARGV[4])
end
if how == 'quit' then redis.call('DEL', KEYS[2]) end
return 1
)lua");

const script pin_script(R"lua(
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'pinned', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
)lua");

const script letter_script(R"lua(
if redis.call('HGET', KEYS[2], 'node') ~= ARGV[5] then return 2 end
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
if (redis.call('MEMORY', 'USAGE', KEYS[1]) or 0) + #ARGV[1] > tonumber(ARGV[3]) then return 0 end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
)lua");

const script keep_script(R"lua(
if redis.call('HGET', KEYS[3], 'keeper') ~= ARGV[4] then return 0 end
if ARGV[3] == '1' then redis.call('DEL', KEYS[1]) end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local letters = tonumber(ARGV[5])
for i = 6, 5 + letters do
  if redis.call('LINDEX', KEYS[4], 0) == ARGV[i] then redis.call('LPOP', KEYS[4]) end
end
for i = 6 + letters, #ARGV, 2 do
  if ARGV[i + 1] == '-' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  elseif redis.call('HEXISTS', KEYS[2], ARGV[i]) == 1 then redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
return 1
)lua");

const script trim_script(R"lua(
if redis.call('HGET', KEYS[2], 'keeper') ~= ARGV[1] then return 0 end
return redis.call('LTRIM', KEYS[1], ARGV[2], -1)
)lua");

const script drop_script(R"lua(
if redis.call('HGET', KEYS[1], 'keeper') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[2], KEYS[3])
)lua");

const script take_script(R"lua(
redis.call('HSET', KEYS[3], 'keeper', ARGV[1])
return {redis.call('LRANGE', KEYS[1], 0, -1), redis.call('LRANGE', KEYS[2], 0, -1), redis.call('HGETALL', KEYS[4])}
)lua");

const script membership_script(R"lua(
redis.call('HSETNX', KEYS[1], ARGV[1], '')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
)lua");

const script forget_membership_script(R"lua(
if redis.call('HGET', KEYS[1], 'node') ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[2], ARGV[1])
)lua");

const script restore_script(R"lua(
local fields = 4 + 2 * tonumber(ARGV[3])
if redis.call('EXISTS', KEYS[1]) == 1 then
  if redis.call('HGET', KEYS[1], 'node') ~= ARGV[fields + 1] then return 2 end
  redis.call('HDEL', KEYS[1], 'left', 'waited')
  return redis.call('EXISTS', KEYS[3]) == 1 and 3 or 1
end
redis.call('HSET', KEYS[1], 'tenure', ARGV[1], 'keeper', ARGV[fields + 1])
for i = 4, fields - 1, 2 do redis.call('HSETNX', KEYS[2], ARGV[i], ARGV[i + 1]) end
for i = fields, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 4
)lua");

}  // namespace store
