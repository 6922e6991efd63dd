// Writes NAME.br beside each text asset of a build, so that the server never compresses on request.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const TEXT = new Set(['.html', '.js', '.css', '.svg', '.json', '.txt']);
const root = process.argv[2];
if (!root) {
  process.stderr.write('usage: node scripts/compress.mjs DIRECTORY\n');
  process.exit(2);
}

function* files(directory) {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

for (const path of files(root)) {
  if (!TEXT.has(extname(path))) continue;
  const text = readFileSync(path);
  const packed = brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
  writeFileSync(`${path}.br`, packed);
  process.stdout.write(`${path} ${text.length} -> ${packed.length}\n`);
}
