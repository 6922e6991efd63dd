// Figures and drawings of a programme, without a page.

import type { FrontierPoint, YearFlow } from './api/programmes';
import type { Language } from './i18n';

const LOCALE: Record<Language, string> = { fr: 'fr-FR', en: 'en-GB' };

/** Minor units of a currency as people read them; large amounts in short. */
export function money(language: Language, minor: number | null, currency: string): string {
  if (minor === null) return '—';
  let format: Intl.NumberFormat;
  try {
    format = new Intl.NumberFormat(LOCALE[language], { style: 'currency', currency });
  } catch {
    return `${minor} ${currency}`;
  }
  const value = minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 0);
  if (Math.abs(value) < 100_000) return format.format(value);
  return new Intl.NumberFormat(LOCALE[language], {
    style: 'currency',
    currency,
    notation: 'compact',
    maximumSignificantDigits: 3,
  }).format(value);
}

/** The whole cost of a year. */
export function total(flow: YearFlow): number {
  return (
    flow.capex_minor +
    flow.renewal_minor +
    flow.power_minor +
    flow.bandwidth_minor +
    flow.upkeep_minor -
    flow.salvage_minor
  );
}

/** Two lines of a staircase in a drawing: what is reached, and what no plan exceeds. */
export function staircase(
  points: readonly FrontierPoint[],
  width: number,
  height: number,
): { reached: string; bound: string; at: { x: number; y: number }[] } {
  const last = points.at(-1);
  const wide = Math.max(1, last?.ceiling_minor ?? 1);
  const tall = Math.max(1, ...points.map((point) => point.upper_bound));
  const x = (minor: number) => Math.round((minor / wide) * width * 10) / 10;
  const y = (benefit: number) => Math.round((height - (benefit / tall) * height) * 10) / 10;
  const line = (value: (point: FrontierPoint) => number) =>
    points.map((point, at) => `${at ? 'L' : 'M'}${x(point.ceiling_minor)} ${y(value(point))}`).join('');
  return {
    reached: line((point) => point.benefit),
    bound: line((point) => point.upper_bound),
    at: points.map((point) => ({ x: x(point.ceiling_minor), y: y(point.benefit) })),
  };
}

export interface Draft {
  name: string;
  benefit: 'score' | 'sites';
  phases: { name: string; capex: string; yearly: string }[];
  weights: Record<string, number>;
  importance: Record<string, number>;
  cover: { points: string; radius: string; kinds: string[] } | null;
}

const quoted = (text: string) => JSON.stringify(text);
const whole = (text: string) => text.replace(/[\s\u00a0\u202f_']/g, '');

/** A draft as the scenario that the collector reads; what a person wrote wrongly is named by it. */
export function scenarioToml(draft: Draft): string {
  const lines = [`name = ${quoted(draft.name)}`, `benefit = ${quoted(draft.benefit)}`, 'costs = "costs"'];
  for (const phase of draft.phases) {
    lines.push('', '[[phases]]', `name = ${quoted(phase.name)}`, `capex_minor = ${whole(phase.capex)}`);
    if (whole(phase.yearly) !== '') lines.push(`yearly_minor = ${whole(phase.yearly)}`);
  }
  if (draft.cover && whole(draft.cover.points) !== '') {
    lines.push(
      '',
      '[[cover]]',
      'name = "e-services"',
      `points = ${whole(draft.cover.points)}`,
      `radius_metres = ${whole(draft.cover.radius)}`,
      `kinds = [${draft.cover.kinds.map(quoted).join(', ')}]`,
    );
  }
  for (const [criterion, weight] of Object.entries(draft.weights)) {
    lines.push('', `[ranking.criteria.${criterion}]`, `weight = ${Math.round(weight * 10_000)}`);
  }
  const importance = Object.entries(draft.importance);
  if (importance.length) {
    lines.push('', '[ranking.kind_importance]');
    for (const [kind, value] of importance) lines.push(`${kind} = ${value.toFixed(2)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Degrees into a drawing that keeps the country's proportions: longitudes shrink by the latitude. */
export function projection(
  [west, south, east, north]: readonly [number, number, number, number],
  width: number,
  height: number,
  margin: number,
): (longitude: number, latitude: number) => [number, number] {
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const wide = Math.max(1e-6, (east - west) * shrink);
  const tall = Math.max(1e-6, north - south);
  const scale = Math.min((width - 2 * margin) / wide, (height - 2 * margin) / tall);
  const left = (width - wide * scale) / 2;
  const top = (height - tall * scale) / 2;
  return (longitude, latitude) => [
    left + (longitude - west) * shrink * scale,
    top + (north - latitude) * scale,
  ];
}
