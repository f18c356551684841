// Headless Chromium that reaches one host only, and the playground as a user sees it.
import { chromium } from 'playwright-core';

const TIMEOUT = 30_000;

/**
 * @param home address of the playground
 * @param problem is called with a sentence for every console error and for whatever leads to another host
 */
export async function launch(executablePath, home, problem) {
  const browser = await chromium.launch({
    executablePath,
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
  return {
    /**
     * A page of someone who was never here before. What is timed is not watched, since the browser waits for the
     * watcher with every request.
     */
    async visitor({ isWatched = true } = {}) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 810 } });
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      if (isWatched) await watch(context, home, problem);
      const page = await context.newPage();
      page.setDefaultTimeout(TIMEOUT);
      return new Playground(page, home);
    },
    close: () => browser.close(),
  };
}

async function watch(context, home, problem) {
  await context.route('**/*', (route) => {
    const url = new URL(route.request().url());
    if (url.host === home.host || url.protocol === 'data:' || url.protocol === 'blob:') return route.continue();
    problem(`request to another host: ${url.href}`);
    return route.abort();
  });
  context.on('console', (message) => {
    if (message.type() === 'error') problem(`console: ${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => problem(`page: ${error.error().message}`));
  context.on('page', (page) =>
    page.on('websocket', (socket) => {
      if (new URL(socket.url()).host !== home.host) problem(`socket to another host: ${socket.url()}`);
    }),
  );
}

/** The page's parts by what they are for. */
class Playground {
  constructor(page, home) {
    this.page = page;
    this.home = home;
    /** Operations that the page posted, by name. */
    this.posted = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') this.posted.push(request.postDataJSON().operationName);
    });
    this.tabs = page.locator('.graphiql-tab-button');
    this.query = page.locator('.graphiql-query-editor .monaco-editor');
    this.variables = page.getByRole('region', { name: 'Variables' }).locator('.monaco-editor').first();
    this.status = page.locator('.emporia-status');
  }

  /**
   * Answers how long it took, in milliseconds from the start of the visit, until there was an editor to type in and
   * until it knew the schema too. The page itself says so, src/Ready.tsx.
   */
  async open(fragment = '') {
    const schema = this.page.waitForResponse((response) =>
      (response.request().postData() ?? '').includes('IntrospectionQuery'),
    );
    schema.catch(() => {}); // Awaited below, unless the editor does not even appear.
    await this.page.goto(this.home.href + fragment);
    await this.query.locator('.view-line').first().waitFor();
    // As if the operation that it opens with had been typed, for read().
    await this.page.evaluate((text) => localStorage.setItem('graphiql:query', text), await this.text('operation'));
    const status = (await schema).status();
    if (status !== 200) throw new Error(`the schema was refused with status ${status}`);
    const mark = async (name) => {
      const found = await this.page.waitForFunction((name) => performance.getEntriesByName(name)[0]?.startTime, name);
      return Math.round(await found.jsonValue());
    };
    const loaded = await this.page.evaluate(() => performance.getEntriesByType('navigation')[0].loadEventEnd);
    return { page: Math.round(loaded), editor: await mark('emporia:editor'), schema: await mark('emporia:schema') };
  }

  /** Turns to the tab with this title. */
  async tab(title) {
    await this.tabs.filter({ hasText: title }).click();
    await this.holds('operation', title);
  }

  async emptyTab() {
    await this.page.getByRole('button', { name: 'New tab' }).click();
    await this.query.click();
  }

  async panel(title) {
    await this.page.getByRole('button', { name: `Show ${title}`, exact: true }).click();
  }

  /** Puts the text in place of what an editor holds, by paste: brackets that are typed get closed. */
  async write(editor, text) {
    await this.page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await editor.click();
    await this.page.keyboard.press('ControlOrMeta+A');
    await this.page.keyboard.press('ControlOrMeta+V');
  }

  /** Runs what the tab holds and answers the response that follows. */
  async run() {
    await this.execute();
    return JSON.parse(await this.holds('response', '{'));
  }

  async execute() {
    await this.read();
    await this.page.getByRole('button', { name: /^Execute query/ }).click();
  }

  /** GraphiQL reads an operation when typing pauses, and keeps it then. Before, it would run the last one. */
  async read() {
    await this.until('GraphiQL has read the operation', async () => {
      const kept = await this.page.evaluate(() => localStorage.getItem('graphiql:query'));
      return kept === (await this.text('operation'));
    });
  }

  /** The whole text of `operation`, `variables` or `response`; the page itself holds only the lines in view. */
  text(part) {
    return this.page.evaluate(
      (part) =>
        globalThis.__MONACO.editor
          .getModels()
          .find((model) => model.uri.path.includes(`-${part}.`))
          .getValue(),
      part,
    );
  }

  /** Waits until a part holds this, and answers its text. */
  async holds(part, expected) {
    await this.until(`${part} holds ${expected}`, async () => (await this.text(part)).includes(expected));
    return this.text(part);
  }

  async until(what, condition, timeout = TIMEOUT) {
    const deadline = Date.now() + timeout;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
      await this.page.waitForTimeout(50);
    }
  }
}
