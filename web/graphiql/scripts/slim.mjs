// esbuild plugins that leave out what this playground does not need. The bundle would work without them;
// they make it some 300 kB (compressed) smaller.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/**
 * GraphiQL formats variables and headers with prettier's JavaScript parser and printer, half a megabyte of
 * code. scripts/prettier-jsonc.mjs does it with the JSON formatter that is in the bundle anyway.
 */
const slimPrettier = {
  name: 'slim-prettier',
  setup(build) {
    const jsonc = fileURLToPath(new URL('prettier-jsonc.mjs', import.meta.url));
    build.onResolve({ filter: /^prettier\/(plugins\/estree|parser-babel)$/ }, () => ({ path: jsonc }));
    // The old and the new name of one plugin, which would be bundled twice.
    build.onResolve({ filter: /^prettier\/parser-graphql$/ }, ({ importer, kind, resolveDir }) =>
      build.resolve('prettier/plugins/graphql', { importer, kind, resolveDir }),
    );
  },
};

/** Scripts other than Latin fall back to the fonts of the system. */
const slimFonts = {
  name: 'slim-fonts',
  setup(build) {
    build.onLoad({ filter: /@graphiql\/react\/font\/.*\.css$/ }, async ({ path }) => {
      const faces = (await readFile(path, 'utf8')).split(/(?=@font-face)/);
      // Basic Latin, and the block that starts extended Latin.
      const kept = faces.filter((face) => /U\+0000-00FF|U\+0100-/.test(face));
      if (kept.length === 0 || kept.length === faces.length) throw new Error(`unexpected font faces in ${path}`);
      return { contents: kept.join(''), loader: 'css' };
    });
  },
};

/**
 * The explorer `require`s graphql, which would put that package, whole and set up function by function, into every part
 * of the page. As a module it names what it uses, and the rest is left out.
 */
const slimExplorer = {
  name: 'slim-explorer',
  setup(build) {
    build.onResolve({ filter: /^graphiql-explorer$/ }, ({ path, importer, kind, resolveDir, pluginData }) =>
      pluginData === slimExplorer
        ? undefined
        : build.resolve(`${path}/dist/Explorer.js`, { importer, kind, resolveDir, pluginData: slimExplorer }),
    );
    build.onLoad({ filter: /graphiql-explorer\/dist\/Explorer\.js$/ }, async ({ path }) => {
      const common = await readFile(path, 'utf8');
      const body = common.replace(/^var (\w+) = require\(('\w+')\);$/gm, 'import * as $1 from $2;');
      if (body.includes('require(')) throw new Error(`another package is required in ${path}`);
      return { contents: `const exports = {};\n${body}\nexport { ExplorerWrapper as Explorer };\n` };
    });
  },
};

/** The editor with the features of src/monaco.ts. What compares two texts is part of Monaco's API, so it has a place to fill. */
const slimMonaco = {
  name: 'slim-monaco',
  setup(build) {
    const monaco = { path: fileURLToPath(new URL('../src/monaco.ts', import.meta.url)) };
    build.onResolve({ filter: /^\.\/monaco-editor$/ }, ({ importer }) =>
      /monaco-graphql/.test(importer) ? monaco : undefined,
    );
    // GraphiQL and Monaco load parts of it by themselves. Each would become a file of its own.
    const parts = /^monaco-(graphql\/esm\/(monaco-editor|lite)|editor\/esm\/vs\/.*\/(mouseTarget|monaco\.contribution))\.js$/;
    build.onResolve({ filter: parts }, ({ kind }) => (kind === 'dynamic-import' ? monaco : undefined));
    build.onLoad({ filter: /\/(diffEditorWidget|multiDiffEditorWidget)\.js$/ }, () => ({
      contents: 'export class DiffEditorWidget {}\nexport class MultiDiffEditorWidget {}',
    }));
  },
};

/**
 * The documentation comes with its search and its Markdown when it is first opened (src/DocExplorer.tsx). The rest of the
 * page must not as much as name the files it is in: esbuild would put them into what is loaded at once.
 */
const lazyDocs = {
  name: 'lazy-docs',
  setup(build) {
    const source = (name) => ({ path: fileURLToPath(new URL(`../src/${name}`, import.meta.url)) });
    const within = async (name, file, { importer, kind, resolveDir }) => {
      const index = await build.resolve(name, { importer, kind, resolveDir, pluginData: lazyDocs });
      return { ...index, path: index.path.replace(/index\.js$/, file) };
    };
    build.onResolve({ filter: /^@graphiql\/plugin-doc-explorer$/ }, (args) =>
      args.pluginData !== lazyDocs && /\/graphiql\/dist\//.test(args.importer)
        ? within(args.path, 'context.js', args)
        : undefined,
    );
    build.onResolve({ filter: /^\.\/components\/doc-explorer\.js$/ }, ({ importer }) =>
      /plugin-doc-explorer\/dist\/context\.js$/.test(importer) ? source('DocExplorer.tsx') : undefined,
    );
    build.onResolve({ filter: /\/markdown\.js$/ }, ({ importer }) =>
      /@graphiql\/react\/dist\//.test(importer) ? source('markdown.ts') : undefined,
    );
    build.onResolve({ filter: /^graphiql-markdown$/ }, (args) => within('@graphiql/react', 'utility/markdown.js', args));
  },
};

export const slim = [slimPrettier, slimFonts, slimExplorer, slimMonaco, lazyDocs];
