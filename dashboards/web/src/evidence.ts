// Events that an agent saw, as sentences and as good or bad news.

import type { EvidenceEvent, FactValue } from './api/types';
import { duration, share } from './format';
import { named, translate, type Key, type Language } from './i18n';

export type Tone = 'amiss' | 'again' | 'plain';

const AMISS = new Set([
  'mains_lost',
  'carrier_lost',
  'wifi_lost',
  'route_lost',
  'gateway_lost',
  'gateway_silent',
  'gateway_restarted',
  'first_hop_silent',
  'resolver_silent',
  'intercepted',
  'collector_lost',
  'host_lagging',
]);
const AGAIN = new Set([
  'mains_back',
  'carrier_back',
  'wifi_back',
  'route_back',
  'gateway_back',
  'gateway_answers',
  'first_hop_answers',
  'resolver_answers',
  'interception_over',
  'collector_back',
]);

export function toneOf(event: EvidenceEvent): Tone {
  if (event.values.clean === false) return 'amiss';
  return AMISS.has(event.code) ? 'amiss' : AGAIN.has(event.code) ? 'again' : 'plain';
}

const seconds = (value: FactValue | undefined, unit: number): number | null =>
  typeof value === 'number' ? Math.abs(value) / unit : null;

/** Lengths below a second are said in milliseconds. */
export function length(language: Language, value: number | null): string {
  if (value !== null && value < 1) return `${Math.round(value * 1_000)}\u00a0ms`;
  return duration(language, value);
}

/** A code that the page does not know is shown raw: evidence is never hidden. */
export function phraseEvent(language: Language, event: EvidenceEvent): string {
  const { code, values } = event;
  const sure = values.clean ?? values.machine ?? null;
  const battery = typeof values.battery_percent === 'number' ? values.battery_percent : null;
  const variant =
    sure === null ? (code === 'mains_lost' && battery !== null ? '_battery' : '') : `_${String(sure)}`;
  const key = `event.${code}${variant}`;
  const known = named(language, 'event', `${code}${variant}`);
  if (known === `${code}${variant}`) return code;
  return translate(language, key as Key, {
    duration: length(
      language,
      seconds(values.milliseconds, 1_000) ?? seconds(values.uptime_seconds, 1),
    ),
    percent: share(language, battery === null ? null : battery / 100),
  });
}
