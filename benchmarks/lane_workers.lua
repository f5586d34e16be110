-- Workers at a lane, in simulated time. They come at any moment, wait, give up, oversleep, die, and are refused:
-- now and then once, and in storms again and again.
--
-- `step(KEYS, ARGV)` is the lane's own script; it stands before this one. ARGV: the state as JSON ("" at first),
-- how many workers, a seed, how many steps to take, and the requests a second.
--
-- Returns the state as JSON, and what happened: a flat list of time, worker, event, number.

local TURN, NAP, GRACE, SHORTEST, LONGEST, FAILURES = 20e6, 1e6, 5e6, 30e6, 900e6, 5
local interval = math.ceil(1e6 / tonumber(ARGV[5]))
math.randomseed(tonumber(ARGV[3]))

local function chance(share) return math.random() < share end
local function spread(mean) return math.ceil(-math.log(1 - math.random()) * mean) + 1 end

local state = ARGV[1] ~= '' and cjson.decode(ARGV[1]) or {workers = {}, storm_until = 0}
local workers, happened = state.workers, {}

local function log(worker, event, number)
  for _, value in ipairs({worker.at, worker.index, event, number or 0}) do happened[#happened + 1] = value end
end

-- A caller's name is new for each turn, as are the names that the site's processes take.
local function rest(worker)
  worker.at = worker.at + spread(#workers * interval * 1.6)
  worker.asking, worker.count = false, worker.count + 1
  worker.patience = chance(0.1) and 0 or spread(30e6)
  worker.background = chance(0.3) and 1 or 0
end

for index = #workers + 1, tonumber(ARGV[2]) do
  workers[index] = {index = index, at = 1e6, count = 0}
  rest(workers[index])
end

local function name(worker) return worker.index .. '-' .. worker.count end

local function tell(worker, command, ...)
  return step(KEYS, {command, string.format('%d', worker.at), name(worker), ...})
end

local function take(worker)
  local verdict = tell(worker, 'take', worker.background, interval, worker.patience, TURN, NAP, GRACE)
  local word, number = verdict[1], verdict[2]
  if word == 'go' then
    log(worker, 'go')
    worker.asking = true
    worker.at = worker.at + (chance(0.001) and 25e6 or spread(interval * 0.3))
  elseif word == 'wait' and not chance(0.002) then -- else it dies, waiting
    local late = chance(0.02) and spread(2e6) or 0
    worker.patience = worker.patience - number - late
    worker.at = worker.at + number + late
  else
    rest(worker)
  end
end

local function is_refused(worker)
  if worker.at < state.storm_until then return chance(0.6) end
  if chance(0.002) then state.storm_until = worker.at + spread(300e6) end
  return chance(0.002)
end

local function finish(worker)
  if chance(0.001) then
    log(worker, 'died')
  elseif is_refused(worker) then
    local at_least = chance(0.3) and spread(100e6) or 0
    log(worker, 'refused', at_least)
    tell(worker, 'refused', SHORTEST, LONGEST, at_least)
  elseif chance(0.03) then
    log(worker, 'failed')
    tell(worker, 'failed', SHORTEST, LONGEST, FAILURES)
  else
    log(worker, 'answered')
    tell(worker, 'answered')
  end
  rest(worker)
end

for _ = 1, tonumber(ARGV[4]) do
  local next_one = workers[1]
  for _, worker in ipairs(workers) do
    if worker.at < next_one.at then next_one = worker end
  end
  if next_one.asking then finish(next_one) else take(next_one) end
end

return {cjson.encode(state), happened}
