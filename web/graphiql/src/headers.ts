import { parse } from 'jsonc-parser';

export type Headers = Record<string, string>;

/**
 * Header names in lower case, values as text; empty ones are left out.
 *
 * HTTP does not care about the case of a name but two other places do: merging with the default headers
 * (`Content-Type` beside `content-type` would be sent as one header with both values), and the payload of
 * `connection_init`, which is plain JSON.
 */
export function normaliseHeaders(raw: unknown): Headers {
  const headers: Headers = {};
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) {
    for (const [name, value] of Object.entries(raw)) {
      if (value !== null && value !== undefined && value !== '') headers[name.toLowerCase()] = String(value);
    }
  }
  return headers;
}

/** Reads what stands in the headers editor: JSON in which comments and trailing commas are allowed. */
export function parseHeadersText(text: string): Headers {
  return normaliseHeaders(parse(text, [], { allowTrailingComma: true }));
}
