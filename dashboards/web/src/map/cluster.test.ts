import { describe, expect, it } from 'vitest';

import { SITE_STATES, type MapColumns, type SiteState } from '../api/types';
import {
  cluster,
  filterRows,
  fold,
  hit,
  project,
  radius,
  visibleShares,
  ZOOM_WITHOUT_CLUSTERS,
} from './cluster';

function columns(points: [number, number, SiteState][]): MapColumns {
  return {
    id: points.map((_, i) => `S-${i}`),
    name: points.map((_, i) => (i === 0 ? 'Hôpital de Sibiti' : null)),
    kind: points.map((_, i) => (i === 0 ? 'hospital' : 'school')),
    latitude: points.map(([latitude]) => latitude),
    longitude: points.map(([, longitude]) => longitude),
    state: points.map(([, , state]) => state),
    region: points.map((_, i) => (i === 0 ? 'Lékoumou' : 'Pool')),
    invented: true,
    simulated: false,
  };
}

/** A reproducible cloud of sites over a country. */
function cloud(count: number): MapColumns {
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

const rowsOf = (data: MapColumns) => data.id.map((_, row) => row);

describe('project', () => {
  it('puts the origin of the world in the middle of the square', () => {
    expect(project(0, 0, 0)).toEqual([128, 128]);
    expect(project(0, 180, 1)[0]).toBe(512);
  });
  it('agrees with the published Mercator value of Paris at zoom 10', () => {
    const [x, y] = project(48.8566, 2.3522, 10);
    expect(Math.floor(x / 256)).toBe(518);
    expect(Math.floor(y / 256)).toBe(352);
  });
});

describe('cluster', () => {
  it('counts every site exactly once at every zoom', () => {
    const data = cloud(900);
    for (let zoom = 3; zoom <= 15; zoom += 1) {
      const marks = cluster(data, rowsOf(data), zoom, true);
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
    const far = cluster(data, [0, 1], 6, true);
    expect(far).toHaveLength(1);
    expect(far[0]?.states[SITE_STATES.indexOf('down')]).toBe(1);
    expect(far[0]?.bounds).toEqual({ south: -4.27, north: -4.26, west: 15.28, east: 15.29 });
    expect(cluster(data, [0, 1], ZOOM_WITHOUT_CLUSTERS, true)).toHaveLength(2);
  });
  it('leaves no two rings on one another', () => {
    const data = cloud(900);
    for (const zoom of [5, 6.5, 8, 10]) {
      const marks = cluster(data, rowsOf(data), zoom, true);
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
    expect(cluster(data, [0], 6, true)).toEqual([]);
  });
});

describe('hit', () => {
  const marks = cluster(columns([[0, 0, 'up']]), [0], 0, false);
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
  const none = { kind: '', state: '', region: '', query: '' };
  it('lets all pass without a filter', () => expect(filterRows(data, none)).toEqual([0, 1, 2]));
  it('joins the filters', () => {
    expect(filterRows(data, { ...none, state: 'down', kind: 'school' })).toEqual([1, 2]);
    expect(filterRows(data, { ...none, region: 'Pool', state: 'up' })).toEqual([]);
  });
  it('finds a name without its accents, and an id', () => {
    expect(filterRows(data, { ...none, query: 'hopital' })).toEqual([0]);
    expect(filterRows(data, { ...none, query: 's-2' })).toEqual([2]);
  });
  it('folds accents', () => expect(fold(' Ouésso ')).toBe('ouesso'));
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
