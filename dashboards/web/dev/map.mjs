// Development only: the compact map, its states and the overview of SYNTHETIC sites, in the shapes
// of docs/map.md and docs/openapi.json.

const STATE_CODES = ['up', 'degraded', 'down', 'excluded', 'unknown'];
const VERSION = '00000000000f1c71';
const PEOPLE = new Set(['town_hall', 'civil_registry', 'hospital', 'health_centre', 'school', 'post']);

/** 16 bits moved to the even places (Morton, 1966). */
function spread(value) {
  let bits = value & 0xffff;
  bits = (bits | (bits << 8)) & 0x00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x33333333;
  return (bits | (bits << 1)) & 0x55555555;
}

export function compactMap(sites) {
  const west = Math.min(...sites.map((site) => site.longitude), 0);
  const south = Math.min(...sites.map((site) => site.latitude), 0);
  const stepX = (Math.max(...sites.map((site) => site.longitude), 0) - west) / 65_535 || 1;
  const stepY = (Math.max(...sites.map((site) => site.latitude), 0) - south) / 65_535 || 1;
  const code = (site) =>
    (spread(Math.round((site.longitude - west) / stepX)) | (spread(Math.round((site.latitude - south) / stepY)) << 1)) >>> 0;
  const rows = sites.map((site) => ({ site, code: code(site) })).sort((a, b) => a.code - b.code);
  const kinds = [...new Set(sites.map((site) => site.kind))].sort();
  const regions = [...new Set(sites.map((site) => site.region).filter(Boolean))].sort();
  const header = Buffer.from(JSON.stringify({ version: VERSION, sites: rows.length, west, south, step_longitude: stepX, step_latitude: stepY, kinds, regions, invented: true }));
  const planes = Buffer.alloc(7 * rows.length);
  let before = 0;
  rows.forEach((row, i) => {
    const difference = (row.code - before) >>> 0;
    before = row.code;
    const region = regions.indexOf(row.site.region) + 1;
    const bytes = [difference, difference >>> 8, difference >>> 16, difference >>> 24, kinds.indexOf(row.site.kind), region, region >> 8];
    bytes.forEach((byte, plane) => planes.writeUInt8(byte & 0xff, plane * rows.length + i));
  });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  return { rows: rows.map((row) => row.site), bytes: Buffer.concat([Buffer.from('DSM1'), length, header, planes]) };
}

export function compactStates(rows) {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(rows.length);
  return Buffer.concat([Buffer.from(`DSS1${VERSION}`), count, Buffer.from(rows.map((site) => STATE_CODES.indexOf(site.state)))]);
}

export function mapSites(rows, query) {
  const item = (row) => ({ row, id: rows[row].id, name: rows[row].name, state: rows[row].state });
  const ids = new Set(JSON.parse(query.get('ids') ?? '[]'));
  const wanted = (query.get('rows') ?? '').split(',').filter(Boolean).map(Number);
  rows.forEach((site, row) => ids.has(site.id) && wanted.push(row));
  return { version: VERSION, items: wanted.filter((row) => rows[row]).map(item) };
}

const isSilent = (site) => site.state === 'unknown' && site.measured;

function tally(sites) {
  const counts = { total: sites.length, up: 0, degraded: 0, down: 0, unknown: 0, excluded: 0 };
  for (const site of sites) counts[site.state] += 1;
  const heard = counts.up + counts.degraded + counts.down;
  const up = heard * 1440 - counts.down * 130;
  return {
    sites: counts,
    measured_sites: sites.filter((site) => site.measured || site.state !== 'unknown').length,
    silent_sites: sites.filter(isSilent).length,
    availability_24_hours: heard ? { up_slots: up, measured_slots: heard * 1440, percent: ((100 * up) / (heard * 1440)).toFixed(6) } : null,
  };
}

function by(sites, key) {
  const groups = new Map();
  for (const site of sites) groups.set(site[key], [...(groups.get(site[key]) ?? []), site]);
  return [...groups].sort(([a], [b]) => (a === null) - (b === null) || String(a).localeCompare(String(b)));
}

export function overview(sites, summary, country) {
  const groups = new Map();
  for (const site of sites) {
    if (site.state !== 'down' && !isSilent(site)) continue;
    const cause = site.state === 'down' ? (site.cause ?? 'undetermined') : null;
    const key = [site.state, cause, site.region, site.operator].join('|');
    groups.set(key, [...(groups.get(key) ?? []), { ...site, cause }]);
  }
  const shown = [...groups.values()]
    .map((list) => ({
      shared: list.length > 4, state: list[0].state, cause: list[0].cause, region: list[0].region, operator: list[0].operator, sites: list.length,
      first_since: list.map((site) => site.since).sort()[0], last_since: list.map((site) => site.since).sort().at(-1),
      kinds: by(list, 'kind').map(([kind, of]) => ({ kind, sites: of.length })).sort((a, b) => b.sites - a.sites),
      examples: list.slice(0, 3).map((site) => ({ site: site.id, name: site.name })),
    }))
    .sort((a, b) => a.state.localeCompare(b.state) || b.sites - a.sites);
  const down = sites.filter((site) => site.state === 'down');
  return {
    country: { id: country.id, name_fr: country.name_fr, name_en: country.name_en, time_zone: country.time_zone, invented_sites: true },
    summary, silent_sites: sites.filter(isSilent).length,
    regions: by(sites, 'region').map(([region, list]) => ({ region, ...tally(list) })),
    kinds: by(sites, 'kind').map(([kind, list]) => { const { availability_24_hours: _, ...rest } = tally(list); return { kind, serves_people: PEOPLE.has(kind), ...rest }; }),
    operators: by(sites, 'operator').map(([operator, list]) => ({ operator, ...tally(list) })),
    causes: by(down.map((site) => ({ ...site, cause: site.cause ?? 'undetermined' })), 'cause').map(([cause, list]) => ({ cause, sites: list.length, first_since: list[0].since })).sort((a, b) => b.sites - a.sites),
    groups: shown.slice(0, 40), groups_left_out: Math.max(0, shown.length - 40),
  };
}

/** Not simplified, unlike the collector's: only the shape of the answer is the same. */
export function outline(collection) {
  const rings = (geometry) => (geometry.type === 'Polygon' ? geometry.coordinates : geometry.coordinates.flat());
  const all = collection.features.flatMap((feature) => rings(feature.geometry).flat());
  const [west, east] = [Math.min(...all.map((p) => p[0])), Math.max(...all.map((p) => p[0]))];
  const [south, north] = [Math.min(...all.map((p) => p[1])), Math.max(...all.map((p) => p[1]))];
  const scale = 1000 / Math.max(east - west, north - south);
  const place = ([x, y]) => [Math.round((x - west) * scale), Math.round((north - y) * scale)];
  return {
    width: Math.round((east - west) * scale), height: Math.round((north - south) * scale),
    shapes: collection.features.map((feature) => {
      const ring = rings(feature.geometry)[0].map(place);
      const middle = (at) => Math.round((Math.min(...ring.map((p) => p[at])) + Math.max(...ring.map((p) => p[at]))) / 2);
      return { name: feature.properties.name, path: rings(feature.geometry).map((r) => `M${r.map((p) => place(p).join(' ')).join('L')}z`).join(''), x: middle(0), y: middle(1), room: 120 };
    }),
  };
}
