"""Python's gql: queries and mutations over aiohttp, checked against the schema that the API tells of itself; orders
over graphql-transport-ws. Arguments and course are those of support.mjs."""

import argparse
import asyncio
import sys
from pathlib import Path

from gql import Client, GraphQLRequest, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportClosed, TransportConnectionFailed
from gql.transport.websockets import WebsocketsTransport

# As in support.mjs, in seconds.
PATIENCE = 10
TOO_EARLY = 0.5

DOCUMENTS = gql(Path(__file__).with_name("shop.graphql").read_text()).document
TOPICS = ["ORDERS_CREATE"]
ADDRESS = {
    "firstName": "Ada",
    "lastName": "Byron",
    "address1": "Invalidenstr. 1",
    "zip": "10115",
    "city": "Berlin",
    "countryCode": "DE",
}


def operation(name, variables):
    return GraphQLRequest(DOCUMENTS, variable_values=variables, operation_name=name)


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


async def order(shopper, variant):
    """Buys the variant; the order is placed once, though it is asked for twice."""
    cart_input = {
        "lines": [{"merchandiseId": variant, "quantity": 1}],
        "buyerIdentity": {"email": "ada@example.com", "countryCode": "DE"},
        "delivery": {"addresses": [{"selected": True, "address": {"deliveryAddress": ADDRESS}}]},
    }
    made = (await shopper.execute(operation("CartCreate", {"input": cart_input})))["cartCreate"]
    expect(made["userErrors"] == [], made)
    cart = made["cart"]["id"]
    placed = []
    for _ in range(2):
        wish = operation("CheckoutComplete", {"cart": cart, "key": f"clients {cart}"})
        done = (await shopper.execute(wish))["checkoutComplete"]
        expect(done["userErrors"] == [], done)
        placed.append(done["order"]["name"])
    expect(placed[0] == placed[1], f"one key, two orders: {placed}")
    return placed[0]


class Following:
    """A subscription on a connection of its own."""

    def __init__(self, options, variables):
        url = options.url.replace("http", "ws", 1)
        subprotocols = [WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]
        payload = {"x-api-key": options.secret}
        self.transport = WebsocketsTransport(url, init_payload=payload, subprotocols=subprotocols)
        self.variables = variables
        self.events = asyncio.Queue()
        self.error = None
        self.reading = asyncio.create_task(self.read())

    async def read(self):
        try:
            async with Client(transport=self.transport) as session:
                async for data in session.subscribe(operation("OrderEvents", self.variables)):
                    await self.events.put(data["orderEvents"])
        except (TransportClosed, TransportConnectionFailed) as error:
            self.error = error

    async def next(self, seconds):
        """The next event; None when there is none for so long."""
        getting = asyncio.create_task(self.events.get())
        await asyncio.wait({getting, self.reading}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
        getting.cancel()
        if self.reading.done():
            self.reading.result()
            expect(False, f"the subscription ended: {self.error}")
        return None

    async def told(self, orders, first=None):
        """Takes these orders, which must be the next ones; answers the id of the last event."""
        for name in orders:
            event, first = first or await self.next(PATIENCE), None
            expect(event, f"{name} is not told")
            expect(event["topic"] == "ORDERS_CREATE", event)
            expect(event["order"]["name"] == name, f"{event['order']['name']} is told instead of {name}")
        return event["id"]

    async def tear(self):
        """Without a close frame, as when the network goes away; waits until the client has seen it."""
        self.transport.adapter.websocket.transport.abort()
        await asyncio.wait_for(self.reading, PATIENCE)
        expect(self.error, "the client does not notice that its connection is gone")


async def resume(options, place):
    """Follows the orders, breaks off, misses two and resumes: every order is told once, in the order they came in."""
    following = Following(options, {"topics": TOPICS})
    placed, first = [], None
    while not first and len(placed) < PATIENCE / TOO_EARLY:
        placed.append(await place())
        first = await following.next(TOO_EARLY)
    expect(first, "no order is told")
    expect(first["order"]["name"] in placed, f"{first} was not ordered")
    # What was placed before the subscription had begun is not told.
    after = await following.told(placed[placed.index(first["order"]["name"]) :], first)
    await following.tear()

    missed = [await place(), await place()]
    following = Following(options, {"topics": TOPICS, "after": after})
    await following.told(missed)
    # Were anything told twice, it would come before the next order.
    await following.told([await place()])
    following.reading.cancel()


async def main(options):
    transport = AIOHTTPTransport(options.url, headers={"x-api-key": options.publishable})
    async with Client(transport=transport, fetch_schema_from_transport=True) as shopper:
        found = await shopper.execute(operation("Products", {"first": 20}))
        variants = [variant for product in found["products"]["nodes"] for variant in product["variants"]["nodes"]]
        variants = [variant for variant in variants if variant["quantityAvailable"]]
        expect(variants, "there is nothing to buy")
        variant = max(variants, key=lambda variant: variant["quantityAvailable"])
        await resume(options, lambda: order(shopper, variant["id"]))
    print("ok")


arguments = argparse.ArgumentParser()
for name in ["--url", "--publishable", "--secret"]:
    arguments.add_argument(name, required=True)
try:
    asyncio.run(asyncio.wait_for(main(arguments.parse_args()), 6 * PATIENCE))
except AssertionError as error:
    sys.exit(f"FAILED {error}")
