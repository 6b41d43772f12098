-- What each client of wrk sends: arguments are the operation (or "mix"), the folder of the templates, a folder to
-- remember transactions in. One thread has one connection, so that each is a station that waits for its answers.
-- No message is sent twice: {number}, {time} and {meter} go on.

local ffi = require("ffi")
ffi.cdef("typedef struct { long sec; long usec; } bench_time; int gettimeofday(bench_time *, void *);")

-- How many threads there are, and for how many stations each of them speaks.
local CLIENTS, SHARE = 50, 4
local PLACES = "{(%a+)}"

local started = 0
local clients = {}

function setup(thread)
  thread:set("client", started)
  started = started + 1
  clients[started] = thread
end

local clock = ffi.new("bench_time")

local function now()
  ffi.C.gettimeofday(clock, nil)
  return tonumber(clock.sec), tonumber(clock.usec)
end

-- A template as a list in which every second part is the name of a place.
local function compile(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  local parts, at = {}, 1
  for before, place, after in text:gmatch("()" .. PLACES .. "()") do
    parts[#parts + 1] = text:sub(at, before - 1)
    parts[#parts + 1] = place
    at = after
  end
  parts[#parts + 1] = text:sub(at)
  return parts
end

local values = {}

local function message(operation)
  local sec, usec = now()
  number = number + 1
  values.number = string.format("%d-%d-%d", client, birth, number)
  values.time = os.date("!%Y-%m-%dT%H:%M:%S", sec) .. string.format(".%06dZ", usec)
  values.meter = tostring(1000 + number)
  local parts = templates[operation]
  local filled = {}
  for i = 1, #parts do
    filled[i] = i % 2 == 1 and parts[i] or values[parts[i]]
  end
  return wrk.format("POST", nil, nil, table.concat(filled))
end

local function turn(number_of_station, connector)
  station = number_of_station
  values.identity = string.format("BENCH-%04d", station)
  values.tag = values.identity
  values.connector = tostring(connector)
end

-- The stress test of SteVe: 33 requests, one transaction.
local function script()
  local steps = { "Heartbeat" }
  for connector = 0, 25 do steps[#steps + 1] = connector end
  for _, name in ipairs({ "Authorize", "StartTransaction", "Charging", "MeterValues", "StopTransaction", "Free" }) do
    steps[#steps + 1] = name
  end
  return steps
end

local next_request = {}

function next_request.mix()
  step = step % #steps + 1
  if step == 1 then
    turn(client + CLIENTS * (number % SHARE), 1)
  end
  local what = steps[step]
  if type(what) == "number" then
    values.connector = tostring(what)
    return message("StatusNotification")
  end
  values.connector = "1"
  if what == "Authorize" then
    values.tag = string.format("N%d-%d", client, number)
  elseif what == "StartTransaction" then
    values.tag = values.identity
  elseif what == "Charging" or what == "Free" then
    what = "StatusNotification"
  end
  return message(what)
end

-- Each start on a connector that has no open transaction; the answers are remembered.
function next_request.StartTransaction()
  turn(client + CLIENTS * (number % SHARE), 1 + math.floor(number / SHARE))
  return message("StartTransaction")
end

-- Of a transaction that is open: the next one of those remembered, from the first again after the last.
local function of_transaction()
  step = step % #open + 1
  local station, connector, transaction = open[step]:match("(%d+) (%d+) (%d+)")
  turn(station, connector)
  values.transaction = transaction
  return message(operation)
end

next_request.MeterValues, next_request.StopTransaction = of_transaction, of_transaction

function init(arguments)
  operation, folder, memory = arguments[1], arguments[2], arguments[3] .. "/" .. client
  birth, number, step, steps, open = now(), 0, 0, script(), {}
  templates = setmetatable({}, {
    __index = function(made, name)
      made[name] = compile(folder .. "/" .. name .. ".xml")
      return made[name]
    end,
  })
  wrk.headers["Content-Type"] = "application/soap+xml; charset=utf-8"
  turn(client, 1)
  values.transaction = "1"
  if operation == "mix" then
    step = client % 27  -- not all clients start a transaction at the same moment
  elseif operation == "StartTransaction" then
    remembered = assert(io.open(memory, "w"))
  elseif operation == "StopTransaction" or operation == "MeterValues" then
    for line in io.lines(memory) do open[#open + 1] = line end
  end
  next_one = next_request[operation]
end

function request()
  if next_one then
    return next_one()
  end
  turn(client + CLIENTS * (number % SHARE), 1)
  return message(operation)
end

function response(_, _, body)
  local transaction = body:match("transactionId>(%d+)<")
  if transaction then
    values.transaction = transaction
    if remembered then
      remembered:write(station, " ", values.connector, " ", transaction, "\n")
      remembered:flush()
    end
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "errors": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)
  ))
end
