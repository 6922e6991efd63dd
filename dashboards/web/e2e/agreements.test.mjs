// The contractor's first hour: is the agreement kept, what is left, why, and can it be checked? A
// statement on the screen and as an A4 file; works asked for and approved by two people; the slots.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, picture, seen, settled, watched, WIDTHS } from './browser.mjs';
import { command, temporary } from './servers.mjs';
import { AGREEMENT, SITES, SLOT_SECONDS, statementCountry } from './statement-country.mjs';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const SITE = SITES[0];

let country;
let browser;
let folder;

before(async () => {
  folder = temporary();
  country = await statementCountry();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await country?.stop();
  folder?.remove();
});

const statement = async () =>
  (await fetch(`${country.web}/api/v1/agreements/${AGREEMENT}/statements/${country.month}`)).json();
const address = (language, site) =>
  `${country.web}/#/agreements/${AGREEMENT}/${country.month}?${site ? `site=${site}&` : ''}lang=${language}`;

async function axe(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
    });
    return violations.map(
      (item) => `${item.id}: ${item.help} ${item.nodes.slice(0, 3).map((node) => node.target.join(' '))}`,
    );
  });
  assert.deepEqual(found, []);
}

for (const [width, language, colorScheme] of [
  ['desk', 'fr', 'light'],
  ['phone', 'en', 'dark'],
  ['phone', 'fr', 'light'],
]) {
  test(`list and statement ${width} ${language} ${colorScheme}`, async () => {
    const { page, context, faults } = await watched(browser, country.web, {
      viewport: WIDTHS[width],
      colorScheme,
    });
    const fits = async () => {
      await settled(page);
      const beyond = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.ok(beyond <= 0, `${beyond} px beyond the width`);
      await axe(page);
    };
    await seen(page, 'the list', async () => {
      await page.goto(`${country.web}/#/agreements?lang=${language}`);
      await page.locator(`[data-agreement="${AGREEMENT}"] [data-verdict]`).waitFor();
      await page.locator('[data-agreement="postes-essai"] [data-verdict=nothing_measured]').waitFor();
      // What needs somebody comes first; nothing measured comes last.
      const order = await page
        .locator('[data-agreement]')
        .evaluateAll((items) => items.map((item) => item.dataset.agreement));
      assert.deepEqual(order, [AGREEMENT, 'postes-essai']);
      await fits();
      await picture(page, `agreements-${width}-${language}-${colorScheme}`);
    });
    for (const site of [null, SITE]) {
      await seen(page, `the statement of ${site ?? 'all'}`, async () => {
        await page.goto(address(language, site));
        await page.locator('[data-statement][data-ready=true]').waitFor();
        await page.locator(`[data-calendar="${country.month}"] [data-level=below]`).first().waitFor();
        assert.equal(await page.locator('main [role=alert]').count(), 0);
        await page.locator('[data-invented]').waitFor();
        await fits();
        await picture(page, `statement-${site ?? 'all'}-${width}-${language}-${colorScheme}`);
      });
    }
    assert.deepEqual(await faults(), []);
    await context.close();
  });
}

test('the figures on the page are those of the collector, and add up', async () => {
  const { page, context } = await watched(browser, country.web, { viewport: WIDTHS.desk });
  const { sites } = await statement();
  const figures = sites.find((one) => one.site === SITE);
  const digits = (text) => Number(text.replace(/[^0-9]/g, ''));
  await seen(page, 'the calculation', async () => {
    await page.goto(address('fr', SITE));
    await page.locator('[data-statement][data-ready=true]').waitFor();
    const shown = {};
    for (const key of ['period', 'excluded', 'unknown', 'measured', 'down', 'up']) {
      shown[key] = digits(await page.locator(`[data-slots=${key}]`).textContent());
      assert.equal(shown[key], figures[`${key}_slots`], key);
    }
    assert.equal(shown.period - shown.excluded - shown.unknown, shown.measured);
    assert.equal(shown.measured - shown.down, shown.up);
    // 18 slots of the line, 12 undecided, 12 of the site's own network.
    assert.equal(shown.down, 42);
    const rows = (liability) => page.locator(`[data-outage-row=${liability}]`).count();
    assert.deepEqual(
      [await rows('charged'), await rows('needs_decision'), await rows('not_charged')],
      [1, 1, 1],
    );
    assert.match(await page.locator('[data-step=judged]').textContent(), /8.310 ÷ 8.340/);
    assert.match(await page.locator('[data-step=conclusion]').textContent(), /objectif tenu/);
  });
  await seen(page, 'credits, time to restore and quality', async () => {
    const step = (rule) => page.locator(`[data-credit-step=${rule}]`);
    const credits = figures.money.if_charged;
    const sides = new Set([credits, figures.money.if_not_charged].map((one) => JSON.stringify(one)));
    assert.equal(await step('tiers').count(), sides.size);
    assert.equal(
      digits(await step('per_hour_of_late_repair').first().locator('td').last().textContent()),
      credits.steps[1].amount_minor,
    );
    // 90 minutes of the line: half an hour late, an hour begun, 2 % of the fee.
    assert.equal(credits.steps[1].amount_minor, 6_000);
    const incidents = await page
      .locator('[data-incident]')
      .evaluateAll((rows) => rows.map((row) => row.dataset.incident));
    assert.deepEqual(
      incidents,
      figures.repair.incidents.map((one) => one.verdict),
    );
    assert.ok(incidents.includes('late'));
    assert.equal(await page.locator(`[data-quality-row="${SITE}"]`).count(), 1);
    assert.match(await page.locator('[data-promise=latency]').textContent(), /tenu|manqué/);
  });
  await context.close();
});

test('works are asked for by one person, approved by another, and change the calculation', async () => {
  const { page, context, faults } = await watched(browser, country.web, { viewport: WIDTHS.desk });
  const excluded = async () =>
    Number((await page.locator('[data-slots=excluded]').textContent()).replace(/[^0-9]/g, ''));
  await seen(page, 'two people', async () => {
    await page.goto(address('fr', SITE));
    await page.locator('[data-add-exclusion]').click();
    const day = `${country.month}-05`;
    await page.getByLabel('Début (heure de Africa/Brazzaville)').fill(`${day}T08:00`);
    await page.getByLabel('Fin, non comprise').fill(`${day}T07:00`);
    await page.getByLabel('Demandée par').fill('A. Mbemba');
    await page.getByLabel('Motif').fill('=HYPERLINK("x") déplacement de la fibre');
    const send = page.getByRole('button', { name: 'Enregistrer la demande' });
    await send.click();
    assert.match(await page.getByRole('alert').textContent(), /la fin après le début/);
    await page.getByLabel('Fin, non comprise').fill(`${day}T09:00`);
    await send.click();
    const row = page.locator('[data-exclusion]');
    await page.locator('[data-exclusion-state=requested]').waitFor();
    assert.equal(await excluded(), 0, 'it waits for its approval');
    await row.locator('[data-approve]').click();
    await row.getByLabel('Approuvée par').fill('a mbemba');
    await row.getByRole('button', { name: 'Approuver' }).click();
    assert.match(await row.getByRole('alert').textContent(), /ne peut pas approuver/);
    await row.getByLabel('Approuvée par').fill('C. Ngoma');
    await row.getByRole('button', { name: 'Approuver' }).click();
    await page.locator('[data-exclusion-state=approved]').waitFor();
    await page.waitForFunction(
      () => document.querySelector('[data-slots=excluded]').textContent.trim() === '12',
    );
    await axe(page);
    await picture(page, 'statement-exclusion');
  });
  await seen(page, 'a file goes with it by its hash', async () => {
    const row = page.locator('[data-exclusion]');
    await row.locator('[data-attach]').click();
    const letter = Buffer.from('Ordre de travaux n° 12\n');
    await row.getByLabel('Pièce').setInputFiles({ name: 'ordre.txt', mimeType: 'text/plain', buffer: letter });
    await row.getByLabel('Jointe par').fill('A. Mbemba');
    await row.getByRole('button', { name: 'Enregistrer l’empreinte' }).click();
    const hash = createHash('sha256').update(letter).digest('hex');
    const kept = row.locator(`[data-attachment="${hash}"]`);
    await kept.waitFor();
    assert.match(await kept.textContent(), /ordre\.txt, jointe par A\. Mbemba/);
    await axe(page);
  });
  await seen(page, 'on the site’s page', async () => {
    await page.goto(`${country.web}/#/sites/${SITE}?month=${country.month}&lang=fr`);
    await page.locator('[data-statement-link]').waitFor();
    assert.equal(
      (await page.locator('[data-slots=excluded]').textContent()).replace(/[^0-9]/g, ''),
      '12',
    );
  });
  await seen(page, 'the month is closed for everybody else’s clock', async () => {
    await page.goto(address('en', SITE));
    await page.locator('[data-exclusion-state=approved] [data-withdraw]').click();
    const row = page.locator('[data-exclusion]');
    await row.getByLabel('Withdrawn by').fill('A. Mbemba');
    await row.getByLabel('Reason').fill('put off');
    await row.getByRole('button', { name: 'Withdraw' }).click();
    await page.locator('[data-exclusion-state=withdrawn]').waitFor();
    await page.waitForFunction(
      () => document.querySelector('[data-slots=excluded]').textContent.trim() === '0',
    );
    assert.equal(await page.locator('[data-exclusion]').count(), 1, 'it stays on record');
  });
  assert.deepEqual((await faults()).filter((fault) => !/status of 409/.test(fault)), []);
  await context.close();
});

test('the slots are downloaded and give the same availability', async () => {
  const { page, context } = await watched(browser, country.web, { viewport: WIDTHS.desk });
  await seen(page, 'the file', async () => {
    await page.goto(address('fr', SITE));
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('[data-slots-file]').click(),
    ]);
    const text = readFileSync(await file.path(), 'utf8').replace(/^\ufeff/, '');
    const [head, ...rows] = text.trim().split('\r\n').map((line) => line.split(';'));
    const counted = head.indexOf('compté comme');
    const of = (word) => rows.filter((row) => row[counted] === word).length;
    const { sites } = await statement();
    const figures = sites.find((one) => one.site === SITE);
    assert.equal(rows.length, figures.period_slots);
    const share = (100 * of('disponible')) / (of('disponible') + of('indisponible'));
    assert.ok(Math.abs(share - Number(figures.availability.percent)) < 5e-7, String(share));
    assert.equal(Number(rows[0][head.indexOf('durée (s)')]), SLOT_SECONDS);
  });
  await context.close();
});

for (const language of ['fr', 'en']) {
  test(`the statement prints to A4: ${language}`, async () => {
    // From a dark screen: paper is light all the same.
    const { page, context } = await watched(browser, country.web, {
      viewport: WIDTHS.phone,
      colorScheme: 'dark',
    });
    await seen(page, 'print', async () => {
      await page.goto(address(language, SITE));
      await page.locator('[data-statement][data-ready=true]').waitFor();
      await settled(page);
      const path = join(folder.path, `${language}.pdf`);
      await page.pdf({ path, preferCSSPageSize: true, printBackground: true });
      const about = execFileSync('pdfinfo', [path], { encoding: 'utf8' });
      const [, width, height] = /Page size:\s+([\d.]+) x ([\d.]+) pts/.exec(about);
      // A4 is 210 × 297 mm; a point is 1/72 inch.
      assert.ok(Math.abs(Number(width) - (210 / 25.4) * 72) < 1, about);
      assert.ok(Math.abs(Number(height) - (297 / 25.4) * 72) < 1, about);
      const pages = Number(/Pages:\s+(\d+)/.exec(about)[1]);
      assert.ok(pages >= 2 && pages <= 7, about);
      const text = execFileSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });
      const flat = text.replace(/[\s\u00a0\u202f]+/g, ' ');
      const { sites } = await statement();
      const figures = sites.find((one) => one.site === SITE);
      const number = (value) => new Intl.NumberFormat(language).format(value).replace(/[\s\u00a0\u202f]/g, ' ');
      const percent = (value) => (language === 'fr' ? value.replace('.', ',') : value);
      for (const wanted of [
        ...["Ministère d'essai", "Opérateur d'essai SA", `${AGREEMENT}, version 1`],
        ...[figures.period_slots, figures.up_slots, figures.down_slots].map(number),
        percent(figures.availability.percent),
        percent(figures.promise.lowest.percent),
        language === 'fr' ? 'Nom, date et signature' : 'Name, date and signature',
        `1/${pages}`,
      ]) {
        assert.ok(flat.includes(wanted), `${wanted} is not in:\n${text}`);
      }
      // Neither navigation nor buttons are printed.
      for (const control of ['Vue d’ensemble', 'Overview', 'Imprimer', 'Demander une exclusion']) {
        assert.ok(!flat.includes(control), `${control} is printed`);
      }
    });
    await context.close();
  });
}

for (const language of ['fr', 'en']) {
  test(`the page of the command prints to A4 by itself: ${language}`, async () => {
    const file = join(folder.path, `statement-${language}.html`);
    await command('DESSERTE_BIN', [
      ...['statement', AGREEMENT, country.month, '--data', country.data],
      ...['--format', 'html', '--output', file, '--language', language],
    ]);
    const context = await browser.newContext({ viewport: WIDTHS.phone, locale: language });
    const page = await context.newPage();
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`file://${file}`);
    const beyond = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(beyond <= 0, `${beyond} px beyond the width`);
    await axe(page);
    await picture(page, `command-statement-${language}`);
    const path = join(folder.path, `command-${language}.pdf`);
    await page.pdf({ path, preferCSSPageSize: true, printBackground: true });
    assert.deepEqual(asked, [`file://${file}`]);
    const about = execFileSync('pdfinfo', [path], { encoding: 'utf8' });
    const [, width, height] = /Page size:\s+([\d.]+) x ([\d.]+) pts/.exec(about);
    assert.ok(Math.abs(Number(width) - (210 / 25.4) * 72) < 1, about);
    assert.ok(Math.abs(Number(height) - (297 / 25.4) * 72) < 1, about);
    const text = execFileSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });
    const flat = text.replace(/[\s\u00a0\u202f]+/g, ' ');
    const { sites } = await statement();
    const figures = sites.find((one) => one.site === SITE);
    const percent = figures.availability.percent;
    for (const wanted of [
      ...["Ministère d'essai", "Opérateur d'essai SA", `${AGREEMENT}, version 1`],
      language === 'fr' ? percent.replace('.', ',') : percent,
      language === 'fr' ? 'Nom, date, signature' : 'Name, date, signature',
      language === 'fr' ? 'Calendrier' : 'Calendar',
    ]) {
      assert.ok(flat.includes(wanted), `${wanted} is not in:\n${text}`);
    }
    await context.close();
  });
}

test('the command writes the statement that the collector answers', async () => {
  const file = join(folder.path, 'statement.json');
  await command('DESSERTE_BIN', [
    ...['statement', AGREEMENT, country.month, '--data', country.data],
    ...['--output', file],
  ]);
  const written = JSON.parse(readFileSync(file, 'utf8'));
  const answered = await statement();
  for (const [key, value] of Object.entries(written)) {
    assert.deepEqual(answered[key], value, key);
  }
});

test('a month to come, a wrong agreement and a silent collector are told apart', async () => {
  const { page, context } = await watched(browser, country.web, { viewport: WIDTHS.phone });
  const alert = page.locator('main [role=alert]');
  await seen(page, 'states', async () => {
    await page.goto(`${country.web}/#/agreements/${AGREEMENT}/2099-01?lang=fr`);
    await alert.waitFor();
    await page.getByText('Ce mois n’a pas commencé.').waitFor();
    await page.goto(`${country.web}/#/agreements/none/${country.month}?lang=fr`);
    await page.getByText('Cet élément n’existe pas').waitFor();
    await context.route('**/api/v1/agreements**', (route) => route.abort());
    await page.goto(`${country.web}/#/agreements?lang=en`);
    await alert.waitFor();
    await context.unroute('**/api/v1/agreements**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator(`[data-agreement="${AGREEMENT}"] [data-verdict]`).waitFor();
    await context.route('**/api/v1/agreements?**', (route) =>
      route.fulfill({ contentType: 'application/json', body: '{"items":[],"next":null}' }),
    );
    await page.reload();
    await page.getByText('desserte agreements add FILE').waitFor();
  });
  await context.close();
});

test('an outage is contested, and the statement is verified away from the collector', async () => {
  const { page, context, faults } = await watched(browser, country.web, { viewport: WIDTHS.phone });
  await seen(page, 'the comment', async () => {
    await page.goto(address('fr', SITE));
    await page.locator('[data-add-contest]').click();
    await page.getByLabel('Votre nom').fill('Opérateur, M. Loemba');
    await page.getByLabel('Ce que vous contestez').fill('<b>Le site</b> était fermé ce jour-là.');
    await page.getByRole('button', { name: 'Inscrire la contestation' }).click();
    const said = page.locator('[data-contest]');
    await said.waitFor();
    assert.match(await said.textContent(), /<b>Le site<\/b> était fermé/);
    await axe(page);
    await picture(page, 'statement-contest');
  });
  await seen(page, 'what is not final yet', async () => {
    await page.locator('[data-revisions="0"]').waitFor();
    assert.match(await page.locator('[data-revisions]').textContent(), /peuvent changer/);
  });
  assert.deepEqual(await faults(), []);
  await context.close();
  const desserte = (...asked) =>
    execFileSync(process.env.DESSERTE_BIN, [...asked, '--language', 'fr'], { encoding: 'utf8' });
  const file = join(folder.path, 'evidence.desserte');
  const witness = join(folder.path, 'checkpoint.txt');
  const note = await (await fetch(`${country.web}/api/v1/ledger/checkpoint`)).text();
  assert.match(note, /^desserte-ledger\/[0-9a-f]{16}\n/);
  desserte('ledger', 'checkpoint', '--data', country.data, '--output', witness);
  desserte('statement', AGREEMENT, country.month, '--data', country.data, '--bundle', file);
  const told = desserte('verify', file, '--checkpoint', witness);
  assert.match(told, /Vérifié : relevé .*provisoire/);
  assert.match(told, /votre point de contrôle/);
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(file, bytes);
  assert.throws(() => desserte('verify', file), /abîmé ou modifié/);
});
