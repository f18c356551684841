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
 * every operation into the history, whatever its setting says. Unless they are to be remembered, nothing is
 * stored in their place, and what is read has `initialHeaders` there.
 */
export function createStorage(initialHeaders: string): Storage {
  const withHeaders = (history: string, headers: string) =>
    JSON.stringify(JSON.parse(history), (key, value: unknown) => (key === 'headers' ? headers : value));
  const isForgotten = (key: string) => HISTORY.includes(key) && !remembersHeaders();
  const ownKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));

  return {
    getItem: (key) => {
      const value = localStorage.getItem(key);
      return value !== null && isForgotten(key) ? withHeaders(value, initialHeaders) : value;
    },
    setItem: (key, value) => localStorage.setItem(key, isForgotten(key) ? withHeaders(value, '') : value),
    removeItem: (key) => localStorage.removeItem(key),
    clear: () => ownKeys().forEach((key) => localStorage.removeItem(key)),
    get length() {
      return ownKeys().length;
    },
  };
}
