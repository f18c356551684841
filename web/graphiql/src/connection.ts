import { useSyncExternalStore } from 'react';

/** State of the WebSocket behind the running subscription. */
export type Connection = 'closed' | 'connecting' | 'connected';

let current: Connection = 'closed';
const listeners = new Set<() => void>();

export function setConnection(next: Connection): void {
  current = next;
  for (const listener of listeners) listener();
}

export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
