import { describe, expect, it } from 'vitest';

import type { History } from './api/types';
import { refreshMs, summarise, toRuns, toSeries } from './series';

const history: History = {
  target: 'a',
  simulated: false,
  step_seconds: 60,
  start_unix_s: [0, 60, 120, 180, 300],
  sent: [5, null, 5, 5, 0],
  received: [5, null, 0, 4, 0],
  rtt_us_min: [1000, null, null, 3000, null],
  rtt_us_median: [2000, null, null, 4000, null],
  rtt_us_p95: [2500, null, null, 9000, null],
  state: ['up', 'unknown', 'down', 'up', 'up'],
  states_from: 'slots',
  rates: null,
};

describe('toSeries', () => {
  const series = toSeries(history);
  it('keeps what was not measured a gap', () => {
    expect(series.medianMs).toEqual([2, null, null, 4, null]);
    expect(series.lossPercent).toEqual([0, null, 100, 20, null]);
  });
  it('gives no round trip to a step that lost everything', () => {
    expect(series.lossPercent[2]).toBe(100);
    expect([series.minimumMs[2], series.medianMs[2], series.p95Ms[2]]).toEqual([null, null, null]);
  });
  it('does not let a duplicate answer make the loss negative', () => {
    const doubled = { ...history, received: [6, null, 0, 4, 0] };
    expect(toSeries(doubled).lossPercent[0]).toBe(0);
  });
});

describe('rates', () => {
  const tests = {
    ...history,
    rates: {
      download_bits_per_second: [null, 2_000_000, 4_000_000, 3_000_000, null],
      upload_bits_per_second: [null, null, null, null, 500_000],
    },
  };
  it('are drawn in Mbit/s, and a step without a test is a gap', () => {
    expect(toSeries(tests).rates?.downloadMbps).toEqual([null, 2, 4, 3, null]);
    expect(toSeries(history).rates).toBeNull();
  });
  it('are summed up by their median', () => {
    expect(summarise(tests).rates).toEqual({ downloadBps: 3_000_000, uploadBps: 500_000, measured: 4 });
    expect(summarise(history).rates).toBeNull();
  });
});

describe('toRuns', () => {
  it('joins equal neighbours only when they touch', () => {
    expect(toRuns(history)).toEqual([
      { state: 'up', from: 0, to: 60 },
      { state: 'unknown', from: 60, to: 120 },
      { state: 'down', from: 120, to: 180 },
      { state: 'up', from: 180, to: 240 },
      { state: 'up', from: 300, to: 360 },
    ]);
  });
  it('calls a state that the answer leaves out unknown', () => {
    const silent: History = { ...history, start_unix_s: [0, 60], state: [] };
    expect(toRuns(silent)).toEqual([{ state: 'unknown', from: 0, to: 120 }]);
  });
});

describe('summarise', () => {
  it('counts measured points and the packets lost in them', () => {
    expect(summarise(history)).toEqual({
      rates: null,
      points: 5,
      measured: 3,
      lowUs: 2000,
      highUs: 4000,
      lossShare: 0.4,
    });
  });
  it('has no figure when nothing was measured', () => {
    const nothing: History = {
      ...history,
      start_unix_s: [0],
      sent: [null],
      received: [null],
      rtt_us_median: [null],
    };
    const { lowUs, highUs, lossShare } = summarise(nothing);
    expect([lowUs, highUs, lossShare]).toEqual([null, null, null]);
  });
});

describe('refreshMs', () => {
  it('grows with the step, between two seconds and a quarter of an hour', () => {
    expect(refreshMs(5)).toBe(2_000);
    expect(refreshMs(60)).toBe(15_000);
    expect(refreshMs(840)).toBe(210_000);
    expect(refreshMs(43_800)).toBe(900_000);
  });
});
