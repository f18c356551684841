// Turns the build into the files the binary embeds: compress.mjs BUILD_DIRECTORY BUNDLE_DIRECTORY
//
// Every file is stored compressed, so that the server can send it as it is; index.html also as plain text,
// because the server writes its settings into it. manifest.json says how each file is to be answered.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const [from, to] = process.argv.slice(2).map((directory) => path.resolve(directory));

const CONTENT_TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

// An asset never changes under its name. The page may carry a key in its settings, so nobody may keep it.
const cacheControl = (file) =>
  file.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-store';

function gzip(bytes) {
  const compressed = gzipSync(bytes, { level: 9 });
  compressed.fill(0, 4, 8); // modification time: none
  compressed[9] = 255; // operating system: unknown
  return compressed;
}

const assets = (await readdir(path.join(from, 'assets'))).sort().map((name) => `assets/${name}`);

await rm(to, { recursive: true, force: true });
await mkdir(path.join(to, 'assets'), { recursive: true });

const manifest = {};
let total = 0;
for (const file of ['index.html', ...assets]) {
  const bytes = await readFile(path.join(from, file));
  const compressed = gzip(bytes);
  manifest[file] = {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    contentType: CONTENT_TYPES[path.extname(file)],
    cacheControl: cacheControl(file),
  };
  await writeFile(path.join(to, `${file}.gz`), compressed);
  if (file === 'index.html') await writeFile(path.join(to, file), bytes);
  console.log(`${String(bytes.length).padStart(9)} ${String(compressed.length).padStart(9)}  ${file}`);
  total += compressed.length;
}
await writeFile(path.join(to, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
console.log(`${' '.repeat(9)} ${String(total).padStart(9)}  together, compressed`);
