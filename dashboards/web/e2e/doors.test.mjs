// The door: the first administrator from the machine, an invitation, a second factor, and each role's
// day. A contractor types the address of a foreign statement and learns nothing.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, picture, seen, settled, watched, WIDTHS } from './browser.mjs';
import { command, demonstration, serve, temporary } from './servers.mjs';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PASSWORD = 'le fleuve monte en mai';

const SITES = `id,name,kind,latitude,longitude,place,region,operator,invented
own-school,École d'essai,school,-4.2658,15.2832,Brazzaville,Brazzaville,Opérateur A,true
foreign-court,Tribunal caché,court,-4.7761,11.8635,Pointe-Noire,Pointe-Noire,Opérateur B,true
`;
const agreement = (id, site, contractor) => `id = "${id}"
version = 1
title = "Lot ${id}"
valid_from = "2020-01-01"
time_zone = "Africa/Brazzaville"
sites = ["${site}"]
parties = { customer = "Ministère", contractor = "${contractor}" }
objective = { availability_percent = "99.5" }
[test]
targets = ["essai"]
[[target]]
id = "essai"
[target.measure.icmp]
host = "192.0.2.1"
packets = 5
timeout_ms = 1000
payload_bytes = 0
`;

let folder;
let data;
let server;
let browser;
const links = new Map();

before(async () => {
  folder = temporary();
  data = join(folder.path, 'collector');
  const file = (name, text) => {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    return path;
  };
  await command('DESSERTE_BIN', ['import', 'sites', file('sites.csv', SITES), '--data', data, '--apply']);
  for (const [id, site, contractor] of [
    ['own', 'own-school', 'Opérateur A'],
    ['foreign', 'foreign-court', 'Opérateur B'],
  ]) {
    const text = file(`${id}.toml`, agreement(id, site, contractor));
    await command('DESSERTE_BIN', ['agreements', 'add', text, '--data', data]);
  }
  server = await serve(['serve', '--data', data, '--agents', '127.0.0.1:0', '--web', '127.0.0.1:0']);
  for (const [id, role, ...more] of [
    ['amina', 'administrator'],
    ['serge', 'engineer', '--region', 'Brazzaville'],
    ['clarisse', 'planner'],
    ['firmin', 'contractor', '--contractor', 'Opérateur A'],
    ['dieudonne', 'technician', '--site', 'own-school'],
    ['mireille', 'auditor'],
  ]) {
    const name = id[0].toUpperCase() + id.slice(1);
    const said = await command('DESSERTE_BIN', [
      ...['users', 'add', id, '--name', name, '--role', role, ...more, '--data', data],
    ]);
    links.set(id, JSON.parse(said).link);
  }
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  folder?.remove();
});

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

/** Refusals of the door are answers here, not faults. */
const unexpected = async (faults) => (await faults()).filter((one) => !/status of 40[139]/.test(one));

/** Chooses a password by the link, and signs in. */
async function enter(id, viewport = WIDTHS.desk, language = 'fr') {
  const held = await watched(browser, server.web, { viewport, permissions: ['clipboard-write'] });
  const { page } = held;
  await seen(page, `the invitation of ${id}`, async () => {
    const link = links.get(id);
    if (link) {
      await page.goto(`${link}?lang=${language}`);
      await page.locator('[data-new-password]').fill(PASSWORD);
      await page.locator('[data-again]').fill(PASSWORD);
      await page.locator('[data-invitation] button').click();
      links.delete(id);
    } else {
      await page.goto(`${server.web}/?#/?lang=${language}`);
    }
    await page.locator('[data-sign-in]').waitFor();
    await page.locator('input[name=username]').fill(id);
    await page.locator('input[name=password]').fill(PASSWORD);
    await page.locator('[data-sign-in] button').click();
    await page.locator(`[data-who=${id}]`).waitFor();
    await settled(page);
  });
  return held;
}

const screens = (page) =>
  page.locator('header nav a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));

test('a stranger sees the door and nothing else', async () => {
  for (const [width, language] of [
    ['desk', 'fr'],
    ['phone', 'en'],
  ]) {
    const { page, context, faults } = await watched(browser, server.web, { viewport: WIDTHS[width] });
    await seen(page, 'the door', async () => {
      await page.goto(`${server.web}/#/agreements/own?lang=${language}`);
      await page.locator('[data-sign-in]').waitFor();
      await axe(page);
      assert.deepEqual(await screens(page), []);
      await page.locator('input[name=username]').fill('amina');
      await page.locator('input[name=password]').fill('not the password');
      await page.locator('[data-sign-in] button').click();
      await page.locator('[role=alert]').waitFor();
    });
    await picture(page, `doors-sign-in-${width}-${language}`);
    assert.doesNotMatch(await page.locator('body').innerText(), /caché|École|Lot own/);
    assert.deepEqual(await unexpected(faults), []);
    await context.close();
  }
});

test('the administrator invites, makes a token, reads the log', async () => {
  const { page, context, faults } = await enter('amina');
  await seen(page, 'people', async () => {
    await page.goto(`${server.web}/#/access?lang=fr`);
    await page.locator('[data-person=firmin]').waitFor();
    await axe(page);
    await picture(page, 'doors-people');
    await page.locator('[data-add-person]').click();
    await page.getByLabel('Compte').fill('nouvelle');
    await page.getByLabel('Nom', { exact: true }).fill('Nouvelle Personne');
    await page.getByLabel('Rôle').selectOption('contractor');
    await page.locator('[data-reach=contractor] input[value="Opérateur B"]').check();
    await picture(page, 'doors-invite');
    await page.getByRole('button', { name: 'Faire le lien d’invitation' }).click();
    const link = await page.locator('[data-once]').textContent();
    assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/#\/invitation\/[\w-]{43}$/);
    await page.locator('[data-person=nouvelle][data-state=invited]').waitFor();
  });
  let secret;
  await seen(page, 'a token', async () => {
    await page.goto(`${server.web}/#/access/tokens?lang=fr`);
    await page.locator('[data-add-token]').click();
    await page.getByLabel('Pour quoi').fill('Grafana');
    await page.getByRole('button', { name: 'Créer', exact: true }).click();
    secret = await page.locator('[data-once]').textContent();
    await page.locator('[data-token][data-state=active]').waitFor();
  });
  const read = await fetch(`${server.web}/api/v1/sites`, { headers: { Authorization: `Bearer ${secret}` } });
  assert.equal(read.status, 200);
  // A token that was made without them sees no sensitive sites.
  assert.deepEqual((await read.json()).items.map((site) => site.id), ['own-school']);
  await seen(page, 'the log', async () => {
    await page.goto(`${server.web}/#/access/log?lang=fr`);
    await page.locator('[data-log=log] tbody tr').first().waitFor();
    assert.match(await page.locator('[data-log=log]').innerText(), /token\.add[\s\S]*person\.add/);
    await page.goto(`${server.web}/#/access/signIns?lang=fr`);
    await page.locator('[data-log=signIns] tbody tr').first().waitFor();
    assert.match(await page.locator('[data-log=signIns]').innerText(), /amina/);
    await axe(page);
    await picture(page, 'doors-sign-ins');
  });
  assert.deepEqual(await unexpected(faults), []);
  await context.close();
});

/** RFC 6238 with node's own HMAC: an authenticator that is not the collector's. */
function code(secret, seconds) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)));
  const hash = createHmac('sha1', key).update(counter).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('an auditor sets a second factor, reads everything and changes nothing', async () => {
  const { page, context, faults } = await enter('mireille', WIDTHS.desk, 'en');
  const shown = await screens(page);
  for (const screen of ['#/agreements', '#/planning', '#/agents', '#/import', '#/access']) {
    assert.ok(shown.includes(screen), `${screen} of ${shown}`);
  }
  await seen(page, 'the second factor', async () => {
    await page.goto(`${server.web}/#/account?lang=en`);
    await page.locator('[data-factor-password]').fill(PASSWORD);
    await page.getByRole('button', { name: 'Begin' }).click();
    const secret = await page.locator('[data-factor]').textContent();
    await page.locator('[data-qr]').waitFor();
    await axe(page);
    await picture(page, 'doors-account');
    const now = Date.now() / 1_000;
    await page.locator('[data-code]').fill(code(secret, now));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('A code is asked for at every sign-in.').waitFor();
    await page.locator('[data-sign-out]').click();
    await page.locator('[data-sign-in]').waitFor();
    await page.locator('input[name=username]').fill('mireille');
    await page.locator('input[name=password]').fill(PASSWORD);
    await page.locator('[data-sign-in] button').click();
    await page.locator('[data-code]').waitFor();
    // The code of the step after: the one of this step was used to confirm.
    await page.locator('[data-code]').fill(code(secret, now + 30));
    await page.locator('[data-sign-in] button').click();
    await page.locator('[data-who=mireille]').waitFor();
  });
  await seen(page, 'an agreement without buttons', async () => {
    await page.goto(`${server.web}/#/agreements/foreign?lang=en`);
    await settled(page);
    assert.equal(await page.locator('[data-add-exclusion]').count(), 0);
    await page.goto(`${server.web}/#/access?lang=en`);
    await page.locator('[data-person=firmin]').waitFor();
    assert.equal(await page.locator('[data-add-person]').count(), 0);
  });
  assert.deepEqual(await unexpected(faults), []);
  await context.close();
});

test('a contractor finds its agreements, and of the others nothing', async () => {
  const { page, context, faults } = await enter('firmin');
  const month = new Date().toISOString().slice(0, 7);
  await seen(page, 'its own', async () => {
    assert.match(page.url(), /#\/agreements$/, 'the first question: is the agreement kept?');
    await page.getByText('Lot own').first().waitFor();
    const shown = await screens(page);
    for (const screen of ['#/planning', '#/agents', '#/import', '#/access']) {
      assert.ok(!shown.includes(screen), `${screen} of ${shown}`);
    }
    assert.doesNotMatch(await page.locator('body').innerText(), /caché|Lot foreign|Opérateur B/);
    await picture(page, 'doors-contractor');
  });
  for (const address of [
    `agreements/foreign/${month}`,
    'sites/foreign-court',
    'agreements/absent/2026-06',
    'outages',
    'map',
    '',
  ]) {
    await seen(page, address, async () => {
      await page.goto(`${server.web}/?typed=${encodeURIComponent(address)}#/${address}`);
      await page.locator('[data-who=firmin]').waitFor();
      await settled(page);
      const text = await page.locator('body').innerText();
      assert.doesNotMatch(text, /caché|Lot foreign|Opérateur B|Pointe-Noire/, address);
    });
  }
  // The screen of a foreign statement is the one of a statement that does not exist.
  const told = async (id) => {
    await page.goto(`${server.web}/?of=${id}#/agreements/${id}/${month}`);
    await page.locator('[role=alert]').first().waitFor();
    return (await page.locator('main').innerText()).replaceAll(id, '…');
  };
  assert.equal(await told('foreign'), await told('missing'));
  await picture(page, 'doors-foreign');
  const asked = await page.evaluate(async (path) => {
    const answer = await fetch(path);
    return [answer.status, await answer.text()];
  }, `/api/v1/agreements/foreign/statements/${month}`);
  assert.equal(asked[0], 404);
  assert.doesNotMatch(asked[1], /Opérateur B|caché/);
  assert.deepEqual((await unexpected(faults)).filter((one) => !/status of 404/.test(one)), []);
  await context.close();
});

test('two accounts decide about an exclusion; names are not typed any more', async () => {
  const asking = await enter('firmin');
  const month = new Date().toISOString().slice(0, 7);
  await seen(asking.page, 'asking', async () => {
    await asking.page.goto(`${server.web}/?ask#/agreements/own/${month}`);
    await asking.page.locator('[data-add-exclusion]').click();
    assert.match(await asking.page.locator('[data-signature]').innerText(), /Firmin \(firmin\)/);
    const times = asking.page.locator('input[type=datetime-local]');
    await times.nth(0).fill(`${month}-01T10:00`);
    await times.nth(1).fill(`${month}-01T11:00`);
    await asking.page.getByLabel('Motif').fill('Travaux sur le câble');
    await asking.page.getByRole('button', { name: 'Enregistrer la demande' }).click();
    await asking.page.locator('[data-exclusion-state=requested]').waitFor();
    assert.equal(await asking.page.locator('[data-approve]').count(), 0);
  });
  const deciding = await enter('amina');
  await seen(deciding.page, 'approving', async () => {
    await deciding.page.goto(`${server.web}/?approve#/agreements/own/${month}`);
    await deciding.page.locator('[data-approve]').click();
    assert.match(await deciding.page.locator('[data-signature]').innerText(), /Amina \(amina\)/);
    await deciding.page.getByRole('button', { name: 'Approuver' }).click();
    await deciding.page.locator('[data-exclusion-state=approved]').waitFor();
    assert.match(await deciding.page.locator('[data-exclusion]').innerText(), /Firmin \(firmin\)[\s\S]*Amina \(amina\)/);
  });
  await asking.context.close();
  await deciding.context.close();
});

test('planner, technician and regional engineer each begin with their own question', async () => {
  for (const [id, address, screensShown, hidden] of [
    ['clarisse', /#\/planning$/, ['#/planning', '#/import'], ['#/agents', '#/access']],
    ['dieudonne', /#\/sites\/own-school$/, ['#/agents'], ['#/planning', '#/agreements', '#/access']],
    ['serge', /#\/$/, ['#/agents', '#/agreements'], ['#/import', '#/planning', '#/access']],
  ]) {
    const { page, context, faults } = await enter(id, WIDTHS.phone);
    await seen(page, `the day of ${id}`, async () => {
      assert.match(page.url(), address);
      const shown = await screens(page);
      for (const screen of screensShown) assert.ok(shown.includes(screen), `${id}: ${screen} of ${shown}`);
      for (const screen of hidden) assert.ok(!shown.includes(screen), `${id}: ${screen} of ${shown}`);
      // The planner's screen is looked at by its own test.
      if (id !== 'clarisse') await axe(page);
      await picture(page, `doors-home-${id}`);
      const text = await page.locator('body').innerText();
      if (id !== 'clarisse') assert.doesNotMatch(text, /caché/);
    });
    assert.deepEqual(await unexpected(faults), []);
    await context.close();
  }
});

test('the demonstration looks as each of its people', async () => {
  const demo = await demonstration();
  const { page, context, faults } = await watched(browser, demo.web, { viewport: WIDTHS.desk });
  try {
    await seen(page, 'the switch', async () => {
      await page.goto(`${demo.web}/#/?lang=fr`);
      const choice = page.locator('[data-role-switch]');
      await choice.waitFor();
      assert.equal(await choice.inputValue(), 'administrator');
      await picture(page, 'doors-demo-administrator');
      for (const [role, address] of [
        ['contractor', /#\/agreements$/],
        ['technician', /#\/sites\//],
        ['planner', /#\/planning$/],
        ['auditor', /#\/$/],
        ['administrator', /#\/$/],
      ]) {
        await page.evaluate(() => (window.__before = true));
        await choice.selectOption(role);
        // The page begins anew as somebody else.
        await page.waitForFunction(() => !window.__before);
        await page.waitForURL(address);
        await page.locator('[data-role-switch]').waitFor();
        assert.equal(await choice.inputValue(), role);
        await settled(page);
      }
      await page.goto(`${demo.web}/?people#/access?lang=fr`);
      await page.locator('[data-person=demo-prestataire]').waitFor();
      assert.equal(await page.locator('[data-add-person]').count(), 0);
    });
    assert.deepEqual(await unexpected(faults), []);
  } finally {
    await context.close();
    await demo.stop();
  }
});
