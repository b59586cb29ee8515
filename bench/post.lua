-- wrk: each request posts another report. BODIES names a file of bodies, one a line, with a mark where the report's
-- external id goes: 12 hexadecimal digits that follow each other in no order, as those of most sources do. API_KEY and
-- API_PATH say who and where; FIRST (below 2^24) where the numbers begin. Prints one line of JSON at the end.
local mark = "@@@@@@@@@@@@"
local before, after, n, i = {}, {}, 0, 0
local number = tonumber(os.getenv("FIRST") or "0")
local count = string.format

function init()
  local path = os.getenv("API_PATH") or "/api/ingest/manual"
  local key = os.getenv("API_KEY") or ""
  for line in io.lines(os.getenv("BODIES")) do
    local from, to = line:find(mark, 1, true)
    n = n + 1
    before[n] = count("POST %s HTTP/1.1\r\nHost: %s:%s\r\nX-API-Key: %s\r\nContent-Type: application/json\r\n"
      .. "Content-Length: %d\r\n\r\n", path, wrk.host, wrk.port, key, #line) .. line:sub(1, from - 1)
    after[n] = line:sub(to + 1)
  end
end

local function id(k) -- one to one below 2^24, and well mixed
  local mixed = k * 10368889 % 16777216
  mixed = (mixed % 4096 * 4096 + math.floor(mixed / 4096)) * 6364137 % 16777216
  return count("%06x%06x", mixed, k * 5 % 16777216)
end

function request()
  i = i % n + 1
  number = number + 1
  return before[i] .. id(number) .. after[i]
end

function done(summary, latency)
  local e = summary.errors
  io.write(count('{"requests":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,"not_2xx":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, e.status, e.connect + e.read + e.write + e.timeout))
end
