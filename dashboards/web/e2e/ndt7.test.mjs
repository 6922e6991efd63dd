// M-Lab's own client for browsers (@m-lab/ndt7) against the collector's ndt7 server, in a real browser.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { demonstration } from './servers.mjs';

/** Where the client's files seem to be: on the collector's own origin, as a page of its own. */
const PREFIX = '/ndt7-client/';
const CLIENT = dirname(createRequire(import.meta.url).resolve('@m-lab/ndt7'));

let demo;
let browser;

before(async () => {
  demo = await demonstration();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** A page of the collector's origin with M-Lab's client in it. */
async function client() {
  const page = await (await browser.newContext()).newPage();
  await page.route(`**${PREFIX}*`, (route) => {
    const name = new URL(route.request().url()).pathname.slice(PREFIX.length);
    if (name === '') {
      return route.fulfill({
        contentType: 'text/html',
        body: `<script src="${PREFIX}ndt7.js"></script>`,
      });
    }
    return route.fulfill({
      contentType: 'text/javascript',
      body: readFileSync(join(CLIENT, name), 'utf8'),
    });
  });
  await page.goto(demo.web + PREFIX);
  return page;
}

test('the client of M-Lab measures both directions', { timeout: 90_000 }, async () => {
  const page = await client();
  const found = await page.evaluate(async (prefix) => {
    const seen = { errors: [], server: {} };
    const config = {
      server: location.host,
      protocol: 'ws',
      mlabDataPolicyInapplicable: true,
      downloadworkerfile: `${prefix}ndt7-download-worker.js`,
      uploadworkerfile: `${prefix}ndt7-upload-worker.js`,
      // The cap keeps the test short; the client passes it on as it passes on what describes it.
      metadata: { client_name: 'test', max_bytes: '60000000' },
    };
    const keep = (direction) => (result) => {
      seen[direction] = result.LastClientMeasurement;
      seen.server[direction] = result.LastServerMeasurement;
    };
    seen.code = await window.ndt7.test(config, {
      error: (error) => seen.errors.push(String(error)),
      downloadComplete: keep('download'),
      uploadComplete: keep('upload'),
    });
    return seen;
  }, PREFIX);
  assert.deepEqual(found.errors, []);
  assert.equal(found.code, 0);
  const { download, upload } = found.server;
  // What the server says of itself, in the words of the specification.
  assert.equal(download.Origin, 'server');
  assert.equal(download.Test, 'download');
  assert.equal(download.AppInfo.NumBytes, 60_000_000, 'the cap is honoured');
  assert.ok(download.AppInfo.ElapsedTime > 0);
  assert.equal(upload.Test, 'upload');
  assert.ok(upload.AppInfo.NumBytes > 0);
});
