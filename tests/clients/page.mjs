// `fetch` as a browser does it for a page of another origin: it asks before it sends what a form could not send, and
// gives the page nothing that the server does not allow it to read.
import assert from 'node:assert/strict';

const ORIGIN = 'https://shop.example';
/** What may be sent without asking. */
const SIMPLE = new Set(['accept', 'accept-language', 'content-language']);

/** A `fetch`, and what it has been asked for: method, whether with a document, whether with a document's hash. */
export function page() {
  const asked = [];
  const fetchFn = async (input, init = {}) => {
    const method = init.method ?? 'GET';
    const headers = new Headers(init.headers);
    await preflight(input, method, headers);
    asked.push(what(new URL(input), method, init.body));
    headers.set('origin', ORIGIN);
    headers.set('sec-fetch-site', 'cross-site');
    const response = await fetch(input, { ...init, headers });
    assert.equal(response.headers.get('access-control-allow-origin'), ORIGIN, 'the page may not read the answer');
    return response;
  };
  return { asked, fetchFn };
}

async function preflight(input, method, headers) {
  const names = [...headers.keys()].filter((name) => !SIMPLE.has(name));
  const response = await fetch(input, {
    method: 'OPTIONS',
    headers: {
      origin: ORIGIN,
      'access-control-request-method': method,
      'access-control-request-headers': names.join(','),
    },
  });
  assert.ok(response.ok, `the preflight is answered ${response.status}`);
  assert.equal(response.headers.get('access-control-allow-origin'), ORIGIN);
  const allowed = (name) => (response.headers.get(name) ?? '').toLowerCase().split(/ *, */);
  assert.ok(allowed('access-control-allow-methods').includes(method.toLowerCase()), `${method} is not allowed`);
  for (const name of names) {
    assert.ok(allowed('access-control-allow-headers').includes(name), `${name} is not allowed`);
  }
}

function what(url, method, body) {
  const sent = method === 'GET' ? Object.fromEntries(url.searchParams) : JSON.parse(body);
  const extensions = JSON.stringify(sent.extensions ?? {});
  return [method, sent.query && 'document', extensions.includes('sha256Hash') && 'hash'].filter(Boolean).join(' ');
}
