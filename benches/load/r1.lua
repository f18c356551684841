-- R1: a storefront's product list, by publishable key, another tenant each time.
local keys = {}
for line in io.lines(os.getenv("BENCH_KEYS")) do keys[#keys + 1] = line end
local body = [[{"query":"query R1 { products(first: 20) { nodes { id title handle description variants(first: 3) { nodes { id sku price { amount currencyCode } quantityAvailable } } } } }"}]]
local n = 0
request = function()
  n = n + 1
  return wrk.format("POST", "/graphql",
    { ["content-type"] = "application/json", ["x-api-key"] = keys[n % #keys + 1] }, body)
end
