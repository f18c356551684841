import { useSyncExternalStore } from 'react';

/** How long a notice stays, in milliseconds: long enough to read a sentence or two. */
const SHOWN = 10_000;

let current = '';
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

/** Shows a sentence below the answer for a while, in place of the one before. */
export function notify(text: string): void {
  clearTimeout(timer);
  if (text !== '') timer = setTimeout(notify, SHOWN, '');
  current = text;
  for (const listener of listeners) listener();
}

export function useNotice(): string {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
