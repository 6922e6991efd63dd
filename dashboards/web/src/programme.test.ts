import { describe, expect, test } from 'vitest';

import { money, projection, scenarioToml, staircase, total } from './programme';

describe('money', () => {
  test('takes the digits of its currency and stays unknown', () => {
    expect(money('en', 12_345, 'USD')).toBe('US$123.45');
    expect(money('en', 12_345, 'XAF')).toBe('FCFA 12,345'.replace(' ', '\u00a0'));
    expect(money('fr', 1_234_567_890, 'XAF')).toMatch(/^1,23\u00a0Md\u00a0FCFA$/);
    expect(money('fr', null, 'XAF')).toBe('—');
    expect(money('en', 5, 'nonsense')).toBe('5 nonsense');
  });
});

test('a year sums all of its flows but what comes back', () => {
  const flow = {
    year: 1,
    capex_minor: 1,
    renewal_minor: 2,
    power_minor: 4,
    bandwidth_minor: 8,
    upkeep_minor: 16,
    salvage_minor: 100,
  };
  expect(total(flow)).toBe(31 - 100);
});

test('a staircase rises from the lower left, its bound above it', () => {
  const point = (ceiling: number, benefit: number, bound: number) => ({
    ceiling_minor: ceiling,
    capex_minor: ceiling,
    yearly_minor: 0,
    benefit,
    upper_bound: bound,
    sites: benefit,
  });
  const drawn = staircase([point(0, 0, 0), point(50, 6, 8), point(100, 10, 10)], 200, 100);
  expect(drawn.reached).toBe('M0 100L100 40L200 0');
  expect(drawn.bound).toBe('M0 100L100 20L200 0');
  expect(drawn.at[2]).toEqual({ x: 200, y: 0 });
  expect(staircase([], 10, 10).reached).toBe('');
});

test('a draft becomes a scenario; digits may be grouped', () => {
  const text = scenarioToml({
    name: 'Deux "phases"',
    benefit: 'sites',
    phases: [
      { name: '2027', capex: '500 000 000', yearly: '' },
      { name: '2028', capex: '1', yearly: '20' },
    ],
    weights: { fibre_distance: 0.5 },
    importance: { school: 1 },
    cover: { points: '25', radius: '5000', kinds: ['school', 'post'] },
  });
  expect(text).toContain('name = "Deux \\"phases\\""');
  expect(text).toContain('capex_minor = 500000000\n');
  expect(text.match(/yearly_minor/g)).toHaveLength(1);
  expect(text).toContain('[ranking.criteria.fibre_distance]\nweight = 5000');
  expect(text).toContain('kinds = ["school", "post"]');
  expect(text).toContain('school = 1.00');
});

test('a projection keeps north up and everything inside', () => {
  const at = projection([10, -5, 20, 5], 220, 220, 10);
  const [west, north] = at(10, 5);
  const [east, south] = at(20, -5);
  expect(west).toBeCloseTo(10);
  expect(north).toBeCloseTo(10);
  expect(east).toBeCloseTo(210);
  expect(south).toBeCloseTo(210);
});
