import { readConfig } from './config';
import { parseHeadersText } from './headers';
import { rememberedHeaders } from './storage';

/** Shown when the server gives no headers: says where the key goes and sends nothing. */
const HEADERS_HINT = `{
  // "x-api-key": "esk_…"
}`;

export const config = readConfig();

/** Text that the headers editor starts with. */
export const initialHeaders = config.headers ? JSON.stringify(config.headers, null, 2) : HEADERS_HINT;

/** GraphiQL asks for the schema before there is a headers editor, hence without any headers: it gets these. */
export const startHeaders = parseHeadersText(rememberedHeaders() ?? initialHeaders);

/** What GraphiQL is to ask for, as its properties. */
export const introspection = { inputValueDeprecation: true, schemaDescription: true };
