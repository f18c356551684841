// Collects the licences of what ended up in the bundle; most ask to travel with the code. Whatever has no licence's
// text fails the build.
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';

const LICENSE_FILE = /^(licen[cs]e|notice|third-?party-?notices?)/i;

/** Fonts come within packages that do not say whose they are. Their texts are in licenses/. */
const FONTS = { 'fira-code.css': 'Fira Code', 'roboto.css': 'Roboto', 'codicon.ttf': 'Codicons' };
const FONT_FILE = /\.(ttf|otf|woff2?)$|\/font\//;

/** @param inputs paths of bundled files, relative to `root` */
export async function licenseText(root, inputs) {
  const kept = new Set((await readdir(path.join(root, 'licenses'))).map((name) => name.replace(/\.txt$/, '')));
  const used = new Set();
  const own = (name) => {
    if (!kept.has(name)) return [];
    used.add(name);
    return readFile(path.join(root, 'licenses', `${name}.txt`), 'utf8').then((text) => [text]);
  };

  const found = await packagesOf(root, inputs);
  for (const one of found.filter(({ texts }) => texts.length === 0)) {
    // Published without the text: it is that of the repository, which another package from there brings.
    const { repository, license } = one;
    const sibling = found.find((other) => other.files > 0 && other.repository === repository && other.license === license);
    one.texts = sibling?.texts ?? (await own(one.name));
  }
  for (const file of [...inputs].filter((input) => FONT_FILE.test(input))) {
    const name = FONTS[path.basename(file)];
    found.push({ title: name ?? file, texts: name ? await own(name) : [] });
  }

  const without = found.filter(({ texts }) => texts.join('').trim() === '').map(({ title }) => title);
  if (without.length > 0) throw new Error(`no text of the licence of ${without.join(', ')}: put it into licenses/`);
  const unused = [...kept].filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`licenses/ has texts that nothing needs: ${unused.join(', ')}`);

  const sections = new Map();
  for (const { title, texts } of found) {
    sections.set(title, [title, '='.repeat(title.length), '', ...texts.map((text) => text.trim()), ''].join('\n'));
  }
  return [...sections.keys()].sort().map((title) => sections.get(title)).join('\n');
}

async function packagesOf(root, inputs) {
  const directories = new Set();
  for (const input of inputs) {
    // The last node_modules counts: packages may be nested.
    const match = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
    if (match) directories.add(match[0]);
  }
  return Promise.all(
    [...directories].sort().map(async (directory) => {
      const { name, version, license, repository } = JSON.parse(
        await readFile(path.join(root, directory, 'package.json'), 'utf8'),
      );
      const files = (await readdir(path.join(root, directory))).filter((file) => LICENSE_FILE.test(file)).sort();
      return {
        name,
        title: `${name} ${version} (${license})`,
        license,
        repository: (repository?.url ?? repository ?? name).replace(/^git\+|\.git$/g, ''),
        files: files.length,
        texts: await Promise.all(files.map((file) => readFile(path.join(root, directory, file), 'utf8'))),
      };
    }),
  );
}
