// What the clients in this directory have in common: their arguments, and what each of them is put through.
//
//   node CLIENT.mjs --url http://127.0.0.1:8000/graphql --publishable epk_… --secret esk_…
//
// The store behind it must have something to sell, deliver to Germany, and take no other orders meanwhile.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse, print, separateOperations } from 'graphql';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

/** Nothing here takes longer unless it is broken. */
const PATIENCE = 10_000;
/** A subscription does not say when it has begun: after so long an order was placed too early, and another follows. */
const TOO_EARLY = 500;

const { values } = parseArgs({
  options: { url: { type: 'string' }, publishable: { type: 'string' }, secret: { type: 'string' } },
});
if (!values.url || !values.publishable || !values.secret) {
  console.error('usage: CLIENT.mjs --url URL --publishable KEY --secret KEY');
  process.exit(2);
}
export const { url, publishable, secret } = values;

const operations = separateOperations(
  parse(readFileSync(new URL('shop.graphql', import.meta.url), 'utf8'), { noLocation: true }),
);
/** The texts of shop.graphql's operations by name. */
export const texts = Object.fromEntries(
  Object.entries(operations).map(([name, document]) => [name, print(document)]),
);

/** A query that no server has seen yet. */
export function unknownQuery() {
  return `query Seen${randomUUID().replaceAll('-', '')} { shop { name } }`;
}

/** A client of graphql-ws with the merchant's key, and how to tear its connection. */
export function socketClient(more = {}) {
  let socket;
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { 'x-api-key': secret },
    retryAttempts: 0,
    on: { opened: (opened) => (socket = opened) },
    ...more,
  });
  // Without a close frame, as when the network goes away.
  return { client, tear: () => socket.terminate() };
}

/** What a subscription brings, to be taken one by one. */
export class Feed {
  #events = [];
  #error;
  #changed = () => {};

  push(event) {
    this.#events.push(event);
    this.#changed();
  }

  /** The subscription is over. */
  fail(error) {
    this.#error = error ?? new Error('the server has nothing more to tell');
    this.#changed();
  }

  /** The next event; undefined when there is none for so long. */
  async next(milliseconds) {
    await this.#until(() => this.#events.length > 0 || this.#error, milliseconds);
    if (this.#events.length === 0 && this.#error) throw this.#error;
    return this.#events.shift();
  }

  /** Waits until the client has seen that its connection is gone. */
  async end() {
    await this.#until(() => this.#error, PATIENCE);
    assert.ok(this.#error, 'the client does not notice that its connection is gone');
  }

  async #until(condition, milliseconds) {
    const deadline = Date.now() + milliseconds;
    while (!condition() && Date.now() < deadline) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.#changed = () => (clearTimeout(timer), resolve());
      });
    }
  }
}

/**
 * Puts a client through everything that each of them must be able to do, and ends the process.
 *
 * A client has `query(name, variables)` and `mutate(name, variables)`, which answer the data and throw on any error,
 * and `follow(variables, feed)`, which subscribes and answers how to break the connection off.
 */
export async function run({ query, mutate, follow, check = () => {} }) {
  await attempt(async () => {
    const { products } = await query('Products', { first: 20 });
    const variants = products.nodes.flatMap((product) => product.variants.nodes);
    const [variant] = variants.sort((one, other) => other.quantityAvailable - one.quantityAvailable);
    assert.ok(variant?.quantityAvailable > 0, 'there is nothing to buy');
    assert.match(variant.price.amount, /^\d+\.\d+$/);
    await resume(() => order(mutate, variant.id), follow);
    await check();
  });
}

/** Does something, says how it went and ends the process. */
export async function attempt(something) {
  setTimeout(() => end(new Error('it takes too long')), 6 * PATIENCE);
  await something().then(() => end(), end);
}

function end(error) {
  if (error) console.error('FAILED', error);
  else console.log('ok');
  process.exit(error ? 1 : 0);
}

/** Buys the variant; the order is placed once, though it is asked for twice. */
async function order(mutate, merchandiseId) {
  const deliveryAddress = {
    firstName: 'Ada',
    lastName: 'Byron',
    address1: 'Invalidenstr. 1',
    zip: '10115',
    city: 'Berlin',
    countryCode: 'DE',
  };
  const input = {
    lines: [{ merchandiseId, quantity: 1 }],
    buyerIdentity: { email: 'ada@example.com', countryCode: 'DE' },
    delivery: { addresses: [{ selected: true, address: { deliveryAddress } }] },
  };
  const { cartCreate } = await mutate('CartCreate', { input });
  assert.deepEqual(cartCreate.userErrors, []);
  assert.equal(cartCreate.cart.totalQuantity, 1);
  const cart = cartCreate.cart.id;
  const placed = [];
  for (let time = 0; time < 2; time += 1) {
    const { checkoutComplete } = await mutate('CheckoutComplete', { cart, key: `clients ${cart}` });
    assert.deepEqual(checkoutComplete.userErrors, []);
    placed.push(checkoutComplete.order.name);
  }
  assert.equal(placed[0], placed[1], 'one key, two orders');
  return placed[0];
}

/** Follows the orders, breaks off, misses two and resumes: every order is told once, in the order they came in. */
async function resume(place, follow) {
  const topics = ['ORDERS_CREATE'];
  let feed = new Feed();
  const breakOff = await follow({ topics }, feed);
  const placed = [];
  let first;
  while (!first && placed.length < PATIENCE / TOO_EARLY) {
    placed.push(await place());
    first = await feed.next(TOO_EARLY);
  }
  assert.ok(first, 'no order is told');
  assert.ok(placed.includes(first.order.name), `${first.order.name} was not ordered`);
  // What was placed before the subscription had begun is not told.
  const after = await told(feed, placed.slice(placed.indexOf(first.order.name)), first);
  await breakOff();
  await feed.end();

  const missed = [await place(), await place()];
  feed = new Feed();
  await follow({ topics, after }, feed);
  await told(feed, missed);
  // Were anything told twice, it would come before the next order.
  await told(feed, [await place()]);
}

/** Takes these orders from the feed, where they must be the next ones; answers the id of the last event. */
async function told(feed, orders, first) {
  let event = first;
  for (const [index, name] of orders.entries()) {
    if (index > 0 || !first) event = await feed.next(PATIENCE);
    assert.ok(event, `${name} is not told`);
    assert.equal(event.topic, 'ORDERS_CREATE');
    assert.equal(event.order.name, name, 'another order was to be told');
    assert.ok(!Number.isNaN(Date.parse(event.occurredAt)), event.occurredAt);
  }
  return event.id;
}
