import { describe, expect, it } from 'vitest';

import type { MonthDay, MonthPromise, Verdict } from './api/types';
import {
  dayLevel,
  dayOf,
  isMonth,
  outagesByDay,
  sorted,
  sparkline,
  statementLink,
  toInstant,
  weeks,
} from './statement';

const ZONE = 'Africa/Brazzaville';
const day = (change: Partial<MonthDay>): MonthDay => ({
  date: '2026-06-01',
  up_slots: 1440,
  down_slots: 0,
  unknown_slots: 0,
  excluded_slots: 0,
  availability_percent: '100.000000',
  coverage_percent: '100.000000',
  ...change,
});

describe('days', () => {
  it('are whole, kept, below, unmeasured or excluded', () => {
    expect(dayLevel(day({}), '99.5')).toBe('whole');
    expect(dayLevel(day({ down_slots: 5, availability_percent: '99.652778' }), '99.5')).toBe('kept');
    expect(dayLevel(day({ down_slots: 9, availability_percent: '99.375000' }), '99.5')).toBe('below');
    expect(dayLevel(day({ availability_percent: null }), '99.5')).toBe('unmeasured');
    expect(
      dayLevel(day({ availability_percent: null, coverage_percent: null }), '99.5'),
    ).toBe('excluded');
  });
  it('stand in weeks from Monday, those to come as dates', () => {
    const rows = weeks('2026-06', [day({})]);
    expect(rows).toHaveLength(5);
    expect(rows[0]?.[0]).toMatchObject({ date: '2026-06-01' });
    expect(rows[0]?.[1]).toBe('2026-06-02');
    expect(rows[4]).toEqual(['2026-06-29', '2026-06-30', null, null, null, null, null]);
    expect(weeks('2026-02', [])[0]?.slice(5)).toEqual([null, '2026-02-01']);
  });
  it('count the outages that touch them in local time', () => {
    const counts = outagesByDay(
      [
        { start: '2026-06-01T22:30:00Z', end: '2026-06-01T23:00:00Z' },
        { start: '2026-06-01T22:30:00Z', end: '2026-06-03T00:00:00Z' },
      ],
      ZONE,
    );
    expect([...counts]).toEqual([
      ['2026-06-01', 2],
      ['2026-06-02', 1],
      ['2026-06-03', 1],
    ]);
    expect(dayOf('2026-05-31T23:00:00Z', ZONE)).toBe('2026-06-01');
  });
});

describe('local times', () => {
  it('are read in the time zone of the agreement', () => {
    expect(toInstant('2026-06-10T22:00', ZONE)).toBe('2026-06-10T21:00:00.000Z');
    expect(toInstant('2026-07-01T00:00', 'Europe/Paris')).toBe('2026-06-30T22:00:00.000Z');
    expect(toInstant('2026-10-25T04:00', 'Europe/Paris')).toBe('2026-10-25T03:00:00.000Z');
    expect(toInstant('yesterday', ZONE)).toBeNull();
  });
});

describe('addresses', () => {
  it('name agreement, month and site', () => {
    expect(statementLink('lot 1', '2026-06')).toBe('#/agreements/lot%201/2026-06');
    expect(statementLink('a', '2026-06', 'S/1')).toBe('#/agreements/a/2026-06?site=S%2F1');
    expect([isMonth('2026-06'), isMonth('2026-13'), isMonth(undefined)]).toEqual([true, false, false]);
  });
});

describe('agreements', () => {
  const item = (title: string, verdict: Verdict | null, margin: string | null) => ({
    title,
    promise:
      verdict === null
        ? null
        : ({ verdict, margin_minutes_lowest: margin } as unknown as MonthPromise),
  });
  const items = [
    item('Écoles', 'kept', '12.000000'),
    item('Postes', 'nothing_measured', '43.000000'),
    item('Hôpitaux', 'missed', '-7.000000'),
    item('Mairies', null, null),
    item('Tribunaux', 'needs_decision', '-1.000000'),
  ];
  const titles = (by: 'urgency' | 'margin' | 'title') => sorted(items, by, 'fr').map((one) => one.title);
  it('come by urgency, margin or title', () => {
    expect(titles('urgency')).toEqual(['Hôpitaux', 'Tribunaux', 'Écoles', 'Postes', 'Mairies']);
    expect(titles('margin')).toEqual(['Hôpitaux', 'Tribunaux', 'Écoles', 'Postes', 'Mairies']);
    expect(titles('title')).toEqual(['Écoles', 'Hôpitaux', 'Mairies', 'Postes', 'Tribunaux']);
  });
});

describe('sparkline', () => {
  it('leaves a gap where nothing is known and draws the target to scale', () => {
    const { runs, targetY } = sparkline([100, null, 99, 99.5], 99.5, { width: 108, height: 24 });
    expect(runs.map((run) => run.length)).toEqual([1, 2]);
    expect(runs[0]?.[0]).toEqual({ x: 4, y: 2 });
    expect(targetY).toBe(12);
    expect(sparkline([null], null, { width: 10, height: 10 }).runs).toEqual([]);
  });
});
