// urql: the shopper over HTTP from a page of another origin, with persisted queries by GET; the merchant over
// graphql-ws.
import assert from 'node:assert/strict';
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { page } from './page.mjs';
import { publishable, run, socketClient, texts, unknownQuery, url } from './support.mjs';

const { asked, fetchFn } = page();
const client = (exchanges) =>
  new Client({
    url,
    exchanges,
    fetch: fetchFn,
    fetchOptions: { headers: { 'x-api-key': publishable } },
    preferGetMethod: 'force',
  });

const persisted = persistedExchange({ preferGetForPersistedQueries: 'force', enableForMutation: true });
const shopper = client([cacheExchange, persisted, fetchExchange]);
const { client: socket, tear } = socketClient();
const forwardSubscription = ({ query, variables }) => ({
  subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
});
const merchant = client([subscriptionExchange({ forwardSubscription })]);

async function query(name, variables) {
  const { data, error } = await shopper.query(texts[name], variables, { requestPolicy: 'network-only' });
  if (error) throw error;
  return data;
}

async function mutate(name, variables) {
  const { data, error } = await shopper.mutation(texts[name], variables);
  if (error) throw error;
  return data;
}

function follow(variables, feed) {
  merchant.subscription(texts.OrderEvents, variables).subscribe(({ data, error }) => {
    if (error) feed.fail(error);
    else feed.push(data.orderEvents);
  });
  return tear;
}

/** A document is sent once; from then on its hash does. Whoever does not persist sends it by GET as well. */
async function check() {
  assert.ok(asked.includes('POST hash'), 'mutations are persisted as well');
  const text = unknownQuery();
  for (const sent of [['GET hash', 'GET document hash'], ['GET hash']]) {
    asked.length = 0;
    const { data } = await shopper.query(text, {}, { requestPolicy: 'network-only' });
    assert.ok(data.shop.name);
    assert.deepEqual(asked, sent);
  }
  asked.length = 0;
  const { data } = await client([fetchExchange]).query(text, {});
  assert.ok(data.shop.name);
  assert.deepEqual(asked, ['GET document']);
}

await run({ query, mutate, follow, check });
