import type { Operation } from './tabs';

/** In characters. Browsers take far more, but chats, mail and bug trackers cut longer links or do not link them. */
export const LONGEST_LINK = 8_000;

/**
 * The page's address with the operation behind `#`, which browsers do not send to any server.
 * Headers are left out: they hold keys.
 */
export function linkTo(page: string, { query, variables }: Operation): string {
  const fragment = new URLSearchParams({ query });
  if (variables.trim() !== '') fragment.set('variables', variables);
  const url = new URL(page);
  url.hash = fragment.toString();
  return url.href;
}

/** Reads what {@link linkTo} wrote; null when the fragment holds no operation. */
export function operationIn(fragment: string): Operation | null {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const query = fields.get('query');
  return query ? { query, variables: fields.get('variables') ?? '' } : null;
}
