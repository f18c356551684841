// Has relay-compiler compile the app in relay/ against schema.graphql, and TypeScript check it with what was made, in
// strict mode: node relay.mjs REPOSITORY
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { copied, tool } from './tools.mjs';

const { directory, schema } = copied('relay');
copyFileSync(schema, join(directory, 'schema.graphql'));
mkdirSync(join(directory, 'made'));
tool(directory, 'relay-compiler/cli.js', 'relay.config.json');
tool(directory, 'typescript/bin/tsc', '--project', '.');
console.log('ok');
