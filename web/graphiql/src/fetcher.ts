import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { createClient, type Client } from 'graphql-ws';
import type { Config } from './config';
import { setConnection } from './connection';
import { normaliseHeaders, type Headers } from './headers';
import { takeSchema } from './schema';
import { startHeaders } from './settings';

/**
 * Posts queries and mutations, and runs subscriptions over graphql-transport-ws.
 *
 * A WebSocket takes its credentials once, in `connection_init`, while the headers editor can change at any
 * time. So every set of headers gets a client of its own; only the latest is kept, since GraphiQL runs one
 * operation at a time. A client opens its socket with the first subscription and closes it with the last.
 */
export function createFetcher(config: Config): Fetcher {
  let latest: { key: string; fetcher: Fetcher } | undefined;

  return (params, options) => {
    const isIntrospection = params.operationName === 'IntrospectionQuery';
    const headers = normaliseHeaders(options?.headers ?? (isIntrospection ? startHeaders : {}));
    const schema = isIntrospection && takeSchema(params.query, headers);
    if (schema) return schema;
    const key = JSON.stringify(headers);
    if (latest?.key !== key) latest = { key, fetcher: fetcherFor(config, headers) };
    return latest.fetcher(params, { ...options, headers });
  };
}

function fetcherFor(config: Config, headers: Headers): Fetcher {
  return createGraphiQLFetcher({
    url: config.endpoint,
    // Asks for plain JSON; with it on, the request would ask for multipart/mixed as well.
    enableIncrementalDelivery: false,
    wsClient: webSocketClient(config.subscriptionUrl, headers),
  });
}

function webSocketClient(url: string, headers: Headers): Client {
  const client = createClient({
    url,
    connectionParams: headers,
    // In a playground a refused connection is an answer to show at once, not something to try again.
    retryAttempts: 0,
    on: {
      connecting: () => setConnection('connecting'),
      connected: () => setConnection('connected'),
      closed: () => setConnection('closed'),
    },
  });
  return {
    ...client,
    // A failure becomes a last result: GraphiQL would show an error with its JavaScript stack.
    subscribe: (payload, sink) =>
      client.subscribe(payload, {
        ...sink,
        error(error) {
          sink.next({ errors: describe(error) });
          sink.complete();
        },
      }),
  };
}

/** What graphql-ws reports: GraphQL errors, the end of the socket, or an error of its own. */
function describe(error: unknown) {
  if (Array.isArray(error)) return error;
  if (error instanceof CloseEvent) {
    return [{ message: `The connection was closed: ${error.code} ${error.reason}`.trim() }];
  }
  return [{ message: error instanceof Error ? error.message : 'The connection failed.' }];
}
