import { describe, expect, it } from 'vitest';

import * as f from './format';

const NB = '\u00a0';
const NN = '\u202f';

describe('numbers', () => {
  it('groups by the language', () => {
    expect(f.integer('fr', 89342)).toBe(`89${NN}342`);
    expect(f.integer('en', 89342)).toBe('89,342');
  });
  it('says unknown, never zero', () => {
    expect(f.integer('fr', null)).toBe('—');
    expect(f.milliseconds('fr', null)).toBe('—');
    expect(f.share('en', null)).toBe('—');
    expect(f.percentText('en', null)).toBe('—');
  });
  it('keeps the digits of an exact percentage', () => {
    expect(f.percentText('fr', '99.988426')).toBe(`99,988426${NN}%`);
    expect(f.percentText('en', '100.000000')).toBe('100.000000%');
    expect(f.percentText('en', '99')).toBe('99%');
  });
  it('cuts and never rounds up to a hundred', () => {
    expect(f.percentText('en', '99.999999', 2)).toBe('99.99%');
    expect(f.percentText('fr', '96.570000', 2)).toBe(`96,57${NN}%`);
    expect(f.percentText('en', '0.000000', 2)).toBe('0.00%');
    expect(f.percentText('en', '0.000001', 4)).toBe('0.0000%');
  });
  it('cuts every two-digit percentage to itself', () => {
    for (let i = 0; i <= 10_000; i += 1) {
      const text = (i / 100).toFixed(2);
      expect(f.percentText('en', `${text}0000`, 2)).toBe(`${text}%`);
    }
  });
  it('shows what is not a number as it came', () => {
    expect(f.percentText('fr', 'n/a')).toBe('n/a');
  });
  it('writes round trips with the digits that mean something', () => {
    expect(f.milliseconds('fr', 4567)).toBe(`4,57${NB}ms`);
    expect(f.milliseconds('en', 41230)).toBe(`41.2${NB}ms`);
    expect(f.milliseconds('en', 812345)).toBe(`812${NB}ms`);
  });
});

describe('durations', () => {
  it('shows the two largest units', () => {
    expect(f.duration('fr', 9 * 86400 + 17 * 3600 + 59)).toBe(`9${NB}j 17${NB}h`);
    expect(f.duration('en', 200)).toBe(`3${NB}min 20${NB}s`);
    expect(f.duration('en', 3600)).toBe(`1${NB}h`);
    expect(f.duration('fr', 86400 + 30)).toBe(`1${NB}j`);
    expect(f.duration('fr', 0)).toBe(`0${NB}s`);
  });
  it('does not go below zero when clocks disagree', () => {
    expect(f.duration('fr', -5)).toBe(`0${NB}s`);
  });
  it('does not invent a duration', () => {
    expect(f.duration('fr', null)).toBe('—');
    expect(f.duration('fr', Number.NaN)).toBe('—');
  });
  it('runs until now while an outage lasts', () => {
    const now = Date.parse('2026-11-23T10:00:00Z');
    expect(f.lasted('2026-11-23T09:58:00Z', null, now)).toBe(120);
    expect(f.lasted('2026-11-23T09:58:00Z', '2026-11-23T09:59:00Z', now)).toBe(60);
  });
});

describe('dates', () => {
  it('uses the country’s time zone', () => {
    expect(f.dateTime('fr', '2026-11-22T23:30:00Z', 'Africa/Brazzaville')).toContain('23 nov. 2026');
    expect(f.dateTime('en', '2026-11-22T23:30:00Z', 'UTC')).toContain('22 Nov 2026');
  });
  it('keeps a plain day a day in every zone', () => {
    expect(f.day('fr', '2026-11-01', 'America/Los_Angeles')).toBe('1 nov. 2026');
  });
  it('shows a broken date as it came', () => {
    expect(f.dateTime('fr', 'hier', 'UTC')).toBe('hier');
  });
  it('names and counts months', () => {
    expect(f.monthName('fr', '2026-11')).toBe('novembre 2026');
    expect(f.addMonths('2026-01', -1)).toBe('2025-12');
    expect(f.addMonths('2026-12', 1)).toBe('2027-01');
    expect(f.monthOf(Date.parse('2026-10-31T23:30:00Z'), 'Africa/Brazzaville')).toBe('2026-11');
  });
});

describe('bytes', () => {
  it('reads as lines are paid, in the reader\'s own units', () => {
    expect(f.bytes('fr', 999)).toBe('999\u00a0o');
    expect(f.bytes('fr', 12_345_678)).toBe('12,3\u00a0Mo');
    expect(f.bytes('en', 999_999)).toBe('1.0\u00a0MB');
    expect(f.bytes('en', 250_000_000_000)).toBe('250\u00a0GB');
    expect(f.bytes('fr', null)).toBe('—');
  });
});
