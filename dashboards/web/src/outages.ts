import type { Outage, OutageGone } from './api/types';

/** Open outages after an event: one that closed leaves, a new or changed one takes its place. */
export function withOutage(open: readonly Outage[], event: Outage): Outage[] {
  const rest = open.filter((item) => item.id !== event.id);
  return event.end === null ? newestFirst([event, ...rest]) : rest;
}

/** A list of outages after an event: changed in its place, or added when `keeps` wants it. */
export function mergeOutage(
  list: readonly Outage[],
  event: Outage,
  keeps: (outage: Outage) => boolean,
): Outage[] {
  const rest = list.filter((item) => item.id !== event.id);
  return keeps(event) ? newestFirst([event, ...rest]) : rest;
}

/** A list of outages without one that is none any more. */
export function withoutOutage(list: readonly Outage[], gone: OutageGone): Outage[] {
  return list.filter((item) => item.id !== gone.id);
}

function newestFirst(list: Outage[]): Outage[] {
  return list.sort((a, b) => Date.parse(b.start) - Date.parse(a.start));
}
