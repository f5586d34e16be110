-- The state of one lane, and all that may happen to it. Each call is one step that nothing comes between.
--
-- KEYS  lane      hash: next_at, turn, turn_until, paused_until, reason, streak, faults, tickets
--       queue     sorted set: who waits, by order of service
--       seen      hash: until when one who waits is taken to be alive
--       requests  sorted set: the turns of the last hour
--       refusals  sorted set: the refusals of the last day
-- ARGV  command, now (empty: this server's clock), caller, and the numbers that the command needs
--
-- Times are whole microseconds: sums of them are exact.

local lane, queue, seen, requests, refusals = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local SECOND, HOUR, DAY = 1000000, 3600000000, 86400000000
-- Added to the tickets of background work, so that all others go first.
local BACKGROUND = 2 ^ 50

local function clock()
  if ARGV[2] ~= '' then return tonumber(ARGV[2]) end
  local time = redis.call('TIME')
  return time[1] * SECOND + time[2]
end

local now, caller = clock(), ARGV[3]
local stored = redis.call('HMGET', lane, 'next_at', 'turn', 'turn_until', 'paused_until', 'reason')
local next_at, paused_until = tonumber(stored[1] or 0), tonumber(stored[4] or 0)
local is_paused, is_mine = paused_until > now, stored[2] == caller
local is_held = stored[2] and tonumber(stored[3]) > now

local function note(log, age)
  redis.call('ZADD', log, now, caller)
  redis.call('ZREMRANGEBYSCORE', log, '-inf', now - age)
  redis.call('EXPIRE', log, age / SECOND * 2)
end

local function leave(who)
  redis.call('ZREM', queue, who)
  redis.call('HDEL', seen, who)
end

local function end_turn()
  if is_mine then redis.call('HDEL', lane, 'turn', 'turn_until') end
end

local function join(background)
  redis.call('ZADD', queue, redis.call('HINCRBY', lane, 'tickets', 1) + background * BACKGROUND, caller)
  redis.call('EXPIRE', queue, DAY / SECOND)
  return redis.call('ZRANK', queue, caller)
end

-- Returns how many go before the caller; those who died waiting do not count.
local function place(background)
  local before = redis.call('ZRANK', queue, caller) or join(background)
  while before > 0 do
    local head = redis.call('ZRANGE', queue, 0, 0)[1]
    if tonumber(redis.call('HGET', seen, head) or 0) > now then break end
    leave(head)
    before = before - 1
  end
  return before
end

local function wait_until(moment)
  redis.call('HSET', seen, caller, moment)
  redis.call('EXPIRE', seen, DAY / SECOND)
end

local function grant(interval, turn_length)
  leave(caller)
  redis.call('HSET', lane, 'turn', caller, 'turn_until', now + turn_length, 'next_at', now + interval)
  redis.call('EXPIRE', lane, DAY / SECOND * 2)
  note(requests, HOUR)
end

local function pause(reason, shortest, longest, at_least)
  local streak = redis.call('HINCRBY', lane, 'streak', 1)
  local length = math.max(math.min(shortest * 2 ^ (streak - 1), longest), at_least)
  redis.call('HSET', lane, 'paused_until', now + length, 'reason', reason)
  redis.call('DEL', queue, seen)
end

local commands = {}

-- go: the turn is the caller's. wait: sleep so long, then ask again. paused: until then nobody may ask.
-- busy: the wait would be longer than the caller's patience; it has left the queue.
function commands.take(background, interval, patience, turn_length, nap, grace)
  if is_paused then
    leave(caller)
    return {'paused', paused_until}
  end
  if is_mine and is_held then return {'go', 0} end
  local before = place(background)
  if before == 0 and not is_held and next_at <= now then
    grant(interval, turn_length)
    return {'go', 0}
  end
  local wait = math.max(next_at - now, 0) + before * interval
  if wait > patience or patience <= 0 then
    leave(caller)
    return {'busy', wait}
  end
  wait = math.min(math.max(wait, is_held and (before + 1) * nap / 20 or 1), nap)
  wait_until(now + wait + grace)
  return {'wait', wait}
end

function commands.leave()
  leave(caller)
  end_turn()
end

-- What was asked before a pause, or in a turn that has gone to another since, says nothing of the lane as it is.
function commands.answered()
  if is_mine and not is_paused then redis.call('HDEL', lane, 'paused_until', 'reason', 'streak', 'faults') end
  end_turn()
end

-- A second refusal from before a pause makes it no longer, unless it names a longer one itself.
function commands.refused(shortest, longest, at_least)
  end_turn()
  note(refusals, DAY)
  if not is_paused then
    pause('refused', shortest, longest, at_least)
  elseif now + at_least > paused_until then
    redis.call('HSET', lane, 'paused_until', now + at_least, 'reason', 'refused')
  end
end

function commands.failed(shortest, longest, enough)
  end_turn()
  local faults = redis.call('HINCRBY', lane, 'faults', 1)
  if not is_paused and faults >= enough then pause('failing', shortest, longest, 0) end
end

function commands.reopen() redis.call('HDEL', lane, 'paused_until', 'reason', 'streak', 'faults') end

function commands.status()
  local waiting = 0
  for _, alive_until in ipairs(redis.call('HVALS', seen)) do
    if tonumber(alive_until) > now then waiting = waiting + 1 end
  end
  return {
    is_paused and paused_until or 0,
    is_paused and stored[5] or '',
    tonumber(redis.call('HGET', lane, 'streak') or 0),
    redis.call('ZCOUNT', requests, now - HOUR, '+inf'),
    redis.call('ZCOUNT', refusals, now - DAY, '+inf'),
    waiting,
  }
end

local numbers = {}
for index = 4, #ARGV do numbers[#numbers + 1] = tonumber(ARGV[index]) end
return commands[ARGV[1]](unpack(numbers))
