// Development only: serves `dist/` under the product's content security policy, with SYNTHETIC
// answers to the HTTP contract. `PORT` chooses the port (8123), `FIXTURE_EMPTY=1` answers empty
// lists, `FIXTURE_FAIL=1` answers problems, `FIXTURE_MIX=1` mixes the states, `FIXTURE_SITE` names
// the first site.

import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ABSENT, LAYERS, PLACES, STATES, TARGET_LIST, history, makeOutages, makeSites, month, plan, shape } from './data.mjs';
import { compactMap, compactStates, mapSites, outline, overview } from './map.mjs';
import { addAreaCut, agentList, events as eventList, facets, group, groups, robustness, targetDays } from './screens.mjs';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png' };
const CSP = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const empty = Boolean(process.env.FIXTURE_EMPTY);
const sites = empty ? [] : makeSites(1200);
const outages = makeOutages(sites);
if (!empty) addAreaCut(sites, outages);
outages.forEach((one) => { one.operator ??= sites.find((site) => site.id === one.site)?.operator ?? null; });
const compact = compactMap(sites);
const streams = new Set();
const AGREEMENT = { id: 'contrat-synthetique', title: 'Contrat synthétique de démonstration', version: 1, valid_from: '2026-01-01T00:00:00Z', valid_to: null, sites: sites.slice(0, 24).map((site) => site.id), slot_seconds: 60, target_availability_percent: '99.5' };

const list = (items, query) => {
  const limit = Number(query.get('limit') ?? 100);
  const offset = Number(query.get('cursor') ?? 0);
  return { items: items.slice(offset, offset + limit), next: offset + limit < items.length ? String(offset + limit) : null };
};

function summary() {
  const counts = Object.fromEntries(STATES.map((state) => [state, sites.filter((site) => site.state === state).length]));
  return {
    as_of: new Date().toISOString(), sites: { total: sites.length, ...counts }, agents: { total: empty ? 0 : 3, silent: empty ? 0 : 1 },
    measured_sites: sites.length - counts.unknown,
    availability_24_hours: empty ? null : { up_slots: 96_570, measured_slots: 100_000, percent: '96.570000' },
  };
}

const agents = empty ? [] : ['reporting', 'silent', 'revoked'].map((state, i) => ({
  id: `agent-${i + 1}f3a9c`, site: sites[i].id, site_name: sites[i].name, state, enrolled_at: '2026-10-02T08:00:00Z',
  last_batch_at: new Date(Date.now() - 40_000 - i * 9e6).toISOString(), last_heartbeat_at: i ? null : new Date(Date.now() - 90_000).toISOString(),
  software: 'desserte-probe 0.1.0', spool_records: i * 12, spool_dropped: i === 2 ? 40 : 0, unconfirmed_lines: i === 0 ? 1 : 0,
}));

function detail(site) {
  const first = sites.indexOf(site) === 0;
  return {
    ...site, aliases: first ? ['node/123456'] : [],
    versions: first ? [
      { valid_from: '2025-03-01T00:00:00Z', valid_to: '2026-02-01T00:00:00Z', name: 'Ancien nom synthétique', kind: site.kind, latitude: site.latitude, longitude: site.longitude, operator: null, status: 'open' },
      { valid_from: '2026-02-01T00:00:00Z', valid_to: null, name: site.name, kind: site.kind, latitude: site.latitude, longitude: site.longitude, operator: 'Opérateur synthétique', status: 'open' },
    ] : [],
    agents: first ? [{
      id: agents[0].id, state: 'reporting', last_batch_at: agents[0].last_batch_at, last_heartbeat_at: agents[0].last_heartbeat_at, software: agents[0].software, boot: 'b', spool_records: 3, assigned_from: '2026-10-02T08:00:00Z', assigned_to: null,
      lines: [
        { key: 'k1', interface: 'eth0', gateway: 'a91f…', family: 'ipv4', public_address: '192.0.2.14', confirmed: true, first_seen_at: '2026-10-02T08:00:00Z', last_seen_at: '2026-11-20T10:00:00Z' },
        { key: 'k2', interface: 'wwan0', gateway: '77c0…', family: 'ipv4', public_address: '198.51.100.9', confirmed: false, first_seen_at: '2026-11-20T10:00:00Z', last_seen_at: '2026-11-20T10:00:00Z' },
      ],
    }] : [],
    targets: TARGET_LIST, agreements: AGREEMENT.sites.includes(site.id) ? [AGREEMENT.id] : [],
    latest: first ? [{ target: 'ancre-1', at: new Date(Date.now() - 50_000).toISOString(), sent: 5, received: 5, rtt_us_median: 41_230, outcome: 'ok' }] : [],
  };
}

const country = {
  id: 'FX', name_fr: 'République du Congo', name_en: 'Republic of the Congo', time_zone: 'Africa/Brazzaville', bounds: [11.1, -5.05, 18.7, 3.75], invented_sites: true,
  notice: [{ text_fr: 'Données synthétiques du serveur de développement.', text_en: 'Synthetic data of the development server.' }], layers: LAYERS, absent_layers: ABSENT,
};

function mapColumns() {
  const column = (key) => sites.map((site) => site[key]);
  return { id: column('id'), name: column('name'), kind: column('kind'), latitude: column('latitude'), longitude: column('longitude'), state: column('state'), region: column('region'), invented: true };
}

function answer(path, query) {
  if (path === '/country') return country;
  const named = path.match(/^\/country\/(regions|border|neighbours)\.geojson$/);
  if (named) return shape(named[1]);
  if (path === '/country/places.json') return { items: PLACES.map(([name, latitude, longitude, population]) => ({ name, latitude, longitude, population })) };
  if (path === '/summary') return summary();
  if (path === '/overview') return overview(sites, summary(), country);
  if (path === '/country/outline.json') return outline(shape('regions'));
  if (path === '/map/sites') return mapSites(compact.rows, query);
  if (path === '/sites') return list(sites.filter((site) => `${site.name} ${site.id}`.toLowerCase().includes((query.get('query') ?? '').toLowerCase())), query);
  if (path === '/demo') return { simulated: false, phase: 'none', sites: 0, sites_done: 0, history_days: 0, site_days: 0, site_days_done: 0, started_at: null, away: null };
  if (path === '/map') return mapColumns();
  if (path === '/agents') return list(agentList(agents, sites).filter((agent) => !query.get('state') || agent.state === query.get('state')), query);
  if (path === '/facets') return facets(sites);
  if (path === '/outages/groups') return groups(outages, query, list);
  if (path.startsWith('/outages/groups/')) return group(outages, path.slice(16), query, list);
  if (path === '/plans/current/robustness') return robustness(plan(sites, query, Infinity, 0).items, Number(query.get('top') ?? 20));
  if (path === '/agreements') return list(empty ? [] : [AGREEMENT], query);
  if (path.startsWith('/agreements/')) return { agreement: AGREEMENT.id, month: path.slice(-7), sites: AGREEMENT.sites.map((id) => month(id, path.slice(-7), AGREEMENT.id)) };
  if (path === '/outages') {
    return list(outages.filter((item) => (!query.get('site') || item.site === query.get('site')) && (!query.get('cause') || item.cause === query.get('cause')) && (query.get('open') !== 'true' || item.end === null)), query);
  }
  if (path === '/plans/current') return plan(sites, query, Number(query.get('limit') ?? 100), Number(query.get('cursor') ?? 0));
  const parts = path.split('/');
  const site = sites.find((item) => item.id === parts[2]);
  if (parts[1] !== 'sites' || !site) return null;
  if (parts[3] === 'history') return history(query);
  if (parts[3] === 'targets') return targetDays(TARGET_LIST);
  if (parts[3] === 'evidence') return eventList(query, list);
  if (parts[3] === 'months') return month(site.id, parts[4], query.get('agreement'));
  if (parts[3] === 'codes') return { code: 'FIXT-URE0-CODE-0000', collector: 'https://127.0.0.1:9443', site: site.id, expires_at: new Date(Date.now() + 3.6e6).toISOString() };
  return detail(site);
}

function events(response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write(': synthetic\n\n');
  streams.add(response);
  response.on('close', () => streams.delete(response));
}
setInterval(() => streams.forEach((stream) => stream.write(': keep\n\n')), 15_000).unref();

/** `POST /dev/flip?site=ID&state=STATE` changes a site's state, with the outage that goes with it. */
function flip(id, wanted) {
  const site = sites.find((item) => item.id === id);
  if (!site) return false;
  const open = outages.find((item) => item.site === id && item.end === null);
  const now = new Date().toISOString();
  site.state = wanted ?? (open ? 'up' : 'down');
  site.since = now;
  site.cause = site.state === 'down' ? 'destination' : null;
  if (open && site.state !== 'down') open.end = now;
  if (!open && site.state === 'down') outages.unshift({ id: `outage-live-${outages.length}`, site: id, site_name: site.name, site_kind: site.kind, region: site.region, start: now, end: null, slot_seconds: 2, down_slots: 5, cause: 'destination', locus: null, facts: [{ code: 'collector_reachable', values: {} }], agent: agents[0].id });
  const send = (event, data) => streams.forEach((stream) => stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
  send('site', { id, state: site.state, since: site.since, cause: site.cause, map_version: '00000000000f1c71', map_row: compact.rows.indexOf(site) });
  const changed = open ?? outages.find((item) => item.site === id && item.end === null);
  if (changed) send('outage', changed);
  send('summary', summary());
  return true;
}

/** A synthetic sample of the first site now and then, so that live charts are seen to move. */
setInterval(() => {
  const sample = { site: sites[0]?.id, target: 'ancre-1', at: new Date().toISOString(), rtt_us_median: 41_000, sent: 5, received: 5 };
  streams.forEach((stream) => stream.write(`event: sample\ndata: ${JSON.stringify(sample)}\n\n`));
}, 3_000).unref();

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://127.0.0.1');
  const json = (status, body, type = 'application/json') => {
    response.writeHead(status, { 'Content-Type': type, 'Content-Security-Policy': CSP, 'Cache-Control': 'no-store' });
    response.end(JSON.stringify(body));
  };
  if (url.pathname === '/dev/flip') return json(flip(url.searchParams.get('site'), url.searchParams.get('state')) ? 200 : 404, {});
  if (url.pathname.startsWith('/api/v1')) {
    if (process.env.FIXTURE_FAIL) return json(500, { title: 'Internal', status: 500, code: 'internal', detail: 'synthetic failure' }, 'application/problem+json');
    const path = url.pathname.slice(7);
    if (path === '/events') return events(response);
    if (path === '/map/states' || (path === '/map' && request.headers.accept?.includes('vnd.desserte.map'))) {
      response.writeHead(200, { 'Content-Type': 'application/vnd.desserte.map', 'Cache-Control': 'no-store' });
      return response.end(path === '/map' ? compact.bytes : compactStates(compact.rows));
    }
    if (path === '/plans/current/export') {
      const geojson = url.searchParams.get('format') === 'geojson';
      const french = url.searchParams.get('language') === 'fr';
      const { items } = plan(sites, url.searchParams, Infinity, 0);
      response.writeHead(200, { 'Content-Type': geojson ? 'application/geo+json' : 'text/csv; charset=utf-8', 'Content-Disposition': `attachment; filename="plan.${geojson ? 'geojson' : 'csv'}"` });
      if (geojson) return response.end(JSON.stringify({ type: 'FeatureCollection', features: items.map((item) => ({ type: 'Feature', properties: { site: item.site, score: item.score }, geometry: { type: 'Point', coordinates: [item.longitude, item.latitude] } })) }));
      const rows = items.map((item) => [item.rank, item.site, item.site_name, item.score.toFixed(6)].map((cell) => (french ? String(cell).replace('.', ',') : String(cell))).join(french ? ';' : ','));
      return response.end([french ? '\ufeffrang;site;nom;score' : 'rank,site,name,score', ...rows, ''].join('\r\n'));
    }
    const body = answer(path, url.searchParams);
    return body ? json(request.method === 'POST' ? 201 : 200, body) : json(404, { title: 'Not found', status: 404, code: 'not_found' }, 'application/problem+json');
  }
  const file = join(DIST, normalize(url.pathname === '/' ? '/index.html' : url.pathname));
  if (!file.startsWith(DIST) || !existsSync(file)) return json(404, {});
  response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP });
  createReadStream(file).pipe(response);
});
server.listen(Number(process.env.PORT ?? 8123), '127.0.0.1', () => {
  const { port } = server.address();
  process.stdout.write(`${JSON.stringify({ web: `http://127.0.0.1:${port}` })}\n`);
});
