// Asks graphql-eslint's rules about Relay's conventions whether schema.graphql keeps them: node lint.mjs REPOSITORY
// An exception that is not needed any more is a mistake too.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import graphql from '@graphql-eslint/eslint-plugin';
import { ESLint } from 'eslint';

/** By rule, so that what is excepted from one keeps the others. */
const EXCEPTIONS = {
  'relay-edge-types': [
    // The vocabulary gives these no id, or one that is no node's.
    'CartDeliveryGroupEdge',
    'ImageEdge',
    'ProductVariantComponentEdge',
    'QuantityPriceBreakEdge',
    'SellingPlanAllocationEdge',
    'SellingPlanEdge',
    'SellingPlanGroupEdge',
    'StoreAvailabilityEdge',
    // Operators' own: as a node, everybody could see that there is such a type.
    'TenantEdge',
  ],
  'relay-arguments': [
    // The vocabulary has them answer one page.
    'QueryRoot.productTags',
    'QueryRoot.productTypes',
  ],
};

const path = join(process.argv[2], 'schema.graphql');
const text = readFileSync(path, 'utf8');
const lines = text.split('\n');
const eslint = new ESLint({
  cwd: process.argv[2],
  overrideConfigFile: true,
  overrideConfig: {
    files: ['**/*.graphql'],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: path } } },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      '@graphql-eslint/relay-arguments': 'error',
      '@graphql-eslint/relay-connection-types': 'error',
      // Short lists are lists: tags, options, errors.
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false }],
      '@graphql-eslint/relay-page-info': 'error',
    },
  },
});

const [{ messages }] = await eslint.lintText(text, { filePath: path });
const excepted = (rule, place) => `${place}: excepted from @graphql-eslint/${rule}`;
const exceptions = Object.entries(EXCEPTIONS).flatMap(([rule, places]) => places.map((place) => excepted(rule, place)));
const unused = new Set(exceptions);
const problems = [];
for (const { line, message, ruleId } of messages) {
  const place = placeOf(line);
  const exception = excepted(ruleId.replace('@graphql-eslint/', ''), place);
  if (!exceptions.includes(exception)) problems.push(`schema.graphql:${line}: ${place}: ${message} (${ruleId})`);
  unused.delete(exception);
}
problems.push(...[...unused].map((exception) => `${exception} without need`));
console.log(problems.length === 0 ? 'ok' : problems.join('\n'));
process.exit(problems.length === 0 ? 0 : 1);

/** The type that begins in this line, or the field with its type. */
function placeOf(line) {
  const upToHere = lines.slice(0, line);
  const type = upToHere.findLast((above) => /^\w/.test(above)).split(' ')[1];
  const [field] = upToHere.at(-1).trim().split(/[:(]/);
  return field.includes(' ') ? type : `${type}.${field}`;
}
