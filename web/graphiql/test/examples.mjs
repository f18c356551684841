// Checks every saved example against a schema, in a moment and without a browser:
//
//   node test/examples.mjs [--schema ../../schema.graphql] [--examples src/examples/index.mjs]
//
// Fails on an operation or on variables that the schema refuses, and on names that occur twice.
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { buildSchema, getVariableValues, parse, validate } from 'graphql';

const { values: options } = parseArgs({
  options: {
    schema: { type: 'string', default: '../../schema.graphql' },
    examples: { type: 'string', default: 'src/examples/index.mjs' },
  },
});

/** For comments: what the editor shows on a laptop. */
const COLUMNS = 56;

const schema = buildSchema(await readFile(options.schema, 'utf8'));
const { areas } = await import(pathToFileURL(options.examples));
const problems = [];
const names = new Set();

for (const area of areas) {
  for (const example of area.examples) {
    for (const problem of problemsOf(example)) problems.push(`${area.title}, ${example.title}: ${problem}`);
  }
}
for (const problem of problems) console.error(`FAILED  ${problem}`);
if (problems.length === 0) console.log(`${names.size} examples in ${areas.length} areas fit the schema`);
process.exitCode = problems.length === 0 ? 0 : 1;

function problemsOf({ query, variables }) {
  let document;
  try {
    document = parse(query);
  } catch (error) {
    return [error.message];
  }
  const found = validate(schema, document).map((error) => `${error.message} ${at(error)}`);
  const [operation, ...more] = document.definitions;
  if (more.length > 0 || !operation.name) found.push('is not one named operation');
  else if (names.has(operation.name.value)) found.push(`another one is named ${operation.name.value} too`);
  else names.add(operation.name.value);
  const { errors = [] } = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {});
  found.push(...errors.map((error) => error.message));
  const isKnown = (name) => operation.variableDefinitions?.some(({ variable }) => variable.name.value === name);
  found.push(...Object.keys(variables ?? {}).filter((name) => !isKnown(name)).map((name) => `no variable $${name}`));
  const long = query.split('\n').filter((line) => line.startsWith('#') && line.length > COLUMNS);
  return [...found, ...long.map((line) => `more than ${COLUMNS} columns: ${line}`)];
}

function at(error) {
  return (error.locations ?? []).map(({ line, column }) => `(${line}:${column})`).join(' ');
}
