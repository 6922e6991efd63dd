// A history answer → what the charts draw. A value that was not measured stays `null`: a gap in
// the line, never a zero.

import type { History, HistoryState } from './api/types';

export interface Series {
  /** Unix seconds, one a step. */
  time: number[];
  minimumMs: (number | null)[];
  medianMs: (number | null)[];
  p95Ms: (number | null)[];
  lossPercent: (number | null)[];
  /** Only of throughput targets. */
  rates: { downloadMbps: (number | null)[]; uploadMbps: (number | null)[] } | null;
}

export interface Run {
  state: Exclude<HistoryState, null>;
  from: number;
  to: number;
}

const toMs = (rttUs: number | null | undefined): number | null =>
  rttUs === null || rttUs === undefined ? null : rttUs / 1000;

const toMbps = (bitsPerSecond: number | null | undefined): number | null =>
  bitsPerSecond === null || bitsPerSecond === undefined ? null : bitsPerSecond / 1e6;

function loss(sent: number | null | undefined, received: number | null | undefined): number | null {
  if (!sent || received === null || received === undefined) return null;
  return (100 * (sent - Math.min(received, sent))) / sent;
}

export function toSeries(history: History): Series {
  const rates = history.rates ?? null;
  return {
    time: history.start_unix_s,
    minimumMs: history.start_unix_s.map((_, i) => toMs(history.rtt_us_min[i])),
    medianMs: history.start_unix_s.map((_, i) => toMs(history.rtt_us_median[i])),
    p95Ms: history.start_unix_s.map((_, i) => toMs(history.rtt_us_p95[i])),
    lossPercent: history.start_unix_s.map((_, i) => loss(history.sent[i], history.received[i])),
    rates: rates && {
      downloadMbps: history.start_unix_s.map((_, i) => toMbps(rates.download_bits_per_second[i])),
      uploadMbps: history.start_unix_s.map((_, i) => toMbps(rates.upload_bits_per_second[i])),
    },
  };
}

const REFRESH_MS_MIN = 2_000;
const REFRESH_MS_MAX = 15 * 60_000;

/**
 * Least time between two fetches of a history that live samples cause: what one sample changes is a
 * part of the last step, and the longer a step is, the more is read for it.
 */
export const refreshMs = (stepSeconds: number): number =>
  Math.min(REFRESH_MS_MAX, Math.max(REFRESH_MS_MIN, stepSeconds * 250));

/** Steps of one state joined into runs, so that a strip is a few rectangles. */
export function toRuns(history: History): Run[] {
  const runs: Run[] = [];
  history.start_unix_s.forEach((from, i) => {
    const state = history.state[i] ?? 'unknown';
    const last = runs.at(-1);
    if (last && last.state === state && last.to === from) last.to = from + history.step_seconds;
    else runs.push({ state, from, to: from + history.step_seconds });
  });
  return runs;
}

export interface SeriesSummary {
  points: number;
  measured: number;
  lowUs: number | null;
  highUs: number | null;
  lossShare: number | null;
  /** Medians of the steps (nearest rank), bits per second; only of throughput targets. */
  rates: { downloadBps: number | null; uploadBps: number | null; measured: number } | null;
}

function median(values: readonly (number | null)[]): number | null {
  const found = values.filter((value): value is number => value !== null).sort((a, b) => a - b);
  return found[Math.ceil(found.length / 2) - 1] ?? null;
}

/** The chart in figures, for those who do not see it. */
export function summarise(history: History): SeriesSummary {
  const medians = history.rtt_us_median.filter((value): value is number => value !== null);
  let sent = 0;
  let received = 0;
  let measured = 0;
  history.sent.forEach((count, i) => {
    const answered = history.received[i];
    if (!count || answered === null || answered === undefined) return;
    measured += 1;
    sent += count;
    received += Math.min(answered, count);
  });
  const rates = history.rates ?? null;
  return {
    rates: rates && {
      downloadBps: median(rates.download_bits_per_second),
      uploadBps: median(rates.upload_bits_per_second),
      measured: rates.download_bits_per_second.filter(
        (value, i) => value !== null || rates.upload_bits_per_second[i] !== null,
      ).length,
    },
    points: history.start_unix_s.length,
    measured,
    lowUs: medians.length ? medians.reduce((a, b) => Math.min(a, b)) : null,
    highUs: medians.length ? medians.reduce((a, b) => Math.max(a, b)) : null,
    lossShare: sent ? (sent - received) / sent : null,
  };
}
