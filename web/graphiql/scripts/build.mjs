// Bundles the playground: build.mjs OUTPUT_DIRECTORY
//
// Writes index.html and assets/. Asset names carry a hash of their content, so the server can let browsers
// keep them for ever. Same inputs, same bytes: nothing here depends on time, paths or the order of work.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { licenseText } from './licenses.mjs';
import { slim } from './slim.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = path.resolve(process.argv[2] ?? 'dist');
const PREFIX = '/graphiql/assets/';

/** Settings of every bundle; `write: false` because the page needs the names before anything is written. */
const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none', // The licences go into a file of their own.
  outdir: 'out',
  define: { 'process.env.NODE_ENV': '"production"' },
  loader: { '.ttf': 'dataurl' },
  plugins: slim,
  logLevel: 'warning',
};

const assets = new Map();
const inputs = new Set();

/** Names the asset after its content and returns the address the page asks for. */
function addAsset(name, extension, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const file = `${name}-${hash}.${extension}`;
  assets.set(file, content);
  return PREFIX + file;
}

async function bundle(options) {
  const result = await build({ ...common, ...options });
  for (const input of Object.keys(result.metafile.inputs)) inputs.add(input);
  const text = (output) => result.outputFiles.find((file) => file.path.endsWith(`${path.sep}${output}`)).text;
  const outputs = Object.entries(result.metafile.outputs).map(([file, output]) => ({ ...output, file: path.basename(file) }));
  return { outputs, text };
}

async function worker(name, entry) {
  // A classic worker: one file without imports, as every browser can start it.
  const { outputs, text } = await bundle({ entryPoints: [entry], format: 'iife' });
  return addAsset(name, 'js', text(outputs.find(({ file }) => file.endsWith('.js')).file));
}

const workers = {
  __EDITOR_WORKER__: await worker('editor.worker', 'monaco-editor/esm/vs/editor/editor.worker.js'),
  __JSON_WORKER__: await worker('json.worker', 'monaco-editor/esm/vs/language/json/json.worker.js'),
  __GRAPHQL_WORKER__: await worker('graphql.worker', 'monaco-graphql/esm/graphql.worker.js'),
};

// What the page does not need at once comes in files of its own, by `import()`. They name each other, so their
// names are esbuild's; its hash covers the content and the names in it.
const page = await bundle({
  entryPoints: { graphiql: 'src/main.tsx' },
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  format: 'esm',
  splitting: true,
  define: {
    ...common.define,
    ...Object.fromEntries(Object.entries(workers).map(([name, url]) => [name, JSON.stringify(url)])),
  },
});
const scripts = page.outputs.filter(({ file }) => file.endsWith('.js'));
for (const { file } of scripts) assets.set(file, page.text(file));

const entry = scripts.find(({ entryPoint }) => entryPoint === 'src/main.tsx');
// The other style sheets are parts of this one again, for pages that would load a part alone.
const style = addAsset('graphiql', 'css', page.text(path.basename(entry.cssBundle)));
const licenses = addAsset('licenses', 'txt', await licenseText(root, inputs));

/** What the entry imports, and what that imports: the browser is to ask for all of it at once. */
function needed(output, found = new Set()) {
  for (const { path: imported, kind } of output.imports) {
    const file = path.basename(imported);
    if (kind !== 'import-statement' || found.has(file)) continue;
    found.add(file);
    needed(scripts.find((script) => script.file === file), found);
  }
  return found;
}
const preloads = [...needed(entry)].map((file) => `<link rel="modulepreload" href="${PREFIX}${file}">`);

const template = await readFile(path.join(root, 'index.html'), 'utf8');
const html = template
  .replace('__LICENSES__', licenses)
  .replace('__STYLE__', style)
  .replace('__PRELOADS__', preloads.join('\n    '))
  .replace('__SCRIPT__', PREFIX + entry.file);

await rm(out, { recursive: true, force: true });
await mkdir(path.join(out, 'assets'), { recursive: true });
await writeFile(path.join(out, 'index.html'), html);
for (const [file, content] of assets) await writeFile(path.join(out, 'assets', file), content);
