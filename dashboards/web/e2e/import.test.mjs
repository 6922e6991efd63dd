// A planner brings a country in: a table of Excel, its columns, the refused rows, the duplicates, the
// map, and back; a CSV in the Windows encoding and a layer of places. In French, then in English.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, picture, seen, settled, watched, WIDTHS } from './browser.mjs';
import { serve, temporary } from './servers.mjs';
import { workbook } from './xlsx.mjs';

const AXE = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const SCHOOLS = workbook({
  notes: [],
  écoles: [
    ['Code', "Nom de l'établissement", "Type d'établissement", 'Lat', 'Long', 'Département'],
    [101, 'École primaire de Mbé', 'École primaire', -3.3, 15.8, 'Pool'],
    [102, 'Ecole Primaire Mbe', 'Ecole primaire', -3.3002, 15.8001, 'Pool'],
    [103, 'Lycée de Ngo', 'Lycée', -2.48, 15.75, 'Plateaux'],
    [104, 'Bar de Ngo', 'Débit de boisson', -2.48, 15.75, 'Plateaux'],
    [105, 'CSI de Ngo', 'CSI', 0, 0, 'Plateaux'],
    [103, 'Lycée de Gamboma', 'Lycée', -1.87, 15.86, 'Plateaux'],
  ],
});
/** "École" as Excel writes it in a CSV file. */
const WINDOWS = Buffer.from(
  'nom;type;lat;lon\r\n\xc9cole primaire de Mb\xe9;\xe9cole;-3,3001;15,8\r\nMairie de Djambala;mairie;-2,54;14,75\r\n',
  'latin1',
);
const PLACES = 'nom,latitude,longitude,population\nNgo,-2.48,15.75,12000\nGamboma,-1.87,15.86,\n';

let folder;
let server;
let browser;

before(async () => {
  folder = temporary();
  writeFileSync(join(folder.path, 'ecoles.xlsx'), SCHOOLS);
  writeFileSync(join(folder.path, 'ministere.csv'), WINDOWS);
  writeFileSync(join(folder.path, 'localites.csv'), PLACES);
  writeFileSync(join(folder.path, 'rien.xlsx'), 'PK\x03\x04 rien');
  const data = join(folder.path, 'collector');
  server = await serve([
    ...['serve', '--data', data],
    ...['--agents', '127.0.0.1:0', '--web', '127.0.0.1:0'],
  ]);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  folder?.remove();
});

const axe = async (page, what) => {
  // Evaluated, not added as a script: the page's policy stays as it is.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`);
  assert.deepEqual(found, [], what);
};
const count = (page, name) =>
  page.locator(`[data-count=${name}]`).getAttribute('data-value').then(Number);
const counts = async (page, expected) => {
  await page.waitForFunction(
    (wanted) =>
      Object.entries(wanted).every(
        ([name, value]) =>
          document.querySelector(`[data-count=${name}]`)?.getAttribute('data-value') === String(value),
      ),
    expected,
    { timeout: 20_000 },
  );
};
const bring = async (page, file, what = 'sites') => {
  await page.locator('[data-what]').selectOption(what);
  await page.locator('input[type=file]').setInputFiles(join(folder.path, file));
  await page.locator('form button[type=submit]').click();
};
const sign = async (page, id, reason) => {
  const form = page.locator(`[data-sign="${id}"]`);
  await form.locator('input').nth(0).fill('A. Planificatrice');
  await form.locator('input').nth(1).fill(reason);
  await form.locator('button').click();
};
const sites = async () => {
  const answer = await fetch(`${server.web}/api/v1/map`);
  return (await answer.json()).id.length;
};

test('a workbook: columns, refused rows, duplicates, the map, and back', async () => {
  const { page, context, faults } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  const step = (what, run) => seen(page, what, run);

  await step('an empty collector', async () => {
    await page.goto(`${server.web}/#/import?lang=fr`);
    await page.getByText('Aucun fichier n’attend.').waitFor();
    await axe(page, 'the empty screen');
  });
  await step('what is no workbook is refused in words', async () => {
    await bring(page, 'rien.xlsx');
    await page.getByText('XLSX illisible').waitFor();
  });
  await step('the proposed columns', async () => {
    await bring(page, 'ecoles.xlsx');
    await page.locator('[data-field=name]').waitFor();
    assert.equal(await page.locator('[data-field=name]').inputValue(), '["Nom de l\'établissement"]');
    assert.equal(await page.locator('[data-field=region]').inputValue(), '["Département"]');
    await counts(page, { read: 6, accepted: 3, refused: 3 });
    await settled(page);
    await page.locator('[data-preview]').waitFor();
    await axe(page, 'a file that waits');
    await picture(page, 'import-fr');
  });
  await step('every refused row with field and reason, and as a file', async () => {
    const codes = await page.locator('[data-refused]').evaluateAll((rows) => rows.map((row) => row.dataset.refused));
    assert.deepEqual(codes.sort(), ['id_repeated', 'kind_unknown', 'null_island']);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('[data-refused-file]').click(),
    ]);
    const text = readFileSync(await download.path(), 'utf8');
    assert.match(text, /^\uFEFFfichier;ligne;champ;valeur;code;raison\r\necoles\.xlsx;5;/);
    assert.equal(text.trim().split('\n').length, 4);
  });
  await step('columns and kinds are adjusted', async () => {
    await page.locator('[data-field=name]').selectOption('');
    await page.locator('[data-warning=unnamed]').waitFor();
    await page.locator('[data-field=name]').selectOption('["Nom de l\'établissement"]');
    await page.locator('[data-warning=unnamed]').waitFor({ state: 'detached' });
    await page.locator('summary', { hasText: 'Types du fichier' }).click();
    await page.locator('[data-kind="Débit de boisson"]').selectOption('other');
    await counts(page, { accepted: 4, refused: 2 });
    await page.locator('[data-field=latitude]').selectOption('');
    await page.locator('[data-problem]').waitFor();
    await page.locator('[data-field=latitude]').selectOption('["Lat"]');
    await counts(page, { accepted: 4 });
  });
  await step('duplicates by rule', async () => {
    const pair = page.locator('[data-pair]', { hasText: 'Ecole Primaire Mbe' });
    assert.match(await pair.innerText(), /2\d\sm/, 'the distance is shown');
    await page.locator('[data-rule-same]').click();
    await page.locator('[data-rule-done="1"]').waitFor();
    await page.locator('[data-pair=same]').waitFor();
  });
  const before = await sites();
  await step('imported', async () => {
    assert.equal(await count(page, 'added'), 4);
    await sign(page, 'apply', 'recensement scolaire');
    await page.locator('[data-import-state=applied]').waitFor();
    assert.equal(await page.locator('[data-done=merged]').getAttribute('data-value'), '1');
    await axe(page, 'an import that was made');
    assert.equal(await sites(), before + 3);
  });
  await step('the map shows them', async () => {
    await page.locator('main').getByRole('link', { name: 'Voir la carte' }).click();
    await page.getByText('Lycée de Ngo').first().waitFor();
  });
  await step('undone', async () => {
    await page.goto(`${server.web}/#/import?lang=en`);
    await page.locator('main').getByRole('link', { name: 'ecoles.xlsx' }).click();
    await sign(page, 'undo', 'wrong year');
    await page.locator('[data-undone]').waitFor();
    assert.equal(await sites(), before);
  });
  // The workbook that is none was refused with 400, which the browser notes.
  const others = (await faults()).filter((fault) => !/status of 400/.test(fault));
  assert.deepEqual(others, []);
  await context.close();
});

test('the same on a phone in English: another encoding, a layer, duplicates that are there', async () => {
  const { page, context, faults } = await watched(browser, server.web, { viewport: WIDTHS.phone });
  const step = (what, run) => seen(page, what, run);
  const start = () => page.goto(`${server.web}/#/import?lang=en`);

  await step('the workbook again, as it is', async () => {
    await start();
    await bring(page, 'ecoles.xlsx');
    await page.locator('[data-sign=apply]').waitFor();
    await sign(page, 'apply', 'again');
    await page.locator('[data-import-state=applied]').waitFor();
    assert.equal(await page.locator('[data-done=changed]').getAttribute('data-value'), '3');
  });
  await step('the ministry’s CSV is read in its encoding, and meets what is there', async () => {
    await start();
    await bring(page, 'ministere.csv');
    await counts(page, { read: 2, accepted: 2, refused: 0 });
    const known = page.locator('[data-pair]', { hasText: 'École primaire de Mbé' });
    await known.first().waitFor();
    assert.match(await known.first().innerText(), /already there[\s\S]*ministere\.csv|ministere\.csv[\s\S]*already there/);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= WIDTHS.phone.width, `${wide} px wide`);
    await axe(page, 'on a phone');
    await picture(page, 'import-phone');
    await known.first().locator('[data-choose=distinct]').click();
    await page.locator('[data-pair=distinct]').waitFor();
    await sign(page, 'apply', 'list of the ministry');
    await page.locator('[data-import-state=applied]').waitFor();
  });
  await step('places become a layer once they say where they come from', async () => {
    await start();
    await bring(page, 'localites.csv', 'places');
    await counts(page, { accepted: 2, added: 2 });
    assert.ok(await page.locator('[data-sign=apply] button').isDisabled(), 'no source yet');
    for (const [key, text] of Object.entries({ name: 'Towns', source: 'INS', licence: 'open', date: '2026', uncertainty: 'centre of the town' })) {
      await page.locator(`[data-layer=${key}]`).fill(text);
      await page.locator(`[data-layer=${key}]`).blur();
      await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
    }
    await sign(page, 'apply', 'census');
    await page.locator('[data-import-state=applied]').waitFor();
    const places = await (await fetch(`${server.web}/api/v1/country/places.json`)).json();
    assert.equal(places.items.length, 2);
  });
  await step('duplicates that are there are merged and parted', async () => {
    await page.goto(`${server.web}/#/import/duplicates?lang=en`);
    await page.locator('[data-pair=open]').first().waitFor();
    const before = await sites();
    assert.ok(await page.locator('[data-choose=same]').first().isDisabled(), 'who and why first');
    await page.locator('.sign input').nth(0).fill('A. Planner');
    await page.locator('[data-reason-text]').fill('seen on the spot');
    await page.locator('[data-choose=same]').first().click();
    await page.locator('[data-decision=merged]').first().waitFor();
    assert.equal(await sites(), before - 1);
    await axe(page, 'duplicates');
    // Earlier decisions were taken back too: one more of them is waited for.
    const undone = page.locator('[data-decision=undone]');
    const earlier = await undone.count();
    await page.locator('[data-undo]').first().click();
    const form = page.locator('form[data-sign^=undo]');
    await form.locator('input').nth(1).fill('two after all');
    await form.locator('button').click();
    await undone.nth(earlier).waitFor();
    assert.equal(await sites(), before);
  });
  await step('a file is dropped in two steps', async () => {
    await start();
    await bring(page, 'localites.csv', 'places');
    await page.locator('[data-forget]').click();
    await page.locator('[data-forget-sure]').click();
    await page.getByText('No file is waiting.').waitFor();
  });
  assert.deepEqual(await faults(), []);
  await context.close();
});
