import { describe, expect, it } from 'vitest';

import type { RegionState } from './api/types';
import { byNeed, fits, placed, shareDown, stateOfRegion, strengthOfRegion } from './overview';

function region(name: string, counts: Partial<RegionState['sites']>): RegionState {
  const sites = { up: 0, degraded: 0, down: 0, unknown: 0, excluded: 0, ...counts };
  const total = Object.values(sites).reduce((sum, count) => sum + count, 0);
  return {
    region: name,
    sites: { total, ...sites },
    measured_sites: total - sites.unknown,
    silent_sites: 0,
    availability_24_hours: null,
  };
}

describe('a region', () => {
  it('is what is worst in it, and unknown when nothing is heard', () => {
    expect(stateOfRegion(region('a', { up: 9, degraded: 1, down: 1 }))).toBe('down');
    expect(stateOfRegion(region('a', { up: 9, degraded: 1 }))).toBe('degraded');
    expect(stateOfRegion(region('a', { up: 9, unknown: 90 }))).toBe('up');
    expect(stateOfRegion(region('a', { excluded: 1, unknown: 9 }))).toBe('excluded');
    expect(stateOfRegion(region('a', { unknown: 9 }))).toBe('unknown');
  });
  it('shows more strongly the larger the part of its heard sites that is down', () => {
    expect(strengthOfRegion(region('a', { up: 99, down: 1, unknown: 900 }))).toBe(1);
    expect(strengthOfRegion(region('a', { up: 9, down: 1 }))).toBe(2);
    expect(strengthOfRegion(region('a', { up: 3, down: 1 }))).toBe(3);
    expect(strengthOfRegion(region('a', { up: 1, down: 1, unknown: 900 }))).toBe(4);
    expect(strengthOfRegion(region('a', { unknown: 9 }))).toBe(1);
  });
  it('has no share of what is down when nothing is heard', () => {
    expect(shareDown(region('a', { unknown: 9 }))).toBeNull();
    expect(shareDown(region('a', { up: 3, down: 1, unknown: 9 }))).toBe(0.25);
  });
  it('comes first when most is down there', () => {
    const names = byNeed([
      region('quiet', { up: 9 }),
      region('slow', { up: 9, degraded: 2 }),
      region('dark', { down: 3 }),
    ]).map((item) => item.region);
    expect(names).toEqual(['dark', 'slow', 'quiet']);
  });
  it('writes its figure beside one that stands there already', () => {
    const at = placed([{ x: 100, y: 100 }, { x: 130, y: 105 }, { x: 300, y: 100 }]);
    expect(at).toEqual([{ x: 100, y: 100 }, { x: 130, y: 139 }, { x: 300, y: 100 }]);
  });
  it('is named where there is room', () => {
    expect(fits('Pool', 60)).toBe(true);
    expect(fits('Pointe-Noire', 60)).toBe(false);
  });
});
