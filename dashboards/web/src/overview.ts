// What the overview says of a region, from its counts. Pure.

import type { RegionState, SiteState } from './api/types';

/** What a region is, in one word: the worst that eyes must see. */
export function stateOfRegion(region: RegionState): SiteState {
  const { sites } = region;
  if (sites.down > 0) return 'down';
  if (sites.degraded > 0) return 'degraded';
  if (sites.up > 0) return 'up';
  return sites.excluded > 0 ? 'excluded' : 'unknown';
}

/** The part of its heard sites that is down, 0 to 1; `null` when none is heard. */
export function shareDown({ sites }: Pick<RegionState, 'sites'>): number | null {
  const heard = sites.up + sites.degraded + sites.down;
  return heard === 0 ? null : sites.down / heard;
}

/** Shares at which a region's colour grows stronger. */
export const SHARE_STEPS = [0.1, 0.25, 0.5] as const;

/** How strongly its colour shows, 1 to 4: by the share of its heard sites that are down. */
export function strengthOfRegion(region: RegionState): number {
  const share = shareDown(region) ?? 0;
  return 1 + SHARE_STEPS.filter((step) => share >= step).length;
}

/** The regions that need eyes first; among equals the order of their names stays. */
export function byNeed(regions: readonly RegionState[]): RegionState[] {
  return regions.toSorted(
    (a, b) =>
      b.sites.down - a.sites.down ||
      b.sites.degraded - a.sites.degraded ||
      b.silent_sites - a.silent_sites ||
      b.measured_sites - a.measured_sites,
  );
}

/** Room that a letter of a label takes, units of the drawing. */
const LETTER_UNITS = 15;

/** Whether a region's name fits where its label is written. */
export function fits(name: string, room: number): boolean {
  return name.length * LETTER_UNITS <= room;
}

/** Half the width and the height of what is written in a region, units of the drawing. */
const BADGE = { half: 38, height: 34 };

/**
 * Where each region's figure is written: moved down, or up, when one stands there already. Those
 * that come first keep their place.
 */
export function placed(wanted: readonly { x: number; y: number }[]): { x: number; y: number }[] {
  const taken: { x: number; y: number }[] = [];
  for (const { x, y } of wanted) {
    const free = [0, 1, -1, 2, -2]
      .map((step) => ({ x, y: y + step * BADGE.height }))
      .find((at) =>
        taken.every(
          (other) =>
            Math.abs(other.x - at.x) >= 2 * BADGE.half || Math.abs(other.y - at.y) >= BADGE.height,
        ),
      );
    taken.push(free ?? { x, y });
  }
  return taken;
}
