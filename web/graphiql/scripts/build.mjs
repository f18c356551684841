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
  jsx: 'automatic', // tsconfig.json says so too, but not for files that a plugin puts in.
  charset: 'utf8',
  legalComments: 'none', // The licences go into a file of their own.
  outdir: 'out',
  define: { 'process.env.NODE_ENV': '"production"' },
  loader: { '.ttf': 'dataurl' },
  plugins: slim,
  logLevel: 'warning',
};

/** Sources of what the first view needs. */
const FIRST = [
  'src/main.tsx',
  'src/monaco.ts',
  'node_modules/monaco-graphql/esm/graphqlMode.js',
  'node_modules/monaco-editor/esm/vs/basic-languages/graphql/graphql.js',
  'node_modules/monaco-editor/esm/vs/language/json/jsonMode.js',
];

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

/** One classic script without imports: a worker as every browser can start it, or what is to wait for no other file. */
async function single(name, entry) {
  const { outputs, text } = await bundle({ entryPoints: [entry], format: 'iife' });
  return addAsset(name, 'js', text(outputs.find(({ file }) => file.endsWith('.js')).file));
}

const workers = {
  __EDITOR_WORKER__: await single('editor.worker', 'monaco-editor/esm/vs/editor/editor.worker.js'),
  __JSON_WORKER__: await single('json.worker', 'monaco-editor/esm/vs/language/json/json.worker.js'),
  __GRAPHQL_WORKER__: await single('graphql.worker', 'monaco-graphql/esm/graphql.worker.js'),
};

const start = await single('start', 'src/start.ts');

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

// In one file, whatever imports them: the page has them from its first moment on.
const styles = await bundle({ entryPoints: ['src/styles.ts'], format: 'esm' });
const style = addAsset('graphiql', 'css', styles.text('styles.css'));
const licenses = addAsset('licenses', 'txt', await licenseText(root, inputs));

/** The script made from a source, what that imports, and what this imports. */
function needed(source) {
  const found = new Set();
  (function add(script) {
    if (found.has(script.file)) return;
    found.add(script.file);
    for (const { path: imported, kind } of script.imports) {
      if (kind === 'import-statement') add(scripts.find(({ file }) => file === path.basename(imported)));
    }
  })(scripts.find(({ entryPoint }) => entryPoint === source));
  return found;
}

// What the first view needs, in this order, imported at once or not: the browser is to ask for all of it at once.
const first = new Set(FIRST.flatMap((source) => [...needed(source)]));
const preloads = [...first].map((file) => `<link rel="modulepreload" href="${PREFIX}${file}">`);

const template = await readFile(path.join(root, 'index.html'), 'utf8');
const html = template
  .replace('__LICENSES__', licenses)
  .replace('__STYLE__', style)
  .replace('__PRELOADS__', preloads.join('\n    '))
  .replace('__START__', start)
  .replace('__SCRIPT__', PREFIX + [...first][0]);

await rm(out, { recursive: true, force: true });
await mkdir(path.join(out, 'assets'), { recursive: true });
await writeFile(path.join(out, 'index.html'), html);
for (const [file, content] of assets) await writeFile(path.join(out, 'assets', file), content);
