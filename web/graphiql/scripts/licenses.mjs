// Collects the licences of the packages that ended up in the bundle; most ask to travel with the code.
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';

const LICENSE_FILE = /^(licen[cs]e|notice|third-?party-?notices?)/i;

/** @param inputs paths of bundled files, relative to `root` */
export async function licenseText(root, inputs) {
  const directories = new Set();
  for (const input of inputs) {
    // The last node_modules counts: packages may be nested.
    const match = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
    if (match) directories.add(match[0]);
  }
  const sections = new Map();
  for (const directory of directories) {
    const manifest = JSON.parse(await readFile(path.join(root, directory, 'package.json'), 'utf8'));
    const files = (await readdir(path.join(root, directory))).filter((name) => LICENSE_FILE.test(name)).sort();
    const texts = await Promise.all(files.map((name) => readFile(path.join(root, directory, name), 'utf8')));
    const title = `${manifest.name} ${manifest.version} (${manifest.license})`;
    sections.set(title, [title, '='.repeat(title.length), '', ...texts.map((text) => text.trim()), ''].join('\n'));
  }
  return [...sections.keys()].sort().map((title) => sections.get(title)).join('\n');
}
