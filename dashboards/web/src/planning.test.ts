import { describe, expect, it } from 'vitest';

import type { Contribution, PlanCriterion, PlanItem } from './api/types';
import { barScale, chosenWeights, rerank, segments, weightsText } from './planning';

const criterion = (id: string, weight: number): PlanCriterion => ({
  id,
  weight,
  unit: 'm',
  better: 'higher_need',
  known_sites: 1,
});
const part = (id: string, weight: number, contribution: number | null): Contribution => ({
  criterion: id,
  value: contribution,
  unit: 'm',
  normalised: contribution,
  weight,
  contribution,
  unknown_reason: contribution === null ? 'layer_absent' : null,
  source: null,
});

describe('weights', () => {
  const criteria = [criterion('a', 2), criterion('b', 6)];
  it('are shares of their sum', () => {
    expect(chosenWeights(criteria, null)).toEqual({ a: 0.25, b: 0.75 });
    expect(chosenWeights(criteria, { a: 50, b: 50 })).toEqual({ a: 0.5, b: 0.5 });
  });
  it('do not divide by nothing', () => {
    expect(chosenWeights(criteria, { a: 0, b: 0 })).toEqual({ a: 0, b: 0 });
    expect(weightsText({ a: 0, b: 0 })).toBe('');
  });
  it('are sent as shares', () => {
    expect(weightsText({ a: 25, b: 75 })).toBe('a:0.25,b:0.75');
    expect(weightsText({ a: 1, b: 2 })).toBe('a:0.333333,b:0.666667');
  });
});

describe('segments', () => {
  const parts = [part('a', 0.5, 0.25), part('b', 0.3, null), part('c', 0.2, 0)];
  it('draw the known contributions and nothing for the unknown', () => {
    expect(segments(parts, 1)).toEqual([
      { criterion: 'a', contribution: 0.25, from: 0, width: 0.25 },
    ]);
  });
  it('stand end to end, their widths in proportion to the score', () => {
    const bars = segments([part('a', 1, 0.25), part('b', 1, 0.5)], 2);
    expect(bars.map((bar) => [bar.from, bar.width])).toEqual([
      [0, 0.125],
      [0.125, 0.25],
    ]);
  });
  it('fit even when scores are larger than weights', () => {
    const scale = barScale([criterion('a', 1)], 100);
    expect(segments([part('a', 1, 100)], scale)[0]?.width).toBe(1);
  });
});

describe('rerank', () => {
  const part = (criterion: string, normalised: number | null): Contribution => ({
    criterion,
    value: normalised,
    unit: '1',
    normalised,
    weight: 0.5,
    contribution: normalised === null ? null : normalised * 0.5,
    unknown_reason: normalised === null ? 'not_measured' : null,
    source: null,
  });
  const item = (site: string, fibre: number, cut: number | null): PlanItem => ({
    rank: 0,
    site,
    site_name: null,
    kind: 'school',
    region: null,
    simulated: false,
    latitude: null,
    longitude: null,
    score: 0,
    known_weight_share: 1,
    contributions: [part('fibre', fibre), part('cut', cut)],
  });

  it('orders by the new weights, keeps the sum of the parts and never counts what is unknown', () => {
    const items = [item('a', 1, null), item('b', 0.2, 0.9), item('c', 0.2, 0.9)];
    const ranked = rerank(items, { fibre: 0.25, cut: 0.75 });
    expect(ranked.map((one) => [one.rank, one.site])).toEqual([
      [1, 'b'],
      [2, 'c'],
      [3, 'a'],
    ]);
    expect(ranked[0]?.score).toBeCloseTo(0.25 * 0.2 + 0.75 * 0.9);
    expect(ranked[2]?.known_weight_share).toBeCloseTo(0.25);
    expect(ranked[2]?.contributions[1]?.contribution).toBeNull();
    expect(rerank(items, { fibre: 1, cut: 0 })[0]?.site).toBe('a');
  });
});
