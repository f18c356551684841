// graphql-sse alone, a connection for each operation: queries and mutations are streams of one event.
import assert from 'node:assert/strict';
import { createClient } from 'graphql-sse';
import { publishable, run, secret, texts, url } from './support.mjs';

const client = (key) => createClient({ url, headers: { 'x-api-key': key }, retryAttempts: 0 });
const [shopper, merchant] = [client(publishable), client(secret)];

async function ask(name, variables) {
  const answers = [];
  for await (const answer of shopper.iterate({ query: texts[name], variables })) answers.push(answer);
  assert.equal(answers.length, 1);
  assert.equal(answers[0].errors, undefined);
  return answers[0].data;
}

function follow(variables, feed) {
  const stop = merchant.subscribe(
    { query: texts.OrderEvents, variables },
    {
      next({ data, errors }) {
        if (errors) feed.fail(new AggregateError(errors, errors[0].message));
        else feed.push(data.orderEvents);
      },
      error: (error) => feed.fail(error),
      complete: () => feed.fail(),
    },
  );
  return stop;
}

await run({ query: ask, mutate: ask, follow });
