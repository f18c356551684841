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

const FIRST_TABS = ['Welcome', 'CreateCart', 'WatchOrders'];
const home = new URL(options.url);
const problems = [];
const shop = await shopBehind(home);
await shop.stock();
const browser = await launch(options.chromium, home, (problem) => problems.push(problem));

try {
  const graphiql = await browser.visitor();
  await step('opens', () => opens(graphiql));
  const variant = await step('runs a query', () => runsAQuery(graphiql));
  await step('runs a mutation', () => runsAMutation(graphiql, variant));
  await step('hears of an order', () => hearsOfAnOrder(graphiql, variant));
  await step('completes a field with its description', () => completesAField(graphiql));
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
  const took = await graphiql.open();
  console.log(`editor ready after ${took} ms: ${await graphiql.page.title()}`);
  assert.deepEqual(await graphiql.tabs.allTextContents(), FIRST_TABS);
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
