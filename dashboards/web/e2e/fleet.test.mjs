// The simulated fleet of the demonstration: the page says on every screen that it is simulated, shows
// how far the past has been played back, and the country lives: faults that were open end and others
// begin before the reader's eyes. A collector without a fleet never says it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, seen, watched, WIDTHS } from './browser.mjs';
import { demonstration, serve, temporary } from './servers.mjs';

/** The whole scene of a start needs sixty sites; a day of history is the least. */
const FLEET = ['--sites', '60', '--history-days', '1'];
const PLAYED_MS = 120_000;
/** Time in which what was played back is assessed, on a busy machine. */
const SETTLED_MS = 30_000;
/** An outage begins or ends within ten minutes of a start; the first within this. */
const CHANGE_MS = 420_000;
/** Waiting for it is for the long run. */
const LONG = process.env.DESSERTE_REPEAT === 'long';
/** Causes of the scene that lasts longer than these tests. */
const LASTING = ['last_mile', 'lan', 'dns_line', 'captive_portal', 'undetermined'];
const SCREENS = ['', 'map', 'outages', 'agents', 'agreements', 'planning'];
const NOTICE = { fr: 'Mesures simulées', en: 'Simulated measurements' };

let server;
let browser;

before(async () => {
  server = await demonstration(FLEET);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const answer = async (path) => (await fetch(`${server.web}/api/v1${path}`)).json();

async function until(what, milliseconds, probe) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end) {
    const found = await probe();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 1_000));
  }
  throw new Error(`${what}: not within ${milliseconds} ms`);
}

test('the past is played back, and the country is seen within it', async () => {
  await until('the last day is there', PLAYED_MS, async () =>
    ['earlier_days', 'complete'].includes((await answer('/demo')).phase),
  );
  // What was played back is assessed site by site: that takes its time beside other tests.
  let summary;
  let open;
  await until('the country as it is', SETTLED_MS, async () => {
    summary = await answer('/summary');
    open = await answer('/outages?open=true');
    const causes = new Set(open.items.map((one) => one.cause));
    return summary.sites.up > 20 && summary.sites.down > 0 && causes.size >= 3;
  }).catch((error) => assert.fail(`${error.message}: ${JSON.stringify(summary.sites)} ${open.items.map((one) => one.cause)}`));
  assert.equal(summary.simulated_sites, 60);
  // One site is measured in truth, by the agent beside the fleet: its outages alone do not say it.
  const { items: agents } = await answer('/agents?limit=100');
  const real = new Set(agents.filter((one) => !one.software?.includes('(simulated)')).map((one) => one.site));
  assert.ok(real.size <= 1, [...real].join());
  const silent = open.items.filter((one) => !one.simulated && !real.has(one.site));
  assert.deepEqual(silent, [], 'every outage of the fleet says that it is simulated');
});

test('each fault of the scene is on the screen with its cause and what it rests on', async () => {
  // What was played back is assessed site by site. A small fleet may have no site left that fits
  // the last rows of the scene.
  let causes = new Set();
  await until('the causes of the scene', SETTLED_MS, async () => {
    const { items } = await answer('/outages?open=true');
    causes = new Set(items.map((one) => one.cause));
    return LASTING.filter((cause) => causes.has(cause)).length >= 4 && causes.has('undetermined');
  }).catch((error) => assert.fail(`${error.message}: ${[...causes].join()}`));
  const { page, context, faults } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  for (const cause of causes) {
    await seen(page, cause, async () => {
      await page.goto(`${server.web}/#/outages?open=true&cause=${cause}&lang=fr`);
      const row = page.locator(`[data-outage][data-cause=${cause}][data-open=true], [data-group][data-cause=${cause}]`).first();
      await row.waitFor({ timeout: 20_000 });
      await row.locator('[data-expand]').click();
      await page.locator('[data-fact], [data-group] [data-outage]').first().waitFor();
    });
  }
  assert.deepEqual(await faults(), []);
  await context.close();
});

test('a site shows the rates that were measured', async () => {
  const { sites } = await answer('/agreements/simule-administrations');
  const day = 86_400_000;
  const from = new Date(Date.now() - day).toISOString();
  const history = await answer(`/sites/${sites[0]}/history?target=simule-debit&step=900&from=${from}`);
  const found = history.rates.download_bits_per_second.filter((rate) => rate !== null).sort((a, b) => a - b);
  assert.ok(found.length >= 2, JSON.stringify(history.rates));
  const median = found[Math.ceil(found.length / 2) - 1];
  const { page, context, faults } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  await seen(page, 'rates', async () => {
    await page.goto(`${server.web}/#/sites/${sites[0]}?target=simule-debit&range=day&lang=fr`);
    const summary = page.locator('[data-summary]', { hasText: 'Débit médian' });
    const shown = (median / 1e6).toFixed(2).replace('.', ',');
    await summary.filter({ hasText: `${shown}\u00a0Mbit/s descendant` }).waitFor({ timeout: 20_000 });
    await page.getByRole('img', { name: 'Débit' }).or(page.getByLabel('Débit', { exact: true })).first().waitFor();
  });
  assert.deepEqual(await faults(), []);
  await context.close();
});

test('a box that went off fell silent then, not with the day', async () => {
  const { items: silent } = await answer('/agents?state=silent&limit=100');
  // The real agent beside the fleet may still be on its way to its first batch.
  const items = silent.filter((one) => one.simulated);
  const started = Date.parse((await answer('/demo')).started_at);
  const ago = items.map((one) => (started - Date.parse(one.last_batch_at)) / 60_000);
  // Boxes of the scene went off from half an hour to three hours before the start.
  assert.ok(ago.filter((minutes) => minutes > 20 && minutes < 200).length >= 3, ago.join());
  assert.equal(ago.filter(Number.isNaN).length, 0, 'every agent had spoken before');
});

for (const [language, width] of [
  ['fr', 'desk'],
  ['en', 'phone'],
]) {
  test(`every screen says that it is simulated, ${language} ${width}`, async () => {
    const { page, context, faults } = await watched(browser, server.web, {
      viewport: WIDTHS[width],
    });
    const map = await answer('/sites?state=up&limit=1');
    for (const screen of [...SCREENS, `sites/${map.items[0].site?.id ?? map.items[0].id}`]) {
      await seen(page, `${screen} ${language}`, async () => {
        await page.goto(`${server.web}/#/${screen}?lang=${language}`);
        const notice = page.locator('[data-demo]');
        await notice.waitFor({ timeout: 20_000 });
        assert.match(await notice.textContent(), new RegExp(NOTICE[language]));
      });
    }
    assert.deepEqual(await faults(), []);
    await context.close();
  });
}

test('every answer that shows a simulated site says so', async () => {
  const sites = await answer('/sites?state=up&limit=100');
  // The real agent's site may be among them.
  const simulated = sites.items.filter((one) => one.simulated);
  assert.ok(simulated.length >= sites.items.length - 1, JSON.stringify(sites.items));
  const { id } = simulated[0];
  const site = await answer(`/sites/${id}`);
  assert.equal(site.simulated, true);
  assert.ok(site.agents.every((agent) => agent.simulated));
  assert.equal((await answer(`/sites/${id}/history`)).simulated, true);
  const agents = await answer('/agents?limit=1000');
  const present = agents.items.filter((agent) => agent.simulated && agent.state !== 'revoked');
  assert.equal(present.length, 60);
  assert.equal(agents.items.filter((agent) => !agent.simulated).length, 1, 'the one real agent');
  const agreements = await answer('/agreements');
  const own = agreements.items.find((one) => one.simulated);
  assert.ok(own, 'an invented agreement is marked');
  const csv = await (await fetch(`${server.web}/api/v1/plans/current/export?format=csv&language=en`)).text();
  assert.match(csv.split('\n')[0], /measurements simulated/);
});

test('the country lives: something changes before the eyes', { skip: !LONG && 'takes minutes' }, async () => {
  const before = new Map((await answer('/outages?open=true')).items.map((one) => [one.id, one]));
  await until('an outage begins or ends', CHANGE_MS, async () => {
    const now = (await answer('/outages?open=true')).items.map((one) => one.id);
    return now.some((id) => !before.has(id)) || now.length < before.size;
  });
});

test('a collector without a fleet never says it', async () => {
  const folder = temporary();
  const plain = await serve([
    'serve',
    ...['--data', folder.path, '--agents', '127.0.0.1:0', '--web', '127.0.0.1:0'],
  ]);
  try {
    const demo = await (await fetch(`${plain.web}/api/v1/demo`)).json();
    assert.deepEqual([demo.simulated, demo.phase], [false, 'none']);
    const { page, context } = await watched(browser, plain.web, { viewport: WIDTHS.desk });
    await page.goto(`${plain.web}/?lang=fr`);
    await page.locator('main h1').waitFor({ state: 'attached' });
    await page.waitForLoadState('networkidle').catch(() => {});
    assert.equal(await page.locator('[data-demo]').count(), 0);
    await context.close();
  } finally {
    await plain.stop();
    folder.remove();
  }
});
