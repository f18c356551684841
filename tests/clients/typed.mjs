// Has graphql-codegen make types for the documents in typed/ from schema.graphql, and TypeScript check them and what
// uses them, in strict mode: node typed.mjs REPOSITORY
import { generate } from '@graphql-codegen/cli';
import { storefrontApiCustomScalars } from '@shopify/hydrogen-react';
import { copied, tool } from './tools.mjs';

const { directory, schema } = copied('typed');
const config = {
  // A scalar without a type of its own is a mistake.
  strictScalars: true,
  scalars: { ...storefrontApiCustomScalars, JSON: 'unknown' },
  useTypeImports: true,
};
await generate({
  schema,
  documents: `${directory}/*.ts`,
  generates: { [`${directory}/made/`]: { preset: 'client', config } },
  silent: true,
});
tool(directory, 'typescript/bin/tsc', '--project', '.');
console.log('ok');
