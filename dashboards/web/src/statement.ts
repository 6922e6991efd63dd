// What the statement and the list of agreements show, worked out from the collector's figures:
// nothing here counts a slot.

import type {
  Aggregation,
  Fraction,
  MonthDay,
  MonthPromise,
  StatementTotal,
  MonthFigures,
} from './api/types';

/** The address of a month's statement, of one site of it when that is named. */
export function statementLink(id: string, month: string, site?: string | null): string {
  const query = site ? `?site=${encodeURIComponent(site)}` : '';
  return `#/agreements/${encodeURIComponent(id)}/${month}${query}`;
}

export const isMonth = (text: string | undefined): text is string =>
  text !== undefined && /^\d{4}-(0[1-9]|1[0-2])$/.test(text);

/** What a day looks like: compared with the promise, or why it cannot be. */
export type DayLevel = 'whole' | 'kept' | 'below' | 'unmeasured' | 'excluded';

export function dayLevel(day: MonthDay, target: string | null): DayLevel {
  if (day.availability_percent === null) {
    return day.coverage_percent === null ? 'excluded' : 'unmeasured';
  }
  if (day.down_slots === 0) return 'whole';
  return target !== null && Number(day.availability_percent) < Number(target) ? 'below' : 'kept';
}

/** The days of a month in rows of weeks, Monday first; `null` before its first and after its last. */
export function weeks<T extends { date: string }>(month: string, days: T[]): (T | string | null)[][] {
  const first = new Date(`${month}-01T00:00:00Z`);
  const year = first.getUTCFullYear();
  const count = new Date(Date.UTC(year, first.getUTCMonth() + 1, 0)).getUTCDate();
  const found = new Map(days.map((day) => [day.date, day]));
  const cells: (T | string | null)[] = Array.from(
    { length: (first.getUTCDay() + 6) % 7 },
    () => null,
  );
  for (let number = 1; number <= count; number += 1) {
    const date = `${month}-${String(number).padStart(2, '0')}`;
    // A day still to come is its date alone.
    cells.push(found.get(date) ?? date);
  }
  while (cells.length % 7 > 0) cells.push(null);
  return Array.from({ length: cells.length / 7 }, (_, row) => cells.slice(row * 7, row * 7 + 7));
}

/** The local day of a moment in a time zone, `yyyy-mm-dd`. */
export function dayOf(moment: string | number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    timeZone,
  }).formatToParts(new Date(moment));
  const of = (type: string) => parts.find((item) => item.type === type)?.value ?? '';
  return `${of('year')}-${of('month')}-${of('day')}`;
}

/** How many outages touch each local day. */
export function outagesByDay(
  outages: { start: string; end: string }[],
  timeZone: string,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { start, end } of outages) {
    // The end lies outside: an outage until midnight does not touch the next day.
    const last = dayOf(Math.max(Date.parse(start), Date.parse(end) - 1), timeZone);
    let day = dayOf(start, timeZone);
    for (let guard = 0; guard < 62; guard += 1) {
      counts.set(day, (counts.get(day) ?? 0) + 1);
      if (day >= last) break;
      day = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
    }
  }
  return counts;
}

/** What a local time typed into a field means in a time zone; `null` when it is none. */
export function toInstant(local: string, timeZone: string): string | null {
  const wall = Date.parse(`${local}Z`);
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(local) || Number.isNaN(wall)) return null;
  let moment = wall;
  // The offset is that of the moment found: twice is enough but for the hour that a clock skips.
  for (let turn = 0; turn < 3; turn += 1) moment = wall - offsetMs(moment, timeZone);
  return new Date(moment).toISOString();
}

function offsetMs(moment: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZone,
  }).formatToParts(new Date(moment));
  const of = (type: string) => Number(parts.find((item) => item.type === type)?.value ?? 0);
  const shown = Date.UTC(
    of('year'),
    of('month') - 1,
    of('day'),
    of('hour'),
    of('minute'),
    of('second'),
  );
  return shown - Math.floor(moment / 1000) * 1000;
}

/** Seconds of so many slots. */
export const slotSeconds = (slots: number, seconds: number): number => slots * seconds;

/** The two availabilities of a promise are one when no decision is open. */
export const isDecided = (promise: MonthPromise): boolean => promise.needs_decision_slots === 0;

/** One row of the calculation: a sign, a quantity of slots, and what it is. */
export interface Step {
  key: 'period' | 'excluded' | 'unknown' | 'measured' | 'down' | 'up';
  sign: '' | '−' | '=';
  slots: number;
}

export function countingSteps(
  figures: Pick<
    MonthFigures | StatementTotal,
    | 'period_slots'
    | 'excluded_slots'
    | 'unknown_slots'
    | 'measured_slots'
    | 'down_slots'
    | 'up_slots'
  >,
): Step[] {
  return [
    { key: 'period', sign: '', slots: figures.period_slots },
    { key: 'excluded', sign: '−', slots: figures.excluded_slots },
    { key: 'unknown', sign: '−', slots: figures.unknown_slots },
    { key: 'measured', sign: '=', slots: figures.measured_slots },
    { key: 'down', sign: '−', slots: figures.down_slots },
    { key: 'up', sign: '=', slots: figures.up_slots },
  ];
}

/** The measured availability of a whole agreement in the way that it names. */
export const together = (total: StatementTotal, way: Aggregation): Fraction | null => total[way];

/** How agreements are put in order: what needs somebody first. */
const URGENCY = ['missed', 'needs_decision', 'too_little_measured', 'kept', 'nothing_measured'];

export const SORTS = ['urgency', 'margin', 'title'] as const;
export type Sort = (typeof SORTS)[number];

export interface Sortable {
  title: string;
  promise: MonthPromise | null;
}

export function sorted<T extends Sortable>(items: T[], by: Sort, language: string): T[] {
  const margin = (item: T) => {
    const text = item.promise?.margin_minutes_lowest;
    return text === null || text === undefined ? Number.POSITIVE_INFINITY : Number(text);
  };
  const urgency = (item: T) => {
    const place = URGENCY.indexOf(item.promise?.verdict ?? '');
    return place < 0 ? URGENCY.length : place;
  };
  const less = (left: number, right: number) => (left < right ? -1 : left > right ? 1 : 0);
  const byTitle = (left: T, right: T) => left.title.localeCompare(right.title, language);
  const byMargin = (left: T, right: T) => less(margin(left), margin(right));
  const compare = {
    title: byTitle,
    margin: (left: T, right: T) => byMargin(left, right) || byTitle(left, right),
    urgency: (left: T, right: T) =>
      less(urgency(left), urgency(right)) || byMargin(left, right) || byTitle(left, right),
  }[by];
  return [...items].sort(compare);
}

/** Points of a line of percentages, oldest first, in a box; months without a figure leave a gap. */
export function sparkline(
  values: (number | null)[],
  target: number | null,
  box: { width: number; height: number },
): { runs: { x: number; y: number }[][]; targetY: number | null } {
  const known = [...values, target].filter((value): value is number => value !== null);
  const top = Math.max(100, ...known);
  const bottom = Math.min(...known, top - 0.2);
  const span = Math.max(top - bottom, 1e-9);
  const y = (value: number) => 2 + ((top - value) / span) * (box.height - 4);
  const step = values.length > 1 ? (box.width - 8) / (values.length - 1) : 0;
  const runs: { x: number; y: number }[][] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const point = { x: 4 + index * step, y: y(value) };
    const last = runs.at(-1);
    if (last && index > 0 && values[index - 1] !== null) last.push(point);
    else runs.push([point]);
  });
  return { runs, targetY: target === null ? null : y(target) };
}

/** Minor units of a currency as a person writes the amount. */
export function money(
  language: string,
  minor: number,
  { currency, decimals }: { currency: string; decimals: number },
): string {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return new Intl.NumberFormat(language, {
    style: 'currency',
    currency,
    currencyDisplay: 'code',
    ...digits,
  }).format(minor / 10 ** decimals);
}

/** One amount, or the two between which it lies. */
export function amounts(
  language: string,
  [most, least]: [number, number],
  currency: { currency: string; decimals: number },
): { one: string } | { least: string; most: string } {
  const text = (minor: number) => money(language, minor, currency);
  return most === least ? { one: text(most) } : { least: text(least), most: text(most) };
}
