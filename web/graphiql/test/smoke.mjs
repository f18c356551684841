// Opens a running playground in headless Chromium and uses it:
//
//   node test/smoke.mjs --url http://127.0.0.1:8080/graphiql/ [--screenshot FILE] [--chromium PATH]
//
// Runs the first tab and the subscription tab, and asks the editor whether every example fits the schema.
// Fails on a console error, on a request to another host, on an answer with errors, on an example that the
// schema refuses, and on a subscription that does not connect.
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

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

const TIMEOUT = 15_000;
const home = new URL(options.url);
const problems = [];
const sockets = [];
let schemaLoaded = false;

const browser = await chromium.launch({
  executablePath: options.chromium,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // No other name resolves, whatever tries: page, worker or the browser itself.
    `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${home.hostname}`,
  ],
});

try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.setDefaultTimeout(TIMEOUT);
  await watch(page);

  await step('open', () => open(page));
  await step('run the first tab', () => runQuery(page));
  if (options.screenshot) await page.screenshot({ path: options.screenshot });
  await step('check the examples', () => checkExamples(page));
  await step('subscribe', () => subscribe(page));
} finally {
  await browser.close();
}

for (const problem of problems) console.error(`FAILED  ${problem}`);
if (problems.length === 0) console.log('ok');
process.exitCode = problems.length === 0 ? 0 : 1;

/** A step that fails does not hide what the later ones would say. */
async function step(name, action) {
  try {
    await action();
  } catch (error) {
    problems.push(`${name}: ${error.message}`);
  }
}

async function watch(page) {
  await page.context().route('**/*', (route) => {
    const url = new URL(route.request().url());
    if (url.host === home.host || url.protocol === 'data:' || url.protocol === 'blob:') return route.continue();
    problems.push(`request to another host: ${url.href}`);
    return route.abort();
  });
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => problems.push(`page: ${error.message}`));
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== home.host) problems.push(`socket to another host: ${socket.url()}`);
    const types = [];
    const note = ({ payload }) => types.push(JSON.parse(payload).type);
    socket.on('framesent', note);
    socket.on('framereceived', note);
    sockets.push({ url: socket.url(), types });
  });
}

async function open(page) {
  const introspection = page.waitForResponse((response) =>
    (response.request().postData() ?? '').includes('IntrospectionQuery'),
  );
  introspection.catch(() => {}); // Awaited below, unless the editor does not even appear.
  const start = performance.now();
  await page.goto(options.url);
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
  console.log(`editor ready after ${Math.round(performance.now() - start)} ms, title ${await page.title()}`);
  console.log(`tabs: ${(await tabs(page).allTextContents()).join(', ')}`);
  const status = (await introspection).status();
  if (status !== 200) throw new Error(`the schema was refused with status ${status}`);
  schemaLoaded = true;
}

async function runQuery(page) {
  await page.getByRole('button', { name: /^Execute query/ }).click();
  const answer = await response(page);
  console.log(`response pane of the first tab:\n${answer}`);
  const { data, errors } = JSON.parse(answer);
  if (errors || !data) problems.push('the first tab answered with errors');
}

/** The GraphQL worker marks in the editor what the schema does not have. */
async function checkExamples(page) {
  if (!schemaLoaded) throw new Error('there is no schema to check against');
  for (let index = 0; index < (await tabs(page).count()); index++) {
    await tabs(page).nth(index).click();
    // Validation waits for a pause in typing and then runs in a worker; it tells nobody when it is done.
    await page.waitForTimeout(1_500);
    const marks = await page.evaluate(() =>
      globalThis.__MONACO.editor
        .getModelMarkers({})
        .filter((mark) => mark.severity === 8) // errors
        .map((mark) => `${mark.resource.path.split('-').at(-1)}:${mark.startLineNumber} ${mark.message}`),
    );
    const name = await tabs(page).nth(index).textContent();
    for (const mark of marks) problems.push(`example ${name}: ${mark}`);
    console.log(`example ${name}: ${marks.length === 0 ? 'fits the schema' : `${marks.length} errors`}`);
  }
}

async function subscribe(page) {
  await tabs(page).filter({ hasText: 'WatchOrders' }).click();
  // GraphiQL parses a document 100 ms after it changed; run sooner, it takes this for no subscription.
  await page.waitForTimeout(500);
  await page.getByRole('button', { name: /^Execute query/ }).click();
  await page.locator('.emporia-status[data-connection="connected"]').waitFor();
  // Long enough for a refusal of the subscription itself, or for an event if the shop is busy.
  await page.waitForTimeout(2_500);
  const socket = sockets.at(-1);
  console.log(`subscription: connected to ${socket.url}, messages: ${socket.types.join(' ')}`);
  console.log(`response pane of the subscription:\n${(await responseText(page)) || '(no event yet)'}`);
  if (socket.types.includes('error')) problems.push('the subscription was refused');
  if (socket.types.includes('complete')) problems.push('the server ended the subscription');
  await page.getByRole('button', { name: /^Stop query/ }).click({ timeout: 2_000 });
  await page.locator('.emporia-status[data-connection="closed"]').waitFor({ state: 'attached' });
  console.log('subscription: closed with the stop button');
}

function tabs(page) {
  return page.locator('.graphiql-tab-button');
}

async function response(page) {
  await page.locator('.result-window .view-line').filter({ hasText: /\S/ }).first().waitFor();
  return responseText(page);
}

/** The whole text of the pane; the page itself holds only the lines in view. */
function responseText(page) {
  return page.evaluate(() =>
    globalThis.__MONACO.editor
      .getModels()
      .find((model) => model.uri.path.endsWith('response.json'))
      .getValue(),
  );
}
