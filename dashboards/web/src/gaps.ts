// What is within reach of a site, by the columns of the gap map.

import type { GapMap } from './api/gaps';

export const GENERATIONS = ['2g', '3g', '4g', '5g'];
/** What counts as service: any of the three, or one of them. */
export const GAP_SERVICES = ['any', 'fibre', 'mast', 'coverage'] as const;
export type GapService = (typeof GAP_SERVICES)[number];

/** What the reader asks for. */
export interface GapAsked {
  service: GapService;
  /** Metres within which fibre or a mast is service. */
  reach: number;
  /** Oldest generation that is service. */
  generation: string;
}

/**
 * Whether a site lies beyond reach; `null` when no layer says. Of any service: beyond when none of
 * the layers that are there reaches it.
 */
export function beyond(map: GapMap, row: number, asked: GapAsked): boolean | null {
  const farther = (metres: number | null | undefined) =>
    metres === null || metres === undefined ? null : metres > asked.reach;
  const code = map.generation[row];
  const each = {
    fibre: farther(map.fibre_metres[row]),
    mast: farther(map.mast_metres[row]),
    coverage:
      code === null || code === undefined
        ? null
        : GENERATIONS.indexOf(code) < GENERATIONS.indexOf(asked.generation),
  };
  if (asked.service !== 'any') return each[asked.service];
  const known = Object.values(each).filter((one) => one !== null);
  return known.length === 0 ? null : known.every((one) => one);
}
