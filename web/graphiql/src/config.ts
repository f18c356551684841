import { normaliseHeaders, type Headers } from './headers';

/** What the server tells the page, see "Contract" in README.md. */
export interface Config {
  /** Where queries and mutations are posted. */
  endpoint: string;
  /** Absolute ws: or wss: address for subscriptions. */
  subscriptionUrl: string;
  /** Headers to start with; only a development server gives any. */
  headers: Headers | null;
  title: string;
}

export function readConfig(): Config {
  const given = parseConfig(document.getElementById('emporia-config')?.textContent ?? '');
  const endpoint = text(given.endpoint) ?? '/graphql';
  return {
    endpoint,
    subscriptionUrl: webSocketUrl(text(given.subscriptionEndpoint) ?? endpoint),
    headers: given.headers ? normaliseHeaders(given.headers) : null,
    title: text(given.title) ?? 'Emporia',
  };
}

/** A page served without settings (the placeholder still in it) works with the defaults. */
function parseConfig(json: string): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `/graphql` on https://shop.example becomes wss://shop.example/graphql. */
function webSocketUrl(endpoint: string): string {
  const url = new URL(endpoint, window.location.href);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  return url.href;
}
