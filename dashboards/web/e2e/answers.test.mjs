// The engineer, the technician and the planner find their first answer: one outage for a cut that
// takes a region, what an agent saw, a sheet to take along, a ranking that moves with the weights.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { correction, generate } from 'lean-qr';
import { launch, picture, seen, settled, watched, WIDTHS } from './browser.mjs';
import { demonstration } from './servers.mjs';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

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

async function axe(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
    });
    return violations.map(
      (item) => `${item.id}: ${item.nodes.map((node) => node.target.join(' ')).join(', ')}`,
    );
  });
  assert.deepEqual(found, []);
}

const json = (body) => ({
  status: 200,
  contentType: 'application/json',
  body: JSON.stringify(body),
});

// SYNTHETIC: a cut of one operator in one region, and a site that is alone.
const outage = (number, region, cause, end) => ({
  id: String(number),
  site: `S-${number}`,
  site_name: `Site ${number}`,
  site_kind: number % 2 ? 'police' : 'school',
  region,
  operator: 'Opérateur d’essai',
  sensitive: number % 2 === 1,
  unheard: false,
  start: '2026-06-15T11:40:00Z',
  end,
  slot_seconds: 60,
  down_slots: 8,
  cause,
  locus: 'operator_network',
  facts: [{ code: 'first_hop_probe', values: { sent: 5, received: 0 } }],
  agent: null,
});
const AREA = [1, 2, 3, 4].map((number) => outage(number, 'Pool', 'upstream', null));
const ALONE = outage(9, 'Niari', 'lan', '2026-06-15T11:50:00Z');
const group = (outages, reach, measured) => ({
  id: outages[0].id,
  reach,
  region: outages[0].region,
  operator: outages[0].operator,
  cause: outages[0].cause,
  causes:
    reach === 'site'
      ? [{ cause: outages[0].cause, sites: 1 }]
      : [
          { cause: 'upstream', sites: 3 },
          { cause: 'undetermined', sites: 1 },
        ],
  sites: outages.length,
  open_sites: outages.filter((one) => one.end === null).length,
  unheard_sites: 0,
  measured_sites: measured,
  sensitive: outages.some((one) => one.sensitive),
  start: outages[0].start,
  end: outages[0].end,
  outages: outages.slice(0, 3),
});

test('a cut of a region is one outage, its sites and evidence open on demand', async () => {
  for (const [width, theme] of [
    ['desk', 'light'],
    ['phone', 'dark'],
  ]) {
    const { page, context, faults } = await watched(browser, server.web, {
      viewport: WIDTHS[width],
      colorScheme: theme,
    });
    await seen(page, `grouped outages, ${width}`, async () => {
      const asked = [];
      await context.route('**/api/v1/outages/groups?*', (route) => {
        asked.push(new URL(route.request().url()).searchParams);
        return route.fulfill(
          json({
            items: [group(AREA, 'area_and_operator', 5), group([ALONE], 'site', null)],
            next: null,
            total: 2,
            truncated: false,
          }),
        );
      });
      await context.route('**/api/v1/outages/groups/1?*', (route) =>
        route.fulfill(json({ items: AREA, next: null })),
      );
      await context.route('**/api/v1/facets', (route) =>
        route.fulfill(json({ regions: ['Niari', 'Pool'], operators: ['A'], kinds: ['school'] })),
      );
      await page.goto(`${server.web}/#/outages?lang=fr`);
      const area = page.locator('[data-reach=area_and_operator]');
      await area.waitFor();
      const text = await area.innerText();
      assert.match(text, /Pool · Opérateur d’essai/);
      assert.match(text, /4 sites sur 5 mesurés/);
      assert.match(text, /Réseau de l’opérateur\s: 3/);
      assert.equal(await page.locator('[data-group]').count(), 2);
      assert.equal(await area.locator('[data-fact]').count(), 0, 'evidence waits to be asked for');
      await area.locator('[data-expand]').focus();
      await page.keyboard.press('Enter');
      await area.locator('[data-outage="4"]').waitFor();
      assert.equal(await area.locator('[data-outage]').count(), 4);
      assert.match(await area.innerText(), /0 réponses sur 5/);
      const alone = page.locator('[data-group="9"]');
      assert.ok((await alone.locator('[data-sensitive]').count()) > 0, 'a police station is marked');
      await alone.locator('[data-expand]').click();
      await alone.locator('[data-fact]').waitFor();
      await axe(page);
      await picture(page, `groups-${width}-fr-${theme}`);
      // A filter is part of the address and of the question, and of the file.
      await page.locator('[data-filter=region]').selectOption('Pool');
      await page.waitForFunction(() => location.hash.includes('region=Pool'));
      await page.waitForFunction(() =>
        document.querySelector('[data-export]')?.getAttribute('href')?.includes('region=Pool'),
      );
      assert.equal(asked.at(-1).get('region'), 'Pool');
    });
    assert.deepEqual(await faults(), []);
    await context.close();
  }
});

test('the list of outages is a file in the reader’s language', async () => {
  const { page, context } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  await seen(page, 'outages as CSV', async () => {
    await page.goto(`${server.web}/#/outages?lang=fr`);
    await settled(page);
    await page.locator('[data-count]').waitFor();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('[data-export=csv]').click(),
    ]);
    const text = readFileSync(await file.path(), 'utf8');
    assert.match(text, /^\ufeffcoupure;groupe;identifiant du site;/);
  });
  await context.close();
});

test('an agent is enrolled from the list with a sheet on one page of paper', async () => {
  const map = await (await fetch(`${server.web}/api/v1/sites?limit=1`)).json();
  const site = map.items[0];
  const { page, context, faults } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  await seen(page, 'the sheet', async () => {
    await page.goto(`${server.web}/#/agents?lang=fr`);
    await page.locator('[data-enrol-any]').click();
    await page.locator('[data-pick-site]').fill(site.id);
    await page.locator(`[data-pick="${site.id}"]`).click();
    await page.locator('main').getByRole('button', { name: 'Enrôler un agent' }).last().click();
    const sheet = page.locator('[data-enrolment]');
    await sheet.waitFor();
    const code = (await sheet.locator('[data-code]').textContent()).trim();
    assert.match(code, /^([A-Z2-7]{7}-){10}[A-Z2-7]{7}$/);
    const text = await sheet.innerText();
    assert.ok(text.includes(site.name ?? site.id), 'the site’s name is on it');
    assert.match(text, /Trois étapes pour le technicien/);
    // The picture holds the command of step 2, module by module.
    const picture = sheet.locator('[data-qr]');
    await picture.waitFor();
    const command = (await sheet.locator('pre').first().textContent()).trim();
    assert.ok(command.includes(code));
    const wanted = generate(command, { minCorrectionLevel: correction.M });
    const size = Number(await picture.getAttribute('data-qr'));
    assert.equal(size, wanted.size + 8);
    const path = await picture.locator('path').getAttribute('d');
    const dark = new Set();
    for (const [, x, y, wide] of path.matchAll(/M(\d+) (\d+)h(\d+)/g)) {
      for (let i = 0; i < Number(wide); i += 1) dark.add(`${Number(x) + i - 4},${Number(y) - 4}`);
    }
    for (let y = 0; y < wanted.size; y += 1) {
      for (let x = 0; x < wanted.size; x += 1) {
        assert.equal(dark.has(`${x},${y}`), Boolean(wanted.get(x, y)), `module ${x},${y}`);
      }
    }
    await axe(page);
    await page.evaluate(() => {
      window.print = () => {};
    });
    await sheet.locator('[data-print]').click();
    const pdf = await page.pdf({ format: 'A4' });
    const pages = pdf.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g) ?? [];
    assert.equal(pages.length, 1, 'one page of paper');
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    // In the other language the same code, and gone for good once it is closed.
    await page.getByRole('button', { name: 'EN', exact: true }).click();
    await page.getByText('Three steps for the technician').waitFor();
    assert.equal((await sheet.locator('[data-code]').textContent()).trim(), code);
    await sheet.getByRole('button', { name: 'Close' }).click();
    assert.equal(await sheet.count(), 0);
    assert.ok(!(await page.content()).includes(code), 'nothing of the code is left on the page');
  });
  assert.deepEqual(await faults(), []);
  await context.close();
});

test('a site shows its targets and what its agent saw', async () => {
  const agents = await (await fetch(`${server.web}/api/v1/agents`)).json();
  const { page, context, faults } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  await seen(page, 'a measured site', async () => {
    const site = agents.items.find((agent) => agent.site !== null)?.site;
    assert.ok(site, 'the demonstration measures a site');
    await page.goto(`${server.web}/#/sites/${encodeURIComponent(site)}?lang=fr`);
    await page.locator('[data-target]').first().waitFor();
    // The demonstration has only begun: its first samples come on the open page.
    await page.locator('[data-target] svg.day .up').first().waitFor({ state: 'attached' });
    await page.reload();
    await page.locator('[data-event]').first().waitFor();
    for (const range of ['quarter', 'year']) {
      await page.locator(`[data-range=${range}]`).click();
      await page.locator(`[data-range=${range}][aria-current=true]`).waitFor();
      await settled(page);
    }
    assert.equal(await page.locator('main [role=alert]').count(), 0);
    await axe(page);
  });
  assert.deepEqual(await faults(), []);
  await context.close();
});

test('a preset and a moved weight order the list at once, and the top is tried', async () => {
  const { page, context, faults } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  await seen(page, 'planning', async () => {
    await page.goto(`${server.web}/#/planning?lang=fr`);
    await page.locator('[data-plan-site]').first().waitFor();
    await page.locator('[data-preset=schools_first]').click();
    await page.locator('[data-preset=schools_first][aria-pressed=true]').waitFor();
    await page.locator('[data-weight=site_kind]').waitFor();
    const first = page.locator('[data-plan-site]').first();
    assert.match(await first.innerText(), /École/);
    await page.locator('[data-robust]').first().waitFor();
    assert.ok(Number(await page.locator('[data-robust]').first().getAttribute('data-robust')) > 0);
    // The server does not answer: the rows in sight are ordered by the new weights all the same.
    await context.route('**/api/v1/plans/current?*', () => {});
    const sliders = page.locator('[data-weight]');
    for (let i = 0; i < (await sliders.count()); i += 1) {
      const kind = (await sliders.nth(i).getAttribute('data-weight')) === 'place_population';
      await sliders.nth(i).fill(kind ? '100' : '0');
    }
    await page.getByText('Classement provisoire').waitFor();
    const scores = await page
      .locator('[data-plan-site] [data-score]')
      .evaluateAll((list) => list.map((item) => Number(item.getAttribute('data-score'))));
    assert.deepEqual(
      scores,
      [...scores].sort((a, b) => b - a),
    );
    const link = await page.locator('[data-export=xlsx]').getAttribute('href');
    assert.match(link, /preset=schools_first/);
  });
  await seen(page, 'the workbook', async () => {
    const path = await page.locator('[data-export=xlsx]').getAttribute('href');
    const answer = await fetch(`${server.web}${path}`);
    assert.equal(answer.status, 200);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    assert.deepEqual([...bytes.slice(0, 2)], [0x50, 0x4b]);
  });
  assert.deepEqual(await faults(), []);
  await context.close();
});
