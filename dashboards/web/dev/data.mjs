// SYNTHETIC data for looking at the page while developing it. Nothing here is a real site,
// measurement or agreement, and nothing here is part of the build.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const STATES = ['up', 'degraded', 'down', 'excluded', 'unknown'];
const KINDS = ['ministry', 'town_hall', 'civil_registry', 'court', 'hospital', 'health_centre', 'school', 'post', 'police'];
const KIND_FR = ['Ministère', 'Mairie', 'État civil', 'Tribunal', 'Hôpital', 'CSI', 'École', 'Poste', 'Commissariat'];

let seed = 7;
export function random() {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
}
const pick = (list) => list[Math.floor(random() * list.length)];

export const PLACES = [
  ['Brazzaville', -4.2658, 15.2832, 1284609, 'Brazzaville'],
  ['Pointe-Noire', -4.7761, 11.8635, 715334, 'Pointe-Noire'],
  ['Dolisie', -4.1983, 12.6666, 103894, 'Niari'],
  ['Kayes', -4.2049, 13.2861, 58737, 'Bouenza'],
  ['Owando', -0.4819, 15.8999, 23952, 'Cuvette'],
  ['Ouésso', 1.6136, 16.0517, 28179, 'Sangha'],
  ['Impfondo', 1.6181, 18.0598, 20859, 'Likouala'],
  ['Sibiti', -3.6819, 13.3498, 22811, 'Lékoumou'],
  ['Madingou', -4.1536, 13.55, 22760, 'Bouenza'],
  ['Gamboma', -1.8764, 15.8644, 20877, 'Plateaux'],
  ['Djambala', -2.5447, 14.7533, 9651, 'Plateaux'],
  ['Makoua', 0.0069, 15.6333, 11355, 'Cuvette'],
  ['Ewo', -0.8725, 14.8206, 4923, 'Cuvette-Ouest'],
  ['Kinkala', -4.3614, 14.7644, 13882, 'Pool'],
];

export const TARGET_LIST = [
  { id: 'ancre-1', name: 'Ancre nationale', kind: 'icmp', address: '192.0.2.1' },
  { id: 'portail', name: 'Portail des services', kind: 'http', address: 'https://portail.example' },
];

export function makeSites(count) {
  const sites = [];
  const total = PLACES.reduce((sum, place) => sum + Math.sqrt(place[3]), 0);
  for (const [name, latitude, longitude, population, region] of PLACES) {
    const here = Math.max(4, Math.round((count * Math.sqrt(population)) / total));
    for (let i = 0; i < here; i += 1) {
      const kind = Math.floor(random() * KINDS.length);
      const spread = 0.02 + 0.35 * random() ** 3;
      const draw = random();
      const state = draw < 0.05 ? 'up' : draw < 0.06 ? 'down' : draw < 0.065 ? 'degraded' : draw < 0.07 ? 'excluded' : 'unknown';
      sites.push({
        id: (sites.length === 0 && process.env.FIXTURE_SITE) || `FX-${String(sites.length + 1).padStart(6, '0')}`,
        name: `${KIND_FR[kind]} ${name} ${i + 1}`,
        kind: KINDS[kind],
        latitude: latitude + (random() - 0.5) * spread,
        longitude: longitude + (random() - 0.5) * spread,
        place: name,
        region,
        operator: pick(['Opérateur A (synthétique)', 'Opérateur B (synthétique)', null]),
        state: process.env.FIXTURE_MIX ? pick(['up', 'up', 'up', 'up', 'up', 'up', 'degraded', 'down', 'excluded', 'unknown']) : state,
        since: new Date(Date.now() - random() * 9e8).toISOString(),
        cause: null,
        invented: true,
        sensitive: ['police', 'court', 'ministry'].includes(KINDS[kind]),
        agents: 0,
      });
    }
  }
  return sites;
}

const FACTS = [
  { cause: 'destination', facts: [{ code: 'collector_reachable', values: {} }, { code: 'targets_failing', values: { count: 1, total: 2 } }] },
  { cause: 'last_mile', facts: [{ code: 'gateway_probe', values: { sent: 12, received: 12 } }, { code: 'first_hop_probe', values: { sent: 12, received: 0 } }] },
  { cause: 'undetermined', facts: [{ code: 'agent_silent', values: { seconds: 420 } }] },
  { cause: 'power', facts: [{ code: 'boot_changed', values: {} }, { code: 'mains_lost', values: {} }] },
  { cause: 'lan', facts: [{ code: 'fixture_unknown_code', values: { carrier: false } }] },
];

export function makeOutages(sites) {
  const outages = [];
  const make = (site, start, end) => {
    const choice = pick(FACTS);
    site.cause = end === null ? choice.cause : site.cause;
    outages.push({
      id: `outage-${outages.length + 1}`,
      site: site.id,
      site_name: site.name,
      site_kind: site.kind,
      region: site.region,
      operator: site.operator,
      sensitive: site.sensitive,
      start: new Date(start).toISOString(),
      end: end === null ? null : new Date(end).toISOString(),
      slot_seconds: 60,
      down_slots: Math.ceil(((end ?? Date.now()) - start) / 60000),
      cause: choice.cause,
      locus: null,
      facts: choice.facts,
      agent: 'agent-7f3a',
    });
  };
  for (const site of sites) {
    if (site.state === 'down') make(site, Date.parse(site.since), null);
    if (site.state === 'up' && random() < 0.5) {
      const start = Date.now() - 1e9 * random() - 2e7;
      make(site, start, start + 1.2e7 * random());
    }
  }
  return outages.sort((a, b) => (a.start < b.start ? 1 : -1));
}

export function history(query) {
  const from = Math.floor(Date.parse(query.get('from')) / 1000);
  const to = Math.floor(Date.parse(query.get('to')) / 1000);
  const step = Math.max(60, Math.ceil((to - from) / 720 / 60) * 60);
  const answer = { target: query.get('target'), step_seconds: step, start_unix_s: [], sent: [], received: [], rtt_us_min: [], rtt_us_median: [], rtt_us_p95: [], state: [] };
  for (let t = Math.floor(from / step) * step; t < to; t += step) {
    const part = (t - from) / (to - from);
    const gap = part > 0.3 && part < 0.36;
    const down = part > 0.62 && part < 0.655;
    answer.start_unix_s.push(t);
    const sent = gap ? null : 5;
    const received = gap ? null : down ? 0 : random() < 0.05 ? 4 : 5;
    const median = gap || down ? null : Math.round(38000 + 9000 * Math.sin(t / 9000) + 6000 * random());
    answer.sent.push(sent);
    answer.received.push(received);
    answer.rtt_us_min.push(median === null ? null : median - 9000);
    answer.rtt_us_median.push(median);
    answer.rtt_us_p95.push(median === null ? null : Math.round(median * (1.15 + 0.4 * random() ** 6)));
    answer.state.push(gap ? 'unknown' : down ? 'down' : received === 4 ? 'degraded' : 'up');
  }
  return answer;
}

export function month(site, text, agreement) {
  const days = [];
  const now = new Date();
  for (let d = 1; d <= 30; d += 1) {
    const date = `${text}-${String(d).padStart(2, '0')}`;
    const future = new Date(`${date}T00:00:00Z`) > now;
    const down = d === 9 ? 212 : d === 17 ? 6 : 0;
    const unknown = future ? 1440 : d === 4 ? 600 : 0;
    const excluded = d === 12 ? 120 : 0;
    days.push({ date, up_slots: 1440 - down - unknown - excluded, down_slots: down, unknown_slots: unknown, excluded_slots: excluded });
  }
  const sum = (key) => days.reduce((total, item) => total + item[key], 0);
  const up = sum('up_slots');
  const down = sum('down_slots');
  const percent = ((100 * up) / (up + down)).toFixed(6);
  return {
    site, agreement, month: text, period_start: `${text}-01T00:00:00Z`, period_end: `${text}-30T23:00:00Z`,
    slot_seconds: 60, period_slots: 43200, excluded_slots: sum('excluded_slots'), unknown_slots: sum('unknown_slots'),
    measured_slots: up + down, down_slots: down, up_slots: up, raw_good_slots: up,
    availability: { numerator: up, denominator: up + down, percent },
    unknown_interval: { minimum_percent: ((100 * up) / 43080).toFixed(6), maximum_percent: ((100 * (43080 - down)) / 43080).toFixed(6) },
    coverage: { numerator: up + down, denominator: 43080, percent: ((100 * (up + down)) / 43080).toFixed(6) },
    billable: false, outage_count: 2, mttr_minutes: '109.000000', mtbf_minutes: '16020.000000', outages: [], days,
    revision: 1, final: false, target_availability_percent: '99.5', target_met: Number(percent) >= 99.5,
  };
}

export function plan(sites, query, limit, offset) {
  const own = [['fibre_distance', 0.4, 'm'], ['mast_distance', 0.15, 'm'], ['place_population', 0.25, 'inhabitants'], ['unavailability', 0.2, '1']];
  const given = new Map((query.get('weights') ?? '').split(',').filter(Boolean).map((pair) => pair.split(':')).map(([id, w]) => [id, Number(w)]));
  const criteria = own.map(([id, weight, unit]) => ({ id, weight: given.size ? (given.get(id) ?? 0) : weight, unit, better: 'higher_need', known_sites: id === 'mast_distance' ? 0 : id === 'unavailability' ? 61 : sites.length }));
  const items = sites.map((site, index) => {
    const values = [((index * 7919) % 90000) + 120.4, null, ((index * 104729) % 90000) + 900, index % 9 === 0 ? (index % 100) / 400 : null];
    const contributions = criteria.map((criterion, i) => {
      const value = values[i];
      const normalised = value === null ? null : Math.min(1, value / [90000, 1, 90000, 0.25][i]);
      return {
        criterion: criterion.id, value, unit: criterion.unit, normalised, weight: criterion.weight,
        contribution: normalised === null ? null : normalised * criterion.weight,
        unknown_reason: value === null ? (i === 1 ? 'layer_absent' : 'not_measured') : null,
        source: value === null ? null : 'couche synthétique, 2026',
      };
    });
    return {
      rank: 0, site: site.id, site_name: site.name, kind: site.kind, region: site.region, latitude: site.latitude, longitude: site.longitude,
      score: contributions.reduce((sum, item) => sum + (item.contribution ?? 0), 0),
      known_weight_share: contributions.filter((item) => item.contribution !== null).reduce((sum, item) => sum + item.weight, 0),
      contributions,
    };
  }).sort((a, b) => b.score - a.score);
  items.forEach((item, index) => { item.rank = index + 1; });
  return { criteria, layers: LAYERS, absent_layers: ABSENT, sites: sites.length, items: items.slice(offset, offset + limit), next: offset + limit < items.length ? String(offset + limit) : null, preset: query.get('preset') ?? 'balanced', presets: ['balanced', 'schools_first', 'health_and_justice', 'administrative_continuity'] };
}

export const LAYERS = [
  { kind: 'regions', name: 'Synthetic regions', source: 'dev fixture', licence: 'none', date: '2026-01-01', features: 12 },
  { kind: 'places', name: 'Synthetic places', source: 'dev fixture', licence: 'none', date: '2026-01-01', features: PLACES.length },
];
export const ABSENT = [
  { kind: 'fibre_lines', note_fr: 'Aucune couche dont la licence permette la redistribution\u00a0: importez la vôtre.', note_en: 'No layer with a licence to redistribute: import yours.' },
  { kind: 'masts', note_fr: 'Importez la vôtre.', note_en: 'Import yours.' },
];

/** Outlines of the shipped country when they are there, else a box. */
export function shape(name) {
  const shipped = fileURLToPath(new URL('../../../demo/congo', import.meta.url));
  const folder = process.env.FIXTURE_COUNTRY ?? shipped;
  try {
    return JSON.parse(readFileSync(resolve(folder, `${name}.geojson`), 'utf8'));
  } catch {
    // Falls through to the box.
  }
  const box = name === 'neighbours'
    ? [[[18.7, 3.6], [27, 4.5], [29, -6], [16, -6], [16.2, -2], [18.7, 3.6]], [[8.6, 2.2], [14, 2.2], [13.9, -2.4], [11, -3.6], [8.6, -0.6], [8.6, 2.2]]]
    : [[[11.1, -4.9], [18.6, -4.9], [18.6, 3.7], [11.1, 3.7], [11.1, -4.9]]];
  const names = ['RD Congo', 'Gabon'];
  return { type: 'FeatureCollection', features: box.map((ring, i) => ({ type: 'Feature', properties: { name: name === 'neighbours' ? names[i] : 'Synthetic' }, geometry: { type: 'Polygon', coordinates: [ring] } })) };
}
