// `make bench-web`: the page before a country of 100,000 sites. Prints a table and writes
// target/bench/web.json. Sites come from a seed; their states too, put into the answer of the
// collector on its way to the browser, because nobody measures invented sites.
//
// Environment: DESSERTE_BIN (the collector), DESSERTE_CHROMIUM, BENCH_SITES (100000), BENCH_RUNS
// (5), DESSERTE_SCREENSHOTS (a folder for pictures of what was measured).

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { launch, picture as kept } from '../e2e/browser.mjs';
import { command, serve, temporary } from '../e2e/servers.mjs';
import { chosen, random, sitesCsv, STATE_SHARES } from './country.mjs';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SITES = Number(process.env.BENCH_SITES ?? 100_000);
const SEED = 20_261_126;
const RUNS = Number(process.env.BENCH_RUNS ?? 5);
/** A weak link: 400 kbit/s, and the way to a satellite's ground station and back. */
const LINK = { offline: false, downloadThroughput: 50_000, uploadThroughput: 50_000, latency: 300 };
const CODES = ['up', 'degraded', 'down', 'excluded', 'unknown'];
const PAN_MS = 4_000;

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

async function country(folder) {
  const csv = join(folder, 'sites.csv');
  const config = join(folder, 'desserte.toml');
  writeFileSync(csv, sitesCsv(join(ROOT, 'demo/congo'), SITES, SEED));
  writeFileSync(config, `[country]\nid = "cg"\nname_fr = "Pays synthétique"\nname_en = "Synthetic country"\ntime_zone = "Africa/Brazzaville"\nfolder = ${JSON.stringify(join(ROOT, 'demo/congo'))}\n`);
  await command('DESSERTE_BIN', ['import', 'sites', csv, '--data', folder, '--apply', '--format', 'json', '--output', join(folder, 'report.json')]);
  return config;
}

/** Bytes on the wire by kind, from the browser's own network events. */
async function counted(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const types = new Map();
  const bytes = [];
  session.on('Network.responseReceived', ({ requestId, response, type }) => types.set(requestId, { url: response.url, type }));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const known = types.get(requestId);
    if (known) bytes.push({ ...known, bytes: encodedDataLength, at: performance.now() });
  });
  return { session, bytes };
}

/** A fresh browser on a weak link: code before the first picture, and when it is there. */
async function firstPicture(browser, web) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 } });
  const page = await context.newPage();
  const { session, bytes } = await counted(page);
  await session.send('Network.emulateNetworkConditions', LINK);
  await page.addInitScript(() => {
    window.__shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.__shift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
    const look = () => {
      // The picture: the regions with their states, and the counts.
      if (document.querySelector('[data-region-state]') && document.querySelector('[data-tiles]')) {
        requestAnimationFrame(() => setTimeout(() => (window.__picture = performance.now())));
      } else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await page.goto(web, { waitUntil: 'commit' });
  await page.waitForFunction(() => window.__picture, undefined, { timeout: 60_000 });
  const at = performance.now();
  const picture = await page.evaluate(() => window.__picture);
  const code = bytes.filter((item) => item.at <= at && ['Document', 'Script', 'Stylesheet'].includes(item.type));
  const data = bytes.filter((item) => item.at <= at && item.url.includes('/api/v1/'));
  await page.waitForTimeout(1_500);
  const shift = await page.evaluate(() => window.__shift);
  await kept(page, 'bench-overview');
  await context.close();
  const sum = (list) => list.reduce((total, item) => total + item.bytes, 0);
  return { picture, shift, code: sum(code), data: sum(data) };
}

/** Seeded states in place of "unknown"; returns what they weigh compressed. */
function mixed(body) {
  const draw = random(SEED + 1);
  const states = Buffer.from(body);
  for (let at = 24; at < states.length; at += 1) states[at] = CODES.indexOf(chosen(STATE_SHARES, draw()));
  return states;
}

async function mapBytes(web) {
  const get = async (path) => {
    const answer = await fetch(`${web}${path}`, { headers: { Accept: 'application/vnd.desserte.map', 'Accept-Encoding': 'identity' } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  const states = mixed(await get('/api/v1/map/states'));
  return { places: await get('/api/v1/map'), states };
}

/** Frames while the map is dragged to and fro without a GPU, in this way of showing sites. */
async function panning(browser, web, states, every) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 } });
  const page = await context.newPage();
  const { bytes } = await counted(page);
  await context.route('**/api/v1/map/states', (route) => route.fulfill({ contentType: 'application/vnd.desserte.map', body: states }));
  await page.goto(`${web}/#/map?lang=en`);
  await page.locator('canvas.sites').waitFor();
  if (every) {
    await page.getByRole('button', { name: 'Every site' }).click();
    await page.getByRole('button', { name: '+', exact: true }).or(page.getByLabel('Zoom in')).first().click();
  }
  await page.waitForTimeout(1_500);
  const places = bytes.find((item) => new URL(item.url).pathname === '/api/v1/map');
  const box = await page.locator('[role=application]').boundingBox();
  await kept(page, `bench-map-${every ? 'every' : 'groups'}`);
  const reach = box.width / 2 - 40;
  const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height, 500) / 2];
  await page.evaluate(() => {
    window.__frames = [];
    const tick = (at) => {
      window.__frames.push(at);
      window.__panning = requestAnimationFrame(tick);
    };
    window.__panning = requestAnimationFrame(tick);
  });
  await page.mouse.move(x, y);
  await page.mouse.down();
  const begun = performance.now();
  for (let step = 0; performance.now() - begun < PAN_MS; step += 1) {
    // Nearly from edge to edge: beyond the margin that is drawn already.
    await page.mouse.move(x + reach * Math.sin(step / 12), y + 130 * Math.sin(step / 17));
  }
  await page.mouse.up();
  const frames = await page.evaluate(() => {
    cancelAnimationFrame(window.__panning);
    return window.__frames;
  });
  await context.close();
  const lengths = frames.slice(1).map((at, i) => at - frames[i]);
  const seconds = (frames.at(-1) - frames[0]) / 1000;
  return {
    perSecond: lengths.length / seconds,
    longest: Math.max(...lengths),
    places: places?.bytes ?? null,
  };
}

const folder = temporary();
let server;
let browser;
try {
  process.stderr.write(`making a country of ${SITES} sites from seed ${SEED}\n`);
  const config = await country(folder.path);
  server = await serve(['serve', '--data', folder.path, '--agents', '127.0.0.1:0', '--web', '127.0.0.1:0', '--config', config]);
  browser = await launch();
  const first = [];
  for (let run = 0; run < RUNS; run += 1) first.push(await firstPicture(browser, server.web));
  const { states } = await mapBytes(server.web);
  const groups = [];
  const every = [];
  for (let run = 0; run < RUNS; run += 1) {
    groups.push(await panning(browser, server.web, states, false));
    every.push(await panning(browser, server.web, states, true));
  }
  const packed = gzipSync(states);
  if (!gunzipSync(packed).equals(states)) throw new Error('states do not survive compression');
  const kib = (bytes) => Math.round((bytes / 1024) * 10) / 10;
  const of = (list, key) => median(list.map((item) => item[key]));
  const cpu = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const date = new Date().toISOString().slice(0, 10);
  const figures = [
    ['code before the first picture', 'KiB brotli, as transferred', kib(of(first, 'code')), 'Gatus, published 2026 (gzip)', 181, '≤ 60'],
    ['code before the first picture', 'KiB brotli, as transferred', kib(of(first, 'code')), 'Uptime Kuma, published 2026 (gzip)', 666, '≤ 60'],
    ['answers before the first picture', 'KiB as transferred', kib(of(first, 'data')), null, null, null],
    ['first picture at 400 kbit/s, 300 ms', `ms, median of ${RUNS}`, Math.round(of(first, 'picture')), null, null, null],
    ['layout shift until 1.5 s after it', `CLS, median of ${RUNS}`, Math.round(of(first, 'shift') * 1000) / 1000, null, null, '≈ 0'],
    [`places, kinds, regions of ${SITES} sites`, 'KiB gzip, as transferred', kib(of(groups, 'places')), null, null, null],
    [`states of ${SITES} sites, seeded mix`, 'KiB gzip', kib(packed.length), null, null, null],
    [`map of ${SITES} sites`, 'KiB gzip', kib(of(groups, 'places') + packed.length), null, null, '≤ 250'],
    [`frames while panning ${SITES} sites in groups, no GPU`, `per second, median of ${RUNS}`, Math.round(of(groups, 'perSecond') * 10) / 10, null, null, '≥ 50'],
    [`frames while panning every one of ${SITES} sites, no GPU`, `per second, median of ${RUNS}`, Math.round(of(every, 'perSecond') * 10) / 10, null, null, '≥ 50'],
    ['longest frame while panning every site', `ms, median of ${RUNS}`, Math.round(of(every, 'longest')), null, null, null],
  ].map(([figure, unit, ours, peer, peer_value, goal]) => ({ figure, unit, ours, peer, peer_value, goal, cpu, date }));
  for (const item of figures) {
    const peer = item.peer ? `${item.peer}: ${item.peer_value}` : '';
    process.stdout.write(`${item.figure.padEnd(62)} ${String(item.ours).padStart(9)}  ${item.unit.padEnd(28)} ${(item.goal ?? '').padEnd(6)} ${peer}\n`);
  }
  const out = join(ROOT, 'target/bench');
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'web.json'), `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  await browser?.close();
  await server?.stop();
  folder.remove();
}
