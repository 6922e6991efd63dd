// From a site to the ranking to the exported file, in French and in English.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch, seen, settled, watched, WIDTHS } from './browser.mjs';
import { demonstration } from './servers.mjs';

const LANGUAGES = {
  fr: { separator: ';', decimal: ',', screen: 'Planification', planned: /^\d+,\d{3}$/ },
  en: { separator: ',', decimal: '.', screen: 'Planning', planned: /^\d+\.\d{3}$/ },
};

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

/** The cells of a CSV text (RFC 4180). */
function parse(text, separator) {
  const rows = [[]];
  let cell = '';
  let quoted = false;
  const end = () => {
    rows.at(-1).push(cell);
    cell = '';
  };
  for (let i = 0; i < text.length; i += 1) {
    const letter = text[i];
    if (quoted) {
      if (letter === '"' && text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else if (letter === '"') quoted = false;
      else cell += letter;
    } else if (letter === '"') quoted = true;
    else if (letter === separator) end();
    else if (letter === '\n') {
      end();
      rows.push([]);
    } else if (letter !== '\r') cell += letter;
  }
  end();
  return rows.filter((row) => row.some((item) => item !== ''));
}

async function download(page, format) {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.locator(`[data-export="${format}"]`).click(),
  ]);
  return readFileSync(await file.path(), 'utf8');
}

async function scores(page) {
  return page
    .locator('[data-plan-site]')
    .evaluateAll((rows) =>
      rows.map((row) => [
        row.getAttribute('data-plan-site'),
        Number(row.querySelector('[data-score]').getAttribute('data-score')),
      ]),
    );
}

for (const [language, rules] of Object.entries(LANGUAGES)) {
  test(`site, ranking, exported file: ${language}`, async () => {
    const { page, context, faults } = await watched(browser, server.web, {
      viewport: WIDTHS.desk,
    });
    let site;
    await seen(page, 'from the map to a site', async () => {
      await page.goto(`${server.web}/#/map?lang=${language}`);
      const link = page.locator('[data-site]').first();
      await link.waitFor();
      site = await link.getAttribute('data-site');
      await link.click();
      await page.locator(`[data-site-page="${site}"]`).waitFor();
    });
    await seen(page, 'the ranking', async () => {
      await page.getByRole('link', { name: rules.screen, exact: true }).click();
      await page.locator('[data-plan-site]').first().waitFor();
      await settled(page);
      const shown = await scores(page);
      assert.ok(shown.length > 1, 'sites are ranked');
      for (let i = 1; i < shown.length; i += 1) {
        assert.ok(shown[i - 1][1] >= shown[i][1], `rank ${i} is not below rank ${i + 1}`);
      }
      assert.match(
        (await page.locator('[data-plan-site] [data-score]').first().textContent()).trim(),
        rules.planned,
      );
    });
    await seen(page, 'the parts add up', async () => {
      const answer = await (await fetch(`${server.web}/api/v1/plans/current?limit=50`)).json();
      for (const item of answer.items) {
        const sum = item.contributions.reduce((total, part) => total + (part.contribution ?? 0), 0);
        assert.ok(Math.abs(sum - item.score) < 1e-6, `${item.site}: ${sum} is not ${item.score}`);
        for (const part of item.contributions) {
          assert.equal(part.value === null, part.contribution === null, part.criterion);
        }
      }
    });
    await seen(page, 'the CSV file', async () => {
      const text = await download(page, 'csv');
      const rows = parse(text.replace(/^\ufeff/, ''), rules.separator);
      const width = rows[0].length;
      assert.ok(width > 3, `one column only: ${text.slice(0, 300)}`);
      rows.forEach((row, i) => assert.equal(row.length, width, `row ${i + 1}: ${row}`));
      const sites = (await (await fetch(`${server.web}/api/v1/plans/current?limit=1`)).json()).sites;
      assert.equal(rows.length - 1, sites, 'every site is in the file');
      const first = (await scores(page))[0];
      const line = rows.find((row) => row.includes(first[0]));
      assert.ok(line, `the first site ${first[0]} is in the file`);
      const numbers = line.filter((cell) => /^-?\d+[.,]\d+$/.test(cell));
      assert.ok(numbers.length > 0, `no decimal number in ${line}`);
      for (const cell of numbers) assert.ok(cell.includes(rules.decimal), `${cell} in ${line}`);
    });
    await seen(page, 'the GeoJSON file', async () => {
      const data = JSON.parse(await download(page, 'geojson'));
      assert.equal(data.type, 'FeatureCollection');
      assert.ok(data.features.length > 0);
      for (const feature of data.features) {
        if (feature.geometry === null) continue;
        const [longitude, latitude] = feature.geometry.coordinates;
        assert.ok(Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90);
      }
    });
    assert.deepEqual(await faults(), []);
    await context.close();
  });
}

test('a weight that is moved changes the ranking and the export', async () => {
  const { page, context } = await watched(browser, server.web, { viewport: WIDTHS.phone });
  await seen(page, 'weights', async () => {
    await page.goto(`${server.web}/#/planning?lang=fr`);
    await page.locator('[data-plan-site]').first().waitFor();
    const sliders = page.locator('[data-weight]');
    const count = await sliders.count();
    assert.ok(count > 1, 'there are criteria');
    const before = await scores(page);
    const criteria = (await (await fetch(`${server.web}/api/v1/plans/current?limit=1`)).json())
      .criteria;
    // Everything on the criterion that is known for the most sites.
    const best = [...criteria].sort((a, b) => b.known_sites - a.known_sites)[0].id;
    const answered = page.waitForResponse(
      (response) =>
        decodeURIComponent(response.url()).includes(`${best}:1`) && response.url().includes('plans'),
    );
    for (let i = 0; i < count; i += 1) {
      const id = await sliders.nth(i).getAttribute('data-weight');
      await sliders.nth(i).fill(id === best ? '100' : '0');
    }
    await answered;
    await page.waitForFunction(
      (old) =>
        JSON.stringify(
          [...document.querySelectorAll('[data-plan-site] [data-score]')].map((item) =>
            Number(item.getAttribute('data-score')),
          ),
        ) !== old,
      JSON.stringify(before.map(([, score]) => score)),
    );
    const href = await page.locator('[data-export=csv]').getAttribute('href');
    assert.match(decodeURIComponent(href), new RegExp(`weights=.*${best}:1(,|$)`));
    assert.match(href, /language=fr/);
  });
  await context.close();
});
