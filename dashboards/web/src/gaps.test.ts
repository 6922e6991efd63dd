import { describe, expect, it } from 'vitest';

import type { GapMap } from './api/gaps';
import { beyond, type GapAsked } from './gaps';

const map = (
  fibre: number | null,
  mast: number | null,
  generation: string | null,
): GapMap => ({
  site: ['a'],
  name: [null],
  kind: ['school'],
  latitude: [0],
  longitude: [0],
  fibre_metres: [fibre],
  mast_metres: [mast],
  generation: [generation],
  without_position: 0,
  invented: true,
  fibre: [],
  nodes: [],
  masts: [],
  coverage: [],
});
const asked = (service: GapAsked['service']): GapAsked => ({ service, reach: 5_000, generation: '3g' });

describe('a site beyond reach', () => {
  it('is one that none of the layers that are there reaches', () => {
    expect(beyond(map(5_001, 9_000, '2g'), 0, asked('any'))).toBe(true);
    expect(beyond(map(5_001, null, null), 0, asked('any'))).toBe(true);
    expect(beyond(map(5_000, 9_000, 'none'), 0, asked('any'))).toBe(false);
    expect(beyond(map(5_001, 9_000, '4g'), 0, asked('any'))).toBe(false);
  });
  it('is not said where no layer says it', () => {
    expect(beyond(map(null, null, null), 0, asked('any'))).toBeNull();
    for (const service of ['fibre', 'mast', 'coverage'] as const) {
      expect(beyond(map(null, null, null), 0, asked(service))).toBeNull();
    }
  });
  it('is judged by one service where one is asked for', () => {
    const site = map(100, 9_000, 'unstated');
    expect(beyond(site, 0, asked('fibre'))).toBe(false);
    expect(beyond(site, 0, asked('mast'))).toBe(true);
    expect(beyond(site, 0, asked('coverage'))).toBe(true);
  });
});
