// Apollo Client: the shopper over HTTP from a page of another origin, with persisted queries by GET; the merchant over
// graphql-ws.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { page } from './page.mjs';
import { publishable, run, socketClient, texts, unknownQuery, url } from './support.mjs';

const documents = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, gql(text)]));
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const { asked, fetchFn } = page();
const http = new HttpLink({ uri: url, fetch: fetchFn, headers: { 'x-api-key': publishable }, useGETForQueries: true });
const client = (link) => new ApolloClient({ link, cache: new InMemoryCache() });

const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
const shopper = client(ApolloLink.from([persisted, http]));
const { client: socket, tear } = socketClient();
const merchant = client(new GraphQLWsLink(socket));

async function query(name, variables) {
  const { data } = await shopper.query({ query: documents[name], variables, fetchPolicy: 'network-only' });
  return data;
}

async function mutate(name, variables) {
  const { data } = await shopper.mutate({ mutation: documents[name], variables });
  return data;
}

function follow(variables, feed) {
  merchant.subscribe({ query: documents.OrderEvents, variables }).subscribe({
    next: ({ data, error }) => (error ? feed.fail(error) : feed.push(data.orderEvents)),
    error: (error) => feed.fail(error),
    complete: () => feed.fail(),
  });
  return tear;
}

/** A document is sent once; from then on its hash does. Whoever does not persist sends it by GET as well. */
async function check() {
  assert.ok(asked.includes('POST hash'), 'mutations are persisted as well');
  const document = gql(unknownQuery());
  for (const sent of [['GET hash', 'GET document hash'], ['GET hash']]) {
    asked.length = 0;
    const { data } = await shopper.query({ query: document, fetchPolicy: 'network-only' });
    assert.ok(data.shop.name);
    assert.deepEqual(asked, sent);
  }
  asked.length = 0;
  const { data } = await client(http).query({ query: document });
  assert.ok(data.shop.name);
  assert.deepEqual(asked, ['GET document']);
}

await run({ query, mutate, follow, check });
