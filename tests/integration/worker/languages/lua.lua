local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end

local mode = io.read("l")
if mode == "sum" then
    local out = {}
    for line in io.lines() do
        local a, b = line:match("(%d+) (%d+)")
        out[#out + 1] = math.tointeger(a) + math.tointeger(b)
    end
    print(table.concat(out, "\n"))
elseif mode == "deep" then print(depth(50000))
elseif mode == "fail" then os.exit(3)
elseif mode == "loop" then while true do end
else
    local kept = {}
    while true do kept[#kept + 1] = string.rep("x", 1000000) .. #kept end
end
