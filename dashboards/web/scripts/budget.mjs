// Refuses a build whose first load is larger than its budget: what index.html and its static
// imports fetch before the first picture, compressed as it is served. Texts of the language are
// counted as the larger of the two, for a reader who does not read French first.

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

/** Bytes of code before the first picture: at 400 kbit/s some 1.2 s. */
export const FIRST_LOAD_BYTES_MAX = 60 * 1024;
/** Code that must not be in it, by a text that only it holds. */
const LATER = { Leaflet: 'leaflet-container', uPlot: 'u-legend' };

const STATIC_IMPORT = /(?:import|export)\s*(?:[\w*{}\s,$]*?from\s*)?["'](\.[^"']+\.js)["']/g;

/** Files of the first load below a built page, each once. */
export function firstLoad(dist) {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  const linked = [...html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map((match) => match[1]);
  const found = new Set(['/index.html']);
  const open = [...linked];
  while (open.length) {
    const path = open.pop();
    if (found.has(path)) continue;
    found.add(path);
    if (!path.endsWith('.js')) continue;
    const text = readFileSync(join(dist, path), 'utf8');
    for (const match of text.matchAll(STATIC_IMPORT)) {
      open.push(posix.join(dirname(path), match[1]));
    }
  }
  const english = readdirSync(join(dist, 'assets')).filter((name) => /^first\.en-.*\.js$/.test(name));
  return [...found, ...english.map((name) => `/assets/${name}`)].map((path) => ({
    path,
    bytes: statSync(join(dist, `${path}.br`)).size,
  }));
}

export function faults(dist) {
  const files = firstLoad(dist);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const found = [];
  if (bytes > FIRST_LOAD_BYTES_MAX) {
    found.push(`the first load is ${bytes} bytes, ${FIRST_LOAD_BYTES_MAX} are allowed`);
  }
  for (const { path } of files) {
    const text = readFileSync(join(dist, path), 'utf8');
    for (const [name, mark] of Object.entries(LATER)) {
      if (text.includes(mark)) found.push(`${path} brings ${name} into the first load`);
    }
  }
  return { files, bytes, found };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const dist = process.argv[2];
  if (!dist) {
    process.stderr.write('usage: node scripts/budget.mjs DIRECTORY\n');
    process.exit(2);
  }
  const { files, bytes, found } = faults(dist);
  for (const file of files) process.stdout.write(`first load: ${file.path} ${file.bytes}\n`);
  process.stdout.write(`first load: ${bytes} of ${FIRST_LOAD_BYTES_MAX} bytes, brotli\n`);
  found.forEach((fault) => process.stderr.write(`${fault}\n`));
  process.exit(found.length ? 1 : 0);
}
