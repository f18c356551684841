# Shared by the scripts that shop: asks the API at $API, whose address is without a path.

need_shop() {
    need "curl" "command -v curl" curl
    need "Python" "command -v python3" python3
}

# until_ready PID: waits until the API answers that it can work; fails when the process ends before, or in a minute.
until_ready() {
    local tries
    for tries in $(seq 600); do
        if curl -fsS "$API/readyz" >/dev/null 2>&1; then return; fi
        kill -0 "$1" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

# json PATH: the value there in the JSON on stdin, by a path like data.cartCreate.cart.id; shows the JSON when there is
# none.
json() {
    python3 -c '
import functools, json, sys
text = sys.stdin.read()
at = lambda value, key: value[int(key) if isinstance(value, list) else key]
try:
    print(functools.reduce(at, sys.argv[1].split("."), json.loads(text)))
except (LookupError, TypeError, ValueError):
    sys.exit("no " + sys.argv[1] + " in " + text)' "$1"
}

# gql KEY DOCUMENT [CURL'S ARGUMENT…]
gql() {
    python3 -c 'import json, sys; print(json.dumps({"query": sys.argv[1]}))' "$2" |
        curl -sS "$API/graphql" -H 'content-type: application/json' -H "x-api-key: $1" -d @- "${@:3}"
}
# new_cart KEY: the id of a cart with one thing for Berlin in it.
new_cart() {
    local key="$1" variant
    variant="$(gql "$key" '{ products(first: 1) { nodes { variants(first: 1) { nodes { id } } } } }' |
        json data.products.nodes.0.variants.nodes.0.id)"
    gql "$key" "mutation { cartCreate(input: { lines: [{ merchandiseId: \"$variant\", quantity: 1 }],
        buyerIdentity: { email: \"ada@example.com\", countryCode: DE },
        delivery: { addresses: [{ selected: true, address: { deliveryAddress: { firstName: \"Ada\", lastName: \"Byron\",
            address1: \"Invalidenstr. 1\", zip: \"10115\", city: \"Berlin\", countryCode: DE } } }] } }) {
        cart { id } userErrors { field message } } }" | json data.cartCreate.cart.id
}
# order KEY CART: the order's name; the same one however often it is said, since the cart is also the idempotency key.
order() {
    local key="$1" cart="$2"
    gql "$key" "mutation { checkoutComplete(cartId: \"$cart\", payment: { gateway: \"manual\" }) {
        order { name } userErrors { field message } } }" -H "idempotency-key: $cart" |
        json data.checkoutComplete.order.name
}
