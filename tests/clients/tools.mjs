// What the tools in this directory have in common. Sources are copied beside node_modules first, so that what is made
// of them finds its packages: node SCRIPT.mjs REPOSITORY
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const repository = process.argv[2];

/** A fresh copy of a directory of tests/clients, and where the schema is. */
export function copied(name) {
  const directory = join(here, name);
  const source = join(repository, 'tests/clients', name);
  if (directory !== source) {
    rmSync(directory, { recursive: true, force: true });
    cpSync(source, directory, { recursive: true });
  }
  return { directory, schema: join(repository, 'schema.graphql') };
}

/** Runs a package's program in a directory; ends the process when it is not content. */
export function tool(directory, program, ...args) {
  const path = join(here, 'node_modules', program);
  const { status } = spawnSync(process.execPath, [path, ...args], { cwd: directory, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
