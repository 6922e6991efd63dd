// A planner's hour: a plan is made, its frontier walked, a site's sheet opened, a second plan compared,
// the files taken; in French on a desk and in English on a phone.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
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

async function accessible(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
    });
    return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' | ')}`);
  });
  assert.deepEqual(found, [], `axe found:\n${found.join('\n')}`);
}

async function make(page, name, capex) {
  await page.locator('[data-new-plan]').waitFor();
  await page.locator('[data-plan-name]').fill(name);
  await page.locator('[data-phase-capex="1"]').fill(capex);
  await page.waitForFunction(
    () => [...document.querySelectorAll('[data-new-plan] textarea')][0]?.value.includes('currency'),
  );
  await page.locator('[data-make-plan]').click();
  await page.waitForFunction(
    (wanted) => {
      const select = document.querySelector('[data-plans]');
      return (
        select?.selectedOptions[0]?.textContent.startsWith(wanted) &&
        document.querySelector('[data-programme]')?.getAttribute('data-programme') === select.value
      );
    },
    name,
    { timeout: 60_000 },
  );
}

for (const [language, width] of [
  ['fr', 'desk'],
  ['en', 'phone'],
]) {
  test(`a plan from money to sheet: ${language}, ${width}`, async () => {
    const { page, context, faults } = await watched(browser, server.web, {
      viewport: WIDTHS[width],
    });
    const name = `plan ${language}`;
    await seen(page, 'the plan is made', async () => {
      await page.goto(`${server.web}/#/planning?lang=${language}`);
      await page.locator('[data-plan-site]').first().waitFor();
      await page.locator('[data-view="programme"]').click();
      await page.locator('[data-new]').waitFor();
      await settled(page);
      if ((await page.locator('[data-new-plan]').count()) === 0) {
        await page.locator('[data-new]').click();
      }
      await make(page, name, '60000000');
      await settled(page);
    });
    const id = await page.locator('[data-programme]').getAttribute('data-programme');
    const plan = await (await fetch(`${server.web}/api/v1/plans/${id}`)).json();
    await seen(page, 'phases keep to their ceilings', async () => {
      assert.equal(await page.locator('[data-phase]').count(), 2);
      for (const phase of plan.programme.phases) {
        assert.ok(phase.total_capex_minor <= phase.ceiling_minor);
        assert.ok(phase.benefit <= phase.upper_bound);
      }
      assert.ok((await page.locator('[data-limits] li').count()) > 0, 'limits are said');
      const drawn = Number(await page.locator('[data-plan-map]').getAttribute('data-plan-map'));
      assert.ok(drawn > 0);
    });
    await seen(page, 'the budget moves along the frontier', async () => {
      const says = page.locator('[data-budget-says]');
      const all = await says.textContent();
      await page.locator('[data-budget]').fill('0');
      await page.waitForFunction(
        (before) => document.querySelector('[data-budget-says]').textContent !== before,
        all,
      );
      assert.match(page.url(), /step=0/);
      await page.reload();
      await says.waitFor();
      assert.equal(await page.locator('[data-budget]').inputValue(), '0', 'the address keeps it');
    });
    await seen(page, 'a site says why', async () => {
      const first = page.locator('[data-programme-site]').first();
      const site = await first.getAttribute('data-programme-site');
      await first.locator('button').click();
      await page.locator(`[data-plan-sheet="${site}"]`).waitFor();
      const sheet = await (await fetch(`${server.web}/api/v1/plans/${id}/sites/${site}`)).json();
      if (sheet.money.planned) {
        const rows = await page.locator('[data-flows] tbody tr').count();
        assert.equal(rows, plan.programme.costs.years + 1);
      }
      await accessible(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= WIDTHS[width].width, `${wide} px wide`);
      await picture(page, `programme-${language}-${width}`);
    });
    await seen(page, 'another plan is compared', async () => {
      await page.locator('[data-new]').click();
      await make(page, `${name} 2`, '5');
      await page.locator('[data-compare]').selectOption(id);
      await page.locator('[data-compared]').waitFor();
      assert.ok((await page.locator('[data-change]').count()) > 0, 'phases differ');
    });
    await seen(page, 'the file holds every site', async () => {
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.locator('[data-programme-export="geojson"]').click(),
      ]);
      const map = JSON.parse(readFileSync(await file.path(), 'utf8'));
      const points = map.features.filter((one) => one.properties.action);
      assert.equal(points.length, plan.sites);
      assert.equal(map.desserte_plan.programme.costs.currency, 'XAF');
    });
    assert.deepEqual(await faults(), []);
    await context.close();
  });
}

for (const [language, width] of [
  ['fr', 'phone'],
  ['en', 'desk'],
]) {
  test(`what is beyond reach of what: ${language}, ${width}`, async () => {
    const { page, context, faults } = await watched(browser, server.web, {
      viewport: WIDTHS[width],
    });
    const map = await (await fetch(`${server.web}/api/v1/gaps/map`)).json();
    const beyondMast = (reach) => map.mast_metres.filter((one) => one !== null && one > reach).length;
    await seen(page, 'the map and its counts', async () => {
      await page.goto(`${server.web}/#/planning?lang=${language}`);
      await page.locator('[data-view="gaps"]').click();
      await page.locator(`[data-gap-map="${map.site.length}"]`).waitFor();
      await page.locator('[data-gap-area]').first().waitFor();
      assert.ok(map.site.length > 0);
      for (const [layer, there] of [
        ['fibre', map.fibre.length + map.nodes.length],
        ['masts', map.masts.length],
        ['coverage', map.coverage.length],
      ]) {
        const box = page.locator(`[data-gap-layer="${layer}"]`);
        assert.equal(await box.isDisabled(), there === 0, `${layer}: an absent layer cannot be shown`);
      }
    });
    await seen(page, 'another reach counts again and stays in the address', async () => {
      await page.locator('[data-gap-service]').selectOption('mast');
      await page.locator('[data-gap-reach]').selectOption('20000');
      await page.locator(`[data-gap-beyond="${beyondMast(20_000)}"]`).waitFor();
      assert.match(page.url(), /reach=20000/);
      await page.reload();
      await page.locator(`[data-gap-beyond="${beyondMast(20_000)}"]`).waitFor();
      const areas = await (await fetch(`${server.web}/api/v1/gaps/areas?reach_metres=20000`)).json();
      await page.waitForFunction(
        (wanted) => document.querySelectorAll('[data-gap-area]').length === wanted,
        areas.items.length,
      );
    });
    await seen(page, 'it can be read by everyone', async () => {
      await settled(page);
      await accessible(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= WIDTHS[width].width, `${wide} px wide`);
      await picture(page, `gaps-${language}-${width}`);
    });
    assert.deepEqual(await faults(), []);
    await context.close();
  });
}

test('weights stay in the address', async () => {
  const { page, context } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  await seen(page, 'weights', async () => {
    await page.goto(`${server.web}/#/planning?lang=en`);
    await page.locator('[data-weight]').first().waitFor();
    const slider = page.locator('[data-weight]').first();
    const criterion = await slider.getAttribute('data-weight');
    await slider.fill('90');
    await page.waitForFunction(
      (named) => decodeURIComponent(location.hash).includes(`${named}:`),
      criterion,
    );
    const url = page.url();
    await page.goto('about:blank');
    await page.goto(url);
    await page.locator('[data-weight]').first().waitFor();
    const value = Number(await page.locator(`[data-weight="${criterion}"]`).inputValue());
    assert.ok(value > 20, `${value} after the address was opened again`);
  });
  await context.close();
});
