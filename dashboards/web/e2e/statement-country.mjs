// A collector with an agreement of three sites, two of them measured since the month before last's
// end: outages that are charged, not charged and undecided, works, a silence. All of it invented.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { history } from './agent.mjs';
import { command, serve, temporary } from './servers.mjs';

export const SITES = ['lycee-essai', 'mairie-essai', 'poste-essai'];
export const AGREEMENT = 'ecoles-essai';
export const SLOT_SECONDS = 300;
const SLOT_MS = SLOT_SECONDS * 1000;
const TARGETS = ['ancre-essai-1', 'ancre-essai-2'];

const SITE_FILE = `id,name,kind,latitude,longitude,place,region,operator,invented
${SITES[0]},Lycée d'essai,school,-4.26,15.28,Brazzaville,Brazzaville,Opérateur d'essai,true
${SITES[1]},Mairie d'essai,town_hall,-4.27,15.27,Brazzaville,Brazzaville,Opérateur d'essai,true
${SITES[2]},Poste d'essai,post,-4.25,15.26,Brazzaville,Brazzaville,Opérateur d'essai,true
`;

const agreement = (id, title, sites) => `id = "${id}"
version = 1
title = "${title}"
valid_from = "2020-01-01"
time_zone = "Africa/Brazzaville"
sites = [${sites.map((site) => `"${site}"`).join(', ')}]
parties = { customer = "Ministère d'essai", contractor = "Opérateur d'essai SA" }
test = { targets = [${TARGETS.map((id) => `"${id}"`).join(', ')}], slot_seconds = ${SLOT_SECONDS} }
objective = { availability_percent = "99.5", minimum_measured_share = "0.80", latency = { statistic = { percentile = "0.95" }, at_most_us = 500000 } }
repair = { restore_within_minutes = 60 }
money = { currency = "XAF", monthly_fee = "300000", cap_percent = "50", credits = [{ rule = "tiers", tiers = [{ from_percent = "99.8", credit_percent = "0" }, { from_percent = "0", credit_percent = "10" }] }, { rule = "per_hour_of_late_repair", credit_percent = "2" }] }
machine = { n_enter = 3, n_exit = 3 }
exclusions = { classes = ["maintenance", "site_closed"], closing_days = 92 }
${TARGETS.map(
  (id, index) => `[[target]]
id = "${id}"
measure = { icmp = { host = "192.0.2.${index + 1}", packets = 5, payload_bytes = 16, timeout_ms = 2000 } }
`,
).join('')}`;

/** The month before the present one in the agreement's zone (UTC+1), and its start. */
export function lastMonth(now = Date.now()) {
  const local = new Date(now + 3_600_000);
  const start = Date.UTC(local.getUTCFullYear(), local.getUTCMonth() - 1, 1) - 3_600_000;
  const end = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), 1) - 3_600_000;
  return { month: new Date(start + 3_600_000).toISOString().slice(0, 7), start, end };
}

const WORKING = [{ collector: { attempts: 1, answered: 1 } }];
const LINE = {
  ...{ line: 0, carrier: true, associated: null, route: true, gateway: 'reachable' },
};
/** What a box sees when the operator's first device does not answer. */
const LAST_MILE = [
  { line: LINE },
  { gateway: { line: 0, sent: 5, received: 5 } },
  { first_hop: { line: 0, sent: 5, received: 0 } },
  { collector: { attempts: 1, answered: 0 } },
];

/** What it sees when the gateway itself is dead. */
const LAN = [
  { line: { ...LINE, gateway: 'failed' } },
  { gateway: { line: 0, sent: 5, received: 0 } },
  { collector: { attempts: 1, answered: 0 } },
];

/** What each site measured, by the slot's number from the month's start. */
const STORIES = {
  [SITES[0]]: (slot) => {
    if (slot >= 288 * 4 + 100 && slot < 288 * 4 + 118) return { received: 0, facts: LAST_MILE };
    if (slot >= 288 * 9 + 30 && slot < 288 * 9 + 42) return { received: 0, facts: [] };
    if (slot >= 288 * 14 && slot < 288 * 14 + 12) return { received: 0, facts: LAN };
    if (slot >= 288 * 17 && slot < 288 * 19) return null;
    return { received: 5, facts: slot % 6 === 0 ? WORKING : [] };
  },
  [SITES[1]]: (slot) => {
    if (slot >= 288 * 21 + 140 && slot < 288 * 21 + 146) return { received: 0, facts: LAST_MILE };
    return { received: 5, facts: slot % 6 === 0 ? WORKING : [] };
  },
};

export async function statementCountry() {
  const folder = temporary();
  const file = (name, text) => {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    return path;
  };
  const data = join(folder.path, 'collector');
  const sites = file('sites.csv', SITE_FILE);
  await command('DESSERTE_BIN', ['import', 'sites', sites, '--data', data, '--apply']);
  const texts = [
    agreement(AGREEMENT, 'Écoles et mairies, lot d’essai', SITES),
    agreement('postes-essai', 'Postes, lot d’essai', [SITES[2]]),
  ];
  for (const [index, text] of texts.entries()) {
    const path = file(`agreement-${index}.toml`, text);
    await command('DESSERTE_BIN', ['agreements', 'add', path, '--data', data]);
  }
  const listeners = ['--agents', '127.0.0.1:0', '--web', '127.0.0.1:0'];
  const server = await serve(['serve', '--data', data, ...listeners]);
  const { month, start } = lastMonth();
  for (const [site, story] of Object.entries(STORIES)) {
    const answer = await fetch(`${server.web}/api/v1/sites/${site}/codes`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    });
    const { code } = await answer.json();
    await history({
      ...{ collector: server.agents, code, targets: TARGETS, slotSeconds: SLOT_SECONDS, from: start },
      measure: (unixMs) => story((unixMs - start) / SLOT_MS),
    });
  }
  return {
    ...{ web: server.web, month, start, data, output: server.output },
    stop: async () => {
      await server.stop();
      folder.remove();
    },
  };
}
