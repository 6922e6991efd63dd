import type { Contribution, PlanCriterion, PlanItem } from './api/types';

/** The share of each criterion in the sum of the weights: the sliders' if moved, else the plan's. */
export function chosenWeights(
  criteria: readonly PlanCriterion[],
  sliders: Readonly<Record<string, number>> | null,
): Record<string, number> {
  const raw = criteria.map((item): [string, number] => [
    item.id,
    sliders ? (sliders[item.id] ?? 0) : item.weight,
  ]);
  const sum = raw.reduce((total, [, weight]) => total + weight, 0);
  return Object.fromEntries(raw.map(([id, weight]) => [id, sum > 0 ? weight / sum : 0]));
}

/** `criterion:share,…` as the API takes it; the shares sum to one. */
export function weightsText(sliders: Readonly<Record<string, number>>): string {
  const sum = Object.values(sliders).reduce((total, weight) => total + weight, 0);
  if (sum <= 0) return '';
  return Object.entries(sliders)
    .map(([id, weight]) => `${id}:${Number((weight / sum).toFixed(6))}`)
    .join(',');
}

/** Sliders of 0 to 100 from the text of an address; `null` when it holds none. */
export function slidersOf(text: string): Record<string, number> | null {
  const pairs = text
    .split(',')
    .map((part) => part.split(':'))
    .map(([id = '', share = '']): [string, number] => [id, Math.round(Number(share) * 100)])
    .filter(([id, share]) => /^[a-z_]+$/.test(id) && share >= 0 && share <= 100);
  return pairs.length ? Object.fromEntries(pairs) : null;
}

/**
 * Rows as other weights order them, at once and for these rows only: a row that is not among them may
 * come before them, which the server's answer says.
 */
export function rerank(
  items: readonly PlanItem[],
  shares: Readonly<Record<string, number>>,
): PlanItem[] {
  return items
    .map((item) => {
      const contributions = item.contributions.map((part) => {
        const weight = shares[part.criterion] ?? 0;
        const contribution = part.normalised === null ? null : part.normalised * weight;
        return { ...part, weight, contribution };
      });
      const known = contributions.filter((part) => part.contribution !== null);
      return {
        ...item,
        contributions,
        score: known.reduce((sum, part) => sum + (part.contribution ?? 0), 0),
        known_weight_share: known.reduce((sum, part) => sum + part.weight, 0),
      };
    })
    .sort((a, b) => b.score - a.score || (a.site < b.site ? -1 : 1))
    .map((item, at) => ({ ...item, rank: at + 1 }));
}

export interface Segment {
  criterion: string;
  contribution: number;
  /** Left edge and width as shares of the whole bar. */
  from: number;
  width: number;
}

/** The full length of the bars: the best score possible, or the best reached if that is more. */
export function barScale(criteria: readonly PlanCriterion[], bestScore: number): number {
  return Math.max(criteria.reduce((total, item) => total + item.weight, 0), bestScore);
}

/**
 * The known contributions side by side on a bar of length `whole`; what stays empty is what was
 * not needed or not known.
 */
export function segments(contributions: readonly Contribution[], whole: number): Segment[] {
  let from = 0;
  const result: Segment[] = [];
  for (const item of contributions) {
    if (item.contribution === null || item.contribution <= 0 || whole <= 0) continue;
    const width = item.contribution / whole;
    result.push({ criterion: item.criterion, contribution: item.contribution, from, width });
    from += width;
  }
  return result;
}
