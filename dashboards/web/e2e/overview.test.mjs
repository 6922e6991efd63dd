// The first screen: little code, no jump, and from a region or a group to what it counts.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, seen, settled, watched, WIDTHS } from './browser.mjs';
import { demonstration } from './servers.mjs';

/** Bytes of code before the first picture; the build holds the same for its files. */
const CODE_BYTES_MAX = 60 * 1024;
/** Layout shift that nobody sees (web.dev calls 0.1 good). */
const SHIFT_MAX = 0.02;

let server;
let browser;

before(async () => {
  server = await demonstration();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const [width, language] of [['desk', 'fr'], ['phone', 'en']]) {
  test(`the first picture is light and does not jump: ${width} ${language}`, async () => {
    const { page, context, faults } = await watched(browser, server.web, { viewport: WIDTHS[width] });
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    const code = new Map();
    session.on('Network.responseReceived', ({ requestId, response, type }) => {
      if (['Document', 'Script', 'Stylesheet'].includes(type)) code.set(requestId, { url: response.url, bytes: 0 });
    });
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      const item = code.get(requestId);
      if (item) item.bytes = encodedDataLength;
    });
    await page.addInitScript(() => {
      window.__shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.__shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await seen(page, 'first load', async () => {
      await page.goto(`${server.web}/?#/?lang=${language}`);
      await page.locator('[data-region-state]').first().waitFor();
      await page.locator('[data-tiles]').waitFor();
      await settled(page);
      const bytes = [...code.values()].reduce((sum, item) => sum + item.bytes, 0);
      assert.ok(bytes > 0 && bytes <= CODE_BYTES_MAX, `${bytes} bytes of code`);
      const later = [...code.values()].filter((item) => /layer|uPlot|Map-/.test(item.url));
      assert.deepEqual(later, [], 'the map library waits until the map is opened');
      const shift = await page.evaluate(() => window.__shift);
      assert.ok(shift <= SHIFT_MAX, `layout shift ${shift}`);
    });
    assert.deepEqual(await faults(), []);
    await context.close();
  });
}

test('a region of the drawing leads to its sites on the map', async () => {
  const overview = await (await fetch(`${server.web}/api/v1/overview`)).json();
  const { page, context } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  await seen(page, 'region', async () => {
    await page.goto(`${server.web}/#/?lang=fr`);
    const region = page.locator('[data-region]').first();
    await region.waitFor();
    const name = await region.getAttribute('data-region');
    const { total } = overview.regions.find((item) => item.region === name).sites;
    await region.focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-shown]').getByText(`${total} affichés`).waitFor();
    assert.equal(await page.getByLabel('Région').inputValue(), name);
    await page.goBack();
    await page.locator('[data-region]').first().waitFor();
  });
  await context.close();
});

test('what is down is said with its cause, and leads to the site', async () => {
  // The demonstration's own agent is up; the answer is changed on its way to the page.
  const real = await (await fetch(`${server.web}/api/v1/overview`)).json();
  const site = real.regions.find((item) => item.region !== null);
  const { page, context } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  const since = new Date(Date.now() - 7_500_000).toISOString();
  const group = { shared: true, state: 'down', cause: 'upstream', region: site.region, operator: 'Opérateur fictif A', sites: 3, first_since: since, last_since: since, kinds: [{ kind: 'school', sites: 2 }, { kind: 'hospital', sites: 1 }], examples: [] };
  const lone = { ...group, shared: false, state: 'unknown', cause: null, sites: 1, kinds: [{ kind: 'court', sites: 1 }], examples: [{ site: 'CG-000001', name: 'Ministère – Affaires étrangères' }] };
  await context.route('**/api/v1/overview', (route) =>
    route.fulfill({ contentType: 'application/json', body: JSON.stringify({ ...real, groups: [group, lone] }) }),
  );
  await seen(page, 'groups', async () => {
    await page.goto(`${server.web}/#/?lang=fr`);
    const row = page.locator('[data-group=upstream]');
    await row.waitFor();
    assert.match(await row.textContent(), /Réseau de l’opérateur.*2.× École.*3 sites.*depuis 2.h 5.min/s);
    assert.match(await row.getAttribute('href'), /outages\?open=true&cause=upstream&region=/);
    assert.equal(await row.locator('[data-shared]').textContent(), 'une même coupure');
    const silent = page.locator('[data-group=unknown]');
    assert.match(await silent.textContent(), /Agents muets, cause inconnue/);
    await silent.click();
    await page.locator('[data-site-page="CG-000001"]').waitFor();
  });
  await context.close();
});

test('the overview has its loading, empty and error state', async () => {
  const { page, context } = await watched(browser, server.web, { viewport: WIDTHS.phone });
  const real = await (await fetch(`${server.web}/api/v1/overview`)).json();
  const none = { total: 0, up: 0, degraded: 0, down: 0, unknown: 0, excluded: 0 };
  const empty = { ...real, silent_sites: 0, regions: [], kinds: [], operators: [], causes: [], groups: [], summary: { ...real.summary, sites: none, measured_sites: 0, availability_24_hours: null } };
  let release;
  const held = new Promise((done) => {
    release = done;
  });
  let fail = true;
  await seen(page, 'three states', async () => {
    await context.route('**/api/v1/overview', async (route) => {
      await held;
      const body = JSON.stringify(fail ? { title: 'internal error', status: 500, code: 'internal' } : empty);
      await route.fulfill({ status: fail ? 500 : 200, contentType: fail ? 'application/problem+json' : 'application/json', body });
    });
    await page.goto(`${server.web}/#/?lang=en`);
    await page.locator('main').getByText('Loading…').first().waitFor();
    release();
    await page.locator('main [role=alert]').getByText('Internal error of the collector').waitFor();
    fail = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('main').getByText(/No site is registered yet/).first().waitFor();
    assert.equal(await page.locator('main [role=alert]').count(), 0);
    assert.equal(await page.locator('main .loading').count(), 0);
  });
  await context.close();
});
