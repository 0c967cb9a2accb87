-- PutItem or GetItem of random keys, as an SDK sends it: OPERATION=put|get TABLE=name KEYS=number wrk ... -s bench/request.lua URL
-- Requests are made beforehand, so that wrk's core does not become the limit.
dofile("bench/http_empty.lua") -- method and headers
local operation, name, keys = os.getenv("OPERATION"), os.getenv("TABLE"), tonumber(os.getenv("KEYS"))
local filler = string.rep("x", 260)
local prepared, next_one = {}, 0

local function body(key)
    if operation == "get" then return string.format('{"TableName":"%s","Key":{"id":{"S":"k%07d"}}}', name, key) end
    return string.format(
        '{"TableName":"%s","Item":{"id":{"S":"k%07d"},"version":{"N":"%d"},"filler":{"S":"%s"}}}',
        name, key, math.random(1000000000), filler)
end

function init(arguments)
    math.randomseed(os.time())
    wrk.headers["X-Amz-Target"] = "DynamoDB_20120810." .. (operation == "get" and "GetItem" or "PutItem")
    for place = 1, 20000 do prepared[place] = wrk.format(nil, nil, nil, body(math.random(0, keys - 1))) end
end

function request()
    next_one = next_one % #prepared + 1
    return prepared[next_one]
end
