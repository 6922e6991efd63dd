// Every screen, in both languages, on a desk and on a phone, light and dark: it shows itself, it is
// accessible (axe), it stays within the width, it obeys the policy and asks only its own origin.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launch, picture, seen, settled, watched, WIDTHS } from './browser.mjs';
import { demonstration } from './servers.mjs';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const TITLES = {
  '': { fr: 'Vue d’ensemble nationale', en: 'National overview' },
  map: { fr: 'Carte des sites publics', en: 'Map of public sites' },
  outages: { fr: 'Coupures', en: 'Outages' },
  agents: { fr: 'Agents de mesure', en: 'Measurement agents' },
  agreements: { fr: 'Engagements de service', en: 'Service agreements' },
  planning: { fr: 'Planification', en: 'Planning' },
};
/** Sun and lamp, paired with the widths so that four visits see all of them. */
const VISITS = [
  ['desk', 'fr', 'light'],
  ['desk', 'en', 'dark'],
  ['phone', 'fr', 'dark'],
  ['phone', 'en', 'light'],
];

let server;
let browser;
let site;

before(async () => {
  server = await demonstration();
  browser = await launch();
  const map = await (await fetch(`${server.web}/api/v1/map`)).json();
  // A measured site if there is one: its page has the most to show.
  site = map.id[Math.max(0, map.state.findIndex((state) => state !== 'unknown'))];
  assert.ok(site, 'the demonstration has sites');
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function axe(page) {
  // Evaluated, not added as a script element: the page's policy forbids inline scripts.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
    });
    return violations.map(
      (item) =>
        `${item.id}: ${item.help}\n${item.nodes
          .slice(0, 4)
          .map((node) => `    ${node.target.join(' ')} ${node.failureSummary ?? ''}`)
          .join('\n')}`,
    );
  });
  assert.deepEqual(found, [], `axe found:\n${found.join('\n')}`);
}

for (const [width, language, theme] of VISITS) {
  test(`screens ${width} ${language} ${theme}`, async () => {
    const { page, context, faults } = await watched(browser, server.web, {
      viewport: WIDTHS[width],
      colorScheme: theme,
    });
    const screens = [...Object.keys(TITLES), `sites/${encodeURIComponent(site)}`];
    for (const screen of screens) {
      await seen(page, `${screen} ${width} ${language}`, async () => {
        await page.goto(`${server.web}/#/${screen}?lang=${language}`);
        await page.locator('main h1').waitFor({ state: 'attached', timeout: 20_000 });
        await settled(page);
        const title = await page.locator('main h1').first().textContent();
        if (TITLES[screen]) assert.equal(title.trim(), TITLES[screen][language]);
        assert.equal(await page.getAttribute('html', 'lang'), language);
        assert.equal(await page.getAttribute('html', 'data-theme'), theme);
        assert.equal(await page.locator('main [role=alert]').count(), 0, 'no error is shown');
        const beyond = await page.evaluate(
          () => document.documentElement.scrollWidth - window.innerWidth,
        );
        assert.ok(beyond <= 0, `the page is ${beyond} px wider than the window`);
        await axe(page);
        await picture(page, `${screen.split('/')[0] || 'overview'}-${width}-${language}-${theme}`);
      });
    }
    assert.deepEqual(await faults(), []);
    await context.close();
  });
}

test('invented sites are called so where they show', async () => {
  const country = await (await fetch(`${server.web}/api/v1/country`)).json();
  const { page, context } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  await seen(page, 'banner', async () => {
    await page.goto(`${server.web}/#/map?lang=fr`);
    await page.locator('[data-tiles]').waitFor();
    // What the country says comes by a request of its own: wait for it, do not look once.
    for (const layer of country.absent_layers) {
      await page.locator(`[data-absent="${layer.kind}"]`).first().waitFor();
    }
    if (country.invented_sites) await page.locator('[data-invented]').first().waitFor();
    else assert.equal(await page.locator('[data-invented]').count(), 0);
  });
  await context.close();
});

test('a keyboard alone finds a site from any screen, and filters the map', async () => {
  const { page, context } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  await seen(page, 'search', async () => {
    await page.goto(`${server.web}/#/?lang=fr`);
    await page.locator('[data-tiles]').waitFor();
    await page.keyboard.press('/');
    const field = page.getByRole('combobox', { name: 'Chercher un site' });
    assert.ok(await field.evaluate((item) => item === document.activeElement));
    await page.keyboard.type(site);
    await page.locator(`[data-found="${site}"]`).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator(`[data-site-page="${site}"]`).waitFor();
  });
  await seen(page, 'a word without its accents', async () => {
    const field = page.getByRole('combobox', { name: 'Chercher un site' });
    await field.fill('ECOLE primaire');
    await page.locator('[data-found]').first().waitFor();
    assert.match(await page.locator('[data-found]').first().textContent(), /École/);
    await field.fill('zzzz');
    await page.locator('.results').getByText('Aucun site de ce nom.').waitFor();
    await page.keyboard.press('Escape');
    assert.ok(await page.locator('.results').isHidden());
  });
  await seen(page, 'filter', async () => {
    await page.goto(`${server.web}/#/map?lang=fr`);
    await page.locator('[data-site]').first().waitFor();
    const all = await page.locator('[data-shown]').textContent();
    await page.getByLabel('Type').focus();
    await page.keyboard.type('Hôpital');
    await page.waitForFunction(
      (before) => document.querySelector('[data-shown]')?.textContent !== before,
      all,
    );
    assert.match(page.url(), /kind=hospital/);
    await page.locator('[data-site]').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-site-page]').waitFor();
  });
  await context.close();
});

test('a site that does not exist is an error a person understands', async () => {
  const { page, context } = await watched(browser, server.web, { viewport: WIDTHS.phone });
  await seen(page, 'missing site', async () => {
    await page.goto(`${server.web}/#/sites/no-such-site?lang=fr`);
    const alert = page.locator('main [role=alert]');
    await alert.waitFor();
    assert.match(await alert.textContent(), /n’existe pas/);
    await page.getByRole('button', { name: 'EN', exact: true }).click();
    assert.match(await alert.textContent(), /does not exist/);
  });
  await context.close();
});

test('a silent collector is said, and the page comes back by itself', async () => {
  const { page, context } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  await seen(page, 'reconnection', async () => {
    await page.goto(`${server.web}/#/map?lang=fr`);
    await page.locator('[data-live=live]').waitFor();
    await context.route('**/api/v1/**', (route) => route.abort());
    await page.reload();
    await page.locator('[data-live=reconnecting]').waitFor();
    await page.locator('main [role=alert]').first().waitFor();
    await context.unroute('**/api/v1/**');
    await page.locator('[data-live=live]').waitFor({ timeout: 40_000 });
    await page.locator('[data-tiles]').waitFor();
    await page.locator('main [role=alert]').first().waitFor({ state: 'detached' });
    await page.locator('[data-site]').first().waitFor();
  });
  await context.close();
});

test('loading, error and empty are three different things', async () => {
  const { page, context } = await watched(browser, server.web, { viewport: WIDTHS.phone });
  const json = (status, body) => ({
    status,
    contentType: status === 200 ? 'application/json' : 'application/problem+json',
    body: JSON.stringify(body),
  });
  // The page asks again by itself when a sample comes: an answer holds until the next step.
  let answer = json(500, { title: 'internal error', status: 500, code: 'internal' });
  let release;
  let held;
  const hold = () => {
    held = new Promise((done) => {
      release = done;
    });
  };
  hold();
  await seen(page, 'three states', async () => {
    await context.route('**/api/v1/agents?*', async (route) => {
      await held;
      await route.fulfill(answer);
    });
    await page.goto(`${server.web}/#/agents?lang=en`);
    await page.locator('main').getByText('Loading…').waitFor();
    release();
    const alert = page.locator('main [role=alert]');
    await alert.waitFor();
    assert.match(await alert.textContent(), /Internal error of the collector/);
    assert.equal(await page.locator('main .loading').count(), 0);
    // Whatever the page asks by itself meanwhile waits, so that the button is still there.
    hold();
    await page.getByRole('button', { name: 'Try again' }).click();
    answer = json(200, { items: [], next: null });
    release();
    await page.getByText('No agent is enrolled.').waitFor();
    assert.equal(await page.locator('main [role=alert]').count(), 0);
  });
  await context.close();
});
