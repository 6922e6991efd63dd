// A person enrols an agent by the page's button, and sees on the open page, never reloaded: the
// site turn up, the outage appear with its cause when the target stops, and close when it is back.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, seen, watched, WIDTHS } from './browser.mjs';
import { background, command, serve, target, temporary } from './servers.mjs';

const SITE = 'test-mairie';
/** Slots of 2 s, five of them to enter an outage: a change shows well within a minute. */
const CHANGE_MS = 90_000;

const SITES = `id,name,kind,latitude,longitude,place,region,operator,invented
${SITE},Mairie d'essai,town_hall,-4.2658,15.2832,Brazzaville,Brazzaville,Opérateur d'essai,true
`;
const agreement = (url) => `id = "test-2s"
version = 1
title = "Essai, créneaux de deux secondes"
valid_from = "2020-01-01"
time_zone = "Africa/Brazzaville"
sites = ["${SITE}"]

[parties]
customer = "Essai"
contractor = "Essai"

[test]
targets = ["essai-http"]
packets_per_slot = 1
minimum_sent = 1
slot_seconds = 2

[objective]
availability_percent = "99.5"

[[target]]
id = "essai-http"
name = "Serveur d'essai"

[target.measure.http]
url = "${url}"
status_from = 200
status_to = 299
timeout_ms = 1000
body_bytes_max = 4096
`;

let folder;
let server;
let browser;
let measured;
let agent;

before(async () => {
  folder = temporary();
  measured = await target();
  const file = (name, text) => {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    return path;
  };
  const data = join(folder.path, 'collector');
  await command('DESSERTE_BIN', [
    ...['import', 'sites', file('sites.csv', SITES)],
    ...['--data', data, '--apply'],
  ]);
  await command('DESSERTE_BIN', [
    ...['agreements', 'add', file('agreement.toml', agreement(measured.url))],
    ...['--data', data],
  ]);
  server = await serve([
    ...['serve', '--data', data],
    ...['--agents', '127.0.0.1:0', '--web', '127.0.0.1:0'],
  ]);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await agent?.stop();
  await server?.stop();
  await measured?.stop();
  folder?.remove();
});

test('enrol, up, outage with its cause, closed: all without a reload', async () => {
  const { page, context, faults } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  const step = (what, run) =>
    seen(page, what, async () => {
      try {
        await run();
      } catch (error) {
        error.message += `\n--- agent ---\n${agent?.output() ?? '(not started)'}\n--- collector ---\n${server.output()}`;
        throw error;
      }
    });
  const state = (name) => page.locator(`[data-site-state="${name}"]`);

  await step('the site’s page', async () => {
    await page.goto(`${server.web}/#/sites/${SITE}?lang=fr`);
    await state('unknown').waitFor();
    await page.locator('[data-live=live]').waitFor();
    // Whoever reloads loses this mark.
    await page.evaluate(() => {
      window.__never_reloaded = true;
    });
  });

  let code;
  let collector;
  await step('the code', async () => {
    await page.getByRole('button', { name: 'Enrôler un agent' }).click();
    await page.locator('[data-code]').waitFor();
    code = (await page.locator('[data-code]').textContent()).trim();
    collector = await page.locator('[data-command]').getAttribute('data-collector');
    const text = await page.locator('[data-command]').textContent();
    assert.ok(text.includes(`--code ${code}`), text);
    assert.ok(text.includes(`--collector ${collector}`), text);
    assert.equal(new URL(collector).protocol, 'https:');
  });

  await step('the agent', async () => {
    const data = join(folder.path, 'agent');
    await command('DESSERTE_PROBE_BIN', [
      ...['enrol', '--collector', collector],
      ...['--code', code, '--data', data],
    ]);
    // What is measured here is on this machine.
    writeFileSync(join(data, 'agent.toml'), 'local_networks = ["127.0.0.0/8"]\n');
    agent = background('DESSERTE_PROBE_BIN', ['run', '--data', data]);
  });

  await step('the site turns up', async () => {
    await state('up').waitFor({ timeout: CHANGE_MS });
    await page.locator('[data-agent]').first().waitFor();
    assert.ok(measured.requests > 0, 'the agent asked the target');
  });

  await step('the outage appears with its cause', async () => {
    await measured.stop();
    await state('down').waitFor({ timeout: CHANGE_MS });
    await page
      .locator('[data-outage][data-open=true][data-cause=destination]')
      .waitFor({ timeout: CHANGE_MS });
    assert.match(await page.locator('[data-outage]').first().innerText(), /Destination/);
    assert.ok((await page.locator('[data-outage] [data-fact]').count()) > 0, 'evidence is shown');
  });

  await step('the outage closes', async () => {
    await measured.start();
    await page.locator('[data-outage][data-open=false]').waitFor({ timeout: CHANGE_MS });
    await state('up').waitFor({ timeout: CHANGE_MS });
    assert.equal(await page.locator('[data-outage][data-open=true]').count(), 0);
  });

  await step('the same page all along', async () => {
    assert.equal(await page.evaluate(() => window.__never_reloaded), true);
    await page.getByRole('button', { name: 'EN', exact: true }).click();
    await page.getByText('Up', { exact: true }).first().waitFor();
    await page.goto(`${server.web}/#/outages?lang=en`);
    await page.locator('[data-outage][data-cause=destination]').first().waitFor();
  });

  await step('an agent is revoked in two steps', async () => {
    await page.goto(`${server.web}/#/agents?lang=en`);
    await page.locator('[data-more]').click();
    await page.locator('[data-revoke]').click();
    assert.equal(await page.locator('[data-agent-row=revoked]').count(), 0, 'asked first');
    await page.locator('[data-revoke-sure]').click();
    // The list shows who is still enrolled; the revoked are there when they are asked for.
    await page.locator('[data-agent-row]').waitFor({ state: 'detached' });
    await page.locator('[data-filter=state]').selectOption('revoked');
    await page.locator('[data-agent-row=revoked]').waitFor();
    await page.locator('[data-more]').click();
    assert.equal(await page.locator('[data-revoke]').count(), 0, 'nothing is left to revoke');
  });
  assert.deepEqual(await faults(), []);
  await context.close();
});
