// All sites of a country in typed arrays: 100,000 of them are some megabytes, and a change of one
// state is one byte. Read from the collector's compact map (docs/map.md) or from JSON columns.

import { SITE_STATES, type MapColumns, type SiteState } from '../api/types';

const PLACES = 'DSM1';
const STATES = 'DSS1';
/** Hexadecimal digits of a version. */
const VERSION_LENGTH = 16;
/** Planes of bytes after the header: four of the position, one of the kind, two of the region. */
const PLANES = 7;
/** Latitude where the web Mercator square ends. */
const LATITUDE_MAX = 85.05112878;
/** Side of the world at zoom 0, pixels. */
export const WORLD_PX = 256;

export interface NamedSite {
  id: string;
  name: string | null;
  sensitive: boolean;
}

interface Parts {
  version: string | null;
  longitude: Float64Array;
  latitude: Float64Array;
  kinds: string[];
  kind: Uint8Array;
  regions: string[];
  region: Uint16Array;
  state: Uint8Array;
  invented: boolean;
}

/** WGS 84 degrees → web Mercator pixels at zoom 0 (EPSG:3857, tiles of 256). */
export function worldX(longitude: number): number {
  return (longitude / 360 + 0.5) * WORLD_PX;
}
export function worldY(latitude: number): number {
  const clipped = Math.max(-LATITUDE_MAX, Math.min(LATITUDE_MAX, latitude));
  const sine = Math.sin((clipped * Math.PI) / 180);
  return (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * WORLD_PX;
}

const UNKNOWN = SITE_STATES.indexOf('unknown');

export class SiteColumns {
  /** What the rows mean; `null` when they are nobody's but this page's. */
  readonly version: string | null;
  readonly count: number;
  readonly longitude: Float64Array;
  readonly latitude: Float64Array;
  /** Web Mercator at zoom 0; not a number where a site has no usable position. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly kinds: readonly string[];
  readonly kind: Uint8Array;
  readonly regions: readonly string[];
  /** 0: no region is known; else one more than the place in `regions`. */
  readonly region: Uint16Array;
  /** Places in `SITE_STATES`; changed in place. */
  readonly state: Uint8Array;
  readonly invented: boolean;
  /** Rows whose identifier and name are known already. */
  readonly named = new Map<number, NamedSite>();

  constructor(parts: Parts) {
    this.version = parts.version;
    this.count = parts.longitude.length;
    this.longitude = parts.longitude;
    this.latitude = parts.latitude;
    this.x = parts.longitude.map(worldX);
    this.y = parts.latitude.map(worldY);
    this.kinds = parts.kinds;
    this.kind = parts.kind;
    this.regions = parts.regions;
    this.region = parts.region;
    this.state = parts.state;
    this.invented = parts.invented;
  }

  stateOf(row: number): SiteState {
    return SITE_STATES[this.state[row] ?? UNKNOWN] ?? 'unknown';
  }

  kindOf(row: number): string {
    return this.kinds[this.kind[row] ?? -1] ?? 'other';
  }

  regionOf(row: number): string | null {
    return this.regions[(this.region[row] ?? 0) - 1] ?? null;
  }

  /** Takes over the states of an answer; `false` when they are those of another map. */
  takeStates(buffer: ArrayBuffer): boolean {
    const bytes = new Uint8Array(buffer);
    const text = ascii(bytes, 0, STATES.length + VERSION_LENGTH);
    const start = STATES.length + VERSION_LENGTH + 4;
    if (text !== STATES + (this.version ?? '') || bytes.length !== start + this.count) return false;
    this.state.set(bytes.subarray(start));
    return true;
  }
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

interface Header {
  version: string;
  sites: number;
  west: number;
  south: number;
  step_longitude: number;
  step_latitude: number;
  kinds: string[];
  regions: string[];
  invented: boolean;
}

/** The bits at even places, moved together: one coordinate of a place on the Z-order curve. */
function gathered(code: number): number {
  let bits = code & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0xffff;
}

/** Reads the compact map. Its states are unknown until `takeStates`. */
export function fromCompact(buffer: ArrayBuffer): SiteColumns {
  const bytes = new Uint8Array(buffer);
  if (ascii(bytes, 0, PLACES.length) !== PLACES) throw new Error('not a map of sites');
  const length = new DataView(buffer).getUint32(PLACES.length, true);
  const body = PLACES.length + 4 + length;
  const header = JSON.parse(
    new TextDecoder().decode(bytes.subarray(PLACES.length + 4, body)),
  ) as Header;
  const count = header.sites;
  if (bytes.length !== body + PLANES * count) throw new Error('a map of sites was cut short');
  const plane = (at: number) => bytes.subarray(body + at * count, body + (at + 1) * count);
  const [low, second, third, high] = [plane(0), plane(1), plane(2), plane(3)];
  const longitude = new Float64Array(count);
  const latitude = new Float64Array(count);
  const region = new Uint16Array(count);
  const [regionLow, regionHigh] = [plane(5), plane(6)];
  let code = 0;
  for (let row = 0; row < count; row += 1) {
    const difference =
      (low[row] ?? 0) |
      ((second[row] ?? 0) << 8) |
      ((third[row] ?? 0) << 16) |
      ((high[row] ?? 0) << 24);
    code = (code + difference) >>> 0;
    longitude[row] = header.west + gathered(code) * header.step_longitude;
    latitude[row] = header.south + gathered(code >>> 1) * header.step_latitude;
    region[row] = (regionLow[row] ?? 0) | ((regionHigh[row] ?? 0) << 8);
  }
  return new SiteColumns({
    version: header.version,
    longitude,
    latitude,
    kinds: header.kinds,
    kind: plane(4),
    regions: header.regions,
    region,
    state: new Uint8Array(count).fill(UNKNOWN),
    invented: header.invented,
  });
}

/** Columns that another screen made itself: a plan's best sites, one site. */
export function fromJson(columns: MapColumns): SiteColumns {
  const kinds = [...new Set<string>(columns.kind)];
  const regions = [...new Set(columns.region.filter((region) => region !== null))];
  const sites = new SiteColumns({
    version: null,
    longitude: Float64Array.from(columns.longitude),
    latitude: Float64Array.from(columns.latitude),
    kinds,
    kind: Uint8Array.from(columns.kind, (kind) => kinds.indexOf(kind)),
    regions,
    region: Uint16Array.from(columns.region, (region) =>
      region === null ? 0 : regions.indexOf(region) + 1,
    ),
    state: Uint8Array.from(columns.state, (state) => SITE_STATES.indexOf(state)),
    invented: columns.invented,
  });
  columns.id.forEach((id, row) => 
    sites.named.set(row, { id, name: columns.name[row] ?? null, sensitive: false }),
  );
  return sites;
}

/** Rows that pass the filters, in the order of the columns; an empty filter lets all pass. */
export function filterRows(
  columns: SiteColumns,
  filter: { kind: string; state: string; region: string },
): Uint32Array {
  const kind = columns.kinds.indexOf(filter.kind);
  const state = (SITE_STATES as readonly string[]).indexOf(filter.state);
  const region = columns.regions.indexOf(filter.region) + 1;
  const found = new Uint32Array(columns.count);
  let count = 0;
  for (let row = 0; row < columns.count; row += 1) {
    if (filter.kind && columns.kind[row] !== kind) continue;
    if (filter.state && columns.state[row] !== state) continue;
    // A region that no site has is no region, not the sites without one.
    if (filter.region && (region === 0 || columns.region[row] !== region)) continue;
    found[count] = row;
    count += 1;
  }
  return found.subarray(0, count);
}

/** The first rows in an order of states; among equals the order of the columns stays. */
export function firstRows(
  columns: SiteColumns,
  rows: ArrayLike<number>,
  order: readonly SiteState[],
  limit: number,
): number[] {
  const found: number[] = [];
  for (const state of order) {
    const code = SITE_STATES.indexOf(state);
    for (let at = 0; at < rows.length && found.length < limit; at += 1) {
      const row = rows[at] ?? 0;
      if (columns.state[row] === code) found.push(row);
    }
  }
  return found;
}
