// Hostile texts in every field that somebody can fill in, on every screen that shows them: nothing of
// them becomes markup, nothing runs, nothing is asked of another origin, and the policy has nothing to refuse.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { history } from './agent.mjs';
import { launch, seen, settled, watched, WIDTHS } from './browser.mjs';
import { command, serve, temporary } from './servers.mjs';

/** What each tries: to run `__xss`, or to leave an element behind that carries `data-xss`. */
const PAYLOADS = [
  '<script data-xss>__xss=1</script>',
  '<ScRiPt data-xss>__xss=1</sCrIpT>',
  '</script><script data-xss>__xss=1</script>',
  '<scr<script data-xss>ipt>__xss=1</scr</script>ipt>',
  '<img data-xss src=x onerror=__xss=1>',
  '<img data-xss src=x onerror="__xss=1">',
  '<img data-xss/src=x/onerror=__xss=1>',
  '<IMG DATA-XSS """><SCRIPT>__xss=1</SCRIPT>">',
  '<svg data-xss onload=__xss=1>',
  '<svg data-xss><script>__xss=1</script></svg>',
  '<svg data-xss><animate onbegin=__xss=1 attributeName=x dur=1s>',
  '<svg data-xss><a xlink:href="javascript:__xss=1"><text x=9 y=9>x</text></a>',
  '<svg><foreignObject><iframe data-xss srcdoc="<script>parent.__xss=1</script>">',
  '<math><mtext></form><form><mglyph><style></math><img data-xss src onerror=__xss=1>',
  '<iframe data-xss src="javascript:parent.__xss=1"></iframe>',
  '<iframe data-xss srcdoc="&lt;script&gt;parent.__xss=1&lt;/script&gt;">',
  '<object data-xss data="data:text/html,<script>__xss=1</script>"></object>',
  '<embed data-xss src="data:text/html,<script>__xss=1</script>">',
  '<body data-xss onload=__xss=1>',
  '<details data-xss open ontoggle=__xss=1>x</details>',
  '<video data-xss><source onerror=__xss=1></video>',
  '<audio data-xss src=x onerror=__xss=1>',
  '<input data-xss autofocus onfocus=__xss=1>',
  '<select data-xss autofocus onfocus=__xss=1>',
  '<marquee data-xss onstart=__xss=1>x</marquee>',
  '<form data-xss action="javascript:__xss=1"><button>x</button></form>',
  '<button data-xss formaction="javascript:__xss=1">x</button>',
  '<a data-xss href="javascript:__xss=1">x</a>',
  '<a data-xss href="JaVaScRiPt&colon;__xss=1">x</a>',
  '<base data-xss href="https://xss.invalid/">',
  '<link data-xss rel=stylesheet href="https://xss.invalid/x.css">',
  '<meta data-xss http-equiv=refresh content="0;url=javascript:__xss=1">',
  '<style data-xss>@import "https://xss.invalid/x.css";</style>',
  '<div data-xss style="background:url(https://xss.invalid/x)">x</div>',
  '<template><img data-xss src=x onerror=__xss=1></template>',
  '" data-xss onmouseover=__xss=1 x="',
  "' data-xss onmouseover=__xss=1 x='",
  '" autofocus onfocus=__xss=1 data-xss tabindex=1 x="',
  '"><img data-xss src=x onerror=__xss=1>',
  "'><img data-xss src=x onerror=__xss=1>",
  '--><img data-xss src=x onerror=__xss=1><!--',
  ']]><img data-xss src=x onerror=__xss=1>',
  '{@html "<img data-xss src=x onerror=__xss=1>"}{window.__xss=1}',
  '${__xss=1}{{constructor.constructor("__xss=1")()}}#{__xss=1}',
  'javascript:__xss=1//',
  '\u2028__xss=1\u2029;</title><img data-xss src=x onerror=__xss=1>',
];
const PASSWORD = 'le fleuve monte en mai';
const SLOT_MS = 300_000;
const TARGET = 'essai';

/** Takes payloads in turn, as many as fit; every one of them has been taken at the end. */
const taken = new Set();
let turn = 0;
function hostile(bytes = 200) {
  let text = '';
  for (;;) {
    const next = PAYLOADS[turn % PAYLOADS.length];
    const longer = text ? `${text} ${next}` : next;
    if (Buffer.byteLength(longer) > bytes) break;
    text = longer;
    taken.add(next);
    turn += 1;
  }
  if (text) return text;
  // This one is too long for the field: the next shorter one takes its place, and it stays in turn.
  const short = PAYLOADS.find((one) => Buffer.byteLength(one) <= bytes);
  taken.add(short);
  return short;
}

let folder;
let server;
let browser;
let month;
let link;
const siteIds = ['"><img data-xss src=x onerror=__xss=1>', "'><svg data-xss onload=__xss=1>"];

const sheet = (rows) =>
  rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\n');

async function ask(path, body, type = 'application/json') {
  const answer = await fetch(`${server.web}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

before(async () => {
  folder = temporary();
  const data = join(folder.path, 'collector');
  const file = (name, text) => {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    return path;
  };
  const contractor = hostile();
  const header = ['id', 'name', 'kind', 'latitude', 'longitude', 'place', 'region', 'operator', 'invented'];
  const rows = siteIds.map((id, index) => [
    ...[id, hostile(390), 'school', `-4.2${index}`, '15.28'],
    ...[hostile(390), hostile(390), hostile(390), 'true'],
  ]);
  const sites = file('sites.csv', sheet([header, ...rows]));
  await command('DESSERTE_BIN', ['import', 'sites', sites, '--data', data, '--apply']);
  const toml = file(
    'agreement.toml',
    `id = "lot"
version = 1
title = ${JSON.stringify(hostile())}
valid_from = "2020-01-01"
time_zone = "Africa/Brazzaville"
sites = ${JSON.stringify(siteIds)}
parties = { customer = ${JSON.stringify(hostile())}, contractor = ${JSON.stringify(contractor)} }
test = { targets = ["${TARGET}"], slot_seconds = 300 }
objective = { availability_percent = "99.5", minimum_measured_share = "0.80" }
exclusions = { classes = ["maintenance"], closing_days = 92 }
[[target]]
id = "${TARGET}"
measure = { icmp = { host = "192.0.2.1", packets = 5, payload_bytes = 16, timeout_ms = 2000 } }
`,
  );
  await command('DESSERTE_BIN', ['agreements', 'add', toml, '--data', data]);
  server = await serve(['serve', '--data', data, '--agents', '127.0.0.1:0', '--web', '127.0.0.1:0']);

  const from = Math.floor(Date.now() / SLOT_MS) * SLOT_MS - 40 * SLOT_MS;
  const begun = new Date(from + 10 * SLOT_MS);
  // In the agreement's zone, which is an hour ahead.
  month = new Date(begun.getTime() + 3_600_000).toISOString().slice(0, 7);
  const place = encodeURIComponent(siteIds[0]);
  const { code } = await ask(`/api/v1/sites/${place}/codes`, {});
  await history({
    ...{ collector: server.agents, code, targets: [TARGET], slotSeconds: 300, from },
    measure: (at) => ({ received: at >= from + 10 * SLOT_MS && at < from + 20 * SLOT_MS ? 0 : 5, facts: [] }),
    software: hostile(64),
  });
  await ask('/api/v1/agreements/lot/exclusions', {
    ...{ from: begun.toISOString(), to: new Date(begun.getTime() + SLOT_MS).toISOString() },
    ...{ class: 'maintenance', kind: 'planned_works', reason: hostile(), requested_by: hostile(100) },
  });
  await ask(`/api/v1/agreements/lot/statements/${month}/contests`, {
    ...{ site: siteIds[0], outage_start: begun.toISOString(), person: hostile(100), text: hostile(390) },
  });
  const { costs } = await (await fetch(`${server.web}/api/v1/plans/examples`)).json();
  await ask('/api/v1/plans', {
    scenario: `name = ${JSON.stringify(hostile(100))}
[ranking.criteria.site_kind]
weight = 1
[ranking.kind_importance]
school = 0.6
[[phases]]
name = ${JSON.stringify(hostile(60))}
capex_minor = 100000000000
`,
    costs: Object.values(costs)[0],
  });
  // A file that is looked at before anything is imported: its columns, cells and refused rows are shown.
  const strange = sheet([[hostile(100), ...header], [hostile(), hostile(100), hostile(), hostile(60), 'x', hostile(60)]]);
  await ask(`/api/v1/imports?name=${encodeURIComponent('"><img data-xss src=x onerror=__xss=1>.csv')}`, strange, 'application/octet-stream');
  await ask('/api/v1/tokens', { name: hostile(), role: 'planner', days: 30 });
  const people = ['users', 'add', '--data', data, '--name'];
  await command('DESSERTE_BIN', [...people, hostile(), 'firmin', '--role', 'contractor', '--contractor', contractor]);
  const said = await command('DESSERTE_BIN', [...people, hostile(), 'amina', '--role', 'administrator']);
  link = JSON.parse(said).link;
  // What a stranger types at the door is in the log of sign-ins.
  const typed = { person: hostile(64), password: 'not the password' };
  const body = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(typed) };
  assert.equal((await fetch(`${server.web}/api/v1/session`, body)).status, 401);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  folder?.remove();
});

test('what people write is shown as it was written, and nothing of it runs', async () => {
  assert.ok(PAYLOADS.length >= 40);
  const { page, context, faults } = await watched(browser, server.web, { viewport: WIDTHS.desk });
  const dialogs = [];
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  const harmless = async (where) => {
    const found = await page.evaluate(() => ({
      ran: '__xss' in window,
      left: [...document.querySelectorAll('[data-xss], [onerror], [onload], iframe, object, embed, base')].map(
        (one) => one.outerHTML.slice(0, 200),
      ),
      links: [...document.querySelectorAll('[href], [action], [formaction], [src]')]
        .flatMap((one) => ['href', 'action', 'formaction', 'src'].map((name) => one.getAttribute(name) ?? ''))
        .filter((address) => /^\s*(javascript|data):/i.test(address)),
      title: document.title,
    }));
    assert.deepEqual([found.ran, found.left, found.links], [false, [], []], where);
    return page.locator('body').innerText();
  };
  await seen(page, 'the invitation', async () => {
    await page.goto(`${link}?lang=fr`);
    await page.locator('[data-new-password]').fill(PASSWORD);
    await harmless('invitation');
    await page.locator('[data-again]').fill(PASSWORD);
    await page.locator('[data-invitation] button').click();
    await page.locator('[data-sign-in]').waitFor();
    await page.locator('input[name=username]').fill('amina');
    await page.locator('input[name=password]').fill(PASSWORD);
    await page.locator('[data-sign-in] button').click();
    await page.locator('[data-who=amina]').waitFor();
  });
  const shown = new Set();
  const screens = [
    ...['', 'map', 'outages', 'agreements', `agreements/lot/${month}`],
    ...siteIds.flatMap((id) => [
      `sites/${encodeURIComponent(id)}`,
      `agreements/lot/${month}?site=${encodeURIComponent(id)}`,
    ]),
    ...['planning', 'planning?view=programme', 'agents', 'import', 'import/duplicates'],
    ...['access', 'access/tokens', 'access/log', 'access/signIns', 'account'],
    // What is typed into the address is repeated to who typed it.
    ...PAYLOADS.slice(0, 3).map((one) => `sites/${encodeURIComponent(one)}`),
    `map?query=${encodeURIComponent(PAYLOADS[4])}`,
  ];
  for (const [index, screen] of screens.entries()) {
    await seen(page, screen, async () => {
      await page.goto(`${server.web}/?at=${index}#/${screen}`);
      await page.locator('[data-who=amina]').waitFor();
      await settled(page);
      for (const closed of await page.locator('main details:not([open]) > summary').all()) {
        await closed.click({ timeout: 1_000 }).catch(() => {});
      }
      const text = await harmless(screen);
      if (/__xss/.test(text)) shown.add(screen);
    });
  }
  await seen(page, 'the search', async () => {
    await page.goto(`${server.web}/?search#/`);
    await page.locator('[data-who=amina]').waitFor();
    await page.locator('header input[type=search], header [role=combobox]').first().fill('__xss');
    await page.locator('[role=option]').first().waitFor();
    await harmless('search');
  });
  for (const screen of screens.filter((one) => one !== '')) {
    assert.ok(shown.has(screen), `${screen} shows none of the hostile texts`);
  }
  assert.deepEqual(PAYLOADS.filter((one) => !taken.has(one)), [], 'payloads that were in no field');
  assert.deepEqual(dialogs, []);
  // Before anybody is signed in the collector says so.
  assert.deepEqual((await faults()).filter((one) => !/status of 401/.test(one)), []);
  // The watch is awake: the same text as markup is seen, and the policy keeps it from running.
  await page.evaluate((html) => document.body.insertAdjacentHTML('beforeend', html), PAYLOADS[4]);
  await page.waitForFunction(() => window.__csp.length > 0);
  await assert.rejects(harmless('planted'));
  await context.close();
});
