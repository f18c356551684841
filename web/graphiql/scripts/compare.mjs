// Says how two bundles differ: compare.mjs COMMITTED REBUILT, exit status 1 if they do.
//
// Compressed files are compared by what they hold: versions of zlib (hence of Node.js) may compress the same
// bytes differently, and that is no difference a browser could see.
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

const [committed, rebuilt] = process.argv.slice(2);

async function contents(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = new Map();
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    const bytes = await readFile(file);
    files.set(path.relative(directory, file), file.endsWith('.gz') ? gunzip(bytes) : bytes);
  }
  return files;
}

/** A damaged file holds nothing, and so differs. */
function gunzip(bytes) {
  try {
    return gunzipSync(bytes);
  } catch {
    return Buffer.alloc(0);
  }
}

const [before, after] = await Promise.all([contents(committed), contents(rebuilt)]);
const problems = [];
for (const file of [...new Set([...before.keys(), ...after.keys()])].sort()) {
  if (!after.has(file)) problems.push(`${file}: committed, but the sources do not produce it`);
  else if (!before.has(file)) problems.push(`${file}: missing from the committed bundle`);
  else if (!before.get(file).equals(after.get(file))) problems.push(`${file}: content differs`);
}

if (problems.length > 0) {
  console.error('The committed playground bundle is not what its sources build:');
  for (const problem of problems) console.error(`  ${problem}`);
  console.error('Run web/graphiql/build.sh and commit web/graphiql/bundle.');
  process.exit(1);
}
console.log(`The committed playground bundle is what its sources build (${before.size} files).`);
