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

/** Settings of every bundle; `write: false` because names are chosen after the content is known. */
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
  return (extension) => result.outputFiles.find((file) => file.path.endsWith(extension)).text;
}

async function worker(name, entry) {
  // A classic worker: one file without imports, as every browser can start it.
  const output = await bundle({ entryPoints: [entry], format: 'iife' });
  return addAsset(name, 'js', output('.js'));
}

const workers = {
  __EDITOR_WORKER__: await worker('editor.worker', 'monaco-editor/esm/vs/editor/editor.worker.js'),
  __JSON_WORKER__: await worker('json.worker', 'monaco-editor/esm/vs/language/json/json.worker.js'),
  __GRAPHQL_WORKER__: await worker('graphql.worker', 'monaco-graphql/esm/graphql.worker.js'),
};

const page = await bundle({
  entryPoints: ['src/main.tsx'],
  format: 'esm',
  define: {
    ...common.define,
    ...Object.fromEntries(Object.entries(workers).map(([name, url]) => [name, JSON.stringify(url)])),
  },
});

const licenses = addAsset('licenses', 'txt', await licenseText(root, inputs));
const notice = `/* Bundled open-source packages and their licences: ${licenses} */\n`;
const script = addAsset('graphiql', 'js', notice + page('.js'));
const style = addAsset('graphiql', 'css', notice + page('.css'));

const template = await readFile(path.join(root, 'index.html'), 'utf8');
const html = template.replace('__SCRIPT__', script).replace('__STYLE__', style);

await rm(out, { recursive: true, force: true });
await mkdir(path.join(out, 'assets'), { recursive: true });
await writeFile(path.join(out, 'index.html'), html);
for (const [file, content] of assets) await writeFile(path.join(out, 'assets', file), content);
