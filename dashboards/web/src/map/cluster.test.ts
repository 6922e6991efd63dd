import { describe, expect, it } from 'vitest';

import { SITE_STATES, type SiteState } from '../api/types';
import { cluster, hit, radius, rowsWithin, singles, visibleShares } from './cluster';
import { filterRows, firstRows, fromCompact, fromJson, type SiteColumns } from './columns';

function columns(points: [number, number, SiteState][]): SiteColumns {
  return fromJson({
    id: points.map((_, i) => `S-${i}`),
    name: points.map((_, i) => (i === 0 ? 'Hôpital de Sibiti' : null)),
    kind: points.map((_, i) => (i === 0 ? 'hospital' : 'school')),
    latitude: points.map(([latitude]) => latitude),
    longitude: points.map(([, longitude]) => longitude),
    state: points.map(([, , state]) => state),
    region: points.map((_, i) => (i === 0 ? 'Lékoumou' : 'Pool')),
    invented: true,
    simulated: false,
  });
}

/** A reproducible cloud of sites over a country. */
function cloud(count: number): SiteColumns {
  let seed = 11;
  const next = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  return columns(
    Array.from({ length: count }, () => [
      -5 + 8 * next(),
      11 + 7 * next(),
      SITE_STATES[Math.floor(next() * SITE_STATES.length)] ?? 'unknown',
    ]),
  );
}

const rowsOf = (data: SiteColumns) => Array.from(data.state, (_, row) => row);

describe('the projection', () => {
  it('puts the origin of the world in the middle of the square', () => {
    const data = columns([[0, 0, 'up'], [0, 180, 'up']]);
    expect([data.x[0], data.y[0], data.x[1]]).toEqual([128, 128, 256]);
  });
  it('agrees with the published Mercator value of Paris at zoom 10', () => {
    const data = columns([[48.8566, 2.3522, 'up']]);
    expect(Math.floor(((data.x[0] ?? 0) * 1024) / 256)).toBe(518);
    expect(Math.floor(((data.y[0] ?? 0) * 1024) / 256)).toBe(352);
  });
});

describe('cluster', () => {
  it('counts every site exactly once at every zoom', () => {
    const data = cloud(900);
    for (let zoom = 3; zoom <= 15; zoom += 1) {
      const marks = cluster(data, rowsOf(data), zoom);
      expect(marks.reduce((sum, mark) => sum + mark.count, 0)).toBe(900);
      for (const mark of marks) {
        expect(mark.states.reduce((sum, count) => sum + count, 0)).toBe(mark.count);
        expect(mark.row >= 0).toBe(mark.count === 1);
      }
    }
  });
  it('joins neighbours when far and parts them when near', () => {
    const data = columns([
      [-4.26, 15.28, 'up'],
      [-4.27, 15.29, 'down'],
    ]);
    const far = cluster(data, [0, 1], 6);
    expect(far).toHaveLength(1);
    expect(far[0]?.states[SITE_STATES.indexOf('down')]).toBe(1);
    expect(far[0]?.bounds).toEqual({ south: -4.27, north: -4.26, west: 15.28, east: 15.29 });
    expect(cluster(data, [0, 1], 14)).toHaveLength(2);
  });
  it('leaves no two rings on one another', () => {
    const data = cloud(900);
    for (const zoom of [5, 6.5, 8, 10]) {
      const marks = cluster(data, rowsOf(data), zoom);
      expect(marks.length).toBeGreaterThan(1);
      let least = Infinity;
      marks.forEach((a, i) => {
        for (const b of marks.slice(i + 1)) {
          least = Math.min(least, Math.hypot(a.x - b.x, a.y - b.y) - radius(a) - radius(b));
        }
      });
      expect(least).toBeGreaterThanOrEqual(0);
    }
  });
  it('leaves out a site without a usable position', () => {
    const data = columns([[Number.NaN, 15, 'up']]);
    expect(cluster(data, [0], 6)).toEqual([]);
  });
});

describe('hit', () => {
  const marks = singles(columns([[0, 0, 'up']]), [0], 0);
  it('finds the mark under the point and none beside', () => {
    expect(hit(marks, 128, 128, 0)?.row).toBe(0);
    expect(hit(marks, 160, 128, 6)).toBeNull();
  });
});

describe('filterRows', () => {
  const data = columns([
    [0, 0, 'up'],
    [0, 0, 'down'],
    [0, 0, 'down'],
  ]);
  const none = { kind: '', state: '', region: '' };
  const found = (filter: Partial<typeof none>) => [...filterRows(data, { ...none, ...filter })];
  it('lets all pass without a filter', () => expect(found({})).toEqual([0, 1, 2]));
  it('joins the filters', () => {
    expect(found({ state: 'down', kind: 'school' })).toEqual([1, 2]);
    expect(found({ region: 'Pool', state: 'up' })).toEqual([]);
  });
  it('finds nothing of a region or a kind that no site has', () => {
    expect(found({ region: 'Atlantis' })).toEqual([]);
    expect(found({ kind: 'lighthouse' })).toEqual([]);
  });
  it('puts what needs eyes first', () => {
    expect(firstRows(data, [0, 1, 2], ['down', 'up'], 2)).toEqual([1, 2]);
    expect(firstRows(data, [0, 2], ['down', 'up'], 9)).toEqual([2, 0]);
  });
});

describe('rowsWithin', () => {
  it('keeps what is in view and leaves out what has no position', () => {
    const data = columns([[0, 0, 'up'], [10, 10, 'up'], [Number.NaN, 0, 'up']]);
    const view = { left: 120, top: 120, right: 130, bottom: 130 };
    expect(rowsWithin(data, [0, 1, 2], 0, view)).toEqual([0]);
  });
});

describe('the compact map', () => {
  /** Two sites as the collector writes them: at the west-south corner and one step north-east. */
  function compact(version: string): ArrayBuffer {
    const header = new TextEncoder().encode(
      JSON.stringify({
        version, sites: 2, west: 11, south: -5, step_longitude: 0.5, step_latitude: 0.25,
        kinds: ['post', 'school'], regions: ['Pool'], invented: false,
      }),
    );
    const planes = [0, 0xff, 0, 0xff, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0];
    const bytes = new Uint8Array(8 + header.length + planes.length);
    bytes.set(new TextEncoder().encode('DSM1'));
    new DataView(bytes.buffer).setUint32(4, header.length, true);
    bytes.set(header, 8);
    bytes.set(planes, 8 + header.length);
    return bytes.buffer;
  }
  const version = '0123456789abcdef';
  const states = (of: string) =>
    new TextEncoder().encode(`DSS1${of}\x02\0\0\0\x02\0`).buffer as ArrayBuffer;

  it('is read with its places, kinds, regions and states', () => {
    const data = fromCompact(compact(version));
    expect([data.version, data.count]).toEqual([version, 2]);
    expect([data.longitude[0], data.latitude[0]]).toEqual([11, -5]);
    // 0xffff on the curve is 255 steps on both axes.
    expect([data.longitude[1], data.latitude[1]]).toEqual([11 + 127.5, -5 + 63.75]);
    expect([data.kindOf(0), data.kindOf(1)]).toEqual(['school', 'post']);
    expect([data.regionOf(0), data.regionOf(1)]).toEqual([null, 'Pool']);
    expect(data.stateOf(0)).toBe('unknown');
    expect(data.takeStates(states(version))).toBe(true);
    expect([data.stateOf(0), data.stateOf(1)]).toEqual(['down', 'up']);
  });
  it('takes no states of another version', () => {
    const data = fromCompact(compact(version));
    expect(data.takeStates(states('fedcba9876543210'))).toBe(false);
    expect(data.stateOf(0)).toBe('unknown');
  });
  it('is refused when it is cut short or something else', () => {
    expect(() => fromCompact(compact(version).slice(0, -1))).toThrow(/cut short/);
    expect(() => fromCompact(new TextEncoder().encode('<html>').buffer as ArrayBuffer)).toThrow();
  });
});

describe('visibleShares', () => {
  it('keeps one site of three hundred visible, and the sum whole', () => {
    const shares = visibleShares([1, 0, 1, 0, 318]);
    expect(shares[0]).toBeCloseTo(0.08);
    expect(shares[1]).toBe(0);
    expect(shares[2]).toBeCloseTo(0.08);
    expect(shares[4]).toBeCloseTo(0.84);
  });
  it('leaves even parts as they are', () => {
    expect(visibleShares([2, 0, 2, 0, 0])).toEqual([0.5, 0, 0.5, 0, 0]);
    expect(visibleShares([0, 0, 0, 0, 7])).toEqual([0, 0, 0, 0, 1]);
  });
  it('has no ring for an empty group', () => {
    expect(visibleShares([0, 0])).toEqual([0, 0]);
  });
});
