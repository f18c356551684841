import type { Storage } from '@graphiql/toolkit';

const PREFIX = 'graphiql:';
const HISTORY = [`${PREFIX}queries`, `${PREFIX}favorites`];

/** Whether the user asked, in GraphiQL's settings dialog, to have headers remembered. They hold keys. */
export function remembersHeaders(): boolean {
  return localStorage.getItem(`${PREFIX}shouldPersistHeaders`) === 'true';
}

export function rememberedHeaders(): string | null {
  return remembersHeaders() ? localStorage.getItem(`${PREFIX}headers`) : null;
}

/**
 * The browser's storage, as GraphiQL uses it by itself, but for one thing: GraphiQL writes the headers of
 * every operation into the history, whatever its setting says. Here `initialHeaders` takes their place.
 */
export function createStorage(initialHeaders: string): Storage {
  const withoutHeaders = (history: string) =>
    JSON.stringify(JSON.parse(history), (key, value: unknown) => (key === 'headers' ? initialHeaders : value));
  const ownKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));

  return {
    getItem: (key) => localStorage.getItem(key),
    setItem: (key, value) =>
      localStorage.setItem(key, HISTORY.includes(key) && !remembersHeaders() ? withoutHeaders(value) : value),
    removeItem: (key) => localStorage.removeItem(key),
    clear: () => ownKeys().forEach((key) => localStorage.removeItem(key)),
    get length() {
      return ownKeys().length;
    },
  };
}
