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
 * The explorer `require`s graphql, which would put the CommonJS copy of that package, whole, into every part of
 * the page. It gets a module with the functions that it names, out of the copy that everything else shares.
 */
const slimExplorer = {
  name: 'slim-explorer',
  setup(build) {
    build.onResolve({ filter: /^graphql$/ }, ({ importer, kind }) =>
      kind === 'require-call' && /graphiql-explorer\/dist\/Explorer\.js$/.test(importer)
        ? { path: 'named-functions', namespace: 'explorer-graphql', pluginData: importer }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'explorer-graphql' }, async ({ pluginData }) => {
      const used = new Set((await readFile(pluginData, 'utf8')).match(/(?<=\b_graphql\.)\w+/g));
      const contents = `export { ${[...used].sort().join(', ')} } from 'graphql';`;
      return { contents, resolveDir: build.initialOptions.absWorkingDir };
    });
  },
};

export const slim = [slimPrettier, slimFonts, slimExplorer];
