// The first script of the page, a small one: asks for the schema while the browser still compiles the large ones.
import { getIntrospectionQuery } from 'graphql';
import { handOver } from './schema';
import { config, introspection, startHeaders } from './settings';

const query = getIntrospectionQuery(introspection);

handOver({
  query,
  headers: startHeaders,
  answer: fetch(config.endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json;q=0.9', ...startHeaders },
    body: JSON.stringify({ query, operationName: 'IntrospectionQuery' }),
  }).then((response) => response.json()),
});
