// The guide, walked on the demonstration in both languages: every word that it sets in bold was on the
// page in that language, every picture that it shows is made here, every link leads somewhere.
//
// DESSERTE_GUIDE_PICTURES names a folder for the pictures; without it none is written.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, seen, settled, watched, WIDTHS } from './browser.mjs';
import { demonstration } from './servers.mjs';

const GUIDE = fileURLToPath(new URL('../../../docs/guide', import.meta.url));
const PAGES = ['ministry', 'contractor', 'planner', 'agent', 'import'];
/** A picture on a weak line. */
const PICTURE_BYTES_MAX = 120 * 1024;
const JPEG_QUALITY = 50;
/** The whole scene of a start needs sixty sites; a day of history is the least. */
const FLEET = ['--sites', '60', '--history-days', '1'];
const PLAYED_MS = 120_000;
/** A debug build computes an agreement's month on a busy machine. */
const COMPUTED_MS = 60_000;
/** The agreement whose statement is opened: it has approved works. */
const AGREEMENT = 'simule-administrations';

/** Points of OpenStreetMap as Overpass gives them: one is no public site, one has no position. */
const EXTRACT = JSON.stringify({
  type: 'FeatureCollection',
  features: [
    ['node/9000000001', 'École primaire de Mbé', 'school', 15.87, -3.31],
    ['node/9000000002', 'Ecole Primaire Mbe', 'school', 15.8701, -3.3101],
    ['node/9000000003', 'Hôpital de Djambala', 'hospital', 14.76, -2.54],
    ['node/9000000004', 'Mairie de Gamboma', 'townhall', 15.86, -1.87],
    ['node/9000000005', 'Bar du Centre', 'bar', 15.28, -4.27],
    ['node/9000000006', 'Lycée sans lieu', 'school', 0, 0],
  ].map(([id, name, amenity, longitude, latitude]) => ({
    type: 'Feature',
    properties: { '@id': id, name, amenity },
    geometry: { type: 'Point', coordinates: [longitude, latitude] },
  })),
});

let server;
let browser;

before(async () => {
  server = await demonstration(FLEET);
  browser = await launch();
  const end = Date.now() + PLAYED_MS;
  // The last day suffices: the days before are only more of the same.
  while (!['earlier_days', 'complete'].includes((await answer('/demo')).phase)) {
    assert.ok(Date.now() < end, `the last day was not played back within ${PLAYED_MS} ms`);
    await new Promise((done) => setTimeout(done, 500));
  }
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The results of an agreement: a month's scene shows only some of them. */
function verdicts(language) {
  const words = readFileSync(new URL(`../src/i18n/agreements.${language}.ts`, import.meta.url), 'utf8');
  return [...words.matchAll(/'verdict\.\w+': '(.+)',/gu)].map(([, word]) => word);
}
const answer = async (path) => (await fetch(`${server.web}/api/v1${path}`)).json();
/** Without the kinds of spaces, and on one line: that is how a reader compares words. */
const plain = (text) => text.replace(/\s+/gu, ' ').trim();

/** Everything that can be read on the page now, also what a menu would offer. */
const readable = (page) =>
  page.evaluate(() => {
    const named = [...document.querySelectorAll('[aria-label], [placeholder], option')].map((item) =>
      [item.getAttribute('aria-label'), item.getAttribute('placeholder'), item.localName === 'option' ? item.textContent : '']
        .filter(Boolean)
        .join('\n'),
    );
    return [document.body.innerText, ...named].join('\n');
  });

function walk(page, language) {
  const read = [];
  const pictures = [];
  return {
    language,
    read,
    pictures,
    async open(path, ready) {
      await page.goto(`${server.web}/#/${path}${path.includes('?') ? '&' : '?'}lang=${language}`);
      await page.locator(ready).first().waitFor({ timeout: COMPUTED_MS });
    },
    async note() {
      read.push(plain(await readable(page)));
    },
    /** What is noted is what the picture shows. */
    async picture(name) {
      const folder = process.env.DESSERTE_GUIDE_PICTURES;
      if (folder) {
        await page.waitForFunction(
          () => ![...document.querySelectorAll('main .loading')].some((item) => item.checkVisibility()),
          undefined,
          { timeout: COMPUTED_MS },
        );
        // A debug build is too slow for some figures: pictures are made with a release build.
        assert.equal(await page.locator('main [role=alert]').count(), 0, `${name}: no picture of an error`);
      }
      await this.note();
      pictures.push(`${language}-${name}.jpg`);
      if (!folder) return;
      mkdirSync(folder, { recursive: true });
      const path = join(folder, `${language}-${name}.jpg`);
      await page.screenshot({ path, type: 'jpeg', quality: JPEG_QUALITY, animations: 'disabled' });
    },
  };
}

async function ministry(page, tour) {
  await seen(page, 'the country at a glance', async () => {
    await tour.open('', '[data-region-state]');
    await page.locator('[data-group]').first().waitFor();
    const overview = await answer('/overview');
    const down = Number(await page.locator('[data-down]').getAttribute('data-down'));
    assert.ok(down > 0 && overview.groups.length > 0, 'something is down in the scene');
    await tour.picture('overview');
  });
  await seen(page, 'an outage and what its cause rests on', async () => {
    await tour.open('outages', '[data-outage]');
    // The whole list has every cause in its menu; what is open is the first question.
    await tour.note();
    await page.locator('main select').first().selectOption({ index: 1 });
    await page.waitForFunction(
      () => document.querySelector('[data-outage]') && !document.querySelector('[data-open=false]'),
    );
    const told = page.locator('[data-outage]:not([data-cause=undetermined])').first();
    await told.locator('[data-expand]').click();
    await told.locator('[data-fact]').first().waitFor();
    await tour.picture('outages');
  });
  await seen(page, 'a site', async () => {
    await page.locator('[data-outage][data-cause=last_mile] a').first().click();
    await page.locator('[data-site-page]').waitFor();
    await page.locator('[data-site-state=down]').waitFor();
    await page.locator('#site-agents').waitFor();
    await settled(page);
    await tour.picture('site');
  });
  await seen(page, 'a site that must be handled with care', async () => {
    const court = (await answer('/sites?kind=court&limit=1')).items[0];
    await tour.open(`sites/${court.id}`, '[data-site-page]');
    await tour.note();
  });
  await seen(page, 'those who measure', async () => {
    await tour.open('agents?sort=silence', '[data-agent-row=silent]');
    await tour.picture('agents');
  });
}

async function contractor(page, tour) {
  await seen(page, 'where each agreement stands', async () => {
    await tour.open('agreements', `[data-agreement="${AGREEMENT}"] [data-verdict]`);
    await tour.picture('agreements');
  });
  await seen(page, 'the statement of the month', async () => {
    await page.locator(`[data-agreement="${AGREEMENT}"] h2 a`).click();
    await page.locator('[data-statement][data-ready=true]').waitFor({ timeout: COMPUTED_MS });
    await page.locator('[data-step=conclusion]').waitFor();
    await page.locator('[data-exclusion]').first().waitFor();
    await page.locator('[data-step=measured]').evaluate((row) => row.scrollIntoView({ block: 'center' }));
    await tour.picture('statement');
  });
  await seen(page, 'the statement of one site', async () => {
    const site = (await answer('/agreements')).items.find((one) => one.id === AGREEMENT).sites[0];
    await page.locator('[data-statement] nav select').selectOption(site);
    await page.locator('[data-slots-file]').waitFor({ timeout: COMPUTED_MS });
    const file = await page.locator('[data-slots-file]').getAttribute('href');
    const slots = await fetch(new URL(file, server.web));
    assert.equal(slots.status, 200);
    await tour.note();
  });
  await seen(page, 'asking for an exclusion', async () => {
    const add = page.locator('[data-add-exclusion]');
    await tour.note();
    await add.click();
    await add.waitFor({ state: 'detached' });
    await tour.note();
  });
}

async function planner(page, tour) {
  await seen(page, 'a ranking that explains itself', async () => {
    await tour.open('planning', '[data-plan-site]');
    await page.locator('[data-preset]').nth(1).click();
    await page.locator('[data-preset][aria-pressed=true]').waitFor();
    await page.locator('[data-robust]').first().waitFor();
    await tour.picture('planning');
  });
  await seen(page, 'a plan with its costs', async () => {
    await page.locator('[data-view=programme]').click();
    await page.locator('[data-new]').waitFor();
    await settled(page);
    // Two plans of different budgets, so that there is something to compare.
    for (const budget of ['60000000', '90000000']) {
      if ((await page.locator('[data-new-plan]').count()) === 0) await page.locator('[data-new]').click();
      await page.locator('[data-plan-name]').fill(`guide ${tour.language} ${budget}`);
      await page.locator('[data-phase-capex="1"]').fill(budget);
      await page.waitForFunction(() =>
        document.querySelector('[data-new-plan] textarea')?.value.includes('currency'),
      );
      await tour.note();
      await page.locator('[data-make-plan]').click();
      await page.locator('[data-new-plan]').waitFor({ state: 'detached', timeout: COMPUTED_MS });
      await page.locator('[data-budget]').waitFor({ timeout: COMPUTED_MS });
      await settled(page);
    }
    await page.locator('[data-limits] li').first().waitFor({ state: 'attached' });
    await settled(page);
    await tour.note();
  });
  await seen(page, 'on the map', async () => {
    await tour.open('map', '[data-site]');
    await page.locator('[data-absent]').first().waitFor({ state: 'attached' });
    await page.locator('main details summary').evaluateAll((all) => {
      for (const one of all) one.parentElement.open = true;
    });
    await tour.picture('map');
  });
}

async function agent(page, tour) {
  await seen(page, 'the sheet', async () => {
    await tour.open('agents', '[data-agent-row]');
    await page.locator('[data-enrol-any]').click();
    const unmeasured = (await answer('/sites?state=unknown&kind=school&limit=1')).items[0];
    await page.locator('[data-pick-site]').fill(unmeasured.id);
    await page.locator(`[data-pick="${unmeasured.id}"]`).click();
    await tour.note();
    await page.locator('.chosen button').click();
    await page.locator('[data-enrolment] [data-code]').waitFor();
    const said = plain(await page.locator('[data-enrolment]').innerText());
    // The commands of the sheet are those of the guide.
    assert.match(said, /desserte-probe enrol --collector https:\S+ --code \S+ --data \/var\/lib\/desserte-probe/);
    assert.match(said, /desserte-probe run --data \/var\/lib\/desserte-probe/);
    await page.locator('[data-enrolment]').evaluate((sheet) => sheet.scrollIntoView({ block: 'center' }));
    await tour.picture('sheet');
  });
  await seen(page, 'an agent that was lost', async () => {
    await page.locator('[data-more]').first().click();
    await page.locator('[data-revoke]').first().waitFor();
    await tour.note();
  });
}

async function country(page, tour) {
  await seen(page, 'a file is tried', async () => {
    await tour.open('import', '[data-what]');
    await tour.note();
    await page.locator('input[type=file]').setInputFiles({
      name: 'osm.geojson',
      mimeType: 'application/geo+json',
      buffer: Buffer.from(EXTRACT),
    });
    await page.locator('form button[type=submit]').click();
    await page.locator('[data-option=untranslated]').selectOption('skip');
    await page.locator('[data-count=left_out][data-value="1"]').waitFor();
    await page.locator('[data-option=untranslated]:enabled').waitFor();
    assert.equal(await page.locator('[data-count=refused]').getAttribute('data-value'), '1');
    await page.locator('[data-pair]').first().waitFor();
    await page.locator('[data-preview]').waitFor();
    await tour.picture('import');
  });
  await seen(page, 'a file is imported and taken back', async () => {
    const form = page.locator('[data-sign=apply]');
    // Who signs is who looks: only the reason is asked for.
    await form.locator('input').fill('Guide');
    await form.locator('button').click();
    await page.locator('[data-sign=undo]').waitFor({ timeout: COMPUTED_MS });
    await tour.note();
    const undo = page.locator('[data-sign=undo]');
    await undo.locator('input').fill('Guide');
    await undo.locator('button').click();
    await page.locator('[data-undone]').waitFor({ timeout: COMPUTED_MS });
  });
}

for (const language of ['fr', 'en']) {
  test(`what the guide says is on the page: ${language}`, async () => {
    const { page, context, faults } = await watched(browser, server.web, {
      viewport: WIDTHS.desk,
      colorScheme: 'light',
    });
    const tour = walk(page, language);
    for (const part of [ministry, contractor, planner, agent, country]) await part(page, tour);
    assert.deepEqual(await faults(), []);
    await context.close();

    const all = [...tour.read, ...verdicts(language)].join('\n');
    const missing = [];
    const shown = new Set();
    for (const name of [...PAGES.map((one) => `${language}/${one}.md`), 'README.md']) {
      const text = readFileSync(join(GUIDE, name), 'utf8');
      // The index is in both languages, and says so by its halves.
      const halves = text.split('\n## Starting\n');
      const own = name === 'README.md' ? halves[language === 'fr' ? 0 : 1] : text;
      for (const [, word] of own.matchAll(/\*\*(.+?)\*\*/gsu)) {
        if (!/^(en gras|in bold)$/u.test(word) && !all.includes(plain(word))) missing.push(`${name}: ${plain(word)}`);
      }
      for (const [, link] of text.matchAll(/\]\(([^)#]+)\)/gu)) {
        const path = join(GUIDE, dirname(name), link);
        if (!existsSync(path)) missing.push(`${name}: ${link} is not there`);
        if (/\.jpg$/.test(path)) shown.add(link.split('/').at(-1));
      }
    }
    assert.deepEqual(missing, [], 'the guide names what was not seen');
    assert.deepEqual([...shown].sort(), [...tour.pictures].sort(), 'every picture is made, every one is shown');
  });
}

test('the pictures are light enough for a weak line', () => {
  const folder = join(GUIDE, 'pictures');
  const files = readdirSync(folder);
  assert.ok(files.length > 0);
  const heavy = files.filter((name) => statSync(join(folder, name)).size > PICTURE_BYTES_MAX);
  assert.deepEqual(heavy, []);
});
