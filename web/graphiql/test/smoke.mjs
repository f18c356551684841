// Clicks through a running playground in headless Chromium, which reaches no other host:
//
//   node test/smoke.mjs --url http://127.0.0.1:8080/graphiql/ [--screenshot FILE] [--chromium PATH]
//
// The server must run for development, so that the page starts with a secret key; it needs a worker, for events.
// Fails on what a step does not find, on a console error, and on a request to another host.
import { strict as assert } from 'node:assert';
import { parseArgs } from 'node:util';
import { launch } from './browser.mjs';
import { shopBehind } from './shop.mjs';

const { values: options } = parseArgs({
  options: {
    url: { type: 'string' },
    screenshot: { type: 'string' },
    chromium: { type: 'string', default: process.env.CHROMIUM ?? '/usr/bin/chromium' },
  },
});
if (!options.url) {
  console.error('usage: smoke.mjs --url URL [--screenshot FILE] [--chromium PATH]');
  process.exit(2);
}

/** How many first visits are timed. */
const VISITS = 5;
const FIRST_TABS = ['Welcome', 'CreateCart', 'WatchOrders'];
const home = new URL(options.url);
const problems = [];
const shop = await shopBehind(home);
await shop.stock();
const browser = await launch(options.chromium, home, (problem) => problems.push(problem));

try {
  const graphiql = await browser.visitor();
  await step('opens', () => opens(graphiql));
  await step('opens quickly', () => opensQuickly());
  const variant = await step('runs a query', () => runsAQuery(graphiql));
  await step('runs a mutation', () => runsAMutation(graphiql, variant));
  await step('hears of an order', () => hearsOfAnOrder(graphiql, variant));
  await step('completes a field with its description', () => completesAField(graphiql));
  await step('shows the documentation, and whose software it is', () => readsTheDocumentation(graphiql));
  await step('writes a query by ticking fields', () => ticksFields(graphiql));
  await step('opens an example', () => opensAnExample(graphiql));
  await step('shares an operation by a link', () => sharesALink(graphiql));
  await step('says when a link would be too long', () => refusesALongLink(graphiql));
} finally {
  await browser.close();
}

for (const problem of problems) console.error(`FAILED  ${problem}`);
if (problems.length === 0) console.log('ok');
process.exitCode = problems.length === 0 ? 0 : 1;

/** A step that fails does not hide what the later ones would say. */
async function step(name, action) {
  try {
    const result = await action();
    console.log(`it ${name}`);
    return result;
  } catch (error) {
    problems.push(`${name}: ${error.message}`);
  }
}

async function opens(graphiql) {
  await graphiql.open();
  assert.equal(await graphiql.page.title(), 'Emporia');
  assert.deepEqual(await graphiql.tabs.allTextContents(), FIRST_TABS);
}

/** Prints how long a first visit takes, to a browser that has started. Not judged: it is the machine's affair too. */
async function opensQuickly() {
  const visits = [];
  while (visits.length < VISITS) {
    const visitor = await browser.visitor({ isWatched: false });
    visits.push(await visitor.open());
    await visitor.page.context().close();
  }
  const [page, editor, schema] = ['page', 'editor', 'schema'].map((part) => {
    const times = visits.map((visit) => visit[part]).sort((one, other) => one - other);
    return `${times[Math.floor(VISITS / 2)]} ms (${times[0]} to ${times.at(-1)})`;
  });
  console.log(`of ${VISITS} first visits: loaded after ${page}, an editor after ${editor}, with the schema after ${schema}`);
}

/** Answers the id of a variant, as the first tab tells the reader to look for one. */
async function runsAQuery(graphiql) {
  const { data } = await graphiql.run();
  const product = data.products.nodes.find((product) => product.availableForSale);
  return product.variants.nodes[0].id;
}

async function runsAMutation(graphiql, merchandiseId) {
  await graphiql.tab('CreateCart');
  await graphiql.write(graphiql.variables, JSON.stringify({ lines: [{ merchandiseId, quantity: 2 }] }));
  const { cart, userErrors } = (await graphiql.run()).data.cartCreate;
  assert.deepEqual(userErrors, []);
  assert.equal(cart.totalQuantity, 2);
}

async function hearsOfAnOrder(graphiql, variant) {
  await graphiql.tab('WatchOrders');
  await graphiql.execute();
  await graphiql.status.and(graphiql.page.locator('[data-connection="connected"]')).waitFor();
  // Nobody says when a subscription has begun, and it does not hear of what came before.
  const names = [];
  await graphiql.until('an event arrives', async () => {
    names.push(await shop.order(variant));
    const hears = graphiql.until('this one does', async () => (await graphiql.text('response')) !== '', 3_000);
    return hears.then(() => true, () => false);
  });
  const event = JSON.parse(await graphiql.text('response')).data.orderEvents;
  assert.equal(event.topic, 'ORDERS_CREATE');
  assert.ok(names.includes(event.order.name), `of ${event.order.name}, not of ${names}`);
  await graphiql.page.getByRole('button', { name: /^Stop query/ }).click();
  await graphiql.page.locator('.emporia-status[data-connection="closed"]').waitFor({ state: 'attached' });
}

async function completesAField(graphiql) {
  await graphiql.emptyTab();
  await graphiql.page.keyboard.type('{ products(first: 1) { nodes { availab');
  const suggested = graphiql.page.locator('.suggest-widget .monaco-list-row').first();
  await suggested.filter({ hasText: 'availableForSale' }).waitFor();
  const description = graphiql.page.locator('.suggest-details');
  await description.filter({ hasText: 'Whether any of its variants can be bought now.' }).waitFor();
  await graphiql.page.keyboard.press('Enter');
  await graphiql.holds('operation', 'availableForSale');
}

async function readsTheDocumentation(graphiql) {
  await graphiql.panel('Documentation Explorer');
  const docs = graphiql.page.locator('.graphiql-doc-explorer');
  await docs.getByRole('link', { name: 'Mutation', exact: true }).click();
  await docs.getByText('checkoutComplete', { exact: true }).first().waitFor();
  const licences = await graphiql.page.locator('link[rel=license]').getAttribute('href');
  const text = await (await fetch(new URL(licences, home))).text();
  for (const name of ['monaco-editor', 'react-dom', 'Fira Code']) assert.ok(text.includes(`\n${name}`), name);
}

async function ticksFields(graphiql) {
  await graphiql.emptyTab();
  await graphiql.panel('Explorer');
  for (const field of ['shop', 'name']) {
    await graphiql.page.locator(`.graphiql-explorer-root [data-field-name="${field}"]`).first().click();
  }
  await graphiql.holds('operation', 'name');
  const { data } = await graphiql.run();
  assert.equal(typeof data.shop.name, 'string');
}

async function opensAnExample(graphiql) {
  await graphiql.panel('Examples');
  const area = graphiql.page.getByRole('region', { name: 'Catalogue', exact: true });
  await area.getByRole('button', { name: 'A collection, filtered and sorted' }).click();
  await graphiql.holds('operation', 'query CollectionPage');
  await graphiql.holds('variables', '"handle": "bestsellers"');
  const { errors } = await graphiql.run();
  assert.equal(errors, undefined);
  await graphiql.until('nothing is marked as wrong', async () => {
    return (await graphiql.page.locator('.squiggly-error').count()) === 0;
  });
  if (options.screenshot) await graphiql.page.screenshot({ path: options.screenshot });
}

async function sharesALink(graphiql) {
  const { page } = graphiql;
  await page.getByRole('button', { name: 'Copy link to this operation' }).click();
  await graphiql.status.filter({ hasText: 'Link copied' }).waitFor();
  const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
  assert.equal(link.href, page.url());
  for (const key of shop.keys) assert.ok(!link.href.includes(key), 'the link holds a key');

  const other = await browser.visitor();
  await other.open(link.hash);
  await other.status.filter({ hasText: 'Opened from a link' }).waitFor();
  assert.deepEqual(await other.tabs.allTextContents(), [...FIRST_TABS, 'CollectionPage']);
  for (const part of ['operation', 'variables']) assert.equal(await other.text(part), await graphiql.text(part));
  await other.read();
  assert.deepEqual([other.posted, await other.text('response')], [['IntrospectionQuery'], ''], 'it ran by itself');
  assert.equal(other.page.url(), home.href, 'another link can be opened');
  assert.equal((await other.run()).errors, undefined);
}

async function refusesALongLink(graphiql) {
  const address = graphiql.page.url();
  await graphiql.emptyTab();
  await graphiql.write(graphiql.query, `{ shop { name } } # ${'long '.repeat(2_000)}`);
  await graphiql.page.getByRole('button', { name: 'Copy link to this operation' }).click();
  await graphiql.status.filter({ hasText: /Not copied: the link would have 10,\d{3} characters, and 8,000/ }).waitFor();
  assert.equal(graphiql.page.url(), address);
}
