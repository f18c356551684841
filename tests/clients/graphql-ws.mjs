// graphql-ws alone: queries and mutations go over a socket too. The merchant's client connects again by itself, and
// resumes, because it reads the variables anew whenever it does.
import assert from 'node:assert/strict';
import { publishable, run, socketClient, texts } from './support.mjs';

const { client: shopper } = socketClient({ lazy: false, connectionParams: { 'x-api-key': publishable } });

let connectAgain;
const held = new Promise((resolve) => (connectAgain = resolve));
const { client: merchant, tear } = socketClient({ retryAttempts: 1, shouldRetry: () => true, retryWait: () => held });
const variables = {};
let feed;

async function ask(name, more) {
  const answers = [];
  for await (const answer of shopper.iterate({ query: texts[name], variables: more })) answers.push(answer);
  assert.equal(answers.length, 1);
  assert.equal(answers[0].errors, undefined);
  return answers[0].data;
}

function follow(wanted, into) {
  feed = into;
  if (variables.after) {
    assert.equal(variables.after, wanted.after);
    connectAgain();
    return tear;
  }
  Object.assign(variables, wanted);
  merchant.on('closed', () => feed.fail(new Error('the connection is gone')));
  merchant.subscribe(
    { query: texts.OrderEvents, variables },
    {
      next({ data, errors }) {
        if (errors) return feed.fail(new AggregateError(errors, errors[0].message));
        variables.after = data.orderEvents.id;
        feed.push(data.orderEvents);
      },
      error: (error) => feed.fail(error),
      complete: () => feed.fail(),
    },
  );
  return tear;
}

/** What the client closes the server closes too: a connection that ends without a word looks broken. */
async function check() {
  const closed = new Promise((resolve) => shopper.on('closed', resolve));
  shopper.dispose();
  const { code, wasClean } = await closed;
  assert.deepEqual({ code, wasClean }, { code: 1000, wasClean: true });
}

await run({ query: ask, mutate: ask, follow, check });
