-- W1 in LuaJIT: rules as functions (translate.py), rows as an array of C. luajit peer.lua FOLDER RULES.lua; peers.js says the lines it speaks.
local ffi = require("ffi")
local folder, rules = arg[1], arg[2]
local lists = assert(loadfile(rules))()
local file = assert(io.open(folder .. "/rows.bin", "rb"))
local bytes = file:read("*a")
file:close()
local head = ffi.cast("const uint32_t*", ffi.cast("const char*", bytes) + 4)
local rows, width = head[0], head[1]
local values = ffi.new("int32_t[?]", rows * width)
ffi.copy(values, ffi.cast("const char*", bytes) + 12, rows * width * 4)
local out = ffi.new("uint32_t[?]", 1000001)

local function match(row)
  local x = values + row * width
  local list = lists[x[0]]
  local n = 0
  if list then
    for i = 1, #list do n = list[i](x, out, n) end
  end
  return n
end

io.write("ready\n")
io.flush()
for line in io.lines() do
  local what, count, name = line:match("^(%a+) (%d+) ?(.*)$")
  local matches, sets = 0, {}
  for row = 0, math.min(tonumber(count), rows) - 1 do
    local n = match(row)
    matches = matches + n
    if what == "sets" then
      local ids = {}
      for i = 0, n - 1 do ids[#ids + 1] = out[i] end
      table.sort(ids)
      sets[#sets + 1] = ffi.string(ffi.new("uint32_t[1]", n), 4)
      for _, id in ipairs(ids) do sets[#sets + 1] = ffi.string(ffi.new("uint32_t[1]", id), 4) end
    end
  end
  if what == "sets" then
    local to = assert(io.open(name, "wb"))
    to:write(table.concat(sets))
    to:close()
  end
  io.write("done ", matches, "\n")
  io.flush()
end
